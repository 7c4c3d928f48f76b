"""Where what `calibrate` measured is kept: a file per version of a judge, beside the sessions."""

import json
from dataclasses import asdict
from pathlib import Path

from voiceprep.recordings.files import recording_error, write_private
from voiceprep.scoring.calibrate import Calibration


def save_calibration(folder: Path, calibration: Calibration) -> Path:
    """calibration-<judge version>.json beside the sessions. Raises RecordingError."""
    path = calibration_path(folder, calibration.judge_version)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(asdict(calibration), indent=2).encode())
    except OSError as error:
        raise recording_error("Cannot write", path, error, "Name another folder with --recordings DIR.") from error
    return path


def calibration_path(folder: Path, judge_version: str) -> Path:
    return folder / f"calibration-{judge_version}.json"


def known_kappa(folder: Path, judge_version: str) -> float | None:
    """What `calibrate` measured for this version of a judge; None when it was not run or the file is broken."""
    try:
        value = json.loads(calibration_path(folder, judge_version).read_bytes())["kappa"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return value if isinstance(value, float) else None
