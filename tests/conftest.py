"""What a plain run leaves out: tests that install or build other people's programs."""

import pytest

APART = {"peers": "installs other programs", "livekit": "builds a LiveKit server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for marker, why in APART.items():
        if marker in str(config.option.markexpr).replace(f"not {marker}", ""):
            continue
        skipped = pytest.mark.skip(reason=f"{why}: run `pytest -m {marker}`")
        for item in items:
            if item.get_closest_marker(marker) is not None:
                item.add_marker(skipped)
