"""Where what `calibrate` measured is kept: a file per version of a judge, beside the sessions.

What the offline judge reaches on the shipped banks comes with the package.
"""

import json
from dataclasses import asdict
from pathlib import Path

from voiceprep.recordings.files import recording_error, write_private
from voiceprep.scoring.calibrate import Calibration

SHIPPED = Path(__file__).with_name("calibration.json")
"""`voiceprep calibrate --json` of the offline judge with all its vectors over all shipped banks."""


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
    """What `calibrate` measured for this version of a judge, here or before it was shipped; None when it was not
    run or the file is broken."""
    for path in (calibration_path(folder, judge_version), SHIPPED):
        try:
            found = json.loads(path.read_bytes())
            if found["judge_version"] == judge_version and isinstance(found["kappa"], float):
                return found["kappa"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
