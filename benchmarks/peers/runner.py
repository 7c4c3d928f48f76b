"""One engine in its own process: `python -m benchmarks.peers.runner ENGINE SETTINGS JOB.json`.

Imports the engine first and times it; then plays the candidate to it and writes what happened into the job's file.
"""

import importlib
import json
import sys
import time

BEGAN_S = time.perf_counter()


def main(engine: str, settings: str, job_path: str) -> None:
    """Run one job. The job file says where the servers, sounds and results are."""
    module = importlib.import_module(f"benchmarks.peers.{engine}_runner")
    import_s = time.perf_counter() - BEGAN_S
    import asyncio
    from pathlib import Path

    from benchmarks.peers.stage import Stage

    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    stage = Stage(settings, job)
    asyncio.run(module.run(stage))
    record = {"engine": engine, "settings": settings, "import_s": import_s, **stage.record()}
    Path(job["result"]).write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Frameworks leave threads behind that would wait for jobs nobody gives them.
    sys.stdout.flush()
    __import__("os")._exit(0)
