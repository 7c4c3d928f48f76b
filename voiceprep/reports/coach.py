"""What to do next: at most three steps, each tied to something that was said or left out, with a drill. Pure."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from voiceprep.language.plaintext import plain
from voiceprep.model import KeyPoint, Outcome
from voiceprep.reports.document import ReportDocument, ReportedQuestion
from voiceprep.reports.phrases import LONG_PAUSE_MS

STEPS_MAX = 3
FULL_SCORE = 0.999
FILLERS_PER_100_WORDS_MANY = 6.0
"""About twice the median of 2.9 measured in conversation."""
FILLERS_MIN = 5
LONG_PAUSES_MANY = 3
FIRST_WORD_MS_MANY = 4_000


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what, why (the evidence, at `at_ms` in the recording when it can be heard), and the drill.

    `gain` is what it could add to the overall score, 0 for how something was said.
    """

    title: str
    evidence: str
    command: str
    at_ms: int | None = None
    question_id: str | None = None
    gain: float = 0.0


def next_steps(document: ReportDocument) -> tuple[Step, ...]:
    """The most valuable steps first; never empty."""
    if document.outcome is Outcome.RUNNING:
        command = f"voiceprep recover {_quoted(document.session_id)}"
        return (Step("Finish this session", "It was cut off: it can be repaired and scored.", command),)
    if not any(question.answer for question in document.questions):
        return (Step("Check the microphone", "No words were heard in this session.", "voiceprep doctor"),)
    content = sorted(_content_steps(document), key=lambda step: -step.gain)
    steps = [*content[:2], *_delivery_steps(document), *content[2:]][:STEPS_MAX]
    return tuple(steps) or (_go_on(document),)


def drill_command(document: ReportDocument, question: ReportedQuestion) -> str:
    """The command that asks this question again and compares."""
    return f"voiceprep retry {_quoted(document.session_id)} --question {_quoted(question.question.id)}"


def _content_steps(document: ReportDocument) -> Iterator[Step]:
    count = max(1, sum(question.is_scored for question in document.questions))
    for question in document.questions:
        if question.score is None or question.score >= FULL_SCORE:
            continue
        beliefs = {wrong.id: wrong.text for wrong in question.question.misconceptions}
        mistakes = [beliefs.get(flag.partition(":")[2], "") for flag in question.flags if "misconception:" in flag]
        missing = sorted(_missing(question), key=lambda point: -point.weight)
        if not missing and not mistakes:
            continue
        yield Step(
            title=_title(missing, mistakes),
            evidence=_evidence(question, missing),
            command=drill_command(document, question),
            at_ms=question.answer_start_ms if question.answer else None,
            question_id=question.question.id,
            gain=(1 - question.score) / count,
        )


def _title(missing: list[KeyPoint], mistakes: list[str]) -> str:
    if mistakes and mistakes[0]:
        return f"Answer again without this mistake: {plain(mistakes[0])}"
    return f"Answer again and say this: {plain(missing[0].text)}" if missing else "Answer again in your own words"


def _evidence(question: ReportedQuestion, missing: list[KeyPoint]) -> str:
    asked, count = f"“{plain(question.question.text)}”", len(question.points)
    if not question.answer:
        return f"{asked} You gave no answer."
    if not missing:
        return f"{asked} You said every key point, and the mistake."
    return f"{asked} You said {count - len(missing)} of its {count} key points; score {question.score or 0:.2f}."


def _missing(question: ReportedQuestion) -> list[KeyPoint]:
    return [point.point for point in question.points if point.score is not None and not point.is_credited]


def _delivery_steps(document: ReportDocument) -> Iterator[Step]:
    """How it was said, only where it stands out from ordinary conversation."""
    delivery = document.delivery
    if delivery is None:
        return
    command = f"voiceprep interview --bank {_quoted(document.bank_id)} --questions 1 --minutes 5"
    fillers = delivery.fillers_per_100_words
    count = sum(filler.count for filler in delivery.fillers)
    if fillers is not None and fillers > FILLERS_PER_100_WORDS_MANY and count >= FILLERS_MIN:
        words = ", ".join(f"{plain(filler.text)} {filler.count}×" for filler in delivery.fillers[:3])
        yield Step("Pause instead of filling", f"{fillers:.1f} fillers per 100 words: {words}.", command)
    long_pauses = [pause for pause in delivery.pauses if pause.end_ms - pause.start_ms > LONG_PAUSE_MS]
    if len(long_pauses) >= LONG_PAUSES_MANY:
        evidence = f"{len(long_pauses)} pauses over 2.5 s, the longest {delivery.longest_pause_ms / 1000:.1f} s."
        longest = max(long_pauses, key=lambda pause: pause.end_ms - pause.start_ms)
        yield Step("Say the outline first, then the details", evidence, command, longest.start_ms)
    waits_ms = sorted(delivery.time_to_first_word_ms)
    if waits_ms and waits_ms[len(waits_ms) // 2] > FIRST_WORD_MS_MANY:
        wait_s = waits_ms[len(waits_ms) // 2] / 1000
        yield Step("Start sooner, with one plain sentence", f"Your first word came after {wait_s:.1f} s.", command)


def _go_on(document: ReportDocument) -> Step:
    command = f"voiceprep interview --bank {_quoted(document.bank_id)}"
    return Step("Go on with other questions", "Everything that was asked was answered in full.", command)


def _quoted(name: str) -> str:
    """A name from the folder as one word of a command: it can start nothing else."""
    return shlex.quote(plain(name))
