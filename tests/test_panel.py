"""`--persona panel`: two interviewers with names and voices of their own, who take turns."""

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import run, run_apart
from tests.interviews import plan, question, score, turn
from tests.loopback.openai import KEY, OpenAIServer
from tests.room import Room
from tests.speech import collected
from voiceprep.conduct.interview import after_turn, next_brief, start
from voiceprep.conduct.interviewers import DAVID, PANEL
from voiceprep.conduct.planning import Wish, make_plan
from voiceprep.errors import ConfigError, ExitCode
from voiceprep.language.spoken import spoken
from voiceprep.model import Bank, Spoken, TurnBrief, TurnKind
from voiceprep.ports import SPEAKER_RATE_HZ, Samples
from voiceprep.providers.registry import (
    Needs,
    make_synthesizer,
    parse_provider,
    provider_names,
    providers,
    second_voice,
)
from voiceprep.providers.scripted import Say, Script, ScriptedTextModel, ToySynthesizer, Wait
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session
from voiceprep.tasks import Tasks

BANK = Bank("bank", "Bank", tuple(question(f"q{n}", difficulty=n % 5 + 1) for n in range(12)))
LEAD, COLLEAGUE = PANEL.person, DAVID.person
KEYBOARD = ("--mic", "keyboard", "--speaker", "none", "--pace", "fast", "--no-notice")


def asked(seed: int, count: int = 4) -> list[TurnBrief]:
    """A panel's whole interview with a candidate who knows half."""
    state, told = start(make_plan(BANK, Wish(3, seed, count, interviewer=PANEL))), []
    while (brief := next_brief(state, 0)) is not None:
        told.append(brief)
        state = after_turn(state, turn(len(told), brief, "words"), score(brief.question_id or "", "p1"))
    return told


@given(st.integers(0, 1_000_000))
def test_they_take_turns_by_question_and_each_follows_up_on_their_own(seed: int) -> None:
    briefs = asked(seed)
    assert briefs == asked(seed), "the same seed, the same interviewers"
    assert (briefs[0].interviewer, briefs[-1].interviewer) == (LEAD, LEAD)
    by_question: dict[str | None, set[str]] = {}
    for brief in briefs[1:-1]:
        by_question.setdefault(brief.question_id, set()).add(brief.interviewer)
    assert all(len(people) == 1 for people in by_question.values())
    order = [people.pop() for people in by_question.values()]
    assert all(one != other for one, other in pairwise(order))


def test_the_seed_says_who_begins() -> None:
    assert {asked(seed)[1].interviewer for seed in range(20)} == {LEAD, COLLEAGUE}


def test_whoever_takes_over_says_so_and_both_are_introduced() -> None:
    briefs = asked(1)
    assert LEAD in briefs[0].text
    assert COLLEAGUE in briefs[0].text
    questions = [brief for brief in briefs if brief.kind is TurnKind.QUESTION]
    assert questions[0].text == questions[0].ask
    for brief in questions[1:]:
        person = PANEL if brief.interviewer == LEAD else DAVID
        assert brief.text.removesuffix(f" {brief.ask}") in person.taking_over


def test_one_interviewer_has_no_name() -> None:
    state = start(plan(1))
    assert next_brief(state, 0) == next_brief(start(plan(1)), 0)
    assert (brief := next_brief(state, 0)) is not None
    assert brief.interviewer == ""


# ------------------------------------------------------------------------------------------- the engine


async def test_each_speaks_with_their_own_voice_and_is_worded_in_their_own_manner() -> None:
    answer = Script((Wait(300), Say("phrase 1, and that is it.")))
    model = ScriptedTextModel(["Over to me then."] * 20)
    voice = ToySynthesizer()
    room = Room(plan(3, interviewer=PANEL), [answer] * 12, text_model=model, other_voices={COLLEAGUE: voice})
    await room.hold()
    assert room.session is not None
    for taken in room.session.turns:
        last_sentence = spoken(taken.brief.ask or taken.brief.text.rpartition(", ")[2])
        by_colleague = any(last_sentence in text for text in voice.synthesized)
        assert by_colleague == (taken.brief.interviewer == COLLEAGUE)
        assert by_colleague != any(last_sentence in text for text in room.synthesizer.synthesized)
    manners = {prompt.system.splitlines()[1] for prompt in model.prompts}
    assert manners == {f"Your manner: {PANEL.manner}.", f"Your manner: {DAVID.manner}."}


def test_two_voices_are_heard_in_the_recording_and_named_in_it(tmp_path: Path) -> None:
    done = run_apart(
        *("interview", "--bank", "python-backend", "--persona", "panel", "--questions", "2", "--seed", "4"),
        *("--recordings", tmp_path, *KEYBOARD),
        stdin="I do not know.\n" * 8,
    )
    assert done.code == ExitCode.DONE, done.err
    assert f"{LEAD}: Hello" in done.out
    assert f"{COLLEAGUE}: " in done.out
    record = load_session(session_folders(tmp_path)[-1])
    assert record.info.persona == "panel"
    assert record.info.providers["second_tts"] == "local@deep"
    interviewer = _samples(record.folder / "interviewer.wav")
    lines = [(each.brief.interviewer, said) for each in record.turns for said in each.said]
    by_lead = [said for name, said in lines if name == LEAD]
    by_colleague = [said for name, said in lines if name == COLLEAGUE]
    assert 180 < _pitch_hz(interviewer, by_lead) < 240
    assert 100 < _pitch_hz(interviewer, by_colleague) < 145
    words = (record.folder / "transcript.md").read_text()
    assert f"**{LEAD}** [" in words
    assert f"**{COLLEAGUE}** [" in words
    assert f"<v {COLLEAGUE}>" in (record.folder / "transcript.vtt").read_text()
    told = run("report", record.folder, "--format", "html", "--recordings", tmp_path)
    assert told.code == ExitCode.DONE
    assert f">{COLLEAGUE}\n" in (record.folder / "report.html").read_text()


def _samples(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert file.getframerate() == SPEAKER_RATE_HZ
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def _pitch_hz(track: Samples, said: list[Spoken]) -> float:
    """The median over voiced 60 ms windows: the lag at which a window repeats itself best."""
    found = []
    for line in said:
        piece = track[line.start_ms * 24 : line.end_ms * 24].astype(np.float64)
        for start_at in range(0, len(piece) - 1_440, 720):
            window = piece[start_at : start_at + 1_440]
            if np.sqrt(np.mean(window**2)) < 600:
                continue
            again = np.correlate(window, window, "full")[1_439:]
            lag = 60 + int(np.argmax(again[60:400]))
            if again[lag] > 0.5 * again[0]:
                found.append(SPEAKER_RATE_HZ / lag)
    return float(np.median(found))


# ------------------------------------------------------------------------------------------ choosing


def test_every_provider_with_a_voice_has_a_second_one() -> None:
    speaking = [provider for provider in providers().values() if provider.make_synthesizer is not None]
    assert {provider.name for provider in speaking} >= {"local", "deepgram", "openai"}
    for provider in speaking:
        assert len(set(provider.voices)) == (0 if provider.name == "pipecat" else 2)  # its voices are its service's
    with pytest.raises(ConfigError, match="no second voice"):
        second_voice("pipecat:my.module:voice")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("local", "local@deep"),
        ("local@deep", "local@heart"),
        ("openai", "openai@onyx"),
        ("openai@onyx", "openai@alloy"),
        ("openai:my-model@nova", "openai:my-model@alloy"),
        ("deepgram:aura-2-orion-en, local", "deepgram:aura-2-orion-en@aura-2-thalia-en,local@deep"),
    ],
)
def test_the_second_voice_is_another_one_of_the_same_providers(first: str, second: str) -> None:
    assert second_voice(first) == second


@pytest.mark.parametrize(
    ("part", "parsed"),
    [
        ("openai", ("openai", "", "")),
        ("openai:tts-1", ("openai", "tts-1", "")),
        (" openai:tts-1@onyx", ("openai", "tts-1", "onyx")),
        ("openai@onyx", ("openai", "", "onyx")),
        ("openai:@cf/speech", ("openai", "@cf/speech", "")),
        ("openai:@cf/speech@onyx", ("openai", "@cf/speech", "onyx")),
    ],
)
def test_a_voice_stands_behind_the_model(part: str, parsed: tuple[str, str, str]) -> None:
    assert parse_provider(part, has_voice=True) == parsed


def test_a_chain_names_its_providers_with_or_without_voices() -> None:
    assert provider_names("local@deep, openai:tts-1@coral,deepgram") == ["local", "openai", "deepgram"]


def test_a_provider_without_a_second_voice_asks_for_one() -> None:
    with pytest.raises(ConfigError, match="has no second voice"):
        second_voice("groq")


async def test_the_voice_reaches_the_server() -> None:
    async with OpenAIServer() as server, Tasks() as tasks:
        keys = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url}
        needs = Needs(tasks, (), keys, lambda _usage: None)
        for chosen in ("openai", second_voice("openai"), "openai@verse"):
            voice = make_synthesizer(chosen, needs, lambda _error: None)
            await collected(voice.synthesize("Hello."))
            await voice.close()
    assert [request["voice"] for request in server.speeches] == ["alloy", "onyx", "verse"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--mode", "s2s", "--realtime", "openai"), "a realtime model speaks with one"),
        (("--second-tts", "local"), "the voice of --tts"),
        (("--tts", "local@shrill"), "has no voice 'shrill'"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    speaker = () if "s2s" in flags else KEYBOARD
    done = run("interview", "--persona", "panel", *speaker, *flags, "--recordings", tmp_path)
    assert done.code == ExitCode.USAGE
    assert said in done.err


def test_a_practice_with_a_realtime_key_is_cascaded_for_a_panel(tmp_path: Path) -> None:
    keys = {"OPENAI_API_KEY": "sk-nobody"}
    done = run("practice", "--persona", "panel", "--plan", "--recordings", tmp_path, changes=keys)
    assert done.code == ExitCode.DONE
    assert "cascaded" in done.err


def test_the_plan_says_who_asks(tmp_path: Path) -> None:
    done = run("interview", "--persona", "panel", "--plan", "--seed", "1", "--recordings", tmp_path)
    assert f"{LEAD}: " in done.out
    assert f"{COLLEAGUE}: " in done.out
