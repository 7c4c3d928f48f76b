"""Finds the weight files that pinned packages ship and checks them before use.

Must not import the vendors' packages: one of them would pull in torch, another a native library.
"""

import ctypes
import gc
import hashlib
import importlib.util
import os
from pathlib import Path
from typing import Any

from voiceprep.errors import ProviderError

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
"""Parameter numbers of glibc's mallopt(3)."""


def locate_weight(package: str, relative_path: str, sha256: str, *, stage: str) -> Path:
    """The checked file inside an installed top-level `package`. Reads it once: about 1 ms per MB.

    Raises ProviderError (provider `local`) when package or file is missing or the file is not the pinned one.
    """
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise ProviderError(
            f"The Python package `{package}`, which carries a model voiceprep needs, is not installed.",
            "Install voiceprep again with its dependencies (`make demo`, or `pipx reinstall voiceprep`).",
            provider="local",
            stage=stage,
        )
    return check_weight(Path(places[0]) / relative_path, sha256, stage=stage)


def check_weight(path: Path, sha256: str, *, stage: str) -> Path:
    """`path` itself when its sha256 is the expected one. Raises ProviderError."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ProviderError(
            f"The model file {path} cannot be read: {error.strerror or error}.",
            "Install voiceprep again with the pinned versions; other versions of that package carry no weights.",
            provider="local",
            stage=stage,
        ) from error
    if found != sha256:
        raise ProviderError(
            f"The model file {path} is not the expected one: sha256 {found[:12]}…, expected {sha256[:12]}….",
            "It is damaged or from another version: delete it and install voiceprep again.",
            provider="local",
            stage=stage,
        )
    return path


def keep_memory_small() -> bool:
    """Tell glibc to share one heap between threads and to hand big blocks back at once. False without glibc.

    For the start of a program, before any thread: the models' passing buffers of ever new sizes otherwise cost a
    session 150 MB (measured: 425 MB without, 275 MB with, computing time the same).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_ARENA_MAX, 1)) and bool(mallopt(_M_MMAP_THRESHOLD, 1 << 20))


def keep_to_one_thread() -> None:
    """Keep numpy's matrix products to the thread that asks for them, in a program that began without `cli.LIGHT`.

    The matrices here are small: where numpy shares one out, its second thread spins far longer than it works (a
    detector's 4 windows: 1.6 ms of two processors instead of 0.17 of one). It holds for all of the process.
    """
    if os.environ.get("OPENBLAS_NUM_THREADS") == "1":
        return
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")


def keep_pauses_short() -> None:
    """Take what is loaded by now out of garbage collection, once everything is warm: going through all of it stops
    the program for 0.1 s, again and again, in the middle of turns."""
    gc.collect()
    gc.freeze()


def open_session(path: Path, *, stage: str, threads: int = 1) -> Any:  # noqa: ANN401 - onnxruntime is untyped
    """An onnxruntime session that keeps to `threads`, does not spin while idle and prints nothing.

    Raises ProviderError when the runtime refuses the file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Kept-back memory is worth 5 % of computing time here and costs tens of MB with audio of many lengths.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base class
        raise ProviderError(
            f"onnxruntime cannot load {path.name}: {error}",
            "Install the onnxruntime version voiceprep was locked with (`make demo` does it).",
            provider="local",
            stage=stage,
        ) from error
