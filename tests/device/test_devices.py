"""A microphone and a loudspeaker that work, go, come back, and are refused, through real PortAudio."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.device.soundcard import RATE_HZ, SoundCard
from voiceprep.audio.device import AudioDevice, DeviceChoice, DeviceNews, open_devices
from voiceprep.audio.files import SilentSource
from voiceprep.audio.line import MicrophoneLine, SpeakerLine
from voiceprep.audio.measure import measure_level, measure_loopback_latency
from voiceprep.audio.pace import RealtimePace
from voiceprep.audio.portaudio import find_device, list_devices, open_stream, restart_portaudio
from voiceprep.audio.streams import InputSide, OutputSide, resample
from voiceprep.errors import AudioDeviceError, ExitCode
from voiceprep.ports import Samples
from voiceprep.tasks import Tasks

pytestmark = pytest.mark.device

PINNED = DeviceChoice(microphone="voiceprep_mic", speaker="voiceprep_speaker")


@dataclass
class Room:
    """Open devices, their lines, and the news of them."""

    device: AudioDevice
    mic: MicrophoneLine
    speaker: SpeakerLine
    lost: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[tuple[Samples, int]] = field(default_factory=list)

    async def listen(self, n_ms: int) -> Samples:
        blocks = [(await asyncio.wait_for(self.mic.read(), 20)).samples for _ in range(n_ms // 20)]
        return np.concatenate(blocks)

    async def until_news(self, deadline_s: float) -> None:
        await asyncio.wait_for(self.news.wait(), deadline_s)
        self.news.clear()


@asynccontextmanager
async def room(choice: DeviceChoice = PINNED) -> AsyncIterator[Room]:
    async with Tasks() as tasks:
        rooms: list[Room] = []

        def tell(kind: str) -> Callable[[str, str], None]:
            def note(device: str, what: str) -> None:
                getattr(rooms[0], kind).append(device)
                rooms[0].news.set()

            return note

        speaker = SpeakerLine(lambda: 0)
        news = DeviceNews(tell("lost"), tell("returned"), lambda message: rooms[0].hints.append(message))
        device = await open_devices(choice, speaker, tasks, news)
        source = device.source if choice.microphone else device.guard(SilentSource(RealtimePace()))
        mic = MicrophoneLine(source, [speaker.deliver])
        rooms.append(Room(device, mic, speaker))
        speaker.add_tap(lambda samples, at_ms: rooms[0].heard.append((samples, at_ms)))
        try:
            yield rooms[0]
        finally:
            mic.close()


def voice(seconds: float, rate_hz: int, seed: int = 1) -> Samples:
    """Noise below 3 kHz in the rhythm of syllables: no two parts of it are alike."""
    chance = np.random.default_rng(seed)
    rhythm = np.repeat(chance.uniform(0.2, 1, int(seconds * 8) + 1), rate_hz // 8)[: int(seconds * rate_hz)]
    spectrum = np.fft.rfft(chance.normal(0, 1, rhythm.size))
    spectrum[int(3_000 * rhythm.size / rate_hz) :] = 0
    smooth = np.fft.irfft(spectrum, rhythm.size)
    samples: Samples = (smooth / np.abs(smooth).max() * rhythm * 20_000).astype(np.int16)
    return samples


def correlation(said: Samples, heard: Samples) -> tuple[float, int]:
    """Best normalised correlation of `said` inside `heard`, and where it begins."""
    n_samples = said.size + heard.size
    spectrum = np.fft.rfft(heard.astype(float), n_samples) * np.conj(np.fft.rfft(said.astype(float), n_samples))
    place = int(np.fft.irfft(spectrum, n_samples)[: max(1, heard.size - said.size)].argmax())
    part = heard[place : place + said.size].astype(float)
    norm = np.linalg.norm(part) * np.linalg.norm(said.astype(float))
    return float(part @ said[: part.size] / norm) if norm else 0.0, place


async def until(condition: Callable[[], bool], listen: Callable[[int], Awaitable[Samples]], most_ms: int) -> None:
    """Let audio time pass until `condition`."""
    for _ in range(most_ms // 20):
        if condition():
            return
        await listen(20)
    raise AssertionError("it did not happen in time")


# --------------------------------------------------------------------------------------- working


async def test_hears_what_is_played_into_the_microphone(card: SoundCard) -> None:
    said = voice(3, 16_000)
    async with room() as here:
        await here.listen(200)
        player = card.play(said, 16_000)
        heard = await here.listen(5_000)
        assert player.wait(5) == 0
        assert (here.device.lost_ms, here.hints, here.lost) == (0, [], [])
    assert correlation(said, heard)[0] > 0.98


async def test_is_heard_on_the_loudspeaker_and_counts_it_exactly(card: SoundCard, recorded: Path) -> None:
    said = voice(3, 24_000)
    recording = card.record(recorded)
    async with room() as here:
        await here.listen(400)
        here.speaker.enqueue(said)
        await until(lambda: here.speaker.is_idle, here.listen, 6_000)
        assert here.speaker.heard_ms == 3_000
        await here.listen(400)
    score, _ = correlation(resample(said, 24_000, RATE_HZ), recording.stop())
    assert score > 0.95  # 1.00 when the machine is quiet
    assert np.concatenate([samples for samples, _ in here.heard]).tolist() == said.tolist()


async def test_what_was_heard_is_placed_where_the_microphone_hears_it(card: SoundCard) -> None:
    said = voice(2, 24_000)
    loop = card.loop_back()
    try:
        async with room() as here:
            await here.listen(300)
            here.speaker.enqueue(said)
            heard = await here.listen(4_000)
            score, place = correlation(resample(said, 24_000, 16_000), heard)
            assert score > 0.8
            told_ms, found_ms = here.heard[0][1], 300 + place // 16
            assert 0 <= found_ms - told_ms < 250  # the loop itself takes 60 ms, its null sinks some more
    finally:
        card.pactl("unload-module", loop)


async def test_pausing_silences_the_loudspeaker_and_resuming_loses_nothing(card: SoundCard, recorded: Path) -> None:
    said = voice(4, 24_000)
    recording = card.record(recorded)
    async with room() as here:
        await here.listen(300)
        here.speaker.enqueue(said)
        await until(lambda: here.speaker.heard_ms > 1_000, here.listen, 3_000)
        here.speaker.pause()
        await here.listen(1_000)
        paused_ms = here.speaker.heard_ms
        here.speaker.resume()
        await until(lambda: here.speaker.is_idle, here.listen, 6_000)
        assert here.speaker.heard_ms == 4_000
        await here.listen(300)
    heard = recording.stop()
    quiet = np.abs(heard[: heard.size // 480 * 480].reshape(-1, 480)).max(axis=1) < 30
    loud_ms = np.flatnonzero(~quiet) * 10
    gaps_ms = np.diff(loud_ms)
    assert 900 < gaps_ms.max() < 1_300
    before_ms = loud_ms[gaps_ms.argmax()] - loud_ms[0]
    assert before_ms == pytest.approx(paused_ms, abs=120)


async def test_a_microphone_of_zeros_is_called_muted_once(card: SoundCard) -> None:
    async with room() as here:
        await here.listen(3_500)
        assert len(here.hints) == 1
    assert "digital silence" in here.hints[0]


async def test_nothing_from_before_the_first_read_is_heard(card: SoundCard) -> None:
    async with room() as here:
        player = card.play(voice(0.5, 16_000), 16_000)
        assert await asyncio.to_thread(player.wait, 10) == 0
        assert here.device.now_ms() < 200
        heard = await here.listen(1_000)
        assert not heard[4_000:].any()  # the end of it may still have been on its way


# -------------------------------------------------------------------------- losing and returning


async def test_a_card_that_goes_is_noticed_within_a_second_and_the_session_goes_on_with_it(card: SoundCard) -> None:
    async with room() as here:
        await here.listen(400)
        here.speaker.enqueue(voice(30, 24_000))
        await here.listen(400)
        card.unplug()
        await here.until_news(1.0)
        assert sorted(here.lost) == ["microphone", "speaker"]
        reading = asyncio.ensure_future(here.listen(1_000))
        heard_ms = here.speaker.heard_ms
        position_ms = here.mic.position_ms
        card.plug()
        await here.until_news(10)
        assert sorted(here.returned) == ["microphone", "speaker"]
        assert here.device.names == {"microphone": "voiceprep_mic", "speaker": "voiceprep_speaker"}
        player = card.play(voice(1, 16_000), 16_000)
        heard = await asyncio.wait_for(reading, 10)
        assert here.mic.position_ms - position_ms <= 1_100  # audio time stood still
        await until(lambda: here.speaker.heard_ms > heard_ms + 400, here.listen, 5_000)
        heard = np.concatenate([heard, await here.listen(1_500)])
        assert player.wait(5) == 0
        assert correlation(voice(1, 16_000), heard)[0] > 0.9


async def test_a_card_that_stops_delivering_is_noticed_too(card: SoundCard) -> None:
    async with room() as here:
        await here.listen(400)
        card.pactl("suspend-source", "voiceprep_mic", "1")
        try:
            await here.until_news(1.0)
            assert here.lost == ["microphone"]
        finally:
            card.pactl("suspend-source", "voiceprep_mic", "0")
        await here.until_news(20)
        assert (await here.listen(500)).size == 8_000


async def test_another_device_will_do_when_the_same_one_stays_away(card: SoundCard) -> None:
    own = card.folder / "alsa.conf"
    before = own.read_text()
    own.write_text(before + 'pcm.passing { type pulse device voiceprep_mic hint { show on description "x" } }\n')
    restart_portaudio()
    try:
        async with room(DeviceChoice(microphone="passing", speaker=None)) as here:
            await here.listen(200)
            own.write_text(before)
            card.unplug()
            await here.until_news(1.0)
            card.plug()
            await here.until_news(15)
            assert here.device.names == {"microphone": "default"}
            assert (await here.listen(200)).size == 3_200
    finally:
        own.write_text(before)


async def test_a_typed_session_stands_still_while_the_loudspeaker_is_gone(card: SoundCard) -> None:
    async with room(DeviceChoice(microphone=None, speaker="voiceprep_speaker")) as here:
        await here.listen(200)
        card.unplug()
        await here.until_news(1.0)
        reading = asyncio.ensure_future(here.mic.read())
        done, _ = await asyncio.wait({reading}, timeout=0.1)
        assert (here.lost, done) == (["speaker"], set())
        card.plug()
        assert (await asyncio.wait_for(reading, 15)).start_ms == 200


@pytest.mark.parametrize("microphone", ["voiceprep_mic", None])
async def test_patience_ends_with_an_error(card: SoundCard, microphone: str | None) -> None:
    choice = DeviceChoice(microphone=microphone, speaker="voiceprep_speaker", patience_s=0.5)
    async with room(choice) as here:
        await here.listen(200)
        card.unplug()
        with pytest.raises(AudioDeviceError, match="did not come back within") as given_up:
            await here.listen(30_000)
        assert "recorded" in given_up.value.hint


# ------------------------------------------------------------------------------------- refusals


def test_lists_the_devices(card: SoundCard) -> None:
    devices = {device.name: device for device in list_devices()}
    assert {"default", "voiceprep_mic", "voiceprep_speaker"} <= devices.keys()
    assert devices["default"].is_default_microphone
    assert not devices["voiceprep_mic"].is_default_microphone
    assert devices["default"].host_api == "ALSA"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("nonesuch", r"No microphone is called 'nonesuch'. There is: .*voiceprep_mic \(ALSA\)"),
        ("voiceprep", "More than one microphone matches 'voiceprep': .*voiceprep_mic.*voiceprep_speaker"),
        ("99", "No microphone is called '99'"),
    ],
)
async def test_an_unknown_or_ambiguous_name_lists_the_candidates(card: SoundCard, wanted: str, why: str) -> None:
    with pytest.raises(AudioDeviceError, match=why) as refused:
        async with room(DeviceChoice(microphone=wanted)):
            pass
    assert refused.value.exit_code is ExitCode.AUDIO_DEVICE
    assert refused.value.hint


def test_a_part_of_a_name_in_any_case_or_a_number_is_enough(card: SoundCard) -> None:
    devices = list_devices()
    found = find_device(devices, "microphone", "PREP_MIC")
    assert found.name == "voiceprep_mic"
    assert find_device(devices, "microphone", str(found.index)) == found


def test_a_rate_the_device_refuses_falls_back_to_its_own(card: SoundCard) -> None:
    got: list[Samples] = []
    line = SpeakerLine(lambda: 0)
    microphone = find_device(list_devices(), "microphone", "voiceprep_mic")
    speaker = find_device(list_devices(), "speaker", "voiceprep_speaker")
    rates: list[int] = []

    def hear(rate_hz: int) -> InputSide:
        rates.append(rate_hz)
        return InputSide(got.append, rate_hz)

    opened = open_stream("microphone", microphone, None, hear, wanted_hz=5_000_000)
    opened.close()
    opened = open_stream("speaker", speaker, None, lambda r: OutputSide(line.pull, r), wanted_hz=5_000_000)
    opened.close()
    assert rates == [5_000_000, microphone.rate_hz]


def test_a_device_that_vanished_since_it_was_listed_is_refused(card: SoundCard) -> None:
    microphone = find_device(list_devices(), "microphone", "voiceprep_mic")
    card.unplug()
    with pytest.raises(AudioDeviceError, match="'voiceprep_mic' cannot be opened") as refused:
        open_stream("microphone", microphone, None, lambda r: InputSide(lambda samples: None, r))
    assert refused.value.hint


NO_SOUND = """
import asyncio
from voiceprep.audio.device import DeviceChoice, DeviceNews, open_devices
from voiceprep.audio.line import SpeakerLine
from voiceprep.audio.portaudio import list_devices
from voiceprep.errors import AudioDeviceError
from voiceprep.tasks import Tasks

async def main():
    async with Tasks() as tasks:
        news = DeviceNews(print, print, print)
        await open_devices(DeviceChoice(), SpeakerLine(lambda: 0), tasks, news)

try:
    print(len(list_devices()))
    asyncio.run(main())
except AudioDeviceError as error:
    print(error.message, error.hint)
"""


@pytest.mark.parametrize(
    ("stand_in", "said"),
    [
        (None, "0\nThis machine has no sound device. Plug in a headset"),
        ("raise OSError('PortAudio library not found')", "sudo apt-get install libportaudio2"),
        ("raise ImportError('No module named sounddevice')", "pip install sounddevice"),
    ],
)
def test_without_sound_says_what_to_do_and_nothing_leaks(tmp_path: Path, stand_in: str | None, said: str) -> None:
    environ = {name: text for name, text in os.environ.items() if name != "ALSA_CONFIG_PATH"}
    environ["PULSE_SERVER"] = f"unix:{tmp_path}/nowhere"
    if stand_in is not None:
        (tmp_path / "sounddevice.py").write_text(stand_in + "\n")
        environ["PYTHONPATH"] = str(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", NO_SOUND],
        env=environ,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said in run.stdout
    assert run.stderr == ""


# --------------------------------------------------------------------------------------- doctor


def test_measures_the_level_of_the_microphone(card: SoundCard) -> None:
    player = card.play(voice(3, 16_000), 16_000)
    reading = measure_level(PINNED, 2.0)
    assert player.wait(10) == 0
    assert len(reading.levels_dbfs) == 100
    assert -30 < reading.rms_dbfs < reading.peak_dbfs < 0
    assert (reading.device, reading.is_digital_silence, reading.is_clipped) == ("voiceprep_mic", False, False)


def test_measures_the_way_round_or_finds_none(card: SoundCard) -> None:
    assert measure_loopback_latency(PINNED) is None
    loop = card.loop_back()
    try:
        latency_ms = measure_loopback_latency(PINNED)
    finally:
        card.pactl("unload-module", loop)
    assert latency_ms is not None
    assert 60 < latency_ms < 700
