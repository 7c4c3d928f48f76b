"""What is fuzzed: each way in, the error it may raise, what it is begun with, and how that goes wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.fuzz import files, messages, seeds
from benchmarks.fuzz.mutation import Bytes, Documents, Lines
from voiceprep.errors import BankError, ConfigError, ProviderError, RecordingError
from voiceprep.structured import UnusableReplyError

CORPUS = Path(__file__).with_name("corpus")
"""A folder a target: small inputs that once did harm, or that reach far. All of them our own."""


class Source(Protocol):
    """Makes inputs."""

    def make(self) -> tuple[bytes, int]: ...


@dataclass(frozen=True, slots=True)
class Target:
    """`run` may raise `refusals` and nothing else. `share`: of a thousand inputs. `is_json`: lines of it."""

    name: str
    run: Callable[[bytes], None]
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], Sequence[bytes]]
    share: int
    source: Callable[[int, Sequence[bytes]], Source] = Bytes

    def accepts(self, data: bytes) -> bool:
        """Whether it was taken; False where it was refused as documented. Raises what it must not."""
        try:
            self.run(data)
        except self.refusals:
            return False
        return True

    @property
    def is_message(self) -> bool:
        """From a provider, not from a file or the settings."""
        return self.run.__module__ == messages.__name__ and self.run is not messages.urls

    def kept(self) -> list[bytes]:
        """The corpus in the repository."""
        return [path.read_bytes() for path in sorted((CORPUS / self.name).glob("*"))]


def _always(*inputs: bytes) -> Callable[[], Sequence[bytes]]:
    return lambda: inputs


TARGETS = (
    Target("bank", files.bank, (BankError,), _always(seeds.BANK, seeds.SMALL_BANK), 300),
    Target("settings", files.settings, (ConfigError,), _always(seeds.SETTINGS), 20),
    Target("prices", files.prices, (ConfigError,), _always(seeds.PRICES), 10),
    Target("reviews", files.reviews, (ConfigError,), _always(seeds.REVIEWS), 20, Documents),
    Target("journal", files.journal, (), seeds.journal, 20, Documents),
    Target("session", files.session, (RecordingError,), seeds.session, 5, Documents),
    Target("document", files.document, (ConfigError,), seeds.documents, 2),
    Target("grading", files.grading, (), _always(*seeds.GRADING), 3, Documents),
    Target("nova", messages.nova, (ProviderError,), _always(seeds.NOVA), 120, Lines),
    Target("flux", messages.flux, (ProviderError,), _always(seeds.FLUX), 120, Lines),
    Target("openai", messages.openai, (ProviderError,), _always(seeds.OPENAI), 120, Lines),
    Target("grok", messages.grok, (ProviderError,), _always(seeds.OPENAI), 60, Lines),
    Target("gemini", messages.gemini, (ProviderError,), _always(seeds.GEMINI), 60, Lines),
    Target("replies", messages.replies, (UnusableReplyError,), _always(*seeds.REPLIES), 80),
    Target("urls", messages.urls, (ConfigError,), _always(*seeds.URLS), 60),
)
BY_NAME = {target.name: target for target in TARGETS}
