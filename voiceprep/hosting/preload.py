"""What every interview needs, loaded once by the worker: its processes are forked from this and share the memory.

Importing it starts no thread and opens no connection.
"""

import hibari as hibari
import onnxruntime as onnxruntime

import voiceprep.hosting.job
import voiceprep.providers.registry  # noqa: F401
from voiceprep.scoring.vectors import has_vectors, load_vectors

if has_vectors():
    load_vectors()
