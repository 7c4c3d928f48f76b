"""The virtual sound card of the device tests: start and stop it, play into it, record it, pull its plugs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from voiceprep.audio.portaudio import restart_portaudio
from voiceprep.ports import Samples

SCRIPT = Path(__file__).parents[2] / "scripts" / "virtual_audio.sh"
PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
RATE_HZ = 48_000

PLUGS = (
    ("module-null-sink", "norewinds=1", "sink_name=voiceprep_mic_in", "format=s16le", "rate=48000", "channels=1"),
    ("module-null-sink", "norewinds=1", "sink_name=voiceprep_speaker", "format=s16le", "rate=48000", "channels=2"),
    ("module-remap-source", "source_name=voiceprep_mic", "master=voiceprep_mic_in.monitor"),
)


def missing_programs() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program) is None]


@dataclass
class SoundCard:
    """One daemon in one folder. While it runs, this process's environment points at it."""

    folder: Path
    before: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        self._script("start")
        settings = self._script("env")
        self.before = dict(os.environ)
        for line in settings.splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            os.environ[name] = value.strip("'")
        restart_portaudio()

    def stop(self) -> None:
        self._script("stop")
        os.environ.clear()
        os.environ.update(self.before)

    def _script(self, action: str) -> str:
        run = subprocess.run([SCRIPT, action, self.folder], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout

    # ------------------------------------------------------------------------------------ plugs

    def pactl(self, *arguments: str) -> str:
        run = subprocess.run(["pactl", *arguments], capture_output=True, text=True, check=False)
        assert run.returncode == 0, (arguments, run.stderr)
        return run.stdout

    def unplug(self) -> None:
        """Everything: PulseAudio moves a stream to whatever device is left."""
        modules = [line.split("\t") for line in self.pactl("list", "short", "modules").splitlines()]
        for number, name, *_ in reversed(modules):
            if name in ("module-null-sink", "module-remap-source"):
                self.pactl("unload-module", number)

    def plug(self) -> None:
        for module in PLUGS:
            self.pactl("load-module", *module)
        self.pactl("set-default-source", "voiceprep_mic")
        self.pactl("set-default-sink", "voiceprep_speaker")

    def loop_back(self) -> str:
        """Put the loudspeaker in front of the microphone; what `pactl unload-module` takes to undo it."""
        return self.pactl(
            "load-module",
            "module-loopback",
            "source=voiceprep_speaker.monitor",
            "sink=voiceprep_mic_in",
            "latency_msec=60",
        ).strip()

    # ------------------------------------------------------------------------------- both ends

    def play(self, samples: Samples, rate_hz: int) -> "subprocess.Popen[bytes]":
        """Into the microphone. Closing stdin ends it."""
        player = subprocess.Popen(
            ["paplay", "--raw", "--device=voiceprep_mic_in", f"--rate={rate_hz}", "--channels=1", "--format=s16le"],
            stdin=subprocess.PIPE,
        )
        assert player.stdin is not None
        player.stdin.write(samples.tobytes())
        player.stdin.close()
        return player

    def record(self, path: Path) -> "Recording":
        """What the loudspeaker plays, from now on."""
        command = ["parec", "--raw", "--device=voiceprep_speaker.monitor", f"--rate={RATE_HZ}", "--channels=1"]
        with path.open("wb") as file:
            recorder = subprocess.Popen([*command, "--format=s16le", "--latency-msec=10"], stdout=file)
        return Recording(path, recorder)


@dataclass
class Recording:
    path: Path
    process: "subprocess.Popen[bytes]"

    @property
    def samples(self) -> Samples:
        """What has been recorded so far, 48 kHz mono."""
        data = self.path.read_bytes()
        return np.frombuffer(data[: len(data) & ~1], np.int16)

    def stop(self) -> Samples:
        self.process.terminate()
        self.process.wait(5)
        return self.samples


@contextmanager
def sound_card(folder: Path) -> Iterator[SoundCard]:
    """One that runs; skips the test where there is none."""
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    card = SoundCard(folder)
    card.start()
    yield card
    card.stop()
