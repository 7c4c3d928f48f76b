"""The embedded voice, for workers that speak with it."""

from contextlib import suppress

from voiceprep.errors import ProviderError
from voiceprep.providers.hibari import load_voice

with suppress(ProviderError):
    load_voice()
