"""Quotes, spans, session scores and `grade --jsonl`."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceprep.model import KeyPoint, KeyPointScore, Question, QuestionScore, Transcript, Word
from voiceprep.scoring.evidence import audio_span, chars_at, find_quote, verify, word_spans, words_at
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.intervals import mean_interval
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.overall import rubric_hash, summarise

SAID = Transcript(
    (
        Word("So", 1000, 1200),
        Word("Redis,", 1300, 1700, heard="Ridies,"),
        Word("which", 1800, 2000),
        Word("is", 2000, 2100),
        Word("idempotent,", 2200, 2900, heard="item potent"),
        Word("keeps", 3000, 3300),
        Word("it", 3300, 3400),
        Word("in-memory.", 3500, 4000),
    )
)
QUESTION = Question(
    "q", "t", "How does Redis work?", (KeyPoint("a", "Redis keeps it", 3.0), KeyPoint("b", "b", 1.0))
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("keeps it", "keeps it"),
        ("REDIS which is", "Redis, which is"),
        ("ridies which is", "Redis, which is"),
        ("Redis, which is item potent", "Redis, which is idempotent"),
        ("“ridies — which is idempotent”", "Redis, which is idempotent"),
        ("keeps it in memory", "keeps it in-memory"),
        ("so", "So"),
        ("eeps it", None),
        ("keep", None),
        ("keeps it on disk", None),
        ("Redis is", None),
        ("...", None),
        ("", None),
    ],
)
def test_a_quote_is_found_however_it_is_written(quote: str, found: str | None) -> None:
    span = find_quote(quote, SAID)
    assert (SAID.text[span[0] : span[1]] if span else None) == found


def test_spans_lead_to_words_and_to_audio_and_back() -> None:
    start = SAID.text.index("which")
    end = SAID.text.index("keeps") + 3
    assert [word.text for word in words_at(start, end, SAID)] == ["which", "is", "idempotent,", "keeps"]
    assert audio_span(start, end, SAID) == (1800, 3300)
    assert chars_at(1800, 2100, SAID) == (start, start + len("which is"))
    assert audio_span(3, 3, SAID) is None
    assert chars_at(0, 500, SAID) is None
    assert audio_span(0, 5, Transcript()) is None


@given(st.lists(st.text("ab.,é ’-", min_size=1, max_size=5).filter(str.strip), max_size=12))
def test_words_tile_the_text(words: list[str]) -> None:
    said = Transcript(tuple(Word(word, i, i + 1) for i, word in enumerate(words)))
    assert [said.text[start:end] for start, end in word_spans(said)] == words


def point(quote: str | None, start: int | None, *, credited: bool = True) -> KeyPointScore:
    end = None if start is None or quote is None else start + len(quote)
    return KeyPointScore("a", credited, 1.0 if credited else 0.3, quote, start, end, 0, 1)


@pytest.mark.parametrize(
    ("claim", "dropped"),
    [
        (point("keeps it", SAID.text.index("keeps it")), 0),
        (point("keeps it", 0), 1),
        (point("keeps them", SAID.text.index("keeps it")), 1),
        (point("keeps it", None), 1),
        (point(None, None), 1),
        (point("", 0), 1),
        (point("Ridies", 3), 1),
        (point("keeps it", -999), 1),
    ],
)
def test_a_claim_without_its_quote_is_dropped_and_counted(claim: KeyPointScore, dropped: int) -> None:
    other = KeyPointScore("b", is_credited=False, credit=0.0)
    kept, count = verify(QuestionScore("q", 0.75, (claim, other)), SAID, QUESTION)
    assert count == dropped
    assert kept.key_points[0] == (claim if not dropped else KeyPointScore("a", is_credited=False, credit=0.0))
    assert kept.score == (0.0 if dropped else 0.75)


def test_an_uncredited_claim_is_dropped_without_counting() -> None:
    kept, count = verify(QuestionScore("q", 0.3, (point("nowhere", 0, credited=False),)), SAID)
    assert (kept.score, count) == (0.0, 0)


# ------------------------------------------------------------------------------------------ session scores


@pytest.mark.parametrize(
    ("values", "width"),
    [([0.5], (0.6, 1.0)), ([0.5, 0.5], (0.4, 1.0)), ([0.5, 0.5, 0.5], (0.2, 0.6)), ([0.5] * 20, (0.02, 0.15))],
)
def test_few_questions_make_a_wide_interval(values: list[float], width: tuple[float, float]) -> None:
    interval = mean_interval(values)
    assert interval is not None
    assert interval[0] <= 0.5 <= interval[1]
    assert width[0] <= interval[1] - interval[0] <= width[1]


def test_spread_scores_make_a_wider_interval_than_equal_ones() -> None:
    spread, equal = mean_interval([0.1, 0.9, 0.2, 0.8, 0.5]), mean_interval([0.5] * 5)
    assert spread is not None
    assert equal is not None
    assert spread[1] - spread[0] > equal[1] - equal[0]


def test_the_overall_score_leaves_out_what_was_not_scored() -> None:
    scores = [
        QuestionScore("q", 0.8, ()),
        QuestionScore("r", None, (), is_abstained=True),
        QuestionScore("s", 0.4, ()),
    ]
    result = summarise(OfflineJudge(), [QUESTION], scores)
    assert result.overall == pytest.approx(0.6)
    assert result.questions == tuple(scores)
    assert result.judge == "offline"
    assert summarise(OfflineJudge(), [], []).overall is None
    assert summarise(OfflineJudge(), [], []).interval is None


def test_the_rubric_hash_changes_with_what_decides() -> None:
    other = replace(QUESTION, id="r")
    assert rubric_hash([QUESTION, other]) == rubric_hash([other, QUESTION])
    assert rubric_hash([QUESTION]) == rubric_hash([replace(QUESTION, topic="x", answer_seconds=5)])
    heavier = replace(QUESTION, key_points=(replace(QUESTION.key_points[0], weight=2.0), QUESTION.key_points[1]))
    assert len({rubric_hash([question]) for question in (QUESTION, other, heavier)}) == 3


# ------------------------------------------------------------------------------------------ grade --jsonl

LINE = {
    "id": 7,
    "question": "What is the difference between a process and a thread?",
    "key_points": [
        {"id": "m", "text": "Threads share the memory of their process", "weight": 2},
        {"id": "i", "text": "Processes are isolated"},
    ],
    "answer": "Well,  threads\n share   the memory of “their” process — of course.",
}


def grade(*lines: object) -> list[dict[str, object]]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return [json.loads(line) for line in grade_lines(texts, OfflineJudge())]


def test_a_line_is_graded_with_quotes_from_the_answer_as_written() -> None:
    (result,) = grade(LINE)
    assert list(result) == ["id", "score", "key_points", "abstained", "flags"]
    assert (result["id"], result["score"], result["abstained"], result["flags"]) == (
        7,
        pytest.approx(2 / 3),
        False,
        [],
    )
    assert result["key_points"] == [
        {
            "id": "m",
            "credited": True,
            "credit": 1.0,
            "quote": "threads\n share   the memory of “their” process",
            "start_char": 7,
            "end_char": 53,
        },
        {"id": "i", "credited": False, "credit": 0.0, "quote": None, "start_char": None, "end_char": None},
    ]
    answer = str(LINE["answer"])
    assert answer[7:53] == "threads\n share   the memory of “their” process"


@pytest.mark.parametrize(
    ("line", "entry_id", "why"),
    [
        ("{not json", None, "not JSON"),
        ("[1, 2]", None, "not a JSON object"),
        ({"id": "x"}, "x", '"question"'),
        ({**LINE, "answer": None}, 7, '"answer"'),
        ({**LINE, "answer": 5}, 7, '"answer"'),
        ({**LINE, "key_points": {"id": "m"}}, 7, "not a list"),
        ({**LINE, "key_points": ["m"]}, 7, "Key point 1"),
        ({**LINE, "key_points": [{"id": "m"}]}, 7, '"text"'),
        ({**LINE, "key_points": [{"id": "m", "text": "t", "weight": -1}]}, 7, "weight"),
        ({**LINE, "key_points": [{"id": "m", "text": "t", "weight": True}]}, 7, "weight"),
        ({**LINE, "key_points": [{"id": "m", "text": "t"}, {"id": "m", "text": "u"}]}, 7, "same id"),
    ],
)
def test_a_line_that_cannot_be_graded_says_why_and_the_next_goes_on(
    line: object, entry_id: object, why: str
) -> None:
    failed, graded = grade(line, LINE)
    assert failed["id"] == entry_id
    assert why in str(failed["error"])
    assert graded["id"] == 7


def test_blank_lines_are_skipped_and_empty_cases_are_answers() -> None:
    results = grade("", "  \n", {**LINE, "answer": ""}, {**LINE, "key_points": []})
    assert [(result["score"], result["abstained"]) for result in results] == [(0.0, False), (None, True)]
