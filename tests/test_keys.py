"""Keys come from the environment, from a private settings file, or from the keyring, and are shown nowhere."""

from pathlib import Path

import pytest

from tests.commands import run, run_apart
from voiceprep.errors import ConfigError, ExitCode
from voiceprep.keys import with_keys

NAME = "DEEPGRAM_API_KEY"


def settings_file(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    path = folder / "settings.toml"
    path.write_text(text)
    path.chmod(mode)
    return {"VOICEPREP_SETTINGS": str(path)}


def test_the_environment_comes_first(tmp_path: Path) -> None:
    environment = settings_file(tmp_path, f'[keys]\n{NAME} = "from the file"') | {NAME: "from the environment"}
    assert with_keys(environment, [NAME])[NAME] == "from the environment"


def test_a_private_settings_file_holds_keys(tmp_path: Path) -> None:
    environment = settings_file(tmp_path, f'level = 2\n[keys]\n{NAME} = "from the file"')
    assert with_keys(environment, [NAME, "XAI_API_KEY"]) == environment | {NAME: "from the file"}
    assert "Deepgram: stt, tts; key is set" in run("doctor", "--no-listen", changes=environment).out


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    environment = settings_file(tmp_path, f'[keys]\n{NAME} = "canary"', mode)
    with pytest.raises(ConfigError, match="others can read it") as raised:
        with_keys(environment, [NAME])
    assert "chmod 600" in raised.value.hint
    assert "canary" not in raised.value.message


@pytest.mark.parametrize("text", ["keys = 3", f"[keys]\n{NAME} = 3"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="must hold texts"):
        with_keys(settings_file(tmp_path, text), [NAME])


def test_the_keyring_is_asked_last(tmp_path: Path) -> None:
    (tmp_path / "a_keyring.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Ring(KeyringBackend):\n"
        "    priority = 1\n"
        "    def set_password(self, service, name, key): ...\n"
        "    def get_password(self, service, name):\n"
        f"        return 'from the keyring' if (service, name) == ('voiceprep', '{NAME}') else None\n"
    )
    changes = {"PYTHON_KEYRING_BACKEND": "a_keyring.Ring", "PYTHONPATH": str(tmp_path)}
    done = run_apart("doctor", "--no-listen", changes=changes)
    assert "Deepgram: stt, tts; key is set" in done.out
    assert "from the keyring" not in done.out + done.err


def test_a_keyring_that_does_not_work_holds_nothing() -> None:
    done = run_apart("doctor", "--no-listen", changes={"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"})
    assert "set DEEPGRAM_API_KEY to use it" in done.out
    assert done.code in (ExitCode.DONE, ExitCode.UNEXPECTED)
