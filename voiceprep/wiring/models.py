"""The embedded engines, for whoever wants to see that they load."""

from collections.abc import Callable

from voiceprep.audio.vad import SileroDetector
from voiceprep.providers.hibari import load_voice
from voiceprep.providers.moonshine_model import MoonshineModel


def model_checks() -> tuple[tuple[str, Callable[[], str]], ...]:
    """What the embedded engines are and how to load each. The functions raise ProviderError."""

    def load_recogniser() -> str:
        MoonshineModel()
        return "Moonshine tiny, English"

    def load_synthesizer() -> str:
        load_voice()
        return "hibari, English"

    def load_detector() -> str:
        SileroDetector()
        return "Silero VAD"

    return ("recogniser", load_recogniser), ("voice", load_synthesizer), ("detector", load_detector)
