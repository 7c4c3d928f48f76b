"""Smart Turn: its features, and what happens where its file is not, or is damaged."""

from pathlib import Path

import numpy as np
import pytest

from voiceprep.audio.turn_model import FILE_NAME, load_turn_model, log_mel, usual_places
from voiceprep.errors import ProviderError
from voiceprep.ports import MICROPHONE_RATE_HZ
from voiceprep.tasks import Tasks


def tone(hertz: float, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    at = np.arange(int(MICROPHONE_RATE_HZ * seconds)) / MICROPHONE_RATE_HZ
    return (np.sin(2 * np.pi * hertz * at) * 8000).astype(np.int16)


def test_features_of_silence_are_flat() -> None:
    features = log_mel(np.zeros(100, dtype=np.int16))
    assert features.shape == (80, 800)
    assert features.dtype == np.float32
    assert np.unique(features).tolist() == [-1.5], "log10 of the floor 1e-10, (−10 + 4) / 4"


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (500, 13), (1000, 26), (4000, 62)])
def test_a_tone_is_loudest_in_its_band(hertz: float, band: int) -> None:
    """Slaney's scale: 3 mels per 200 Hz to 1 kHz, 27 per factor 6.4 above; 81 steps span 45.2 mels."""
    features = log_mel(tone(hertz, 8.0))
    assert abs(int(features[:, 400].argmax()) - band) <= 1


def test_short_audio_is_at_the_end() -> None:
    features = log_mel(tone(1000, 2.0))
    assert features[26, 700] > features[26, 300] + 1


def test_only_the_last_eight_seconds_count() -> None:
    tail = tone(700, 8.0)
    assert np.array_equal(log_mel(np.concatenate((tone(300, 3.0), tail))), log_mel(tail))


def test_the_cache_folder_is_looked_at_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    last = usual_places()[-1]
    assert tmp_path in last.parents
    assert last.name == FILE_NAME


async def test_absent_file_is_no_error(tmp_path: Path) -> None:
    async with Tasks() as tasks:
        assert load_turn_model(tasks, [tmp_path / FILE_NAME]) is None


async def test_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"half a download")
    async with Tasks() as tasks:
        with pytest.raises(ProviderError, match=FILE_NAME):
            load_turn_model(tasks, [tmp_path / "absent", tmp_path / FILE_NAME])


async def test_real_model_where_there_is_one() -> None:
    async with Tasks() as tasks:
        model = load_turn_model(tasks)
        if model is None:
            pytest.skip("Smart Turn is not on this machine")
        assert 0.0 <= await model.probability(tone(300, 2.0)) <= 1.0
