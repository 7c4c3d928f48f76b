"""Repairs are found, and ordinary English stays as it is."""

import pytest

from voiceprep.language.glossary import repair, sound_key, speakable
from voiceprep.model import Term, Transcript, Word

GLOSSARY = (
    Term("Redis", ("riddies",), phonemes="ɹˈɛdɪs"),
    Term("idempotent", phonemes="ˌIdəmpˈOtᵊnt"),
    Term("idempotency"),
    Term("RabbitMQ", ("rabbithem queue", "rabbit em queue")),
    Term("JSON", phonemes="ʤˈAsən"),
    Term("SQL"),
    Term("PostgreSQL", ("postgres queue l",)),
    Term("Postgres"),
    Term("Kubernetes", phonemes="kˌubəɹnˈɛTiz"),
    Term("nginx", ("engine x",), phonemes="ˈɛnʤɪn ˈɛks"),
    Term("asyncio", ("async I O",)),
    Term("TypeScript"),
    Term("mutex"),
    Term("coroutine"),
    Term("Go", phonemes="ɡˈO"),
    Term("C++", ("C plus plus",)),
    Term("Celery"),
)


def heard(text: str) -> tuple[Word, ...]:
    """One word every 100 ms, 90 ms long."""
    return tuple(Word(word, at * 100, at * 100 + 90) for at, word in enumerate(text.split()))


def repaired(text: str) -> str:
    return Transcript(repair(heard(text), GLOSSARY)).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We use Ridies, as a cache.", "We use Redis, as a cache."),
        ("riddies is fast", "Redis is fast"),
        ("The endpoint is item potent.", "The endpoint is idempotent."),
        ("An item potency key.", "An idempotency key."),
        ("through Rabbithem queue.", "through RabbitMQ."),
        ("through rabbit MQ, then", "through RabbitMQ, then"),
        ("It returns J. S. O N to us", "It returns JSON to us"),
        ("plain S Q L", "plain SQL"),
        ("on Cubernitz or Cubernates!", "on Kubernetes or Kubernetes!"),
        ("“post gres” works", "“Postgres” works"),
        ("Post-Gur SQL is", "PostgreSQL is"),
        ("behind engine X.", "behind nginx."),
        ("type script too", "TypeScript too"),
        ("in C plus plus code", "in C++ code"),
        ("our redis, our JSON", "our Redis, our JSON"),
    ],
)
def test_repairs(text: str, expected: str) -> None:
    assert repaired(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "the item was potent",
        "red is a colour",
        "Red is a colour and ready is a state.",
        "He reads, rides and writes. Reads are cheap.",
        "Reads are cheap, rides are not, the roads are wet.",
        "an impotent and incompetent but important person",
        "let us go on, as they go",
        "the quarantine was long",
        "he mutes the sound, then mute X",
        "I see plus signs",
        "she said so. On Friday",
        "a post. Gres is a word",
        "rabbit holes and a queue of people",
        "the engine exploded",
        "see C and see C again",
        "typed scripts and a type of script",
        "containers contain several services",
        "",
    ],
)
def test_ordinary_english_stays(text: str) -> None:
    words = heard(text)
    assert repair(words, GLOSSARY) == words


def test_the_repaired_word_spans_its_window() -> None:
    words = repair(heard("It is item potent. Good"), GLOSSARY)
    assert words[2] == Word("idempotent.", 200, 390, heard="item potent.")
    assert Transcript(words).heard == "It is item potent. Good"


def test_case_alone_is_no_repair() -> None:
    assert repair(heard("redis, JSON"), GLOSSARY) == (Word("Redis,", 0, 90), Word("JSON", 100, 190))


def test_repairing_twice_changes_nothing() -> None:
    once = repair(heard("Ridies and C plus plus and item potent calls"), GLOSSARY)
    assert repair(once, GLOSSARY) == once


def test_no_glossary() -> None:
    assert repair(heard("Ridies"), ()) == heard("Ridies")
    assert speakable("Redis", ()) == "Redis"


@pytest.mark.parametrize(
    ("first", "second"),
    [("idempotent", "item potent"), ("Kubernetes", "Cubernitz"), ("Redis", "Ridies"), ("queue", "kew")],
)
def test_same_sound(first: str, second: str) -> None:
    assert sound_key(first) == sound_key(second)


@pytest.mark.parametrize(
    ("first", "second"), [("idempotent", "impotent"), ("Docker", "doctor"), ("thread", "tread")]
)
def test_other_sound(first: str, second: str) -> None:
    assert sound_key(first) != sound_key(second)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Why Redis?", "Why [Redis](/ɹˈɛdɪs/)?"),
        ("redis's nginx", "[redis](/ɹˈɛdɪs/)'s [nginx](/ˈɛnʤɪn ˈɛks/)"),
        ("Go is not go.", "[Go](/ɡˈO/) is not go."),
        ("JSON5 and Rediscover", "JSON5 and Rediscover"),
        ("Say [Redis](/x/) and Redis", "Say [Redis](/x/) and [Redis](/ɹˈɛdɪs/)"),
        ("PostgreSQL has no phonemes", "PostgreSQL has no phonemes"),
    ],
)
def test_speakable(text: str, expected: str) -> None:
    assert speakable(text, GLOSSARY) == expected
