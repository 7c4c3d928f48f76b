"""Whole interviews over real providers' protocols: exact, paid for, and never lost, whatever the network does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.soak import soak
from tests.commands import run
from tests.interviews import plan
from tests.loopback.deepgram import DeepgramServer, Disturbance
from tests.loopback.deepgram import Fault as Cut
from tests.loopback.deepgram_listen import ListenScript
from tests.loopback.deepgram_messages import LISTEN_V1, LISTEN_V2, SPEAK_V1
from tests.loopback.deepgram_speak import SpeakScript
from tests.loopback.openai import (
    CHAT,
    SPEECH,
    TRANSCRIPTIONS,
    ChatReply,
    OpenAIServer,
    SpeechReply,
    TranscriptReply,
    openai_error,
)
from tests.loopback.openai import Fault as Break
from tests.loopback.serving import Refusal, Trouble
from tests.provider_room import (
    ProviderRoom,
    environment_of,
    hears_coded_speech,
    recorded_words,
    said_words,
    words_in,
)
from voiceprep.activity import ScreenState
from voiceprep.conduct.briefs import SPENT
from voiceprep.errors import ExitCode, ProviderError
from voiceprep.events import (
    CandidateStarted,
    Event,
    ProviderFailed,
    ProvisionalHeard,
    SessionEnded,
    TurnStarted,
    UsageMeasured,
)
from voiceprep.model import Outcome, TurnKind
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.terminal.captions import CaptionKind, captions_of
from voiceprep.wiring.records import recover_folder

FIRST, SECOND = "phrase 1 and phrase 2 done. That's it.", "phrase 3 it is. That's it."
SCRIPTS = (Script((Wait(300), Say(FIRST))), Script((Wait(300), Say(SECOND))))
WORDED = ("I follow you so far. ", "And what of 3, ", "would you say?")
WRITTEN = "And what of 3?"
NOWHERE = "http://nowhere.invalid"
"""A name that no resolver knows (RFC 2606)."""
FOR_EVER = 50


@dataclass
class World:
    """The servers and the room; what a fault may need."""

    deepgram: DeepgramServer
    openai: OpenAIServer
    groq: OpenAIServer
    room: ProviderRoom

    async def hold(self) -> Outcome | ProviderError:
        """How it ended, or what a provider stopped it with; nothing is left open in any case."""
        outcome: Outcome | ProviderError
        try:
            outcome = await self.room.hold()
        except ProviderError as error:
            outcome = error
        for server in (self.deepgram.serving, self.openai, self.groq):
            await server.until(lambda server=server: server.open_count == 0)  # type: ignore[misc]
        assert self.deepgram.violations + self.openai.violations + self.groq.violations == []
        return outcome

    def when(self, kind: type, act: Callable[[], None]) -> None:
        """Act at the first event of a kind, then never again."""
        waiting = [act]

        def hook(event: Event) -> None:
            if isinstance(event, kind) and waiting:
                waiting.pop()()

        self.room.hooks.append(hook)


@asynccontextmanager
async def world(folder: Path, **options: Any) -> AsyncIterator[World]:  # noqa: ANN401 - fields of ProviderRoom
    listen, speak = options.pop("listen", None), options.pop("speak", None)
    async with (
        DeepgramServer(listen, speak) as deepgram,
        OpenAIServer() as openai,
        OpenAIServer(key="gsk-loopback") as groq,
    ):
        for server in (openai, groq):
            hears_coded_speech(server)
            server.script.chat = lambda _: ChatReply(WORDED)
        environment = environment_of(deepgram, openai, groq)
        room = ProviderRoom(plan(1), SCRIPTS, folder, environment)
        yield World(deepgram, openai, groq, replace(room, **options))


def check_kept(room: ProviderRoom, outcome: Outcome) -> None:
    """The folder is complete, every sample is in it, and there is nothing to recover."""
    record = room.record
    assert record.problems == ()
    assert record.info.outcome is outcome
    ended = record.events[-1]
    assert isinstance(ended, SessionEnded)
    assert record.duration_ms == ended.at_ms
    assert room.is_all_recorded
    assert recover_folder(record.folder).status is RecoveryStatus.NOT_NEEDED


def check_all_heard(room: ProviderRoom) -> None:
    """The interview went as if nothing had happened."""
    check_kept(room, Outcome.COMPLETED)
    assert recorded_words(room.record.folder) == f"{FIRST} {SECOND}"
    assert room.answers == [FIRST, SECOND]


def told(room: ProviderRoom) -> list[ProviderFailed]:
    """Failures the person was told, each of them in a sentence on the screen."""
    failures = [event for event in room.events if isinstance(event, ProviderFailed)]
    for failure in failures:
        (caption,) = captions_of(failure, ScreenState(), 0)
        assert caption.kind is CaptionKind.NOTE
        assert failure.message in caption.text
        assert failure.message.endswith(".")
    return failures


# --------------------------------------------------------------------------------------- as it should be


async def test_an_interview_is_exact_worded_and_paid_for(tmp_path: Path) -> None:
    scripts = (*SCRIPTS, Script((Wait(300), Say("phrase 1 and phrase 2 and, well, phrase 3. That's it."))))
    async with world(tmp_path, plan=plan(2), scripts=scripts, llm="openai", is_impatient=False) as here:
        room = here.room
        assert await here.hold() is Outcome.COMPLETED
        check_kept(room, Outcome.COMPLETED)
        assert room.answers == [said_words([script]) for script in scripts]
        assert room.follow_ups == ["".join(WORDED)]
        assert told(room) == []
    used = [event for event in room.record.events if isinstance(event, UsageMeasured)]
    assert {event.usage.stage for event in used} == {"stt", "llm", "tts"}
    assert all(event.cost_usd is not None and event.cost_usd > 0 for event in used)
    heard_ms = sum(event.usage.audio_ms for event in used if event.usage.stage == "stt")
    assert room.record.duration_ms * 0.9 < heard_ms <= room.record.duration_ms
    folder = room.record.folder
    document = json.loads(run("report", folder, "--format", "json").out)
    assert document["cost_usd"] == pytest.approx(sum(event.cost_usd or 0.0 for event in used))
    turn_ms = document["latency"]["turn_ms"]
    assert 0 < turn_ms["p50"] <= turn_ms["p95"] < 3_000
    markdown = run("report", folder, "--format", "markdown").out
    assert "(p50)" in markdown
    assert f"Cost: ${document['cost_usd']:.2f}" in markdown


@pytest.mark.parametrize(
    ("stt", "tts"), [("openai", "openai"), ("deepgram:flux-general-en", "deepgram:flux-haley-en")]
)
async def test_every_adapter_holds_an_interview(tmp_path: Path, stt: str, tts: str) -> None:
    async with world(tmp_path, stt=stt, tts=tts) as here:
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert told(here.room) == []


@pytest.mark.parametrize("long", ["", "And please tell me all that you know about it, with an example or two."])
async def test_the_budget_ends_the_interview_politely(tmp_path: Path, long: str) -> None:
    questions = tuple(replace(question, text=f"{question.text} {long}") for question in plan(5).questions)
    scripts = [
        Script((Wait(300), Say(f"phrase 1, phrase 2, phrase 3 in answer {n}. That's it."))) for n in range(5)
    ]
    options = {"plan": replace(plan(5), questions=questions), "scripts": scripts}
    async with world(tmp_path, **options) as here:
        await here.hold()
        whole_usd = cost_usd(here.room)
    async with world(tmp_path, **options, budget_usd=whole_usd * 0.8) as here:
        assert await here.hold() is Outcome.COMPLETED
        room = here.room
        check_kept(room, Outcome.COMPLETED)
        last = room.record.turns[-1]
        assert (last.brief.kind, last.said[0].heard_text) == (TurnKind.CLOSING, SPENT)
        assert 1 <= len(room.answers) < 5
        assert whole_usd * 0.5 < cost_usd(room) <= whole_usd * 0.8


def cost_usd(room: ProviderRoom) -> float:
    return sum(event.cost_usd or 0.0 for event in room.record.events if isinstance(event, UsageMeasured))


# ----------------------------------------------------------------------------- faults that heal by themselves


@pytest.mark.parametrize("cut", Cut)
async def test_a_recogniser_lost_in_an_answer_hears_all_of_it(tmp_path: Path, cut: Cut) -> None:
    async with world(tmp_path) as here:
        here.when(ProvisionalHeard, lambda: here.deepgram.disturb_now(LISTEN_V1, cut))
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert told(here.room) == []
        assert here.deepgram.received("audio") > 0


@pytest.mark.parametrize("cut", [Cut.DROP, Cut.HALF_OPEN])
async def test_a_recogniser_lost_at_the_first_sound_hears_all_of_it(tmp_path: Path, cut: Cut) -> None:
    async with world(tmp_path, stt="deepgram:flux-general-en") as here:
        here.when(CandidateStarted, lambda: here.deepgram.disturb_now(LISTEN_V2, cut))
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_reconnect_that_is_refused_for_a_moment_is_tried_again(tmp_path: Path, status: int) -> None:
    async with world(tmp_path) as here:
        here.when(ProvisionalHeard, lambda: lose_recogniser(here, Refusal(status), 2))
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert told(here.room) == []


async def test_a_slow_recogniser_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path, listen=ListenScript(delay_s=0.15)) as here:
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert told(here.room) == []


async def test_a_voice_in_slow_bytes_is_heard_whole(tmp_path: Path) -> None:
    async with world(tmp_path, speak=SpeakScript(piece_bytes=481, piece_every_s=0.003)) as here:
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert all(said.heard_text == said.text for turn in here.room.record.turns for said in turn.said)


@pytest.mark.parametrize("cut", [Cut.UNKNOWN, Cut.MALFORMED])
async def test_strange_messages_of_a_voice_change_nothing(tmp_path: Path, cut: Cut) -> None:
    async with world(tmp_path) as here:
        here.deepgram.disturb_next(SPEAK_V1, *[Disturbance(cut, 700)] * 2)
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert told(here.room) == []


async def test_a_reply_that_breaks_off_is_offered_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.deepgram.disturb_next(SPEAK_V1, Disturbance(Cut.DROP, 700))
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert [failure.stage for failure in told(here.room)] == ["tts"]
        begun = [event.turn_index for event in here.room.events if isinstance(event, TurnStarted)]
        assert begun == [0, 0, 1, 2, 3]


# ------------------------------------------------------------------------ faults another provider makes good

Fault = Callable[[World], None]


def lose_recogniser(here: World, trouble: Refusal | Trouble, count: int = FOR_EVER) -> None:
    here.deepgram.serving.trouble_next(LISTEN_V1, *[trouble] * count)
    here.deepgram.disturb_now(LISTEN_V1, Cut.DROP)


def refuses(status: int, kind: type = ProvisionalHeard) -> Fault:
    return lambda here: here.when(kind, lambda: lose_recogniser(here, Refusal(status)))


def key_expires(kind: type, path: str = LISTEN_V1) -> Fault:
    def expire(here: World) -> None:
        here.deepgram.keys = {"another key"}
        here.deepgram.disturb_now(path, Cut.DROP)

    return lambda here: here.when(kind, lambda: expire(here))


def refuses_at_start(path: str, status: int) -> Fault:
    return lambda here: here.deepgram.serving.trouble_next(path, *[Refusal(status)] * FOR_EVER)


def has_address(variable: str, url: str) -> Fault:
    def arrange(here: World) -> None:
        here.room.environment = {**here.room.environment, variable: url}

    return arrange


def voice_is_cut(cut: Cut) -> Fault:
    return lambda here: here.deepgram.disturb_next(SPEAK_V1, *[Disturbance(cut, 700)] * FOR_EVER)


def transcript_is(fault: Break) -> Fault:
    def arrange(here: World) -> None:
        here.openai.script.transcript = lambda asked: TranscriptReply(words_in(asked.samples), fault=fault)

    return arrange


def speech_is(**reply: Any) -> Fault:  # noqa: ANN401 - fields of SpeechReply
    def arrange(here: World) -> None:
        here.openai.script.speech = lambda _: SpeechReply(**reply)

    return arrange


def openai_refuses(path: str, status: int, code: str | None = None) -> Fault:
    return lambda here: here.openai.trouble_next(path, *[openai_error(status, code=code)] * FOR_EVER)


def openai_fails(path: str, trouble: Trouble) -> Fault:
    return lambda here: here.openai.trouble_next(path, *[trouble] * FOR_EVER)


STT = {
    "dns failure": ("deepgram,openai", has_address("VOICEPREP_DEEPGRAM_URL", NOWHERE)),
    "401 at the start": ("deepgram,openai", refuses_at_start(LISTEN_V1, 401)),
    "401 in an answer": ("deepgram,openai", refuses(401)),
    "402 before the first word": ("deepgram,openai", refuses(402, CandidateStarted)),
    "429 in an answer": ("deepgram,openai", refuses(429)),
    "503 before the first word": ("deepgram,openai", refuses(503, CandidateStarted)),
    "key expires in an answer": ("deepgram,openai", key_expires(ProvisionalHeard)),
    "key expires before the first word": ("deepgram,openai", key_expires(CandidateStarted)),
    "http: dns failure": ("openai,deepgram", has_address("OPENAI_BASE_URL", f"{NOWHERE}/v1")),
    "http: hang up": ("openai,deepgram", transcript_is(Break.HANG_UP)),
    "http: stall": ("openai,deepgram", transcript_is(Break.STALL)),
    "http: malformed": ("openai,deepgram", transcript_is(Break.MALFORMED)),
    "http: truncated": ("openai,deepgram", transcript_is(Break.TRUNCATED)),
    "http: 401": ("openai,deepgram", openai_refuses(TRANSCRIPTIONS, 401)),
    "http: 429": ("openai,deepgram", openai_refuses(TRANSCRIPTIONS, 429)),
    "http: 500": ("openai,deepgram", openai_refuses(TRANSCRIPTIONS, 500)),
}


@pytest.mark.parametrize("name", STT)
async def test_the_next_recogniser_hears_the_answer_in_full(tmp_path: Path, name: str) -> None:
    chain, fault = STT[name]
    async with world(tmp_path, stt=chain, tts="openai" if name == "dns failure" else "deepgram") as here:
        fault(here)
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert [(failure.provider, failure.stage) for failure in told(here.room)] == [(chain.split(",")[0], "stt")]


TTS = {
    "dns failure": ("deepgram,openai", has_address("VOICEPREP_DEEPGRAM_URL", NOWHERE)),
    "401 at the start": ("deepgram,openai", refuses_at_start(SPEAK_V1, 401)),
    "402 at the start": ("deepgram,openai", refuses_at_start(SPEAK_V1, 402)),
    "429 at the start": ("deepgram,openai", refuses_at_start(SPEAK_V1, 429)),
    "503 at the start": ("deepgram,openai", refuses_at_start(SPEAK_V1, 503)),
    "key expires in an answer": ("deepgram,openai", key_expires(CandidateStarted, SPEAK_V1)),
    "drop in a reply": ("deepgram,openai", voice_is_cut(Cut.DROP)),
    "stall in a reply": ("deepgram,openai", voice_is_cut(Cut.STALL)),
    "half-open in a reply": ("deepgram,openai", voice_is_cut(Cut.HALF_OPEN)),
    "NET-0001 in a reply": ("deepgram,openai", voice_is_cut(Cut.CLOSE_1011)),
    "error in a reply": ("deepgram,openai", voice_is_cut(Cut.ERROR)),
    "http: hang up": ("openai,deepgram", speech_is(fault=Break.HANG_UP)),
    "http: stall": ("openai,deepgram", speech_is(fault=Break.STALL)),
    "http: slow bytes": ("openai,deepgram", speech_is(chunk_bytes=101, between_chunks_ms=20)),
    "http: no sound": ("openai,deepgram", speech_is(pcm=b"")),
    "http: 401": ("openai,deepgram", openai_refuses(SPEECH, 401)),
    "http: 500": ("openai,deepgram", openai_refuses(SPEECH, 500)),
}


@pytest.mark.parametrize("name", TTS)
async def test_the_next_voice_says_the_rest(tmp_path: Path, name: str) -> None:
    chain, fault = TTS[name]
    async with world(tmp_path, tts=chain, stt="openai" if name == "dns failure" else "deepgram") as here:
        fault(here)
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert [(failure.provider, failure.stage) for failure in told(here.room)] == [(chain.split(",")[0], "tts")]
        for turn in here.room.record.turns:
            assert [said.is_interrupted for said in turn.said] == [False]


def chat_is(**reply: Any) -> Fault:  # noqa: ANN401 - fields of ChatReply
    def arrange(here: World) -> None:
        here.openai.script.chat = lambda _: ChatReply(WORDED, **reply)

    return arrange


BEFORE_WORDS: Mapping[str, Fault] = {
    "dns failure": has_address("OPENAI_BASE_URL", f"{NOWHERE}/v1"),
    "401": openai_refuses(CHAT, 401),
    "402": openai_refuses(CHAT, 429, "insufficient_quota"),
    "429": openai_refuses(CHAT, 429),
    "503": openai_refuses(CHAT, 503),
    "hang up": openai_fails(CHAT, Trouble.HANG_UP),
    "stall": openai_fails(CHAT, Trouble.STALL),
    "malformed": chat_is(fault=Break.MALFORMED, fault_after=0),
    "slow bytes": chat_is(slow_byte_ms=10),
}
AMID_WORDS: Mapping[str, Fault] = {
    "hang up": chat_is(fault=Break.HANG_UP),
    "stall": chat_is(fault=Break.STALL),
    "truncated": chat_is(fault=Break.TRUNCATED),
    "error": chat_is(fault=Break.ERROR_EVENT),
}


@pytest.mark.parametrize("name", BEFORE_WORDS)
async def test_the_next_model_words_the_follow_up(tmp_path: Path, name: str) -> None:
    async with world(tmp_path, llm="openai,groq") as here:
        BEFORE_WORDS[name](here)
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert here.room.follow_ups == ["".join(WORDED)]
        assert {(failure.provider, failure.stage) for failure in told(here.room)} == {("openai", "llm")}


@pytest.mark.parametrize("name", AMID_WORDS)
async def test_a_wording_that_breaks_off_is_said_as_written(tmp_path: Path, name: str) -> None:
    async with world(tmp_path, llm="openai") as here:
        AMID_WORDS[name](here)
        assert await here.hold() is Outcome.COMPLETED
        check_all_heard(here.room)
        assert [text.endswith(WRITTEN) for text in here.room.follow_ups] == [True]
        assert {(failure.provider, failure.stage) for failure in told(here.room)} == {("openai", "llm")}


async def test_unknown_fields_of_a_model_change_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, llm="openai") as here:
        chat_is(fault=Break.UNKNOWN_FIELDS)(here)
        assert await here.hold() is Outcome.COMPLETED
        assert here.room.follow_ups == ["".join(WORDED)]
        assert told(here.room) == []


# ------------------------------------------------------------------------------- faults nobody makes good


async def test_a_voice_that_is_gone_for_good_ends_the_session_and_keeps_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        key_expires(CandidateStarted, SPEAK_V1)(here)
        error = await here.hold()
        assert isinstance(error, ProviderError)
        check_kept(here.room, Outcome.FAILED)
        assert here.room.answers == [FIRST]
        assert [failure.stage for failure in told(here.room)] == ["tts"] * 3
        assert error.exit_code is ExitCode.PROVIDER
        assert "key" in error.message
        assert error.hint


GONE: Mapping[str, tuple[str, Fault]] = {
    "key expires in an answer": ("deepgram", key_expires(ProvisionalHeard)),
    "key expires before the first word": ("deepgram", key_expires(CandidateStarted)),
    "http: 401": ("openai", openai_refuses(TRANSCRIPTIONS, 401)),
}


@pytest.mark.parametrize("name", GONE)
async def test_a_recogniser_that_is_gone_for_good_ends_the_session_and_keeps_it(tmp_path: Path, name: str) -> None:
    stt, fault = GONE[name]
    scripts = [Script((Wait(300), Say(FIRST)))] * 4
    async with world(tmp_path, stt=stt, scripts=scripts) as here:
        fault(here)
        error = await here.hold()
        assert isinstance(error, ProviderError)
        check_kept(here.room, Outcome.FAILED)
        assert [failure.stage for failure in told(here.room)] == ["stt"] * 3
        assert error.exit_code is ExitCode.PROVIDER


@pytest.mark.parametrize("stage", ["stt", "tts"])
@pytest.mark.parametrize("status", [401, 429])
async def test_what_fails_at_the_start_fails_before_anything_is_recorded(
    tmp_path: Path, stage: str, status: int
) -> None:
    async with world(tmp_path) as here:
        refuses_at_start({"stt": LISTEN_V1, "tts": SPEAK_V1}[stage], status)(here)
        error = await here.hold()
        assert isinstance(error, ProviderError)
        assert (error.stage, error.exit_code) == (stage, ExitCode.PROVIDER)
        assert not (tmp_path / "recordings").exists()


def cancel(task: "asyncio.Task[Any]") -> None:
    task.cancel()


async def test_ctrl_c_in_the_middle_of_a_fault_keeps_the_session(tmp_path: Path) -> None:
    async with world(tmp_path, stt="deepgram,openai") as here:
        holding = asyncio.create_task(here.room.hold())
        key_expires(ProvisionalHeard)(here)
        here.when(ProviderFailed, lambda: cancel(holding))
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert here.room.record.info.outcome is Outcome.STOPPED
        assert here.room.record.problems == ()
        assert FIRST.startswith(recorded_words(here.room.record.folder))


# ----------------------------------------------------------------------------------------------- soak


@pytest.mark.slow
async def test_half_a_minute_of_random_faults_loses_nothing() -> None:
    told: list[str] = []
    soaked = await soak(minutes=0.4, seed=3, every_s=4.0, tell=told.append)
    assert soaked.complaints == [], told
    assert len(soaked.faults) >= 4
