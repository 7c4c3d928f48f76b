"""A long speech-to-speech practice on compressed time leaves nothing behind; three hours in the slow run."""

import pytest

from benchmarks.s2s_soak import soak


@pytest.mark.parametrize(
    ("hours", "name", "sessions"),
    [
        (0.6, "grok", 3),  # 25 minutes a session, and one connection is cut
        pytest.param(3.0, "openai", 4, marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(900)
async def test_sessions_rotate_and_nothing_is_left_behind(hours: float, name: str, sessions: int) -> None:
    soaked = await soak(hours, name)
    assert soaked.complaints == []
    assert soaked.answer_count == round(hours * 60)
    assert soaked.session_count >= sessions
