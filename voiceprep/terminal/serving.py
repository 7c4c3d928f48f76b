"""Serves interviews from this terminal: says where, and how each one ended. Must not know a transport's insides."""

import asyncio
import importlib.util
from collections.abc import Mapping

from voiceprep.errors import ConfigError
from voiceprep.hosting.order import RoomOrder, choice_for
from voiceprep.hosting.pipeline.order import TRANSPORTS, PipelineOrder
from voiceprep.language.plaintext import plain

PIPECAT_PACKAGES = ("loguru", "fastapi", "uvicorn")
"""Pipecat itself is always there, for a model file in it; these only with the extra."""


def serve_pipecat(environment: Mapping[str, str], flags: Mapping[str, object | None], order: PipelineOrder) -> None:
    """Until it is stopped, or the one interview is over. Raises VoiceprepError."""
    if order.transport not in TRANSPORTS:
        raise ConfigError(f"There is no transport {order.transport!r}.", f"There are: {', '.join(TRANSPORTS)}.")
    if any(importlib.util.find_spec(name) is None for name in PIPECAT_PACKAGES):
        raise ConfigError("Pipecat is not installed here.", "Install the extra: pipx install 'voiceprep[pipecat]'.")
    from loguru import logger

    logger.disable("pipecat")  # its log has what people say, and begins while it is imported
    from voiceprep.hosting.pipeline.serving import serve_pipeline

    order_of_room = RoomOrder(seed=order.seed)
    choice_for(order_of_room, environment, flags)  # what is wrong with it is said now, not to the first caller
    make_choice = lambda: choice_for(order_of_room, environment, flags)  # noqa: E731
    asyncio.run(serve_pipeline(order, make_choice, environment, _say))


def _say(text: str) -> None:
    print(plain(text), flush=True)
