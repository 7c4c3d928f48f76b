"""Reading, finding and linting question banks."""

import html
from pathlib import Path

import pytest

from voiceprep.banks import (
    find_bank,
    lint_bank,
    list_banks,
    load_bank,
    load_source,
)
from voiceprep.banks.document import MAX_BANK_BYTES, MAX_DEPTH
from voiceprep.banks.exporting import render_anki
from voiceprep.banks.words import content_stems, has_phrase, stem, words
from voiceprep.errors import BankError, ExitCode
from voiceprep.model import Bank, ExampleLevel, KeyPoint, Question, QuestionKind, StarPart, Term

GOOD = """\
id: kitchen
title: Kitchen
description: A bank for tests.
glossary:
  - written: sous-vide
    heard_as: [sue veed]
    phonemes: sˌuvˈid
questions:
  - id: boil-egg
    topic: eggs
    difficulty: 2
    kind: technical
    text: How do you boil an egg?
    key_points:
      - id: water
        text: Water must boil.
        weight: 3
        phrases: [boiling water, rolling bubbles]
        probe: What state is the pot in at the start?
      - id: time
        text: Seven minutes.
        weight: 1.5
        phrases:
          - seven minutes
        probe: For how long?
      - id: cool
        text: Cool it.
        phrases: [ice bath]
        probe: What comes last?
    misconceptions:
      - id: oven
        text: An egg boils in the oven.
        phrases: [in the oven]
    reference: Lower it into boiling water.
    answer_seconds: 30
    examples:
      - level: strong
        text: Boiling water for seven minutes, then an ice bath.
        credited: [water, time, cool]
      - level: partial
        text: Boiling water, I think.
        credited: [water]
      - level: weak
        text: I like eggs.
        credited: []
    sources: [A cookbook]
"""


@pytest.fixture
def bank_path(tmp_path: Path) -> Path:
    path = tmp_path / "kitchen.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def write(path: Path, old: str, new: str) -> Path:
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_field_is_read(bank_path: Path) -> None:
    bank = load_bank(bank_path)
    assert (bank.id, bank.title, bank.description) == ("kitchen", "Kitchen", "A bank for tests.")
    assert bank.glossary == (Term("sous-vide", ("sue veed",), "sˌuvˈid"),)
    (question,) = bank.questions
    assert (question.id, question.topic, question.difficulty) == ("boil-egg", "eggs", 2)
    assert question.kind is QuestionKind.TECHNICAL
    assert [(point.id, point.weight) for point in question.key_points] == [("water", 3), ("time", 1.5), ("cool", 1)]
    assert question.key_points[0].phrases == ("boiling water", "rolling bubbles")
    assert question.key_points[1].probe == "For how long?"
    assert question.misconceptions[0].phrases == ("in the oven",)
    assert question.answer_seconds == 30
    assert question.examples[1].level is ExampleLevel.PARTIAL
    assert question.examples[0].credited == ("water", "time", "cool")
    assert question.sources == ("A cookbook",)


def test_optional_fields_take_the_defaults_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        "id: small\ntitle: 3\nquestions:\n- id: q\n  topic: t\n  text: >-\n    Why\n    so?\n"
        "  key_points:\n  - {id: k, text: yes, probe: }\n"
    )
    bank = load_bank(path)
    assert bank.title == "3"
    (question,) = bank.questions
    assert question.text == "Why so?"
    plain = Question("q", "t", "Why so?", question.key_points)
    assert question == plain
    assert question.key_points[0].text == "yes"
    assert question.key_points[0].probe == ""


STORY = """\
id: stories
title: Stories
questions:
  - id: late-project
    topic: ownership
    kind: behavioural
    text: Tell me about a project that ran late.
    key_points:
      - {id: which, text: Names the project., weight: 1, phrases: [the billing project], star: situation}
      - {id: deed, text: Says what they did., weight: 2, phrases: [I cut the scope], star: action, probe: And you?}
      - {id: end, text: Says how it ended., weight: 2, phrases: [we shipped in May], star: result, probe: And then?}
      - {id: lesson, text: Says what they learned., weight: 1, phrases: [I learned to ask early]}
    anchors:
      1: No story.
      2: A story without a deed.
      3: A deed without an end.
      4: The whole story.
      5: The whole story and its lesson.
    examples:
      - level: strong
        text: The billing project was late. I cut the scope, and we shipped in May. I learned to ask early.
        credited: [which, deed, end, lesson]
      - level: strong
        text: I cut the scope and we shipped in May; I learned to ask early.
        credited: [deed, end, lesson]
      - level: partial
        text: The billing project was late. I cut the scope.
        credited: [which, deed]
      - level: weak
        text: I am never late.
        credited: []
"""


@pytest.fixture
def story_path(tmp_path: Path) -> Path:
    path = tmp_path / "stories.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


def test_a_behavioural_question_has_parts_and_anchored_levels(story_path: Path) -> None:
    (question,) = load_bank(story_path).questions
    assert [point.star for point in question.key_points] == [
        StarPart.SITUATION,
        StarPart.ACTION,
        StarPart.RESULT,
        None,
    ]
    assert question.anchors == (
        "No story.",
        "A story without a deed.",
        "A deed without an end.",
        "The whole story.",
        "The whole story and its lesson.",
    )
    assert [each.level.value for each in question.examples] == ["strong", "strong", "partial", "weak"]
    assert lint_bank(load_source(story_path)) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("star: result", "star: outcome", 11, "'star' cannot be 'outcome'"),
        ("      3: A deed without an end.\n", "", 14, "question 'late-project', anchors: '3' is missing"),
        ("      5: The", "      6: The", 18, "unknown field '6'"),
        ("      1: No story.", "      1: [No story.]", 14, "'1' must be text"),
        ("    examples:\n", "    anchors: none\n    examples:\n", 19, "'anchors' is given twice"),
    ],
)
def test_broken_stories_name_file_and_line(story_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in STORY
    story_path.write_text(STORY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BankError) as caught:
        load_bank(story_path)
    assert caught.value.message.startswith(f"{story_path}:{line}: ")
    assert message in caught.value.message


def test_anchors_in_one_text_are_refused(story_path: Path) -> None:
    start, end = STORY.index("    anchors:\n"), STORY.index("    examples:\n")
    story_path.write_text(STORY[:start] + "    anchors: from bad to good\n" + STORY[end:], encoding="utf-8")
    with pytest.raises(BankError, match=r":13: question 'late-project': 'anchors' must give a text for each of 1,"):
        load_bank(story_path)


BROKEN = [
    ("title: Kitchen", "title: [Kitchen", 3, "(it begins in line 2)"),
    ("title: Kitchen", "title: Kitchen\n  more: x", 3, "is not valid YAML"),
    ("title: Kitchen\n", "", 1, "'title' is missing"),
    ("title: Kitchen\n", "title:\n", 2, "'title' is missing"),
    ("title: Kitchen\n", 'title: " "\n', 2, "'title' is empty"),
    ("title: Kitchen\n", 'title: "a\\e[31m"\n', 2, "control character"),
    ("title: Kitchen\n", "title: Kitchen\ntitle: Pantry\n", 3, "'title' is given twice (first in line 2)"),
    ("title: Kitchen\n", "titel: Kitchen\n", 2, "unknown field 'titel'"),
    ("title: Kitchen\n", "title: &a Kitchen\n", 2, "anchors and aliases"),
    ("title: Kitchen\n", "title: *a\n", 2, "anchors and aliases"),
    ("title: Kitchen\n", "title: !!python/object:os.system x\n", 2, "the tag tag:yaml.org,2002:python/object"),
    ("title: Kitchen\n", "? [a]\n: b\n", 2, "a key must be a plain word"),
    ("id: kitchen", "id: Kitchen", 1, "'Kitchen' is not an id"),
    ("id: kitchen", "id: " + "k" * 65, 1, "is not an id"),
    ("sˌuvˈid", "/sˌuvˈid/", 7, "brackets and slashes"),
    ("[sue veed]", "sue veed", 6, "'heard_as' must be a list"),
    ("    topic: eggs\n", "", 9, "question 'boil-egg': 'topic' is missing"),
    ("difficulty: 2", "difficulty: 6", 11, "must be a whole number from 1 to 5, not '6'"),
    ("difficulty: 2", "difficulty: hard", 11, "must be a whole number from 1 to 5, not 'hard'"),
    ("difficulty: 2", "difficulty: 2.5", 11, "must be a whole number"),
    ("difficulty: 2", "difficulty: [2]", 11, "'difficulty' must be text"),
    ("kind: technical", "kind: tecnical", 12, "'kind' cannot be 'tecnical'"),
    ("text: How do you boil an egg?", "text: {a: b}", 13, "'text' must be text"),
    ("id: time", "id: water", 20, "id 'water' is used twice (first in line 15)"),
    ("weight: 3", "weight: 0", 17, "key point 'water': 'weight' must be greater than 0"),
    ("weight: 3", "weight: -1", 17, "must be greater than 0"),
    ("weight: 3", "weight: lots", 17, "must be a number, not 'lots'"),
    ("weight: 3", "weight: .nan", 17, "must be a number"),
    ("weight: 3", "wieght: 3", 17, "unknown field 'wieght'"),
    ("          - seven minutes", "          - seven: minutes", 24, "'phrases' must list text"),
    ("          - seven minutes", "          -", 24, "an entry of 'phrases' is empty"),
    ("      - level: weak", "      - weak\n      - level: weak", 43, "each entry of 'examples' must have fields"),
    ("level: partial", "level: partly", 40, "'level' cannot be 'partly'"),
    ("credited: [water]", "credited: [wader]", 42, "'credited' names 'wader', which is no key point"),
    ("credited: [water]", "credited: [water, water]", 42, "'credited' names 'water' twice"),
    ("answer_seconds: 30", "answer_seconds: 9999", 35, "from 5 to 900"),
    ("sources: [A cookbook]", "sources: [A cookbook]\n---\nid: two", 47, "a second document starts here"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), BROKEN)
def test_errors_name_file_and_line(bank_path: Path, old: str, new: str, line: int, message: str) -> None:
    write(bank_path, old, new)
    with pytest.raises(BankError) as caught:
        load_bank(bank_path)
    assert caught.value.message.startswith(f"{bank_path}:{line}: ")
    assert message in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("title: Kitchen\n", "titel: Kitchen\n", "Did you mean 'title'?"),
        ("kind: technical", "kind: tecnical", "Did you mean 'technical'?"),
        ("credited: [water]", "credited: [wader]", "Did you mean 'water'?"),
        ("level: partial", "level: 7", "There are: strong, partial, weak."),
    ],
)
def test_hints_suggest_what_was_meant(bank_path: Path, old: str, new: str, hint: str) -> None:
    write(bank_path, old, new)
    with pytest.raises(BankError) as caught:
        load_bank(bank_path)
    assert caught.value.hint == hint


def test_duplicate_question_id_names_both_lines(bank_path: Path) -> None:
    question = GOOD[GOOD.index("  - id: boil-egg") :]
    bank_path.write_text(GOOD + question, encoding="utf-8")
    with pytest.raises(BankError, match=r":47: question: id 'boil-egg' is used twice \(first in line 9\)"):
        load_bank(bank_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: a bank starts with fields"),
        (b"# nothing\n", ":1: a bank starts with fields"),
        (b"- a\n- b\n", ":1: a bank starts with fields"),
        (b"id: k\ntitle: caf\xe9\n", ":2: is not UTF-8 text"),
        (b"id: k\ntitle: \x00\n", ":2: holds a character that YAML does not allow"),
        (b"id: k\ntitle: T\nquestions: []\n", ":3: bank: 'questions' is missing or empty"),
        (b"id: k\ntitle: " + b"[" * 100_000, f":2: is nested deeper than {MAX_DEPTH} levels"),
        (b"id: k\ntitle: " + b"x" * MAX_BANK_BYTES, ": is larger than 8 MB"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "k.yaml"
    path.write_bytes(content)
    with pytest.raises(BankError) as caught:
        load_bank(path)
    assert message in caught.value.message


def test_a_missing_file_and_a_folder_are_bank_errors(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="cannot be read: No such file"):
        load_bank(tmp_path / "none.yaml")
    with pytest.raises(BankError, match="cannot be read: Is a directory"):
        load_bank(tmp_path)


def test_later_folders_override_earlier_ones(tmp_path: Path) -> None:
    for folder, title in (("first", "One"), ("second", "Two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "kitchen.yaml").write_text(GOOD.replace("title: Kitchen", f"title: {title}"))
    (tmp_path / "first" / "bath.yml").write_text(GOOD.replace("id: kitchen", "id: bath"))
    (tmp_path / "first" / "notes.txt").write_text("not a bank")
    folders = (tmp_path / "first", tmp_path / "second", tmp_path / "absent")
    assert find_bank("kitchen", folders).title == "Two"
    assert [(bank.id, bank.title) for bank in list_banks(folders)] == [("bath", "Kitchen"), ("kitchen", "Two")]


def test_a_path_is_loaded_directly(tmp_path: Path) -> None:
    for name in ("any-name.YAML", "no-suffix"):
        path = tmp_path / name
        path.write_text(GOOD)
        assert find_bank(str(path), ()).id == "kitchen"
    with pytest.raises(BankError, match="there is no such bank file"):
        find_bank(str(tmp_path / "none.yml"), ())


def test_an_unknown_bank_lists_what_there_is(bank_path: Path) -> None:
    with pytest.raises(BankError) as caught:
        find_bank("kitchn", (bank_path.parent,))
    assert caught.value.message == "There is no bank 'kitchn'."
    assert caught.value.hint == "Did you mean 'kitchen'? There are: kitchen."
    with pytest.raises(BankError) as caught:
        find_bank("zzz", (bank_path.parent,))
    assert caught.value.hint == "There are: kitchen."


@pytest.mark.parametrize("name", ["", "../kitchen", "a\0b", "k" * 5000])
def test_odd_names_are_unknown_banks(bank_path: Path, name: str) -> None:
    with pytest.raises(BankError, match="There is no bank"):
        find_bank(name, (bank_path.parent,))


def test_no_banks_at_all_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="no banks in"):
        find_bank("kitchen", (tmp_path,))


def test_a_bank_found_by_name_must_carry_that_id(bank_path: Path) -> None:
    wrong = bank_path.rename(bank_path.with_name("cellar.yaml"))
    with pytest.raises(BankError, match=r"cellar.yaml:1: the bank's id is 'kitchen'"):
        find_bank("cellar", (wrong.parent,))


# ------------------------------------------------------------------------------------------- lint


def test_a_good_bank_has_no_findings(bank_path: Path) -> None:
    assert lint_bank(load_source(bank_path)) == ()


LINTED = [
    ("        probe: What state is the pot in at the start?\n", "", 15, "'water' is worth 55% and has no probe"),
    ("What state is the pot in at the start?", "Is it full of bubbles, rolling?", 19, "gives the answer away"),
    ("For how long?", "For how long? And why?", 25, "the probe of 'time' asks two questions at once"),
    ("For how long?", "For how long, and by whose watch?", 25, "the probe of 'time' asks two questions at once"),
    ("How do you boil an egg?", "Can you boil eggs? How?", 13, "asks two questions at once"),
    ("How do you boil an egg?", "How do you boil it, and why?", 13, "asks two questions at once"),
    ("        phrases: [ice bath]\n", "", 26, "no answer can reach it"),
    ("[ice bath]", "[ice bath, Boiling water!]", 28, "'water' and 'cool' share the phrase"),
    ("[in the oven]", "[seven minutes]", 33, "'time' and 'oven' share the phrase"),
    ("[ice bath]", "[ice bath, as it is]", 28, "only everyday words"),
    ("level: weak", "level: partial", 36, "the weak example is missing"),
    ("level: weak", "level: strong", 43, "the strong example earns no more than the partial one"),
    ("credited: [water]", "credited: []", 40, "the partial example earns no more than the weak one"),
    ("I like eggs.", "An ice bath.", 43, "the weak example says 'ice bath'"),
    ("Boiling water, I think.", "Boiling water, no Sous-Vide.", 41, "'Sous-Vide' is written 'sous-vide'"),
    ("Lower it into boiling water.", "Boiling water, not sue veed.", 34, "'sue veed' is written 'sous-vide'"),
    (
        "  - written: sous-vide\n",
        "  - written: roux\n    heard_as: [Sue Veed]\n  - written: sous-vide\n",
        8,
        "'sue veed' is heard for both 'roux' and 'sous-vide'",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), LINTED)
def test_findings_name_file_and_line(bank_path: Path, old: str, new: str, line: int, message: str) -> None:
    findings = lint_bank(load_source(write(bank_path, old, new)))
    assert any(message in each.message for each in findings), findings
    found = next(each for each in findings if message in each.message)
    assert str(found).startswith(f"{bank_path}:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (", star: situation", "", 8, "no key point is marked as its situation or task"),
        (", star: action", "", 8, "no key point is marked as its action"),
        ("star: result", "star: task", 8, "no key point is marked as its result"),
        ("    kind: behavioural\n", "", 8, "'star' is for behavioural questions"),
        ("[deed, end, lesson]", "[end]", 23, "the strong example earns no more than the partial one"),
        ("      - level: weak\n", "      - level: partial\n", 19, "the weak example is missing"),
    ],
)
def test_findings_about_stories(story_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in STORY
    story_path.write_text(STORY.replace(old, new, 1), encoding="utf-8")
    findings = lint_bank(load_source(story_path))
    assert f"{story_path}:{line}: question 'late-project': {message}" in [str(each) for each in findings]


def test_a_story_without_anchors_is_found(story_path: Path) -> None:
    start, end = STORY.index("    anchors:\n"), STORY.index("    examples:\n")
    story_path.write_text(STORY[:start] + STORY[end:], encoding="utf-8")
    (finding,) = lint_bank(load_source(story_path))
    assert finding.message.endswith("has no anchors: say what answers of level 1 to 5 look like")
    assert finding.line == 4


def test_two_questions_with_one_text_are_found(bank_path: Path) -> None:
    question = GOOD[GOOD.index("  - id: boil-egg") :].replace("boil-egg", "again").replace("an egg?", "an EGG")
    bank_path.write_text(GOOD + question, encoding="utf-8")
    (finding,) = lint_bank(load_source(bank_path))
    assert finding.message == "question 'again': asks the same as 'boil-egg'"
    assert finding.line == 51


def test_two_questions_with_nearly_one_text_are_found(bank_path: Path) -> None:
    long = GOOD.replace("How do you boil an egg?", "How would you boil the fresh egg of a small hen?")
    question = (
        long[long.index("  - id: boil-egg") :].replace("boil-egg", "again").replace("small hen", "small young hen")
    )
    bank_path.write_text(long + question, encoding="utf-8")
    (finding,) = lint_bank(load_source(bank_path))
    assert finding.message == "question 'again': asks nearly the same as 'boil-egg'"


def test_a_capital_at_the_start_and_a_plural_are_no_misspelling(bank_path: Path) -> None:
    write(bank_path, "Lower it into boiling water.", "Sous-vide is another way; sous-vides abound.")
    assert lint_bank(load_source(bank_path)) == ()


def test_words_and_stems() -> None:
    assert words("Don’t — re-try, 3 times!") == ("don't", "re", "try", "3", "times")
    assert stem("locking") == stem("locks") == stem("locked") == "lock"
    assert stem("caches") == stem("cache")
    assert content_stems("What is the lock for?") == {"lock"}
    assert has_phrase("It's a thread-pool.", "thread pool")
    assert not has_phrase("It's a threadpool.", "thread pool")


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "# no comment", "<b>bold</b>", "a\tb"]
)
def test_no_cell_of_an_export_is_a_formula_a_comment_or_markup(text: str) -> None:
    question = Question("q", "=topic", text, (KeyPoint("p", text),), reference=text)
    *_, note = render_anki(Bank("b", "=Title", (question,))).splitlines()
    front, back, tags = note.split("\t")
    assert front[0] not in "=+-@#<"
    assert html.unescape(front) == " ".join(text.split())
    assert back.startswith("<ul><li>")
    assert "<b>" not in back
    assert tags.startswith("b ")
