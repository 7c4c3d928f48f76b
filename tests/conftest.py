"""What a plain run leaves out: tests that install or build other people's programs. No example has a deadline."""

import pytest
from hypothesis import settings

settings.register_profile("voiceprep", deadline=None)  # how busy the machine is must not decide
settings.load_profile("voiceprep")

APART = {"peers": "installs other programs", "livekit": "builds a LiveKit server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for marker, why in APART.items():
        if marker in str(config.option.markexpr).replace(f"not {marker}", ""):
            continue
        skipped = pytest.mark.skip(reason=f"{why}: run `pytest -m {marker}`")
        for item in items:
            if item.get_closest_marker(marker) is not None:
                item.add_marker(skipped)
