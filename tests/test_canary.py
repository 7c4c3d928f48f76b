"""No key, no header and nothing that was said in any log, error or file: canaries are planted and looked for."""

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.commands import Done, run_apart
from tests.interviews import plan
from tests.loopback.deepgram import DeepgramServer, Disturbance
from tests.loopback.deepgram import Fault as Cut
from tests.loopback.deepgram_listen import ListenScript
from tests.loopback.deepgram_messages import LISTEN_V1, SPEAK_V1
from tests.loopback.ears import SaidWord
from tests.loopback.openai import CHAT, SPEECH, TRANSCRIPTIONS, ChatReply, OpenAIServer, openai_error
from tests.loopback.openai import Fault as Break
from tests.loopback.serving import Refusal
from tests.provider_room import ProviderRoom, environment_of, hears_coded_speech
from voiceprep.errors import ExitCode, ProviderError
from voiceprep.events import CandidateStarted, Event, ProviderFailed, ProvisionalHeard
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.providers.registry import Needs
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.tasks import Tasks

DEEPGRAM_CANARY, OPENAI_CANARY, GROQ_CANARY = "dg-canary-7f3a91", "sk-canary-5b20c8", "gsk-canary-e14d66"
OTHER_CANARIES = {
    "XAI_API_KEY": "xai-canary-09ab",
    "GOOGLE_API_KEY": "AIza-canary-77",
    "GEMINI_API_KEY": "AIza-canary-78",
}
KEYS = (DEEPGRAM_CANARY, OPENAI_CANARY, GROQ_CANARY, *OTHER_CANARIES.values())
PASSWORD = "canary-password"
HEADERS = ("authorization", "bearer ", "token dg-")
PHRASE = "zanzibar"
"""Said by the candidate and repeated by servers in their errors; belongs into the session folder, nowhere else."""

ANSWERS = (f"phrase 1 and phrase 2 in {PHRASE} done. That's it.", f"phrase 3 of {PHRASE} it is. That's it.")
SCRIPTS = tuple(Script((Wait(300), Say(answer))) for answer in ANSWERS)
WORDED = ("I follow you so far. ", "And what of 3, ", "would you say?")


def secrets_in(text: str, *, with_phrase: bool = True) -> list[str]:
    """Which canaries `text` holds."""
    lowered = text.lower()
    wanted = [*KEYS, PASSWORD, *HEADERS, *([PHRASE] if with_phrase else [])]
    return [secret for secret in wanted if secret.lower() in lowered]


def folder_text(folder: Path) -> str:
    """Every file, names included, bytes as they come."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path}\n{path.read_bytes().decode('latin-1')}" for path in paths)


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Everything that any library logs, at DEBUG."""
    root = logging.getLogger()
    level, writer = root.level, logging.FileHandler(path)
    root.addHandler(writer)
    root.setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    logging.getLogger("canary").debug("listening")
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(writer)
        writer.close()


def texts_of(error: BaseException) -> str:
    """The traceback that `--debug` prints, and every text of every error that can be reached from it."""
    texts = ["".join(traceback.format_exception(error))]
    chain: BaseException | None = error
    while chain is not None:
        fields = {name: getattr(chain, name, "") for name in ("message", "hint", "__notes__")}
        texts.append(f"{chain} {chain!r} {chain.args} {fields}")
        chain = chain.__cause__ if chain.__suppress_context__ else chain.__context__
    return "\n".join(texts)


# ---------------------------------------------------------------------------------- sessions with faults


@dataclass
class World:
    deepgram: DeepgramServer
    openai: OpenAIServer
    groq: OpenAIServer
    room: ProviderRoom

    def when(self, kind: type, act: Callable[[], None]) -> None:
        waiting = [act]

        def hook(event: Event) -> None:
            if isinstance(event, kind) and waiting:
                waiting.pop()()

        self.room.hooks.append(hook)


@dataclass(frozen=True)
class Case:
    """A provider, and a fault that mentions secrets wherever a server can."""

    fault: Callable[[World], None]
    stt: str = "deepgram"
    llm: str = "none"
    tts: str = "deepgram"
    environment: Mapping[str, str] = field(default_factory=dict)
    is_survived: bool = True


GOSSIP = f"{DEEPGRAM_CANARY} {OPENAI_CANARY} {GROQ_CANARY} Authorization: Bearer {OPENAI_CANARY}; you said {PHRASE}"
"""What an indiscreet server might put into an error."""


def cut_now(path: str, cut: Cut, kind: type = ProvisionalHeard) -> Callable[[World], None]:
    return lambda here: here.when(kind, lambda: here.deepgram.disturb_now(path, cut))


def refuse(path: str, status: int, *, at_start: bool = False) -> Callable[[World], None]:
    refusals = [Refusal(status, GOSSIP, {"dg-error": GOSSIP})] * 50

    def act(here: World) -> None:
        here.deepgram.serving.trouble_next(path, *refusals)
        here.deepgram.disturb_now(path, Cut.DROP)

    return act if at_start else lambda here: here.when(CandidateStarted, lambda: act(here))


def http_refuse(path: str, status: int, server: str = "openai") -> Callable[[World], None]:
    def act(here: World) -> None:
        refusing: OpenAIServer = getattr(here, server)
        refusing.trouble_next(path, *[openai_error(status, GOSSIP, x_gossip=GOSSIP)] * 50)

    return act


def chat(reply: ChatReply) -> Callable[[World], None]:
    def arrange(here: World) -> None:
        here.openai.script.chat = lambda _: reply

    return arrange


def openai_key_expires(here: World) -> None:
    """This server repeats the key it refuses."""
    here.when(CandidateStarted, lambda: setattr(here.openai, "key", "another"))


def nothing(here: World) -> None:
    """No fault at all."""


CASES = {
    "nothing goes wrong": Case(nothing, llm="openai"),
    "openai everywhere": Case(nothing, stt="openai", llm="openai", tts="openai"),
    "recogniser malformed": Case(cut_now(LISTEN_V1, Cut.MALFORMED)),
    "recogniser unknown": Case(cut_now(LISTEN_V1, Cut.UNKNOWN)),
    "recogniser error": Case(cut_now(LISTEN_V1, Cut.ERROR)),
    "recogniser undecodable": Case(cut_now(LISTEN_V1, Cut.CLOSE_1008)),
    "recogniser refused": Case(refuse(LISTEN_V1, 401), stt="deepgram,openai"),
    "recogniser refused at the start": Case(refuse(LISTEN_V1, 400, at_start=True), is_survived=False),
    "recogniser without address": Case(
        nothing, environment={"VOICEPREP_DEEPGRAM_URL": f"http://me:{PASSWORD}@nowhere.invalid"}, is_survived=False
    ),
    "recogniser with a broken key": Case(
        nothing, environment={"DEEPGRAM_API_KEY": f"{DEEPGRAM_CANARY}\n{PHRASE}"}, is_survived=False
    ),
    "voice dropped": Case(lambda here: here.deepgram.disturb_next(SPEAK_V1, Disturbance(Cut.DROP, 700))),
    "voice error": Case(
        lambda here: here.deepgram.disturb_next(SPEAK_V1, *[Disturbance(Cut.ERROR)] * 50), is_survived=False
    ),
    "voice refused": Case(refuse(SPEAK_V1, 402), tts="deepgram,openai"),
    "model malformed": Case(chat(ChatReply(WORDED, fault=Break.MALFORMED, fault_after=0)), llm="openai,groq"),
    "model error in the stream": Case(chat(ChatReply(WORDED, fault=Break.ERROR_EVENT)), llm="openai"),
    "model that repeats what was said": Case(
        chat(ChatReply((f"So {PHRASE} it is.", " And what of 3?"))), llm="openai"
    ),
    "model 400": Case(http_refuse(CHAT, 400), llm="openai"),
    "model 429": Case(http_refuse(CHAT, 429), llm="openai,groq"),
    "two models 500": Case(
        lambda here: (http_refuse(CHAT, 500)(here), http_refuse(CHAT, 500, "groq")(here), None)[-1],
        llm="openai,groq",
    ),
    "http recogniser 500": Case(http_refuse(TRANSCRIPTIONS, 500), stt="openai,deepgram"),
    "http recogniser's key expires": Case(openai_key_expires, stt="openai,deepgram"),
    "http voice 400": Case(http_refuse(SPEECH, 400), tts="openai", is_survived=False),
    "http without address": Case(
        nothing,
        llm="openai",
        environment={"OPENAI_BASE_URL": f"http://me:{PASSWORD}@nowhere.invalid/v1?key={OPENAI_CANARY}"},
        is_survived=False,
    ),
    "http with a broken key": Case(
        nothing, llm="openai", environment={"OPENAI_API_KEY": f"{OPENAI_CANARY} {PHRASE}"}, is_survived=False
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_nothing_secret_leaves_a_session(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    case, log = CASES[name], tmp_path / "log"
    errors: list[BaseException] = []
    with logging_to(log):
        async with (
            DeepgramServer() as deepgram,
            OpenAIServer(key=OPENAI_CANARY) as openai,
            OpenAIServer(key=GROQ_CANARY) as groq,
        ):
            deepgram.keys = {DEEPGRAM_CANARY}
            for server in (openai, groq):
                hears_coded_speech(server)
                server.script.chat = lambda _: ChatReply(WORDED)
            environment = {**environment_of(deepgram, openai, groq), **OTHER_CANARIES, **case.environment}
            room = ProviderRoom(plan(1), SCRIPTS, tmp_path, environment, case.stt, case.llm, case.tts)
            case.fault(World(deepgram, openai, groq, room))
            try:
                await room.hold()
            except ProviderError as error:
                errors.append(error)
    assert bool(errors) is not case.is_survived
    assert PHRASE in folder_text(tmp_path) or not case.is_survived
    assert secrets_in(folder_text(tmp_path), with_phrase=False) == []
    assert log.read_text().startswith("listening")
    assert secrets_in(log.read_text()) == []
    assert secrets_in("".join(map(texts_of, errors))) == []
    for failure in room.of(ProviderFailed):
        assert secrets_in(repr(failure)) == []
    assert secrets_in("".join(capfd.readouterr())) == []


async def test_what_holds_keys_does_not_show_them() -> None:
    async with Tasks() as tasks:
        needs = Needs(tasks, (), {"DEEPGRAM_API_KEY": DEEPGRAM_CANARY}, lambda usage: None)
        assert secrets_in(repr(needs)) == []


# ------------------------------------------------------------------------------------- whole commands

PROGRAM = """
import atexit, logging, pathlib, sys
log = pathlib.Path(sys.argv.pop(1))
logging.basicConfig(level=logging.DEBUG, filename=log, force=True)
logging.captureWarnings(True)
def tell():
    with log.open("ab") as file:
        file.write(pathlib.Path("/proc/self/cmdline").read_bytes())
if pathlib.Path("/proc/self/cmdline").exists():
    atexit.register(tell)
from voiceprep.cli import main
main()
"""


class PhraseEar:
    """Hears the phrase wherever there is speech."""

    def __init__(self) -> None:
        self.said: list[SaidWord] = []
        self.sound_end_s = 0.0
        self._words_due_s = 0.0

    def hear(self, samples: Samples, start_s: float) -> None:
        if int(abs(samples.astype(int)).max(initial=0)) < 1_000:
            return
        self.sound_end_s = start_s + len(samples) / MICROPHONE_RATE_HZ
        if self.sound_end_s >= self._words_due_s:
            self._words_due_s = self.sound_end_s + 1.0
            self.said.append(SaidWord(f"{PHRASE}.", start_s, self.sound_end_s))

    def unfinished(self) -> SaidWord | None:
        return None


@dataclass
class Commands:
    """Whole commands in processes of their own, with canaries for keys and DEBUG logging into a file."""

    folder: Path
    environment: Mapping[str, str]
    logs: list[Path] = field(default_factory=list)

    async def run(self, *arguments: str) -> Done:
        """stderr and what was logged are searched at once; stdout is for the person."""
        log = self.folder / f"log-{len(self.logs)}"
        self.logs.append(log)
        program = (sys.executable, "-c", PROGRAM, str(log))
        done = await asyncio.to_thread(run_apart, *arguments, program=program, changes=self.environment)
        assert secrets_in(log.read_text(errors="replace")) == [], arguments
        assert secrets_in(done.err) == [], arguments
        assert secrets_in(done.out, with_phrase=False) == [], arguments
        return done


INTERVIEW = ("interview", "--candidate", "weak", "--speaker", "none", "--seed", "1", "--plain", "--bank")
SHORT_BANK = """\
id: short
title: Short
questions:
  - id: why
    topic: eggs
    text: Why?
    key_points: [{id: k, text: Because of the heat., probe: What about the heat?}]
    examples: [{level: weak, text: I do not know., credited: []}]
"""


async def test_nothing_secret_leaves_a_command(tmp_path: Path) -> None:
    async with (
        DeepgramServer(ListenScript(ear=PhraseEar)) as deepgram,
        OpenAIServer(key=OPENAI_CANARY) as openai,
    ):
        deepgram.keys = {DEEPGRAM_CANARY}
        environment = {**environment_of(deepgram, openai), **OTHER_CANARIES}
        commands = Commands(tmp_path, environment)
        recordings = ("--recordings", str(tmp_path / "recordings"))
        bank = tmp_path / "short.yaml"
        bank.write_text(SHORT_BANK)

        deepgram.disturb_next(LISTEN_V1, Disturbance(Cut.MALFORMED, 2_000))
        openai.trouble_next(CHAT, *[openai_error(400, GOSSIP)] * 50)
        providers = ("--stt", "deepgram,local", "--llm", "openai", "--tts", "local")
        held = await commands.run("--debug", *INTERVIEW, str(bank), *providers, *recordings)
        assert held.code == ExitCode.DONE, held.err
        assert PHRASE in held.out
        for form in ("json", "markdown", "terminal"):
            assert PHRASE in (await commands.run("report", "last", "--format", form, *recordings)).out

        deepgram.serving.trouble_next(LISTEN_V1, *[Refusal(401, GOSSIP)] * 50)
        failed = await commands.run("--debug", *INTERVIEW, str(bank), "--stt", "deepgram", *recordings)
        assert failed.code == ExitCode.PROVIDER
        assert "Traceback" in failed.err
        assert "does not accept the key" in failed.err

        doctor = await commands.run("doctor", "--json", "--no-listen", *recordings)
        found = {finding["name"]: finding["detail"] for finding in json.loads(doctor.out)}
        assert "key is set" in found["deepgram"]
        assert secrets_in(doctor.out) == []
    assert PHRASE in folder_text(tmp_path / "recordings")
    assert secrets_in(folder_text(tmp_path), with_phrase=False) == []
    assert deepgram.violations + openai.violations == []
