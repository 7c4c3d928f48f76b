"""What `voiceprep --help` costs beside the bare libraries it stands on, and which heavy modules it loads (none).

`startup.py [RUNS]` prints both; exits 1 when a heavy module was loaded. Times are not judged here.
"""

import json
import statistics
import subprocess
import sys
import time

HEAVY = frozenset(
    "numpy onnxruntime pydantic sounddevice samplerate yaml moonshine_voice hibari livekit torch "
    "openai deepgram google websockets httpx aiohttp".split()
)
BARE = "import typer, rich.console, rich.table"
HELP = "import sys; sys.argv = ['voiceprep', '--help']; from voiceprep.cli import main; main()"
PROBE = f"""
import json, sys
try:
    {HELP}
except SystemExit as end:
    assert not end.code, end.code
finally:
    sys.stderr.write(json.dumps(sorted(sys.modules)))
"""


def python(code: str) -> "subprocess.CompletedProcess[str]":
    """Run `code` as a user would start it: a fresh interpreter, output thrown away by the caller."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


def heavy_modules() -> list[str]:
    """Heavy top-level modules in `sys.modules` after `voiceprep --help`."""
    probe = python(PROBE)
    if probe.returncode:
        sys.exit(f"voiceprep --help failed:\n{probe.stdout}{probe.stderr}")
    return sorted({name.split(".")[0] for name in json.loads(probe.stderr)} & HEAVY)


def wall_ms(code: str) -> float:
    began_s = time.perf_counter()
    python(code)
    return (time.perf_counter() - began_s) * 1000


def main(runs: int) -> None:
    heavy = heavy_modules()
    python(BARE)
    pairs = [(wall_ms(HELP), wall_ms(BARE)) for _ in range(runs)]  # interleaved: both see the same machine
    help_ms, bare_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"voiceprep --help: {help_ms:.0f} ms, `{BARE}`: {bare_ms:.0f} ms (medians of {runs})")
    print(f"ratio {help_ms / bare_ms:.2f} (target 1.50 at most)")
    print(f"heavy modules loaded: {', '.join(heavy) or 'none'}")
    sys.exit(bool(heavy))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
