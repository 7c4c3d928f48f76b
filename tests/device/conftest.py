"""One virtual sound card for all device tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.device.soundcard import SoundCard, sound_card


@pytest.fixture(scope="session")
def running_card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundCard]:
    with sound_card(tmp_path_factory.mktemp("soundcard")) as card:
        yield card


@pytest.fixture
def card(running_card: SoundCard) -> SoundCard:
    """The card with every plug in."""
    if "voiceprep_mic_in" not in running_card.pactl("list", "short", "modules"):
        running_card.plug()
    return running_card


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return tmp_path / "loudspeaker.raw"
