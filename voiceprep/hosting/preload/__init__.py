"""What every interview needs, loaded once by the worker: its processes are forked from this and share the memory.

Importing it starts no thread and opens no connection, and a model that is missing stops nothing: a job says so.
"""

import asyncio
import os
import sys
from contextlib import suppress

import onnxruntime as onnxruntime

import voiceprep.hosting.job
import voiceprep.providers.registry  # noqa: F401
from voiceprep.audio.turn_model import find_turn_model, load_turn_network
from voiceprep.errors import ProviderError
from voiceprep.scoring.vectors import has_vectors, load_vectors
from voiceprep.weights import keep_memory_small

keep_memory_small()
os.environ.setdefault("TOKIO_WORKER_THREADS", "1")  # of LiveKit's client: for one room, more only wake each other
if sys.platform != "win32":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the SDK makes a job's event loop
if has_vectors():
    load_vectors()
with suppress(ProviderError):
    if path := find_turn_model():
        load_turn_network(path)
