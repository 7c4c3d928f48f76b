"""One virtual sound card for all device tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.device.soundcard import SoundCard, missing_programs


@pytest.fixture(scope="session")
def running_card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundCard]:
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    card = SoundCard(tmp_path_factory.mktemp("soundcard"))
    card.start()
    yield card
    card.stop()


@pytest.fixture
def card(running_card: SoundCard) -> SoundCard:
    """The card with every plug in."""
    if "voiceprep_mic_in" not in running_card.pactl("list", "short", "modules"):
        running_card.plug()
    return running_card


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return tmp_path / "loudspeaker.raw"
