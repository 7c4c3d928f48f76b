"""The microphone check on recordings whose levels are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import sample_session as sample
from voiceprep.model import MicrophoneLevel, SpeechPause
from voiceprep.rates import MICROPHONE_RATE_HZ
from voiceprep.recordings.samples import load_samples
from voiceprep.recordings.tracks import CANDIDATE_WAV
from voiceprep.recordings.wav import wav_header
from voiceprep.reports.phrases import delivery_lines
from voiceprep.scoring.loudness import measure_level
from voiceprep.wiring.records import measure_record


def tone(peak_dbfs: float, ms: int) -> np.ndarray:
    """A sine of 200 Hz: its level is 3 dB under its peak."""
    at = np.arange(ms * MICROPHONE_RATE_HZ // 1000)
    wave = 32_768 * 10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * 200 * at / MICROPHONE_RATE_HZ)
    return np.clip(np.round(wave), -32_768, 32_767).astype(np.int16)


def test_levels_of_a_wav_are_those_put_in(tmp_path: Path) -> None:
    samples = np.concatenate([np.zeros(16_000, np.int16), tone(-37, 2_000), tone(-17, 2_000), tone(0, 1_000)])
    path = tmp_path / "candidate.wav"
    path.write_bytes(wav_header(MICROPHONE_RATE_HZ, len(samples)) + samples.tobytes())
    loaded = load_samples(path)
    assert loaded is not None
    level = measure_level(loaded, [SpeechPause(1_000, 3_000), SpeechPause(3_000, 5_000)])  # not the loud end
    assert level is not None
    assert level.low_dbfs == pytest.approx(-40, abs=0.1)
    assert level.high_dbfs == pytest.approx(-20, abs=0.1)
    assert level.clipped_share == 0.0


def test_clipped_samples_are_counted_exactly() -> None:
    samples = tone(-20, 2_000)
    samples[100:420] = 32_767
    samples[1_000:1_320] = -32_768
    level = measure_level(samples, [SpeechPause(0, 2_000)])
    assert level is not None
    assert level.clipped_share == pytest.approx(640 / 32_000)


def test_silence_has_a_floor_and_too_little_speech_or_no_audio_says_nothing(tmp_path: Path) -> None:
    silent = measure_level(np.zeros(32_000, np.int16), [SpeechPause(0, 2_000)])
    assert silent is not None
    assert silent.high_dbfs == pytest.approx(-90.3, abs=0.1)
    assert measure_level(tone(-20, 2_000), [SpeechPause(0, 980)]) is None
    assert measure_level(tone(-20, 2_000), [SpeechPause(5_000, 9_000)]) is None
    assert measure_level(tone(-20, 2_000), []) is None
    assert load_samples(tmp_path / "none.wav") is None
    (tmp_path / "empty.wav").write_bytes(wav_header(MICROPHONE_RATE_HZ, 0))
    empty = load_samples(tmp_path / "empty.wav")
    assert empty is None or measure_level(empty, [SpeechPause(0, 2_000)]) is None


def test_a_recorded_session_is_measured_and_one_without_audio_is_not(tmp_path: Path) -> None:
    record = sample.record_session(tmp_path)
    level = measure_record(record).microphone
    assert level is not None
    # Its samples run from 1 to 1,000: the first 320 of them have a level of -45.0, the last 320 of -31.7 dBFS.
    assert -45.0 <= level.low_dbfs < level.high_dbfs <= -31.7
    (record.folder / CANDIDATE_WAV).unlink()
    assert measure_record(record).microphone is None


def test_the_report_calls_it_a_check_of_the_microphone() -> None:
    def last_line(*level: float) -> str:
        return delivery_lines(replace(sample.delivery(), microphone=MicrophoneLevel(*level)))[-1]

    assert last_line(-42.0, -21.0, 0.0) == "Microphone check: speech from -42 to -21 dBFS"
    assert last_line(-20.0, -3.0, 0.02).endswith("2.0 % clipped: turn the input down")
    assert "very quiet" in last_line(-70.0, -50.0, 0.0)
