"""Serves interviews over one of Pipecat's transports: one call, or a server that takes many.

Must not know what is printed where.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from pipecat.transports.base_transport import BaseTransport

from voiceprep.errors import ConfigError, VoiceprepError
from voiceprep.events import Event
from voiceprep.hosting.pipeline.calls import Calls, OnCall, calls_app
from voiceprep.hosting.pipeline.order import SERVERS, PipelineOrder
from voiceprep.hosting.pipeline.running import hold_over
from voiceprep.hosting.pipeline.transports import (
    check_webrtc,
    daily_transport,
    livekit_transport,
    local_transport,
)
from voiceprep.tasks import Tasks
from voiceprep.weights import keep_memory_small
from voiceprep.wiring.choice import Choice

Say = Callable[[str], None]


async def serve_pipeline(
    order: PipelineOrder, make_choice: Callable[[], Choice], environment: Mapping[str, str], say: Say
) -> None:
    """Until it is stopped, or until the one interview is over. Raises VoiceprepError."""
    keep_memory_small()

    async def hold_one(transport: BaseTransport) -> None:
        folders: list[Path] = []
        try:
            held = await hold_over(transport, make_choice(), _ignore, folders.append)
            say(f"{held.outcome.value}: {held.record.folder}")
            for problem in held.problems:
                say(problem)
        except VoiceprepError as error:
            if order.transport in SERVERS:
                say(error.message)
            if folders:
                say(f"What was recorded is in {folders[0]}.")
            if order.transport not in SERVERS:
                raise

    if order.transport in SERVERS:
        async with Tasks() as tasks:
            await _take_calls(order, hold_one, tasks, environment, say)
    else:
        await hold_one(_one_transport(order))


def _ignore(event: Event) -> None:
    """Nobody watches; the folder has it all."""


def _one_transport(order: PipelineOrder) -> BaseTransport:
    if order.transport == "local":
        return local_transport()
    if not order.url:
        raise ConfigError(f"--transport {order.transport} needs the address of a room.", "Give it --url.")
    if order.transport == "daily":
        return daily_transport(order.url, order.token)
    if not order.token or not order.room:
        raise ConfigError("--transport livekit needs a token and a room.", "Give it --token and --room.")
    return livekit_transport(order.url, order.token, order.room)


async def _take_calls(
    order: PipelineOrder, on_call: OnCall, tasks: Tasks, environment: Mapping[str, str], say: Say
) -> None:
    has_webrtc = order.transport == "webrtc"
    if has_webrtc:
        check_webrtc()
    calls = Calls(
        on_call, tasks, environment, order.at_once_max, _is_loopback(order.host), order.public_url.rstrip("/")
    )

    def stop() -> None:
        """The first signal lets interviews end that are under way, the second one does not."""
        server.should_exit = calls.is_draining or not calls.call_count
        calls.is_draining = True

    def end_when_drained() -> None:
        server.should_exit = server.should_exit or calls.is_draining

    def on_start() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)

    calls.on_idle = end_when_drained
    app = calls_app(calls, on_start, has_webrtc=has_webrtc)
    server = uvicorn.Server(
        uvicorn.Config(app, order.host, order.port, log_level="warning", access_log=False, ws="websockets-sansio")
    )
    with _open_socket(order) as listening:
        address = f"{order.host}:{listening.getsockname()[1]}"
        ways = f"ws://{address}/ws, and Twilio at POST http://{address}/twilio"
        say(f"Taking calls: {f'POST http://{address}/offer' if has_webrtc else ways}. Ctrl-C stops.")
        await server.serve([listening])


def _open_socket(order: PipelineOrder) -> socket.socket:
    """Raises ConfigError where nothing can be served."""
    try:
        return socket.create_server((order.host, order.port), backlog=64)
    except OSError as error:
        raise ConfigError(
            f"Nothing can be served on {order.host}:{order.port}: {error.strerror or error}.",
            "Choose another --host or --port.",
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
