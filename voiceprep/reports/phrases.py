"""What a report says in words: observations, flags, advice. Pure; must not know how it is laid out."""

from statistics import median

from voiceprep.language.plaintext import clock, plain
from voiceprep.model import Delivery, MicrophoneLevel, Outcome
from voiceprep.reports.document import (
    CUT_OFF_FLAG,
    NOT_SCORED_FLAG,
    UNANSWERED_FLAG,
    ReportDocument,
    ReportedQuestion,
)
from voiceprep.scoring.star import StarCoverage

LONG_PAUSE_MS = 2_500
FILLERS_SHOWN = 4
CLIPPED_SHARE_MAX = 0.001
QUIET_DBFS = -45.0
"""Speech whose loud parts stay below this is near the noise of ordinary microphones."""
WIDE_INTERVAL = 0.3
ANSWER_CHARS_MAX = 240

_OUTCOMES = {
    Outcome.RUNNING: "not finished",
    Outcome.COMPLETED: "completed",
    Outcome.STOPPED: "stopped early",
    Outcome.FAILED: "ended by an error",
    Outcome.RECOVERED: "cut off, recovered",
}
_FLAGS = {
    NOT_SCORED_FLAG: "not scored yet",
    UNANSWERED_FLAG: "the session ended before it was answered",
    CUT_OFF_FLAG: "the session was cut off here; these are the last words that were understood",
    "empty": "nothing was said",
    "injection": "it talks to the grader instead of answering",
    "refusal": "you passed",
    "keyword_soup": "key words without sentences",
    "hedged": "you sounded unsure",
    "echo": "it repeats the question",
    "off_topic": "it is about something else",
    "gibberish": "no sense could be made of it",
    "no_key_points": "this question has no key points to score by",
    "shuffled": "its words are in no order that makes sense",
    "not_english": "it is not in English, which is all that can be judged here",
    "echo_ignored": "what repeats the question earned nothing",
    "judge_failed": "this judge could not mark it: what you see is the offline score",
    "disagrees_with_offline": "the offline judge sees it very differently: take a second look",
}


def outcome_text(outcome: Outcome) -> str:
    return _OUTCOMES[outcome]


def flag_text(flag: str, question: ReportedQuestion) -> str:
    """A flag in words. `misconception:<id>` names the belief; an unknown flag is shown as it is."""
    name, _, detail = flag.partition(":")
    if name == "denied":
        points = {point.id: point.text for point in question.question.key_points}
        return f"it says the contrary of: {plain(points.get(detail, detail))}"
    if name == "unfound_quotes" and detail.isdigit():
        return (
            f"{_count(int(detail), 'quote')} of the judge not found in what you said, so nothing was earned by it"
        )
    if name == "votes":
        low, _, high = detail.partition("-")
        return f"asked more than once, the judge gave between {plain(low)} and {plain(high)}"
    if name == "misconception":
        beliefs = {wrong.id: wrong.text for wrong in question.question.misconceptions}
        return f"a common mistake: {plain(beliefs.get(detail, detail))}"
    return _FLAGS.get(flag, plain(flag.replace("_", " ")))


def score_text(question: ReportedQuestion) -> str:
    """The number, or honestly why there is none, and the candidate's own rating."""
    own = "" if question.self_score is None else f" (you said {question.self_score:.1f})"
    if question.score is not None:
        return f"{question.score:.2f}{own}"
    return ("not enough evidence" if question.is_abstained else "not scored") + own


def star_text(question: ReportedQuestion) -> str:
    """The parts of the story, told or not; empty for a question that asks for no story."""
    if not question.star:
        return ""
    told = ", ".join(f"{'✓' if each.is_covered else '✗'} {each.part.value}" for each in question.star)
    return f"Story: {told}"


def star_evidence(coverage: StarCoverage) -> str:
    """A part of the story with what was said of it."""
    if not coverage.is_covered:
        return f"✗ {coverage.part.value}: not told"
    quotes = (
        f"“{plain(point.quote)}” {span_text(point.audio_start_ms)}".rstrip()
        for point in coverage.evidence
        if point.quote
    )
    return f"✓ {coverage.part.value}: {', '.join(quotes) or 'told'}"


def overall_lines(document: ReportDocument) -> tuple[str, ...]:
    """What the overall score rests on."""
    scored_count = sum(question.is_scored for question in document.questions)
    asked_count = len(document.questions)
    lines = [f"{scored_count} of {_count(asked_count, 'question')} scored"]
    if asked_count < document.planned_count:
        lines[0] += f", {document.planned_count - asked_count} planned but not asked"
    if document.interval is not None:
        low, high = document.interval
        note = " (wide: few questions)" if high - low > WIDE_INTERVAL else ""
        lines.append(f"90 % interval {low:.2f}–{high:.2f}{note}")
    if document.judge_kappa is not None:
        lines.append(f"this judge agrees with graded examples at kappa {document.judge_kappa:.2f}")
    return tuple(lines)


def delivery_lines(delivery: Delivery) -> tuple[str, ...]:
    """Plain observations; nothing is said about what there was too little speech to see."""
    lines = []
    if delivery.pace_wpm is not None:
        pace = f"Pace {delivery.pace_wpm:.0f} words per minute"
        if delivery.pace_percentile is not None:
            pace += f", percentile {delivery.pace_percentile} of spoken answers"
        lines.append(pace)
    if delivery.fillers_per_100_words is not None:
        fillers = f"{delivery.fillers_per_100_words:.1f} fillers per 100 words"
        shown = sorted(delivery.fillers, key=lambda filler: (-filler.count, filler.text))[:FILLERS_SHOWN]
        if shown:
            fillers += ": " + ", ".join(f"{plain(filler.text)} {filler.count}×" for filler in shown)
        lines.append(fillers)
    lines += _pause_lines(delivery)
    if delivery.time_to_first_word_ms:
        waits_ms = delivery.time_to_first_word_ms
        lines.append(
            f"First word after {median(waits_ms) / 1000:.1f} s (median), {max(waits_ms) / 1000:.1f} s at most"
        )
    if delivery.talk_share is not None:
        lines.append(f"You spoke {delivery.talk_share:.0%} of the talking time".replace("%", " %"))
    if delivery.interruption_count:
        lines.append(f"You interrupted the interviewer {_count(delivery.interruption_count, 'time')}")
    if delivery.interrupted_count:
        lines.append(f"The interviewer began while you talked {_count(delivery.interrupted_count, 'time')}")
    lines += _fluency_lines(delivery)
    if delivery.microphone is not None:
        lines.append(microphone_text(delivery.microphone))
    return tuple(lines) or ("Too little speech to say anything about it",)


def microphone_text(level: MicrophoneLevel) -> str:
    """The check of the microphone, and what to do when it fails."""
    text = f"Microphone check: speech from {level.low_dbfs:.0f} to {level.high_dbfs:.0f} dBFS"
    if level.clipped_share > CLIPPED_SHARE_MAX:
        return f"{text}, {100 * level.clipped_share:.1f} % clipped: turn the input down"
    if level.high_dbfs < QUIET_DBFS:
        return f"{text}: very quiet, turn the input up or come nearer"
    return text


def _fluency_lines(delivery: Delivery) -> list[str]:
    lines = []
    if delivery.pace_p10_wpm is not None and delivery.pace_p90_wpm is not None and len(delivery.pace_windows) > 2:
        lines.append(f"Pace between {delivery.pace_p10_wpm:.0f} and {delivery.pace_p90_wpm:.0f} over 10 s windows")
    if len(delivery.pauses) > 2:
        within = len(delivery.pauses) - delivery.pauses_between_clauses
        lines.append(f"{_count(len(delivery.pauses), 'pause')} over 0.5 s, {within} within a clause")
    if delivery.restart_count or delivery.repeat_count:
        lines.append(
            f"{_count(delivery.restart_count, 'restart')}, {_count(delivery.repeat_count, 'repeated word')}"
        )
    if delivery.hedges:
        lines.append("Hedges: " + ", ".join(f"{plain(each.text)} {each.count}×" for each in delivery.hedges[:3]))
    lengths = [each for each in delivery.answer_lengths if each.expected_ms]
    if lengths:
        shares = [each.spoken_ms / each.expected_ms for each in lengths if each.expected_ms]
        lines.append(f"Answers took {median(shares):.0%} of the expected time (median)".replace("%", " %"))
    return lines


def latency_text(document: ReportDocument) -> str:
    latency = document.latency
    if latency.p50_ms is None or latency.p95_ms is None:
        return "Replies: none to measure"
    return (
        f"Replies after {latency.p50_ms / 1000:.2f} s (p50), {latency.p95_ms / 1000:.2f} s (p95) "
        f"over {_count(latency.turn_count, 'turn')}"
    )


def cost_text(document: ReportDocument) -> str:
    """What the providers cost, and per minute of session."""
    per_minute_usd = document.cost_usd * 60_000 / max(document.duration_ms, 1)
    return f"${document.cost_usd:.2f}, ${per_minute_usd:.3f} a minute"


def short_answer(question: ReportedQuestion) -> str:
    """The beginning of what was said, cut at a word."""
    answer = plain(question.answer)
    if len(answer) <= ANSWER_CHARS_MAX:
        return answer
    return answer[:ANSWER_CHARS_MAX].rsplit(" ", 1)[0] + " …"


def span_text(start_ms: int | None) -> str:
    return "" if start_ms is None else f"[{clock(start_ms)}]"


def _pause_lines(delivery: Delivery) -> list[str]:
    if delivery.word_count == 0:
        return []
    long_count = sum(pause.end_ms - pause.start_ms > LONG_PAUSE_MS for pause in delivery.pauses)
    if long_count == 0:
        return ["No pause over 2.5 s"]
    return [f"{_count(long_count, 'pause')} over 2.5 s, the longest {delivery.longest_pause_ms / 1000:.1f} s"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
