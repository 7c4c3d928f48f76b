"""Whoever holds a session in a program of their own gets no second thread that only spins."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
import numpy as np
from threadpoolctl import threadpool_info
from voiceprep.audio.vad import load_network
from voiceprep.weights import keep_to_one_thread

if sys.argv[1] == "kept":
    keep_to_one_thread()
network = load_network()
windows = np.random.default_rng(1).normal(0, 0.1, (4, 576)).astype(np.float32)
network.probabilities(windows)
began_s, mine_s = time.process_time(), time.thread_time()
for _ in range(500):
    network.probabilities(windows)
others_s = (time.process_time() - began_s) - (time.thread_time() - mine_s)
print(max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"))
print(others_s / (time.thread_time() - mine_s))
"""


def threads_and_share_of_others(how: str) -> tuple[int, float]:
    """How many threads numpy may use, and the processor time of all others for each second of the one that asks."""
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], env=kept, capture_output=True, text=True, check=True, timeout=120
    )
    threads, share = found.stdout.split()
    return int(threads), float(share)


def test_four_windows_at_once_cost_no_time_on_another_thread() -> None:
    threads, share = threads_and_share_of_others("kept")
    assert threads == 1
    assert share < 0.05


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="numpy makes no second thread here")
def test_without_it_numpy_would_use_more() -> None:
    threads, _ = threads_and_share_of_others("free")
    assert threads > 1
