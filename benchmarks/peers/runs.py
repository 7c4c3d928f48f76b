"""Runs engines one after the other against one emulator, each in its own process, and keeps what they report."""

import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.emulator import ChatLog, Emulator, Log, SpeechLog
from benchmarks.peers.environments import python_for
from tests.loopback.deepgram import KEY as DEEPGRAM_KEY
from tests.loopback.openai import KEY as OPENAI_KEY
from voiceprep.cli import LIGHT

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SETTINGS = {
    "voiceprep": ("default", "minimum", "prepared"),
    "livekit": ("default", "minimum"),
    "pipecat": ("default", "minimum"),
}
ON_REQUEST = {"livekit": ("fastest",)}
STARTING_S = 60.0


@dataclass(frozen=True)
class Run:
    """What one process reported, and what the servers did for it."""

    engine: str
    settings: str
    spawned_s: float
    record: Mapping[str, Any]
    log: Log

    @property
    def ready_s(self) -> float:
        return float(self.record["ready_at_s"]) - self.spawned_s

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_runs(path: Path) -> list[Run]:
    """What `save_runs` kept; nothing where there is no file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [_run_of(json.loads(line)) for line in lines]


def save_runs(runs: Sequence[Run], path: Path) -> None:
    """Keep them, so that a long comparison can be made in short pieces."""
    path.write_text("".join(json.dumps(run.as_dict()) + "\n" for run in runs), encoding="utf-8")


def _run_of(entry: Mapping[str, Any]) -> Run:
    log = entry["log"]
    chats, speeches = log["chats"], log["speeches"]
    logged = Log([ChatLog(**chat) for chat in chats], [SpeechLog(**speech) for speech in speeches])
    return Run(entry["engine"], entry["settings"], entry["spawned_s"], entry["record"], logged)


async def run_engine(
    engine: str, settings: str, job: Mapping[str, Any], emulator: Emulator, limit_s: float
) -> Run | None:
    """One process to its end; None, with its last words printed, when it fails."""
    emulator.take_log()
    addresses = {
        "deepgram_url": emulator.deepgram.url,
        "openai_url": emulator.openai.base_url,
        "deepgram_key": DEEPGRAM_KEY,
        "openai_key": OPENAI_KEY,
    }
    ended = await run_process(engine, settings, {**job, **addresses}, limit_s)
    return None if ended is None else Run(engine, settings, *ended, emulator.take_log())


async def run_process(
    engine: str, settings: str, job: Mapping[str, Any], limit_s: float
) -> tuple[float, Mapping[str, Any]] | None:
    """When one process was spawned and what it reported; None, with its last words printed, when it fails."""
    python = python_for(engine)
    with tempfile.TemporaryDirectory() as folder:
        result, errors = Path(folder) / "result.json", Path(folder) / "errors.txt"
        job_path = Path(folder) / "job.json"
        job_path.write_text(json.dumps({**job, "result": str(result)}), encoding="utf-8")
        with errors.open("wb") as sink:
            spawned_s = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                python,
                "-m",
                "benchmarks.peers.runner",
                engine,
                settings,
                str(job_path),
                cwd=ROOT,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
            try:
                await asyncio.wait_for(process.wait(), limit_s + STARTING_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if not result.is_file():
            tail = errors.read_text(encoding="utf-8", errors="replace")[-2_000:]
            print(f"{engine} {settings} failed (exit {process.returncode}):\n{tail}", flush=True)
            return None
        record = json.loads(result.read_text(encoding="utf-8"))
        if os.environ.get("VOICEPREP_BENCHMARKS_TALK"):
            print(errors.read_text(encoding="utf-8", errors="replace"))
    return spawned_s, record


async def run_all(
    jobs: Sequence[tuple[str, str, Mapping[str, Any]]], emulator: Emulator, seconds_per_item: float
) -> list[Run]:
    """(engine, settings, job) in order. What fails is told and left out."""
    runs = []
    async with emulator.deepgram, emulator.openai:
        await emulator.warm()
        for number, (engine, setting, job) in enumerate(jobs, 1):
            count = len(job.get("answers") or job["trials"])
            print(f"[{number}/{len(jobs)}] {engine} {setting}: {count} ...", flush=True)
            run = await run_engine(engine, setting, job, emulator, count * seconds_per_item)
            if run is not None:
                runs.append(run)
    return runs


def _environment() -> dict[str, str]:
    """Without keys and settings of this account; frameworks must not call home. All of them get what
    voiceprep's command sets before anything is loaded."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, **LIGHT, "PYTHONDONTWRITEBYTECODE": "", "LOGURU_LEVEL": "ERROR", "HF_HUB_OFFLINE": "1"}


def chosen_settings(
    engines: Sequence[str], wanted: str, offered: Mapping[str, Sequence[str]] = SETTINGS
) -> dict[str, list[str]]:
    """Engine → its settings; all that are offered, or those of `wanted` (names with commas) that it has."""
    names = [name for name in wanted.split(",") if name]
    return {
        engine: [name for name in (*offered[engine], *ON_REQUEST.get(engine, ())) if name in names]
        if names
        else list(offered[engine])
        for engine in engines
        if engine in offered
    }


def interleaved(settings: Mapping[str, Sequence[str]], rounds: int) -> list[tuple[int, str, str]]:
    """(round, engine, settings): every round visits all of them, so that all see the same machine."""
    return [
        (index, engine, name) for index in range(rounds) for engine, names in settings.items() for name in names
    ]


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "cpu": _cpu_name(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor()
    lines = info.read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
