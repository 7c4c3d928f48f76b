"""What a session costs in real time with the live screen on a terminal: CPU per minute of audio, memory, start-up.

`python -m benchmarks.session_cost [--speaker NAME]` prints all three and exits 1 when a target is missed.
"""

import argparse
import asyncio
import fcntl
import json
import os
import pty
import resource
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from voiceprep.cli import LIGHT
from voiceprep.events import Event, SessionEnded, SessionStarted
from voiceprep.ports import Samples
from voiceprep.providers import moonshine_model
from voiceprep.providers.moonshine_model import MoonshineModel
from voiceprep.providers.segments import Tokens
from voiceprep.settings import load_settings
from voiceprep.terminal.interrupt import Interruptible
from voiceprep.terminal.keys import open_keyboard
from voiceprep.terminal.screen import open_screen
from voiceprep.weights import keep_memory_small
from voiceprep.wiring.choice import Choice, load_bank_for, plan_for
from voiceprep.wiring.local import LocalHost
from voiceprep.wiring.sessions import hold

CPU_S_PER_MINUTE_MAX = 4.0
RSS_MB_MAX = 450.0
FIRST_SOUND_S_MAX = 3.0
VOICEPREP = (sys.executable, "-m", "voiceprep")
QUESTIONS = ("--questions", "2", "--seed", "1")
ROWS, COLUMNS = 30, 100


class TimedModel(MoonshineModel):
    """The recogniser, counting the CPU time of its decodes: it computes in the calling thread only."""

    decode_s = 0.0

    def decode(
        self, samples: Samples, draft: Tokens = (), is_wanted: Callable[[], bool] = lambda: True
    ) -> Tokens | None:
        began_s = time.thread_time()
        try:
            return super().decode(samples, draft, is_wanted)
        finally:
            TimedModel.decode_s += time.thread_time() - began_s


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _threads_cpu_s() -> dict[str, float]:
    """CPU time of every Python thread so far."""
    clocks = {one.name: time.pthread_getcpuclockid(one.ident) for one in threading.enumerate() if one.ident}
    return {name: time.clock_gettime(clock) for name, clock in clocks.items()}


@dataclass
class Meter:
    """CPU seconds at the session's first and last event."""

    audio_ms: int = 0
    cpu_s: list[float] = field(default_factory=list)
    decode_s: list[float] = field(default_factory=list)
    threads: list[dict[str, float]] = field(default_factory=list)

    def on_event(self, event: Event) -> None:
        if isinstance(event, SessionStarted | SessionEnded):
            self.audio_ms = event.at_ms
            self.cpu_s.append(_cpu_s())
            self.decode_s.append(TimedModel.decode_s)
            self.threads.append(_threads_cpu_s())


def hold_measured(mic: str, speaker: str, recordings: str, result: Path) -> None:
    """In a process of its own, on a terminal: what `voiceprep interview` does, with a meter listening."""
    vars(moonshine_model)["MoonshineModel"] = TimedModel
    keep_memory_small()
    flags = {"mic": mic, "speaker": speaker, "recordings": recordings, "questions": 2}
    settings = load_settings(os.environ, flags)
    bank = load_bank_for(settings)
    choice = Choice(settings, bank, plan_for(settings, bank, 1), os.environ)
    controls = Interruptible(open_keyboard())
    screen = open_screen(Console(highlight=False), bank.title, 0, False)
    screen.keys_line = controls.keys_line
    meter = Meter()

    def on_event(event: Event) -> None:
        meter.on_event(event)
        screen.on_event(event)

    with controls, screen:
        asyncio.run(controls.watch(hold(choice, LocalHost(controls), on_event, lambda folder: None)))
    (cpu_from, cpu_to), (decode_from, decode_to) = meter.cpu_s, meter.decode_s
    document = {
        "screen": type(screen).__name__,
        "audio_s": meter.audio_ms / 1000,
        "session_cpu_s": cpu_to - cpu_from,
        "transcription_cpu_s": decode_to - decode_from,
        "process_cpu_s": _cpu_s(),
        "threads_cpu_s": {name: cpu_s - meter.threads[0].get(name, 0) for name, cpu_s in meter.threads[1].items()},
    }
    result.write_text(json.dumps(document))


def on_a_terminal(command: list[str]) -> tuple[int, float]:
    """Run `command` on a pseudo-terminal that is read all the time; its exit code and peak memory in MB."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = os.environ | LIGHT | {"TERM": "xterm-256color"}
    child = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=environment
    )
    os.close(theirs)
    reader = threading.Thread(target=_drain, args=(ours,))
    reader.start()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    reader.join()
    os.close(ours)
    return child.returncode, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 65_536):
            pass
    except OSError:  # Linux says so when the other end is closed
        return


def first_sound_s(recordings: str) -> float:
    """From starting `voiceprep demo` to the first sound of the interviewer."""
    options = ["demo", "--plain", "--pace", "realtime", "--speaker", "none", "--recordings", recordings]
    began_s = time.perf_counter()
    with subprocess.Popen([*VOICEPREP, *options], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        is_heard = any(line.startswith("Interviewer: ") for line in child.stdout)
        took_s = time.perf_counter() - began_s
        child.send_signal(signal.SIGINT)
        child.stdout.read()
    if not is_heard:
        sys.exit("The demo ended before the interviewer was heard.")
    return took_s


def record_answers(recordings: str) -> str:
    """The WAV of a candidate's answers to the very questions of the measured session."""
    options = ["--candidate", "partial", "--pace", "fast", *QUESTIONS, "--recordings", recordings, "--json"]
    done = subprocess.run([*VOICEPREP, "interview", *options], capture_output=True, text=True, check=True)
    return str(Path(json.loads(done.stdout)["session"]["folder"]) / "candidate.wav")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speaker", default="none", help="a loudspeaker; none measures without PortAudio")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        child = ["--child", record_answers(scratch), chosen.speaker, scratch, str(result)]
        code, rss_mb = on_a_terminal([sys.executable, "-m", "benchmarks.session_cost", *child])
        if code:
            sys.exit(f"The measured session ended with exit code {code}.")
        found = json.loads(result.read_text())
        sounds_s = [first_sound_s(scratch) for _ in range(3)]
    minutes = found["audio_s"] / 60
    other_s = found["session_cpu_s"] - found["transcription_cpu_s"]
    print(f"{found['audio_s']:.0f} s of audio in real time, {found['screen']}, speaker {chosen.speaker}")
    print(f"CPU outside transcription: {other_s / minutes:.2f} s a minute (target {CPU_S_PER_MINUTE_MAX} at most)")
    for name, cpu_s in sorted(found["threads_cpu_s"].items()):
        print(f"  thread {name}: {cpu_s / minutes:.2f} s a minute")
    print(f"CPU of transcription: {found['transcription_cpu_s'] / minutes:.2f} s a minute")
    print(f"CPU of the whole process, start-up and report included: {found['process_cpu_s']:.1f} s")
    print(f"peak memory: {rss_mb:.0f} MB (target {RSS_MB_MAX:.0f} at most)")
    first_s = statistics.median(sounds_s)
    print(f"command to first sound: {first_s:.2f} s, median of 3 (target {FIRST_SOUND_S_MAX} at most)")
    is_missed = other_s / minutes > CPU_S_PER_MINUTE_MAX or rss_mb > RSS_MB_MAX or first_s > FIRST_SOUND_S_MAX
    sys.exit(is_missed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        mic_wav, speaker_name, folder, result_file = sys.argv[2:]
        hold_measured(mic_wav, speaker_name, folder, Path(result_file))
    else:
        main()
