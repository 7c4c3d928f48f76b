"""Small banks, plans and answers that several tests share."""

from dataclasses import replace

from voiceprep.conduct.interviewers import NEUTRAL, Interviewer
from voiceprep.conduct.planning import Plan
from voiceprep.model import (
    Answer,
    AnswerEnd,
    FollowUpKind,
    KeyPoint,
    KeyPointScore,
    Question,
    QuestionScore,
    Transcript,
    Turn,
    TurnBrief,
    Word,
)


def question(question_id: str, topic: str = "t", difficulty: int = 3, points: int = 3) -> Question:
    return Question(
        question_id,
        topic,
        f"What about {question_id}?",
        tuple(
            KeyPoint(f"p{n}", f"point {n}", weight=n, phrases=(f"phrase {n}",), probe=f"And what of {n}?")
            for n in range(1, points + 1)
        ),
        difficulty=difficulty,
        answer_seconds=40,
    )


PROBES_ONLY = replace(NEUTRAL, follow_ups=(FollowUpKind.PROBE,))


def plan(
    count: int = 2, limit_ms: int | None = None, seed: int = 0, interviewer: Interviewer = PROBES_ONLY
) -> Plan:
    questions = tuple(question(f"q{n}") for n in range(1, count + 1))
    return Plan("bank", "Bank", questions, limit_ms, seed=seed, interviewer=interviewer)


def transcript(text: str, start_ms: int = 0) -> Transcript:
    return Transcript(
        tuple(Word(word, start_ms + 200 * n, start_ms + 200 * n + 200) for n, word in enumerate(text.split()))
    )


def turn(index: int, brief: TurnBrief, text: str = "", ended_by: AnswerEnd = AnswerEnd.FINISHED) -> Turn:
    answer = Answer(transcript(text), 0, 1000, ended_by) if brief.expects_answer else None
    return Turn(index, brief, (), answer)


def score(question_id: str, *credited: str, flags: tuple[str, ...] = ()) -> QuestionScore:
    points = tuple(KeyPointScore(f"p{n}", f"p{n}" in credited, float(f"p{n}" in credited)) for n in (1, 2, 3))
    return QuestionScore(question_id, len(credited) / 3, points, flags=flags)
