"""`voiceprep grade --jsonl`: lines in, lines out, in order. Must not know sessions, audio or the terminal."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from voiceprep.errors import ConfigError
from voiceprep.model import KeyPoint, Question, QuestionScore, Transcript, Word
from voiceprep.ports import Judge
from voiceprep.scoring.reference import split_reference

_SHAPE = 'Each line is {"id", "question", "reference"?, "key_points": [{"id", "text", "weight"?}], "answer"}.'


def grade_lines(lines: Iterable[str], judge: Judge) -> Iterator[str]:
    """One JSON line per input line that is not blank (DESIGN section 3), as soon as it is graded. Without key
    points the statements of the reference are the key points, numbered from 1.

    A line that cannot be graded becomes {"id": its id or null, "error": why}; later lines go on.
    """
    for line in lines:
        if not line.strip():
            continue
        entry_id: object = None
        try:
            entry = parse_entry(line)
            entry_id = entry.get("id")
            question, answer = parse_question(entry), _text(entry, "answer", required=True)
            document = grade_answer(question, answer, judge)
            document["id"] = entry_id
        except ConfigError as error:
            document = {"id": entry_id, "error": f"{error.message} {error.hint}".strip()}
        yield json.dumps(document)


def grade_answer(question: Question, answer: str, judge: Judge) -> dict[str, object]:
    """The document of one graded written answer; every quote is `answer[start_char:end_char]`."""
    transcript, starts = written_transcript(answer)
    score = judge.score(question, transcript)
    places = _Places(transcript, starts)
    return {
        "id": question.id,
        "score": score.score,
        "key_points": [_point(score, place, answer, places) for place in range(len(score.key_points))],
        "abstained": score.is_abstained,
        "flags": list(score.flags),
    }


def written_transcript(answer: str) -> tuple[Transcript, list[int]]:
    """Typed text as a transcript without times, and where each of its words starts in `answer`."""
    words, starts, place = [], [], 0
    for part in answer.split():
        place = answer.index(part, place)
        words.append(Word(part, 0, 0))
        starts.append(place)
        place += len(part)
    return Transcript(tuple(words)), starts


class _Places:
    """Offsets in `transcript.text` → offsets in the text as it was written, whatever its spaces."""

    def __init__(self, transcript: Transcript, starts: Sequence[int]) -> None:
        self._written: list[int] = []
        for word, start in zip(transcript.words, starts, strict=True):
            self._written.extend(range(start, start + len(word.text) + 1))

    def span(self, start_char: int, end_char: int) -> tuple[int, int]:
        return self._written[start_char], self._written[end_char - 1] + 1


def _point(score: QuestionScore, place: int, answer: str, places: _Places) -> dict[str, object]:
    point = score.key_points[place]
    document: dict[str, object] = {"id": point.id, "credited": point.is_credited, "credit": point.credit}
    if point.quote is None or point.start_char is None or point.end_char is None:
        return document | {"quote": None, "start_char": None, "end_char": None}
    start_char, end_char = places.span(point.start_char, point.end_char)
    return document | {"quote": answer[start_char:end_char], "start_char": start_char, "end_char": end_char}


def parse_entry(line: str) -> Mapping[str, object]:
    try:
        entry = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"This line is not JSON: {error}.", _SHAPE) from error
    if not isinstance(entry, dict):
        raise ConfigError("This line is not a JSON object.", _SHAPE)
    return entry


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def parse_question(entry: Mapping[str, object]) -> Question:
    points = entry.get("key_points") or []
    if not isinstance(points, list):
        raise ConfigError('"key_points" is not a list.', _SHAPE)
    parsed = tuple(_parse_point(point, place) for place, point in enumerate(points, 1))
    if len({point.id for point in parsed}) != len(parsed):
        raise ConfigError('Two "key_points" have the same id.', _SHAPE)
    reference = _text(entry, "reference", required=False)
    return Question(
        id=str(entry.get("id", "")),
        topic="",
        text=_text(entry, "question", required=True),
        key_points=parsed or split_reference(reference),
        reference=reference,
    )


def _parse_point(point: object, place: int) -> KeyPoint:
    if not isinstance(point, dict):
        raise ConfigError(f"Key point {place} is not an object.", _SHAPE)
    weight = point.get("weight")
    weight = 1.0 if weight is None else weight
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < 1e9:
        raise ConfigError(f'"weight" of key point {place} is not a number of 0 or more.', _SHAPE)
    return KeyPoint(id=str(point.get("id", place)), text=_text(point, "text", required=True), weight=float(weight))


def _text(entry: Mapping[str, object], name: str, *, required: bool) -> str:
    value = entry.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise ConfigError(f'"{name}" is missing or not text.', _SHAPE)
    return value
