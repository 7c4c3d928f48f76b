"""What an answer turns round, what it misspells, and a reference without key points; everything as tables."""

import json

import pytest

from voiceprep.model import KeyPoint, Question
from voiceprep.scoring.contraries import affirms_denied, is_contrary, split_clauses
from voiceprep.scoring.grade import grade_lines, written_transcript
from voiceprep.scoring.negation import polarities
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.reference import split_reference
from voiceprep.scoring.repair import count_errors, repair
from voiceprep.scoring.traps import find_traps
from voiceprep.scoring.words import tokenize


@pytest.mark.parametrize(
    ("claim", "answer", "is_turned"),
    [
        ("The price goes up", "the price goes down", True),
        ("The price goes up", "the price rises", False),
        ("The price goes up", "The price doesn't go up", True),
        ("Metal conducts heat faster than wood", "Wood conducts heat faster than metal.", True),
        ("Metal conducts heat faster than wood", "wood conducts heat slower than metal", False),
        ("Borrowing becomes more expensive", "Higher rates make borrowing cheaper", True),
        ("The electron is closer to the nucleus", "The electron is further away from the nucleus", True),
        ("Hot air is less dense", "hot air is more dense", True),
        ("Hot air is less dense", "the air gets less dense when it is hot", False),
        ("The client sends a request", "the server sends a request to the client", True),
        ("The client sends a request", "a request is sent by the client", False),
        ("The pressure rises when the volume gets smaller", "a larger volume makes the pressure fall", False),
        ("Roots take up water", "It is about history", False),
    ],
)
def test_directions_and_roles_turned_round(claim: str, answer: str, is_turned: bool) -> None:
    tokens = tokenize(answer)
    said = split_clauses(tokens, polarities(answer, tokens))
    assert is_contrary(claim, said, frozenset()) is is_turned


def test_what_is_said_of_the_other_thing_is_turned_round() -> None:
    answer = "acids accept protons and bases donate protons"
    tokens = tokenize(answer)
    things = frozenset({"acid", "bas"})
    said = split_clauses(tokens, polarities(answer, tokens), things)
    assert is_contrary("An acid donates protons", said, things)
    assert is_contrary("A base accepts protons", said, things)


@pytest.mark.parametrize(
    ("answer", "affirmed"),
    [
        ("the shadow of the earth causes it", 1.0),
        ("it is not the shadow of the earth that causes it", 0.0),
        ("the sun is bright", 0.0),
    ],
)
def test_a_denial_is_not_earned_by_affirming(answer: str, affirmed: float) -> None:
    tokens = tokenize(answer)
    claim = "It is not caused by the Earth's shadow"
    assert affirms_denied(claim, tokens, polarities(answer, tokens)) == affirmed


PLANTS = Question(
    "plants",
    "biology",
    "How do plants make food?",
    (KeyPoint("a", "Photosynthesis needs chlorophyll and sunlight"),),
)


@pytest.mark.parametrize(
    ("answer", "corrected"),
    [
        ("fotosynthesis needs clorophyll", "photosynthesis needs chlorophyll"),
        ("becuase of the sunlihgt", "because of the sunlight"),
        ("the osmosis of a cell", "the osmosis of a cell"),
        ("sunlight 42 uv", "sunlight 42 uv"),
    ],
)
def test_misspelt_words_are_read_as_what_they_are_nearest_to(answer: str, corrected: str) -> None:
    known = frozenset("the of a cell needs osmosis".split())
    assert repair(answer, tokenize(answer), PLANTS, known.__contains__) == corrected


def test_errors_are_counted_with_exchanged_letters_as_one() -> None:
    pairs = [("form", "from"), ("water", "watr"), ("same", "same"), ("abc", "xyz")]
    assert [count_errors(*pair) for pair in pairs] == [1, 1, 0, 3]


@pytest.mark.parametrize(
    ("reference", "points"),
    [
        (
            "Dark colours absorb more light, while white reflects most of it. So the black car gets hotter.",
            ["Dark colours absorb more light", "white reflects most of it", "the black car gets hotter"],
        ),
        ("A stack", ["A stack"]),
        ("", []),
    ],
)
def test_a_reference_is_split_into_its_statements(reference: str, points: list[str]) -> None:
    assert [point.text for point in split_reference(reference)] == points


def test_an_answer_can_be_graded_by_a_reference_alone() -> None:
    entry = {
        "id": "car",
        "question": "Why does a black car get hotter than a white one?",
        "reference": "Dark colours absorb more light, while white reflects most of it.",
        "key_points": [],
        "answer": "black absorbs the light and white reflects it",
    }
    lines = [json.dumps(entry | {"answer": answer}) for answer in (entry["answer"], "white cars are cheaper")]
    good, bad = (json.loads(line) for line in grade_lines(lines, OfflineJudge()))
    assert [point["id"] for point in good["key_points"]] == ["1", "2"]
    assert good["score"] > 0.5
    assert bad["score"] == 0.0
    assert not good["abstained"]


PRICE = Question(
    "price",
    "economics",
    "What happens when the supply falls?",
    (KeyPoint("a", "The price goes up"), KeyPoint("b", "Buyers compete for fewer goods")),
)


@pytest.mark.parametrize(
    ("answer", "flag"),
    [
        ("price goes buyers compete fewer goods", "keyword_soup"),
        ("the price goes up, buyers compete for fewer goods", None),
        ("goes The the for. buyers a of goods price up The fewer compete Buyers", "shuffled"),
        ("after a while the price goes up and the buyers of goods compete for the fewer goods", None),
    ],
)
def test_key_points_run_together_or_stirred_earn_nothing(answer: str, flag: str | None) -> None:
    finding = find_traps(PRICE, answer, tokenize(answer))
    assert finding.flags == ((flag,) if flag else ())


def test_a_long_key_point_is_judged_by_its_statements() -> None:
    text = (
        "Dark colours absorb more of the light and get hot. White surfaces reflect most of the light instead. "
        "That is why people wear white in summer."
    )
    question = Question("car", "physics", "Why is a black car hotter than a white one?", (KeyPoint("a", text),))
    scores = []
    for answer in (
        "white cars are cheaper",
        "black absorbs more of the light and gets hot",
        "black absorbs more light and gets hot, and white reflects most of it",
    ):
        score = OfflineJudge().score(question, written_transcript(answer)[0])
        assert [point.id for point in score.key_points] == ["a"]
        quote = score.key_points[0].quote
        assert quote is None or quote in answer
        scores.append(score.score or 0.0)
    assert scores[0] == 0.0
    assert scores == sorted(scores)
    assert 0.0 < scores[1] < scores[2]


@pytest.mark.parametrize(
    ("question", "point", "answer", "is_credited"),
    [
        ("How many chromosomes does a human cell have?", "46 chromosomes", "46", True),
        ("How many chromosomes does a human cell have?", "46 chromosomes", "23 chromosomes", False),
        ("How long does light take from the Sun?", "About 8 minutes", "eight minutes", True),
        ("How long does light take from the Sun?", "About 8 minutes", "8 seconds", False),
        ("What is the capital of France?", "Paris", "pariss", True),
        ("What is the capital of France?", "Paris", "london", False),
        ("Name a structure that is last in, first out.", "A stack", "its a stack", True),
        ("Name a structure that is last in, first out.", "A stack", "queue", False),
        ("What is the formula of water?", "H2O", "h2o", True),
    ],
)
def test_names_and_numbers_have_to_be_the_right_ones(
    question: str, point: str, answer: str, is_credited: bool
) -> None:
    asked = Question("q", "t", question, (KeyPoint("a", point),))
    score = OfflineJudge().score(asked, written_transcript(answer)[0])
    assert score.key_points[0].is_credited is is_credited


@pytest.mark.parametrize("has_vectors", [False, None], ids=["words-only", "as-installed"])
def test_a_denial_holds_behind_a_colon(has_vectors: bool | None) -> None:
    point = "Start from a pretrained network and adapt it: transfer learning."
    asked = Question(
        "q", "t", "How do you train on few images?", (KeyPoint("a", point, phrases=("transfer learning",)),)
    )
    judge = OfflineJudge(has_vectors, has_vectors)
    denied = judge.score(
        asked, written_transcript(f"It is not true that start from here: {point.split(': ')[1]}")[0]
    )
    assert not denied.key_points[0].is_credited
    said = judge.score(asked, written_transcript(f"It is not true that it is slow. {point}")[0])
    assert said.key_points[0].is_credited
