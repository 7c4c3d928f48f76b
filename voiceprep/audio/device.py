"""A real microphone and loudspeaker that survive being unplugged. While one is gone, audio time stands still.

Must not know turns or recordings; what happens is told through `DeviceNews`, on the event loop.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

from voiceprep.audio.line import BlockSource, SpeakerLine
from voiceprep.audio.portaudio import (
    NO_DEVICE_HINT,
    SYSTEM_DEFAULT,
    DeviceInfo,
    OpenStream,
    Side,
    find_device,
    list_devices,
    open_stream,
    quiet_stderr,
    restart_portaudio,
)
from voiceprep.audio.streams import CaptureRing, InputSide, OutputSide
from voiceprep.audio.wake_gate import WakeGate
from voiceprep.errors import AudioDeviceError
from voiceprep.ports import BLOCK_MS, Samples
from voiceprep.tasks import Tasks

FIRST_CALLBACK_S = 5.0
"""How long a stream may take to deliver for the first time; Bluetooth headsets need two or three seconds."""

CHECK_S = 0.1
"""A stream that is late on two checks running is gone: noticed within 0.8 s."""

RETRY_S = 1.0
LOYALTY_S = 3.0
"""For so long only the same device is looked for; afterwards the system's default will do."""

MUTED_MS = 3_000
MUTED_HINT = (
    "The microphone gives nothing but digital silence. Unmute it, and see that the terminal may use it "
    "(macOS: System Settings, Privacy & Security, Microphone)."
)


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """Which devices: `default`, a name or number as in `voiceprep devices`, or None to leave that side closed.

    `*_latency_s` is PortAudio's suggested latency, None for what suits the sound system.
    """

    microphone: str | None = SYSTEM_DEFAULT
    speaker: str | None = SYSTEM_DEFAULT
    microphone_latency_s: float | None = None
    speaker_latency_s: float | None = None
    patience_s: float = 300.0


@dataclass(frozen=True, slots=True)
class DeviceNews:
    """What to call on the event loop: `on_lost(device, message)`, `on_returned(device, name)`, `on_hint(message)`.

    `device` is `microphone` or `speaker`.
    """

    on_lost: Callable[[str, str], None]
    on_returned: Callable[[str, str], None]
    on_hint: Callable[[str], None]


class AudioDevice:
    """The open devices. `source` is the microphone for a MicrophoneLine; `guard` is for any other source."""

    def __init__(self, choice: DeviceChoice, speaker_line: SpeakerLine, tasks: Tasks, news: DeviceNews) -> None:
        self._choice = choice
        self._line = speaker_line
        self._tasks = tasks
        self._news = news
        self._loop = asyncio.get_running_loop()
        self._ring = CaptureRing(self._loop, WakeGate(lambda: speaker_line.is_talking))
        self._streams: list[OpenStream] = []
        self._microphone_latency_ms = 0
        self._portaudio_lock = threading.Lock()
        self._is_running = asyncio.Event()
        self._is_closed = False
        self._error: AudioDeviceError | None = None

    # ------------------------------------------------------------------------------------ for sessions

    @property
    def source(self) -> "DeviceSource":
        return DeviceSource(self, self._ring, self._news.on_hint)

    def guard(self, source: BlockSource) -> "GuardedSource":
        """`source`, standing still while the loudspeaker is gone: for typed answers and files as microphone."""
        return GuardedSource(self, source)

    @property
    def names(self) -> dict[Side, str]:
        """What is open now."""
        return {stream.side: stream.device.name for stream in self._streams}

    @property
    def lost_ms(self) -> int:
        """Microphone audio that was dropped because the program was held up for more than 30 s."""
        return self._ring.lost_blocks * BLOCK_MS

    def now_ms(self) -> int:
        """What the microphone has taken up until this instant: to the newest sample, and what is in its buffer."""
        return self._ring.captured_ms + self._microphone_latency_ms

    async def until_running(self) -> None:
        """Return when no device is missing. Raises AudioDeviceError when waiting was given up."""
        await self._is_running.wait()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop playing and listening at once. May be called twice."""
        self._is_closed = True
        self._shut()

    # ---------------------------------------------------------------------------- opening and losing

    async def open(self) -> None:
        """Open what was chosen. Raises AudioDeviceError."""
        await self._tasks.in_thread(self._open_streams, False)
        await self._started()
        self._is_running.set()
        self._tasks.watch(self._watch(), name="watch the sound devices")

    async def _watch(self) -> None:
        while not self._is_closed:
            losses = await self._losses()
            if losses and not self._is_closed and not await self._recover(losses):
                return

    async def _losses(self) -> dict[Side, str]:
        """Wait for a device to die."""
        suspects: dict[Side, str] = {}
        while not self._is_closed:
            await asyncio.sleep(CHECK_S)
            losses = {stream.side: why for stream in self._streams if (why := stream.loss())}
            if losses.keys() & suspects.keys() or any(s.pulse.is_finished for s in self._streams):
                return losses
            suspects = losses
        return {}

    async def _recover(self, losses: dict[Side, str]) -> bool:
        """Look for the devices once a second until they are back. False when patience ran out."""
        self._is_running.clear()
        for side, why in losses.items():
            self._news.on_lost(side, why)
        lost_s = self._loop.time()
        while self._loop.time() - lost_s < self._choice.patience_s and not self._is_closed:
            try:
                await self._tasks.in_thread(self._reopen, self._loop.time() - lost_s >= LOYALTY_S)
                await self._started()
            except AudioDeviceError:
                await asyncio.sleep(RETRY_S)
                continue
            self._is_running.set()
            for side in losses:
                self._news.on_returned(side, self.names.get(side, side))
            return True
        self._give_up(losses)
        return False

    def _give_up(self, losses: dict[Side, str]) -> None:
        self._error = AudioDeviceError(
            f"{' '.join(losses.values())} It did not come back within {self._choice.patience_s:.0f} s.",
            "What was said until then is recorded; plug the device in and run `voiceprep resume`.",
        )
        self._ring.fail(self._error)
        self._is_running.set()

    async def _started(self) -> None:
        """Return when every stream has called back once. Raises AudioDeviceError when one does not."""
        deadline_s = self._loop.time() + FIRST_CALLBACK_S
        while silent := [stream for stream in self._streams if stream.pulse.last_s is None]:
            if self._loop.time() > deadline_s:
                await self._tasks.in_thread(self._shut)
                raise AudioDeviceError(
                    f"The {silent[0].side} {silent[0].device.name!r} opens, but no audio moves.",
                    "Choose another device (`voiceprep devices`), or restart the sound system.",
                )
            await asyncio.sleep(BLOCK_MS / 1000)

    def _reopen(self, is_default_allowed: bool) -> None:
        """Blocks."""
        self._shut()
        with self._portaudio_lock:
            if not self._is_closed:
                restart_portaudio()
        self._open_streams(is_default_allowed)

    def _open_streams(self, is_default_allowed: bool) -> None:
        """Blocks for up to half a second."""
        with self._portaudio_lock:
            if self._is_closed:
                return
            devices = list_devices()
            try:
                for side, wanted in self._wanted():
                    device = _find(devices, side, wanted, is_default_allowed)
                    self._streams.append(self._open_side(side, device))
            except BaseException:
                self._close_streams()
                raise

    def _wanted(self) -> list[tuple[Side, str]]:
        sides: list[tuple[Side, str | None]] = [
            ("microphone", self._choice.microphone),
            ("speaker", self._choice.speaker),
        ]
        return [(side, name) for side, name in sides if name is not None]

    def _open_side(self, side: Side, device: DeviceInfo) -> OpenStream:
        if side == "microphone":
            latency_s = self._choice.microphone_latency_s
            opened = open_stream(side, device, latency_s, lambda rate_hz: InputSide(self._ring.add, rate_hz))
            self._microphone_latency_ms = opened.latency_ms
            return opened
        latency_s = self._choice.speaker_latency_s
        opened = open_stream(side, device, latency_s, lambda rate_hz: OutputSide(self._line.pull, rate_hz))
        has_microphone = self._choice.microphone is not None
        self._line.connect(opened.latency_ms, self.now_ms if has_microphone else None)
        return opened

    def close_streams(self) -> None:
        with self._portaudio_lock:
            self._close_streams()

    def _shut(self) -> None:
        """Blocks while another thread opens."""
        with self._portaudio_lock:
            self._close_streams()

    def _close_streams(self) -> None:
        """With the lock held."""
        with quiet_stderr():
            while self._streams:
                self._streams.pop().close()


class DeviceSource:
    """The microphone as a BlockSource. Says once when it hears nothing but zeros from the start."""

    def __init__(self, device: AudioDevice, ring: CaptureRing, on_hint: Callable[[str], None]) -> None:
        self._device = device
        self._ring = ring
        self._on_hint = on_hint
        self._zero_ms: int | None = 0

    async def read(self) -> Samples | None:
        block = await self._ring.take()
        if self._zero_ms is not None:
            self._zero_ms = None if block.any() else self._zero_ms + BLOCK_MS
            if self._zero_ms == MUTED_MS:
                self._zero_ms = None
                self._on_hint(MUTED_HINT)
        return block

    def close(self) -> None:
        self._device.close()


class GuardedSource:
    """Another source that waits while a device is missing."""

    def __init__(self, device: AudioDevice, source: BlockSource) -> None:
        self._device = device
        self._source = source

    async def read(self) -> Samples | None:
        await self._device.until_running()
        return await self._source.read()

    def close(self) -> None:
        self._device.close()
        self._source.close()


async def open_devices(
    choice: DeviceChoice, speaker_line: SpeakerLine, tasks: Tasks, news: DeviceNews
) -> AudioDevice:
    """Open the chosen devices and keep watch over them. Raises AudioDeviceError."""
    device = AudioDevice(choice, speaker_line, tasks, news)
    await device.open()
    return device


def _find(devices: tuple[DeviceInfo, ...], side: Side, wanted: str, is_default_allowed: bool) -> DeviceInfo:
    if not devices:
        raise AudioDeviceError("This machine has no sound device.", NO_DEVICE_HINT)
    try:
        return find_device(devices, side, wanted)
    except AudioDeviceError:
        if not is_default_allowed:
            raise
        return find_device(devices, side, SYSTEM_DEFAULT)
