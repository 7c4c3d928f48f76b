"""`python -m benchmarks.hosts.alone`: the interview without a host, in a process to be measured.

Says `ready`, begins with the job that comes in as a line of JSON (`runs.direct`), and says what the candidate heard
before it ends. Has nothing of the candidate in it but the sound of the answer.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.rooms.direct import DirectHost, hold_direct
from voiceprep.hosting.order import parse_order


def main() -> None:
    print("ready", flush=True)
    job = json.loads(sys.stdin.readline())
    came_s = time.monotonic()
    words = np.load(job["words"])
    host = DirectHost(lambda _: words)
    asyncio.run(hold_direct(host, Path(job["recordings"]), parse_order(job["order"]), job["flags"], os.environ))
    heard = {
        "replies_ms": host.clock.replies_ms,
        "overlap_count": host.clock.overlap_count,
        "first_word_s": host.clock.first_heard_s - came_s,
    }
    print(json.dumps(heard), flush=True)
    sys.stdin.read()  # until what it has used is read


if __name__ == "__main__":
    main()
