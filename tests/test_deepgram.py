"""Deepgram's recognisers and voices against the loopback server: the ports' contracts, and every failure."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.loopback.deepgram import KEY, DeepgramServer, Disturbance, Fault
from tests.loopback.deepgram_listen import ListenScript
from tests.loopback.deepgram_messages import LISTEN_V1, LISTEN_V2, SPEAK_V1, SPEAK_V2
from tests.loopback.deepgram_speak import SpeakScript, speech_of
from tests.loopback.ears import coded_speech, silence
from tests.loopback.serving import Refusal, Trouble
from voiceprep.errors import ProviderError
from voiceprep.model import Term, Transcript, Usage
from voiceprep.ports import BLOCK_MS, AudioBlock, Samples
from voiceprep.providers.deepgram_connection import Attention
from voiceprep.providers.deepgram_link import LinkPolicy
from voiceprep.providers.deepgram_listen import DeepgramTranscriber, FluxDialect, NovaDialect
from voiceprep.providers.deepgram_speak import DeepgramSynthesizer
from voiceprep.providers.deepgram_stream import DeepgramStream
from voiceprep.tasks import Tasks

QUICK = LinkPolicy(
    connect_s=0.5,
    close_s=0.3,
    keep_alive_s=0.1,
    stall_s=0.5,
    finalize_s=0.3,
    give_up_s=4.0,
    backoff_s=(0.0, 0.02, 0.02, 0.02, 0.02),
)
TEXT = "I would put um a cache in front of the database."
CANARY = "canary-7f3a91"

pytestmark = [
    pytest.mark.filterwarnings("ignore:websockets.*is deprecated:DeprecationWarning"),
    pytest.mark.timeout(30),
]

NOVA, FLUX = "nova-3", "flux-general-en"
RECOGNISERS = [
    pytest.param(NOVA, LISTEN_V1, id="nova"),
    pytest.param(FLUX, LISTEN_V2, id="flux"),
]
VOICES = [
    pytest.param("aura-2-thalia-en", SPEAK_V1, id="aura"),
    pytest.param("flux-haley-en", SPEAK_V2, id="flux"),
]


@asynccontextmanager
async def serving(
    listen: ListenScript | None = None, speak: SpeakScript | None = None
) -> AsyncIterator[DeepgramServer]:
    """A server whose violations fail the test, and which everybody has left at the end."""
    async with DeepgramServer(listen, speak) as server:
        yield server
        await server.serving.until(lambda: server.serving.open_count == 0)
    assert server.violations == []
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


class Speaking:
    """Pushes audio into a stream and keeps the session clock."""

    def __init__(self, stream: DeepgramStream, start_ms: int = 0) -> None:
        self.stream = stream
        self.now_ms = start_ms

    def push(self, blocks: Sequence[Samples]) -> None:
        for samples in blocks:
            self.stream.push(AudioBlock(samples, self.now_ms), bool(samples.any()))
            self.now_ms += BLOCK_MS

    def say(self, text: str = TEXT, pause_ms: int = 0) -> None:
        self.push(coded_speech(text))
        self.push(silence(pause_ms))


async def until(stream: DeepgramStream, condition: Callable[[], bool]) -> None:
    """Wait for what the stream is told; fails after five seconds."""
    async with asyncio.timeout(5):
        while not condition():
            await stream.changed.wait()


def recogniser(model: str, tasks: Tasks, server: DeepgramServer, key: str = KEY) -> DeepgramTranscriber:
    return DeepgramTranscriber(tasks, api_key=key, base_url=server.url, model=model, policy=QUICK)


# --------------------------------------------------------------------------------------- recognisers


@pytest.mark.parametrize(
    ("speech_blocks", "silence_blocks", "reads"),
    [
        (10, 0, 10),  # the first 200 ms of speech: at once
        (25, 0, 10 + 3),  # then ten times a second
        (25, 10, 10 + 3 + 10),  # it ends: at once, for what ended now is what everybody waits for
        (25, 80, 10 + 3 + 50 + 3),  # and in a long silence five times
    ],
)
def test_what_arrives_is_read_at_once_where_it_matters(speech_blocks: int, silence_blocks: int, reads: int) -> None:
    attention = Attention()
    attention.step(False)
    heard = [True] * speech_blocks + [False] * silence_blocks
    assert sum(map(attention.step, heard)) == reads


def test_a_gap_within_speech_is_read_at_once_and_the_speech_after_it_is_not() -> None:
    attention = Attention()
    attention.step(False)
    for _ in range(25):
        attention.step(True)
    assert all(attention.step(False) for _ in range(9))
    assert sum(attention.step(True) for _ in range(50)) == 10
    for _ in range(11):
        attention.step(False)
    assert all(attention.step(True) for _ in range(10)), "after a pause it is another beginning"


def test_the_silence_after_an_answer_is_not_read_at_once() -> None:
    attention = Attention()
    for is_speech in [True] * 25 + [False] * 10:
        attention.step(is_speech)
    attention.rest()
    assert sum(attention.step(False) for _ in range(40)) == 4
    assert attention.step(True)


@pytest.mark.parametrize(
    ("text", "after", "is_passing"),
    [
        ({"type": "Results", "is_final": False}, {"type": "Results", "is_final": False}, True),
        ({"type": "Results", "is_final": False}, {"type": "Results", "is_final": True}, True),
        ({"type": "Results", "is_final": True}, {"type": "Results", "is_final": False}, False),
        ({"type": "Results", "is_final": False, "from_finalize": True}, {"type": "Results"}, False),
        ({"type": "Results", "is_final": False}, {"type": "Metadata"}, False),
        ({"type": "TurnInfo", "event": "Update"}, {"type": "TurnInfo", "event": "Update"}, True),
        ({"type": "TurnInfo", "event": "EndOfTurn"}, {"type": "TurnInfo", "event": "Update"}, False),
        ({"type": "TurnInfo", "event": "Update"}, {"type": "Error"}, False),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", " : ")])
def test_an_interim_is_passed_over_when_the_next_message_says_it_anew(
    text: Mapping[str, object], after: Mapping[str, object], is_passing: bool, separators: tuple[str, str]
) -> None:
    dialect = FluxDialect("flux", ()) if text["type"] == "TurnInfo" else NovaDialect("nova-3", (), 25)
    raw = [json.dumps(message, separators=separators).encode() for message in (text, after)]
    assert dialect.is_passing(raw[0], raw[1]) is is_passing
    assert not dialect.is_passing(raw[0], b""), "nothing has come after it"


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_a_recogniser_keeps_the_contract(model: str, path: str) -> None:
    async with serving(ListenScript(revisions={"cache": "cash"})) as server, Tasks() as tasks:
        transcriber = recogniser(model, tasks, server)
        await transcriber.warm()
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream(), start_ms=61_000)
        texts = [""]
        for word in TEXT.split():
            speaking.push(coded_speech(word))
            await until(speaking.stream, lambda: speaking.stream.provisional.through_ms >= speaking.now_ms)
            texts.append(speaking.stream.provisional.text)
        assert texts[1] == "I"
        assert texts[6] == "I would put um a cash"
        assert all(len(after) > len(before) for before, after in pairwise(texts))

        transcript = await speaking.stream.finish()

        assert transcript.text == TEXT
        words = TEXT.split()
        assert [word.start_ms for word in transcript.words] == [61_000 + 200 * index for index in range(len(words))]
        assert [word.end_ms for word in transcript.words] == [61_200 + 200 * index for index in range(len(words))]
        assert len(server.connections) == 1
        assert server.connections[0].path == path


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_a_long_silence_is_sent_in_larger_pieces_and_costs_no_word(model: str, path: str) -> None:
    async with serving() as server, Tasks() as tasks:
        transcriber = recogniser(model, tasks, server)
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream())
        speaking.push(silence(5_040))
        speaking.say(pause_ms=200)
        transcript = await speaking.stream.finish()
        assert transcript.text == TEXT
        assert transcript.words[0].start_ms == 5_040
        speech_blocks, lead_blocks = len(TEXT.split()) * 10, 1_000 // BLOCK_MS
        assert server.received("audio") <= lead_blocks + 5_000 // 100 + speech_blocks + 200 // BLOCK_MS


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_answers_share_a_connection_and_keep_their_own_words(model: str, path: str) -> None:
    async with serving() as server, Tasks() as tasks:
        transcriber = recogniser(model, tasks, server)
        start_ms = 0
        for text in ("First answer here.", "Second one.", "And the third."):
            speaking = Speaking(transcriber.open_stream(), start_ms)
            speaking.push(silence(100))
            speaking.say(text, pause_ms=100)
            transcript = await speaking.stream.finish()
            assert transcript.text == text
            assert transcript.words[0].start_ms == start_ms + 100
            start_ms = speaking.now_ms + 7_000  # nothing is heard between two answers
        assert len(server.connections) == 1


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_a_stream_opened_inside_a_segment_hears_only_its_own_words(model: str, path: str) -> None:
    async with serving() as server, Tasks() as tasks:
        transcriber = recogniser(model, tasks, server)
        await transcriber.warm()
        first = Speaking(transcriber.open_stream())
        first.say("mm hm")
        await until(first.stream, lambda: "hm" in first.stream.provisional.text)
        first.stream.close()
        second = Speaking(transcriber.open_stream(), first.now_ms)
        second.say("The real answer.")
        assert (await second.stream.finish()).text == "The real answer."
        assert server.connections[0].path == path


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_new_text_is_told_at_once_and_the_same_text_is_not(model: str, path: str) -> None:
    texts: list[str] = []
    async with serving(ListenScript(interim_every_ms=20)) as server, Tasks() as tasks:
        stream = recogniser(model, tasks, server).open_stream(lambda: texts.append(stream.provisional.text))
        speaking = Speaking(stream)
        speaking.say("Two words.", pause_ms=200)
        await until(stream, lambda: stream.provisional.through_ms >= speaking.now_ms)
        told = list(texts)
        await stream.finish()
        assert server.connections[0].path == path
    assert told == ["Two", "Two words."]
    assert texts[-1] == "Two words."


async def test_a_final_that_covers_the_speech_ends_the_answer_at_once() -> None:
    async with serving(ListenScript(answers_finalize=False)) as server, Tasks() as tasks:
        speaking = Speaking(recogniser(NOVA, tasks, server).open_stream())
        speaking.say(pause_ms=200)
        await until(speaking.stream, lambda: speaking.stream.provisional.through_ms >= speaking.now_ms - 100)
        assert (await speaking.stream.finish()).text == TEXT
        assert server.received("Finalize") == 0


async def test_a_word_with_a_gap_in_it_is_not_lost_to_a_final_within_the_gap() -> None:
    """The final ends after the greater part of the word, which is dated from where it began."""
    blocks, within = coded_speech("We moved the sessions"), 18
    async with serving() as server, Tasks() as tasks:
        stream = recogniser(NOVA, tasks, server).open_stream()
        speaking = Speaking(stream)
        speaking.push([*blocks[:within], *silence(60), *blocks[within:]])
        assert (await stream.finish()).text == "We moved the sessions"


async def test_flux_ends_a_turn_by_itself_and_says_how_sure_it_is() -> None:
    async with serving() as server, Tasks() as tasks:
        speaking = Speaking(recogniser(FLUX, tasks, server).open_stream())
        stream = speaking.stream
        speaking.say()
        await until(stream, lambda: stream.provisional.text == TEXT)
        assert stream.end_of_turn_probability is not None
        assert stream.end_of_turn_probability < 0.2
        speaking.push(silence(700))
        await until(stream, lambda: (stream.end_of_turn_probability or 0.0) > 0.9)
        assert (await stream.finish()).text == TEXT
        assert server.received("ForceEndTurn") == 0


async def test_flux_words_without_times_are_spread_over_the_speech() -> None:
    async with serving(ListenScript(times_words=False)) as server, Tasks() as tasks:
        speaking = Speaking(recogniser(FLUX, tasks, server).open_stream())
        speaking.push(silence(3_000))
        speaking.say("four even little words")
        transcript = await speaking.stream.finish()
        assert [word.start_ms for word in transcript.words] == [3_000, 3_200, 3_400, 3_600]


async def test_silence_is_an_empty_transcript_at_once() -> None:
    async with serving(ListenScript(answers_finalize=False)) as server, Tasks() as tasks:
        speaking = Speaking(recogniser(NOVA, tasks, server).open_stream())
        speaking.push(silence(300))
        assert await speaking.stream.finish() == Transcript()
        untouched = recogniser(NOVA, tasks, server).open_stream()
        assert await untouched.finish() == Transcript()
        assert server.received("Finalize") == 0


async def test_terms_are_asked_for_and_misheard_ones_put_right() -> None:
    glossary = (Term("PostgreSQL", heard_as=("post gress",)), Term("Redis"))
    async with serving() as server, Tasks() as tasks:
        transcriber = DeepgramTranscriber(tasks, api_key=KEY, base_url=server.url, glossary=glossary, policy=QUICK)
        speaking = Speaking(transcriber.open_stream())
        speaking.say("We use post gress now.")
        await until(speaking.stream, lambda: "now" in speaking.stream.provisional.text)
        assert speaking.stream.provisional.text == "We use PostgreSQL now."
        transcript = await speaking.stream.finish()
        assert transcript.text == "We use PostgreSQL now."
        assert transcript.heard == "We use post gress now."
        query = server.serving.arrivals[0].query
        assert query["keyterm"] == ("PostgreSQL", "Redis")
        assert query["filler_words"] == ("true",)


async def test_usage_is_the_audio_that_was_sent() -> None:
    used: list[Usage] = []
    async with serving() as server, Tasks() as tasks:
        transcriber = DeepgramTranscriber(
            tasks, api_key=KEY, base_url=server.url, on_usage=used.append, policy=QUICK
        )
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream())
        speaking.say(pause_ms=100)
        await speaking.stream.finish()
        assert used == [Usage("deepgram", "stt", "nova-3", audio_ms=speaking.now_ms)]


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_an_idle_connection_is_kept_alive(model: str, path: str) -> None:
    async with serving(ListenScript(idle_s=0.4)) as server, Tasks() as tasks:
        transcriber = recogniser(model, tasks, server)
        first = Speaking(transcriber.open_stream())
        first.say("Before the pause.")
        await first.stream.finish()
        sign = "KeepAlive" if path == LISTEN_V1 else "audio"
        seen = server.received(sign)
        await server.serving.until(lambda: server.received(sign) >= seen + 6)
        second = Speaking(transcriber.open_stream(), first.now_ms)
        second.say("After the pause.")
        transcript = await second.stream.finish()
        assert transcript.text == "After the pause."
        assert transcript.words[0].start_ms == first.now_ms
        assert not any(connection.is_net_0001 for connection in server.connections)


async def test_nothing_pushed_after_the_end_is_heard() -> None:
    async with serving() as server, Tasks() as tasks:
        transcriber = recogniser(NOVA, tasks, server)
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream())
        speaking.say("Yes.")
        await speaking.stream.finish()
        count = server.received("audio")
        speaking.say("No.")
        speaking.stream.close()
        await server.serving.until(lambda: server.received("KeepAlive") >= 1)
        assert server.received("audio") == count


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_finish_can_be_cancelled(model: str, path: str) -> None:
    async with serving(ListenScript(delay_s=1.0)) as server, Tasks() as tasks:
        transcriber = recogniser(model, tasks, server)
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream())
        speaking.say()
        finishing = tasks.work(speaking.stream.finish(), name="finish")
        await server.serving.until(lambda: server.received("audio") > 20)
        finishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await finishing


# ------------------------------------------------------------------------------- recognisers in trouble

MID_ANSWER = [Fault.DROP, Fault.STALL, Fault.HALF_OPEN, Fault.CLOSE_1011, Fault.CLOSE_1001, Fault.ERROR]


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
@pytest.mark.parametrize("fault", [*MID_ANSWER, Fault.MALFORMED, Fault.UNKNOWN])
@pytest.mark.parametrize("after_ms", [0, 700, 1_500])
async def test_an_answer_survives_a_lost_connection(model: str, path: str, fault: Fault, after_ms: int) -> None:
    async with serving(ListenScript(final_every_ms=400)) as server, Tasks() as tasks:
        server.disturb_next(path, Disturbance(fault, after_ms))
        transcriber = recogniser(model, tasks, server)
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream(), start_ms=9_000)
        speaking.say()
        transcript = await speaking.stream.finish()
        assert transcript.text == TEXT
        starts = [word.start_ms for word in transcript.words]
        assert starts == [9_000 + 200 * index for index in range(len(starts))]
        assert len(server.connections) == (1 if fault is Fault.UNKNOWN else 2)


async def test_a_stall_is_noticed_while_the_answer_goes_on() -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(LISTEN_V1, Disturbance(Fault.STALL, 100))
        impatient = replace(QUICK, stall_s=0.05)
        transcriber = DeepgramTranscriber(tasks, api_key=KEY, base_url=server.url, policy=impatient)
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream())
        speaking.say()
        await server.serving.until(lambda: server.received("audio") >= 50)

        async def hold_on() -> None:
            while len(server.connections) < 2:
                speaking.push(silence(BLOCK_MS))
                await server.serving.until(lambda: server.received("audio") * BLOCK_MS >= speaking.now_ms)

        async with asyncio.timeout(5):
            await hold_on()
        assert (await speaking.stream.finish()).text == TEXT


@pytest.mark.parametrize(("model", "path"), RECOGNISERS)
async def test_a_connection_lost_between_answers_is_made_again(model: str, path: str) -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(path, Disturbance(Fault.CLOSE_1011, 700))
        transcriber = recogniser(model, tasks, server)
        first = Speaking(transcriber.open_stream())
        first.say("Short one.")
        await first.stream.finish()
        interval = Speaking(transcriber.open_stream(), first.now_ms)
        interval.push(silence(400))
        await server.serving.until(lambda: len(server.connections) == 2)
        interval.stream.close()
        second = Speaking(transcriber.open_stream(), interval.now_ms)
        second.say("Another one.")
        assert (await second.stream.finish()).text == "Another one."


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(400, False), (401, False), (402, False), (429, True), (500, True), (503, True)]
)
async def test_a_refused_handshake_is_told(status: int, is_retryable: bool) -> None:
    async with serving() as server, Tasks() as tasks:
        refusal = Refusal(status, f"{CANARY} is not good", {"dg-error": CANARY})
        server.serving.trouble_next(LISTEN_V1, *[refusal] * 20)
        transcriber = recogniser(NOVA, tasks, server, key=CANARY)
        with pytest.raises(ProviderError, match=rf"HTTP {status}") as caught:
            await transcriber.warm()
        _check_error(caught.value, "stt", is_retryable=is_retryable)
        assert len(server.serving.arrivals) <= (3 if is_retryable else 1)


@pytest.mark.parametrize("trouble", [Refusal(429), Refusal(502), Trouble.HANG_UP, Trouble.STALL])
async def test_a_handshake_that_fails_once_is_tried_again(trouble: Refusal | Trouble) -> None:
    async with serving() as server, Tasks() as tasks:
        server.serving.trouble_next(LISTEN_V1, trouble)
        speaking = Speaking(recogniser(NOVA, tasks, server).open_stream())
        speaking.say()
        assert (await speaking.stream.finish()).text == TEXT


async def test_a_key_that_expires_mid_answer_is_told() -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(LISTEN_V1, Disturbance(Fault.DROP, 500))
        transcriber = recogniser(NOVA, tasks, server)
        await transcriber.warm()
        server.keys.clear()
        speaking = Speaking(transcriber.open_stream())
        speaking.say()
        with pytest.raises(ProviderError, match="key") as caught:
            await speaking.stream.finish()
        _check_error(caught.value, "stt", is_retryable=False)
        server.keys.add(KEY)
        after = Speaking(transcriber.open_stream(), speaking.now_ms)  # the turn is offered again
        after.say("It works again.")
        assert (await after.stream.finish()).text == "It works again."


async def test_audio_that_cannot_be_decoded_is_no_reason_to_go_on() -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(LISTEN_V1, *[Disturbance(Fault.CLOSE_1008, 100)] * 5)
        transcriber = recogniser(NOVA, tasks, server)
        await transcriber.warm()
        speaking = Speaking(transcriber.open_stream())
        speaking.say()
        with pytest.raises(ProviderError, match="1008 DATA-0000") as caught:
            await speaking.stream.finish()
        _check_error(caught.value, "stt", is_retryable=False)


async def test_a_recogniser_that_never_answers_is_given_up() -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(LISTEN_V1, *[Disturbance(Fault.STALL)] * 20)
        transcriber = DeepgramTranscriber(
            tasks, api_key=KEY, base_url=server.url, policy=replace(QUICK, give_up_s=1.5)
        )
        speaking = Speaking(transcriber.open_stream())
        speaking.say()
        with pytest.raises(ProviderError, match="does not answer") as caught:
            await speaking.stream.finish()
        _check_error(caught.value, "stt", is_retryable=True)


async def test_an_interim_that_covers_everything_is_taken_when_no_final_comes() -> None:
    async with serving(ListenScript(answers_finalize=False)) as server, Tasks() as tasks:
        transcriber = DeepgramTranscriber(
            tasks, api_key=KEY, base_url=server.url, policy=replace(QUICK, give_up_s=1.5), endpointing_ms=0
        )
        speaking = Speaking(transcriber.open_stream())
        speaking.say()
        assert (await speaking.stream.finish()).text == TEXT


async def test_no_network_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        async with Tasks() as tasks:
            for url in (f"http://127.0.0.1:{taken.getsockname()[1]}", "http://voiceprep.invalid"):
                transcriber = DeepgramTranscriber(tasks, api_key=CANARY, base_url=url, policy=QUICK)
                with pytest.raises(ProviderError, match="cannot be reached") as caught:
                    await transcriber.warm()
                _check_error(caught.value, "stt", is_retryable=True)


@pytest.mark.parametrize(
    ("key", "url", "told"),
    [
        ("", "http://127.0.0.1", "needs a key"),
        (f"{CANARY}ü", "http://127.0.0.1", "needs a key"),
        (CANARY, "api.deepgram.com", "address"),
        (CANARY, "http://[", "cannot be used|dropped"),
    ],
)
async def test_a_useless_key_or_address_is_told(key: str, url: str, told: str) -> None:
    async with Tasks() as tasks:
        transcriber = DeepgramTranscriber(tasks, api_key=key, base_url=url, policy=QUICK)
        for attempt in (transcriber.warm(), transcriber.warm()):
            with pytest.raises(ProviderError, match=told) as caught:
                await attempt
            assert CANARY not in f"{caught.value} {caught.value.hint}"


async def test_neither_key_nor_words_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving() as server, Tasks() as tasks:
        server.keys = {CANARY}
        server.disturb_next(LISTEN_V1, Disturbance(Fault.MALFORMED, 300))
        transcriber = recogniser(NOVA, tasks, server, key=CANARY)
        synthesizer = DeepgramSynthesizer(tasks, api_key=CANARY, base_url=server.url, policy=QUICK)
        speaking = Speaking(transcriber.open_stream())
        speaking.say("Confidential things.")
        await speaking.stream.finish()
        assert len(await _spoken(synthesizer, "Confidential question.")) == 2 * 2_400
        assert len(server.connections) >= 3
    assert CANARY not in caplog.text
    assert "onfidential" not in caplog.text


def _check_error(error: ProviderError, stage: str, *, is_retryable: bool) -> None:
    assert (error.provider, error.stage, error.is_retryable) == ("deepgram", stage, is_retryable)
    assert error.hint
    chain: BaseException | None = error
    while chain is not None:
        told = f"{chain} {chain!r} {getattr(chain, 'message', '')} {getattr(chain, 'hint', '')}"
        for secret in (CANARY, KEY, "secret", "cache", "Authorization", "x-deepgram"):
            assert secret not in told
        chain = chain.__cause__ if chain.__suppress_context__ else chain.__context__


# -------------------------------------------------------------------------------------------- voices


async def _spoken(synthesizer: DeepgramSynthesizer, text: str) -> Samples:
    pieces = [piece async for piece in synthesizer.synthesize(text)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


async def _count_samples(synthesizer: DeepgramSynthesizer, text: str, counts: list[int]) -> None:
    async for piece in synthesizer.synthesize(text):
        counts.append(len(piece))  # noqa: PERF401 - what came before an error counts


def _expected(text: str) -> Samples:
    return np.frombuffer(speech_of(text), "<i2").astype(np.int16)


def voice(model: str, tasks: Tasks, server: DeepgramServer) -> DeepgramSynthesizer:
    return DeepgramSynthesizer(tasks, api_key=KEY, base_url=server.url, model=model, policy=QUICK)


@pytest.mark.parametrize(("model", "path"), VOICES)
async def test_a_voice_keeps_the_contract(model: str, path: str) -> None:
    async with serving() as server, Tasks() as tasks:
        synthesizer = voice(model, tasks, server)
        await synthesizer.warm()
        for text in ("What is a cache?", "Why?", "And when would you not use one?"):
            assert np.array_equal(await _spoken(synthesizer, text), _expected(text))
        assert len(await _spoken(synthesizer, " … ")) == 0
        assert {connection.path for connection in server.connections} == {path}
        assert len(server.connections) <= 2


@pytest.mark.parametrize(("model", "path"), VOICES)
async def test_the_first_piece_comes_before_the_last_was_made(model: str, path: str) -> None:
    async with serving(speak=SpeakScript(piece_every_s=30.0)) as server, Tasks() as tasks:
        synthesizer = voice(model, tasks, server)
        async with aclosing(synthesizer.synthesize("One two three four.")) as speech:
            first = await anext(speech)
        assert len(first) == 2_400
        assert {connection.path for connection in server.connections} == {path}


@pytest.mark.parametrize(("model", "path"), VOICES)
async def test_bytes_that_cut_samples_in_two_are_put_together(model: str, path: str) -> None:
    async with serving(speak=SpeakScript(piece_bytes=333, piece_every_s=0.001)) as server, Tasks() as tasks:
        assert np.array_equal(await _spoken(voice(model, tasks, server), "Slow bytes."), _expected("Slow bytes."))
        assert {connection.path for connection in server.connections} == {path}


@pytest.mark.parametrize(("model", "path"), VOICES)
async def test_what_is_left_unheard_is_cleared_and_never_heard_later(model: str, path: str) -> None:
    async with serving(speak=SpeakScript(piece_every_s=0.05)) as server, Tasks() as tasks:
        synthesizer = voice(model, tasks, server)
        for _ in range(4):
            async with aclosing(synthesizer.synthesize("Never mind all of these words.")) as speech:
                await anext(speech)
        assert np.array_equal(await _spoken(synthesizer, "This instead."), _expected("This instead."))
        assert server.received("Clear" if path == SPEAK_V1 else "Interrupt") >= 3
        assert len(server.connections) == 2


@pytest.mark.parametrize(("model", "path"), VOICES)
async def test_a_cancelled_sentence_leaves_the_voice_usable(model: str, path: str) -> None:
    async with serving(speak=SpeakScript(first_byte_s=0.2)) as server, Tasks() as tasks:
        synthesizer = voice(model, tasks, server)
        await synthesizer.warm()
        task = tasks.work(_spoken(synthesizer, "Cancelled."), name="speak")
        await server.serving.until(lambda: server.received("Flush") == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert np.array_equal(await _spoken(synthesizer, "Spoken."), _expected("Spoken."))
        assert {connection.path for connection in server.connections} == {path}


async def test_two_sentences_at_a_time_and_the_third_waits() -> None:
    async with serving(speak=SpeakScript(piece_every_s=0.005)) as server, Tasks() as tasks:
        synthesizer = voice("aura-2-thalia-en", tasks, server)
        texts = ["One by one.", "Another one here.", "Third."]
        spoken = await asyncio.gather(*(_spoken(synthesizer, text) for text in texts))
        assert all(np.array_equal(*pair) for pair in zip(spoken, map(_expected, texts), strict=True))
        assert len(server.connections) == 2


async def test_a_minute_of_many_sentences_stays_within_the_flush_limit() -> None:
    async with serving() as server, Tasks() as tasks:
        synthesizer = voice("aura-2-thalia-en", tasks, server)
        for index in range(45):
            assert len(await _spoken(synthesizer, f"Number {index}.")) == 2 * 2_400
        assert server.received("Flush") == 45


async def test_a_long_text_is_spoken_whole() -> None:
    async with serving() as server, Tasks() as tasks:
        text = "word " * 500 + "end."
        assert len(await _spoken(voice("aura-2-thalia-en", tasks, server), text)) == 501 * 2_400
        assert server.received("Speak") == 2


async def test_usage_is_the_characters() -> None:
    used: list[Usage] = []
    async with serving() as server, Tasks() as tasks:
        synthesizer = DeepgramSynthesizer(
            tasks, api_key=KEY, base_url=server.url, on_usage=used.append, policy=QUICK
        )
        await _spoken(synthesizer, "Hello there.")
        assert used == [Usage("deepgram", "tts", "aura-2-thalia-en", characters=12)]


# ----------------------------------------------------------------------------------- voices in trouble


@pytest.mark.parametrize(("model", "path"), VOICES)
@pytest.mark.parametrize("fault", [*MID_ANSWER, Fault.UNKNOWN, Fault.MALFORMED])
async def test_a_voice_is_asked_again_when_nothing_was_heard(model: str, path: str, fault: Fault) -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(path, *[Disturbance(fault)] * 2)
        synthesizer = voice(model, tasks, server)
        await synthesizer.warm()
        spoken = await _spoken(synthesizer, "Once more.")
        assert np.array_equal(spoken, _expected("Once more."))


@pytest.mark.parametrize(("model", "path"), VOICES)
@pytest.mark.parametrize("fault", MID_ANSWER)
async def test_a_reply_that_breaks_off_is_told_and_not_begun_again(model: str, path: str, fault: Fault) -> None:
    async with serving() as server, Tasks() as tasks:
        server.disturb_next(path, *[Disturbance(fault, 150)] * 2)
        synthesizer = voice(model, tasks, server)
        heard: list[int] = []
        with pytest.raises(ProviderError) as caught:
            await _count_samples(synthesizer, "This will break off early.", heard)
        _check_error(caught.value, "tts", is_retryable=True)
        assert 0 < sum(heard) < 5 * 2_400
        assert np.array_equal(await _spoken(synthesizer, "Next one."), _expected("Next one."))


@pytest.mark.parametrize(("status", "is_retryable"), [(401, False), (402, False), (429, True), (503, True)])
async def test_a_voice_that_is_refused_is_told(status: int, is_retryable: bool) -> None:
    async with serving() as server, Tasks() as tasks:
        server.serving.trouble_next(SPEAK_V1, *[Refusal(status)] * 40)
        synthesizer = voice("aura-2-thalia-en", tasks, server)
        for attempt in (synthesizer.warm(), _spoken(synthesizer, "Anybody?")):
            with pytest.raises(ProviderError, match=rf"HTTP {status}") as caught:
                await attempt
            _check_error(caught.value, "tts", is_retryable=is_retryable)


async def test_a_voice_closed_while_idle_is_there_again() -> None:
    async with serving() as server, Tasks() as tasks:
        synthesizer = voice("aura-2-thalia-en", tasks, server)
        await synthesizer.warm()
        await server.serving.until(lambda: len(server.connections) == 2)
        for connection in server.connections:
            connection.close(1000)
        await server.serving.until(lambda: len(server.connections) == 4)
        assert len(await _spoken(synthesizer, "Still here.")) == 2 * 2_400


def test_nothing_of_the_sdk_is_imported_before_it_is_needed() -> None:
    import subprocess
    import sys

    script = (
        "import sys, voiceprep.providers.deepgram_listen, voiceprep.providers.deepgram_speak;"
        "print([name for name in sys.modules if name.split('.')[0] in ('deepgram', 'websockets', 'httpx')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
