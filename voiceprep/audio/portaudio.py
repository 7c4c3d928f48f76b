"""The only door to PortAudio: loading it quietly, naming its devices, turning its errors into ours.

Must not know sessions. Importing this loads no PortAudio; `load_portaudio` does.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from voiceprep.audio.streams import InputSide, OutputSide, Pulse
from voiceprep.errors import AudioDeviceError
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ

Side = Literal["microphone", "speaker"]

SYSTEM_DEFAULT = "default"
"""The name that stands for whatever the system's sound settings say."""

INVALID_RATE, INVALID_CHANNELS, UNAVAILABLE = -9997, -9998, -9985
"""PaErrorCode values, from portaudio.h."""

LATE_S = 0.6
"""Callbacks come every 20 ms; without one for so long, something is wrong."""

NO_DEVICE_HINT = (
    "Plug in a headset and look at `voiceprep devices`. Without one: --mic keyboard to type, "
    "--mic FILE.wav to answer from a file, --speaker none to read the captions."
)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound device as PortAudio names it. `rate_hz` is the one it prefers."""

    index: int
    name: str
    host_api: str
    input_channels: int
    output_channels: int
    rate_hz: int
    is_default_microphone: bool
    is_default_speaker: bool


@dataclass(frozen=True, slots=True)
class OpenStream:
    """One running PortAudio stream. `latency_ms` is what PortAudio says of it."""

    side: Side
    device: DeviceInfo
    stream: Any
    pulse: Pulse
    latency_ms: int

    def loss(self) -> str | None:
        """Why this stream is dead, or None."""
        age_s = self.pulse.age_s()
        if self.pulse.is_finished or not self.stream.active:
            return f"The {self.side} {self.device.name!r} is gone."
        if age_s is not None and age_s > LATE_S:
            return f"The {self.side} {self.device.name!r} has stopped delivering."
        return None

    def close(self) -> None:
        self.stream.abort(ignore_errors=True)
        self.stream.close(ignore_errors=True)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Nothing that C code writes to stderr is seen meanwhile: ALSA and PortAudio tell their troubles there."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr to keep quiet
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def load_portaudio() -> Any:  # noqa: ANN401  sounddevice has no types
    """The sounddevice module. Raises AudioDeviceError when it or PortAudio is missing or does not start."""
    try:
        with quiet_stderr():
            import sounddevice
    except ImportError as error:
        raise AudioDeviceError(
            f"The Python package sounddevice is not installed ({error}).", "Run: pip install sounddevice"
        ) from error
    except OSError as error:
        raise AudioDeviceError(
            "PortAudio, the library that reaches microphones and loudspeakers, is not installed.",
            "On Debian or Ubuntu run: sudo apt-get install libportaudio2   (macOS: brew install portaudio)",
        ) from error
    except Exception as error:  # sounddevice.PortAudioError, which cannot be named when the import fails
        raise AudioDeviceError(f"PortAudio does not start: {error}.", NO_DEVICE_HINT) from error
    return sounddevice


def restart_portaudio() -> None:
    """Make PortAudio look at the devices again; every stream must be closed. Raises AudioDeviceError."""
    sounddevice = load_portaudio()
    with quiet_stderr(), translated("The sound system does not start again"):
        sounddevice._terminate()
        sounddevice._initialize()


def list_devices() -> tuple[DeviceInfo, ...]:
    """Every device, in PortAudio's order. Raises AudioDeviceError when PortAudio is missing."""
    sounddevice = load_portaudio()
    with quiet_stderr(), translated("The sound devices cannot be listed"):
        host_apis = [api["name"] for api in sounddevice.query_hostapis()]
        microphone, speaker = sounddevice.default.device
        return tuple(
            DeviceInfo(
                index=index,
                name=device["name"],
                host_api=host_apis[device["hostapi"]],
                input_channels=device["max_input_channels"],
                output_channels=device["max_output_channels"],
                rate_hz=int(device["default_samplerate"]),
                is_default_microphone=index == microphone,
                is_default_speaker=index == speaker,
            )
            for index, device in enumerate(sounddevice.query_devices())
        )


def find_device(devices: Sequence[DeviceInfo], side: Side, wanted: str) -> DeviceInfo:
    """The device called `wanted`: `default`, a number, a name, or a part of one name.

    Raises AudioDeviceError when there is none, or more than one, naming what there is.
    """
    usable = [device for device in devices if _has_side(device, side)]
    if not usable:
        raise AudioDeviceError(f"This machine has no {side}.", NO_DEVICE_HINT)
    if wanted == SYSTEM_DEFAULT:
        return next((device for device in usable if _is_default(device, side)), usable[0])
    exact = [
        device for device in usable if wanted.casefold() == device.name.casefold() or wanted == str(device.index)
    ]
    found = exact or [device for device in usable if wanted.casefold() in device.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise AudioDeviceError(
            f"More than one {side} matches {wanted!r}: {_names(found)}.",
            "Give the whole name, or the number in front of it.",
        )
    raise AudioDeviceError(
        f"No {side} is called {wanted!r}. There is: {_names(usable)}.",
        "Give one of these names, a part of one, or its number; see `voiceprep devices`.",
    )


def open_stream(
    side: Side,
    device: DeviceInfo,
    latency_s: float | None,
    make: Callable[[int], InputSide | OutputSide],
    wanted_hz: int | None = None,
) -> OpenStream:
    """Open and start one side at the rate the interview needs, else at the device's own rate, else in stereo.

    `make` gives the callback side for a rate. Blocks for up to half a second. Raises AudioDeviceError.
    """
    sounddevice = load_portaudio()
    needed_hz = wanted_hz or (MICROPHONE_RATE_HZ if side == "microphone" else SPEAKER_RATE_HZ)
    formats = [(needed_hz, 1), (device.rate_hz, 1), (needed_hz, 2), (device.rate_hz, 2)]
    with translated(f"The {side} {device.name!r} cannot be opened"), quiet_stderr():
        for rate_hz, channels in formats:
            try:
                return _start_stream(side, device, latency_s, make(rate_hz), (rate_hz, channels))
            except sounddevice.PortAudioError as error:
                is_format_refused = len(error.args) > 1 and error.args[1] in (INVALID_RATE, INVALID_CHANNELS)
                if not is_format_refused or (rate_hz, channels) == formats[-1]:
                    raise
    raise AssertionError("the last format returns or raises")


def _start_stream(
    side: Side, device: DeviceInfo, latency_s: float | None, ends: InputSide | OutputSide, layout: tuple[int, int]
) -> OpenStream:
    sounddevice = load_portaudio()
    rate_hz, channels = layout
    stream = (sounddevice.InputStream if side == "microphone" else sounddevice.OutputStream)(
        samplerate=rate_hz,
        blocksize=rate_hz * BLOCK_MS // 1000,
        device=device.index,
        channels=channels,
        dtype="int16",
        latency=_latency(device, side) if latency_s is None else latency_s,
        callback=ends.callback,
        finished_callback=ends.pulse.finish,
    )
    stream.start()
    return OpenStream(side, device, stream, ends.pulse, round(stream.latency * 1000))


def _latency(device: DeviceInfo, side: Side) -> float | str:
    """PulseAudio behind ALSA underruns at `low`; at 0.06 s it did not with both cores busy, and pauses in 75 ms."""
    return 0.06 if device.host_api == "ALSA" and side == "speaker" else "low"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """PortAudio's errors become AudioDeviceError; `what` opens the message."""
    sounddevice = load_portaudio()
    try:
        yield
    except sounddevice.PortAudioError as error:
        text, code = str(error.args[0]), error.args[1] if len(error.args) > 1 else 0
        raise AudioDeviceError(f"{what}: {text.rstrip('.')}.", _hint_for(code)) from error
    except ValueError as error:  # sounddevice's own checks
        raise AudioDeviceError(f"{what}: {error}.", _hint_for(0)) from error


def _hint_for(code: int) -> str:
    if code == UNAVAILABLE:
        return "Another program may be using it: close it, or choose another device (`voiceprep devices`)."
    if code in (INVALID_RATE, INVALID_CHANNELS):
        return "This device offers no format that fits; choose another one (`voiceprep devices`)."
    return "See that it is plugged in and chosen in the system's sound settings, or name another device."


def _has_side(device: DeviceInfo, side: Side) -> bool:
    return (device.input_channels if side == "microphone" else device.output_channels) > 0


def _is_default(device: DeviceInfo, side: Side) -> bool:
    return device.is_default_microphone if side == "microphone" else device.is_default_speaker


def _names(devices: Sequence[DeviceInfo]) -> str:
    return ", ".join(f"{device.index} {device.name} ({device.host_api})" for device in devices)
