"""Serves the page of rooms from this terminal, until it is stopped. Must not know what is in the page."""

import asyncio
import importlib.util
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from voiceprep.errors import ConfigError
from voiceprep.hosting.order import order_of
from voiceprep.settings import load_settings


@dataclass(frozen=True, slots=True)
class PageOrder:
    """Where to serve it, and to whom."""

    host: str
    port: int
    is_open: bool
    is_dev: bool


def serve_page(environment: Mapping[str, str], wish: Mapping[str, object | None], order: PageOrder) -> None:
    """Until Ctrl-C or SIGTERM. Raises ConfigError."""
    if importlib.util.find_spec("livekit.api") is None:
        raise ConfigError("LiveKit is not installed here.", "Install the extra: pipx install 'voiceprep[livekit]'.")
    from voiceprep.hosting.page_server import PagePlan
    from voiceprep.hosting.server import server_for

    is_plain_allowed = load_settings(environment, {}).plain_http
    server = server_for(environment, is_dev=order.is_dev, is_plain_allowed=is_plain_allowed)
    asyncio.run(_serve(PagePlan(server, order.host, order.port, order.is_open, order_of(wish))))


async def _serve(plan: object) -> None:
    from voiceprep.hosting.page_server import PagePlan, open_page

    assert isinstance(plan, PagePlan)
    runner = await open_page(plan)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    host, port = runner.addresses[0][:2]
    print(f"The page is at http://{host}:{port}/ (others need https in front of it). Ctrl-C stops.", flush=True)
    try:
        await stopped.wait()
    finally:
        await runner.cleanup()
