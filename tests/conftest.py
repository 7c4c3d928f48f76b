"""What a plain run leaves out: tests that install other people's programs."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "peers" in str(config.option.markexpr):
        return
    skipped = pytest.mark.skip(reason="installs other programs: run `pytest -m peers`")
    for item in items:
        if item.get_closest_marker("peers") is not None:
            item.add_marker(skipped)
