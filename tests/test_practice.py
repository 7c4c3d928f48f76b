"""The practice command: short by default, and it says what it runs on."""

import json
from pathlib import Path

import pytest

from tests.commands import run, run_apart
from voiceprep.errors import ExitCode

KEYS = ("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "XAI_API_KEY")
DRILL = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "1", "--json")


def test_a_drill_on_the_embedded_engines_says_so_and_ends_in_a_report(tmp_path: Path) -> None:
    done = run_apart("practice", *DRILL, "--recordings", tmp_path, changes=dict.fromkeys(KEYS, ""))
    assert done.code == 0, done.err
    assert "No key for a realtime model is set: cascaded, with stt local, llm none, tts local." in done.err
    document = json.loads(done.out)
    assert document["session"]["mode"] == "cascaded"
    assert len(document["questions"]) == 1


def test_speech_to_speech_without_a_key_names_what_would_enable_it() -> None:
    done = run("practice", "--mode", "s2s", changes=dict.fromkeys(KEYS, ""))
    assert done.code == ExitCode.USAGE
    for name in ("OPENAI_API_KEY", "XAI_API_KEY"):
        assert name in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--mode", "telepathy"), "must be one of cascaded, s2s, auto"),
        (("--mode", "s2s", "--mic", "keyboard"), "needs a voice"),
        (("--mode", "s2s", "--realtime", "opnai"), "Did you mean 'openai'"),
        (("--mode", "s2s", "--realtime", "deepgram"), "has no --realtime"),
        (("--turns", "nobody"), "must be one of auto, server, client"),
        (("--mode", "cascaded", "--push-to-talk"), "--push-to-talk is for speech-to-speech"),
        (("--mode", "cascaded", "--turns", "client"), "--turns is for speech-to-speech"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = run(
        "practice", *options, "--speaker", "none", "--recordings", tmp_path, changes={"OPENAI_API_KEY": "sk-x"}
    )
    assert done.code == ExitCode.USAGE
    assert words in done.err


def test_practice_takes_the_same_options_as_an_interview() -> None:
    options = [
        {word for word in run_apart(command, "--help").out.split() if word.startswith("--")}
        for command in ("interview", "practice")
    ]
    assert options[0] <= options[1]
