"""The embedded recogniser, for workers that hear with it."""

from contextlib import suppress

from voiceprep.errors import ProviderError
from voiceprep.providers.moonshine_model import load_recogniser

with suppress(ProviderError):
    load_recogniser()
