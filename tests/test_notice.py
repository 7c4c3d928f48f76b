"""The candidate knows that there is a recording, where it is kept and who hears it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import run
from tests.interviews import plan
from voiceprep.audio.candidate import CandidateStyle
from voiceprep.conduct import interview
from voiceprep.model import Bank
from voiceprep.recordings.writer import EXPLANATION, README
from voiceprep.settings import Settings
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.notice import SPOKEN, announced, consent_line

LISTENING = Choice(Settings(recordings="/r"), Bank("bank", "Bank", ()), plan(), {})


def welcome(choice: Choice) -> str:
    brief = interview.next_brief(interview.start(choice.plan), 0)
    assert brief is not None
    return brief.text


def test_the_notice_is_spoken_and_shown() -> None:
    assert welcome(announced(LISTENING)).endswith(f" {SPOKEN}")
    line = consent_line(LISTENING)
    assert "/r; it stays on this machine" in line
    assert "purge" in line


@pytest.mark.parametrize(
    ("settings", "providers"),
    [
        (Settings(stt="deepgram:nova-3,local", llm="openai:gpt-5-mini"), "deepgram, openai"),
        (Settings(mode="s2s", realtime="grok"), "grok"),
        (Settings(realtime="grok", tts="deepgram"), "deepgram"),
    ],
)
def test_everybody_who_hears_it_is_named(settings: Settings, providers: str) -> None:
    assert f"it also goes to {providers}." in consent_line(replace(LISTENING, settings=settings))


def test_without_audio_the_line_says_what_is_kept() -> None:
    line = consent_line(replace(LISTENING, settings=replace(LISTENING.settings, audio=False)))
    assert "is kept as text, without the audio, in" in line


@pytest.mark.parametrize(
    "choice",
    [
        replace(LISTENING, settings=Settings(notice=False)),
        replace(LISTENING, candidate=CandidateStyle.STRONG),
        replace(LISTENING, settings=Settings(mic="keyboard")),
        replace(LISTENING, settings=Settings(mic="answers.wav")),
    ],
)
def test_nothing_is_said_where_nobody_is_recorded_or_it_is_not_wanted(choice: Choice) -> None:
    assert consent_line(choice) == ""
    assert announced(choice) == choice


def test_a_new_recordings_folder_explains_itself(tmp_path: Path) -> None:
    fast = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "1")
    assert run("interview", *fast, "--recordings", tmp_path / "new").code == 0
    assert (tmp_path / "new" / README).read_text() == EXPLANATION
    assert (tmp_path / "new" / README).stat().st_mode & 0o777 == 0o600
