"""An agent worker: registers with a LiveKit server, takes jobs, gives each a warm process of its own.

Must not know how a room is held, nor print.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from livekit import api
from livekit.agents import AgentServer, JobExecutorType, JobProcess, JobRequest
from livekit.agents.worker import ServerType, WorkerPermissions, _DefaultLoadCalc

from voiceprep.errors import ConfigError
from voiceprep.hosting.job import JobFlags
from voiceprep.hosting.keeper import Keeper
from voiceprep.hosting.messages import AGENT_NAME, CANDIDATE, INTERVIEWER
from voiceprep.hosting.server import LiveKitServer
from voiceprep.hosting.worker_order import WorkerOrder
from voiceprep.tasks import Tasks

PRELOADED = "voiceprep.hosting.preload"
EARS, VOICE = f"{PRELOADED}.ears", f"{PRELOADED}.voice"
"""Modules that load what they are named for when they are imported."""

WARM_S = 60.0
"""A process may take so long to get ready; on a busy machine several do at once."""

RETRIES_MAX = 360
"""Ten seconds apart: a server may be away for an hour."""

DRAIN_FOR_EVER = 0
DEV_ROOMS = 4
"""A machine on which somebody develops is busy with other things: its processor says nothing."""


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """`flags`: what it was started with. `has_own_ears`, `has_own_voice`: whether the embedded engines are used."""

    server: LiveKitServer
    recordings: Path
    flags: Mapping[str, object | None]
    order: WorkerOrder
    has_own_ears: bool
    has_own_voice: bool

    @property
    def preloaded(self) -> tuple[str, ...]:
        """What all its processes share, by module."""
        return (PRELOADED, *[EARS] * self.has_own_ears, *[VOICE] * self.has_own_voice)


@dataclass(frozen=True, slots=True)
class WorkerNews:
    """What to call: `registered()` when jobs can come, `draining(count)` when so many interviews still go on."""

    registered: Callable[[], None]
    draining: Callable[[int], None]


FULL = 0.7
"""From this load on a server sends a worker nothing more (its `agents.target_load`)."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a worker is: by the rooms it holds where `rooms_max` is given, else by the processor."""

    rooms_max: int

    def __call__(self, worker: AgentServer) -> float:
        if self.rooms_max:
            return FULL * len(worker.active_jobs) / self.rooms_max
        return float(_DefaultLoadCalc.get_load(worker))


async def run_worker(plan: WorkerPlan, news: WorkerNews) -> None:
    """Until SIGTERM or Ctrl-C; then every interview is held to its end. A second signal ends them at once.

    Raises ConfigError when the server refuses the key or cannot be reached.
    """
    await _check_server(plan.server)
    worker = _worker(plan)
    stopping = asyncio.Event()
    worker.on("worker_registered", lambda *_: news.registered())
    async with Tasks() as tasks:
        server = api.LiveKitAPI(plan.server.http_url, plan.server.key, plan.server.secret)
        keeper = Keeper(server, plan.recordings, AGENT_NAME)
        worker.on("worker_registered", lambda *_: keeper.on_registered())
        running = tasks.work(worker.run(devmode=plan.order.is_dev), "worker")
        keeping = tasks.watch(keeper.run(), "keeper")
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
        try:
            stop = tasks.work(stopping.wait(), "signal")
            await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await _drain(worker, news, stopping, tasks)
            stop.cancel()
            await worker.aclose()
            await _ended(running)
        finally:
            keeping.cancel()
            await server.aclose()


async def _ended(running: asyncio.Task[None]) -> None:
    try:
        await running
    except RuntimeError as error:  # the only thing the SDK says when it has tried long enough
        raise ConfigError(
            "The connection to the LiveKit server is lost for good.", "Start again once it can be reached."
        ) from error


async def _drain(worker: AgentServer, news: WorkerNews, stopping: asyncio.Event, tasks: Tasks) -> None:
    news.draining(len(worker.active_jobs))
    stopping.clear()
    drained = tasks.work(worker.drain(), "drain")
    again = tasks.work(stopping.wait(), "second signal")
    await asyncio.wait({drained, again}, return_when=asyncio.FIRST_COMPLETED)
    for task in (drained, again):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _check_server(server: LiveKitServer) -> None:
    import aiohttp

    access = api.LiveKitAPI(server.http_url, server.key, server.secret)
    try:
        await access.room.list_rooms(api.ListRoomsRequest())
    except api.TwirpError as error:
        raise ConfigError(
            f"The LiveKit server does not accept the key: {error.code}.", "Correct LIVEKIT_API_KEY and _SECRET."
        ) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ConfigError(
            f"No LiveKit server answers at {server.url}.", "Start one with `make livekit`, or correct LIVEKIT_URL."
        ) from error
    finally:
        await access.aclose()


def _worker(plan: WorkerPlan) -> AgentServer:
    # 244 MB of end-of-turn weights that we do not use would be loaded otherwise
    os.environ["LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"] = "0"
    os.environ.setdefault("LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS", "0")  # a loop that is looked at 100 times a second
    worker = AgentServer(
        ws_url=plan.server.url,
        api_key=plan.server.key,
        api_secret=plan.server.secret,
        job_executor_type=JobExecutorType.PROCESS,
        setup_fnc=Prewarm(plan.preloaded),
        load_fnc=Load(plan.order.rooms_max or DEV_ROOMS * plan.order.is_dev),
        load_threshold=FULL,
        num_idle_processes=plan.order.warm_processes,
        initialize_process_timeout=WARM_S,
        max_retry=RETRIES_MAX,
        drain_timeout=DRAIN_FOR_EVER,
        permissions=WorkerPermissions(can_publish_sources=[]),
        preload_modules=list(plan.preloaded),
        host=plan.order.health_host,
        port=plan.order.health_port,
        prometheus_port=plan.order.metrics_port or None,
    )
    worker.rtc_session(JobFlags(plan.flags), agent_name=AGENT_NAME, type=ServerType.PUBLISHER, on_request=take_job)
    return worker


async def take_job(request: JobRequest) -> None:
    """A job for each candidate who begins to send sound; nobody else is interviewed."""
    publisher = request.publisher
    if publisher is None or publisher.identity != CANDIDATE:
        await request.reject(terminate=True)
        return
    await request.accept(name="Interviewer", identity=INTERVIEWER)


@dataclass(frozen=True, slots=True)
class Prewarm:
    """Before a job is there. Where processes are forked all of it is loaded already; elsewhere it is now."""

    modules: tuple[str, ...]

    def __call__(self, process: JobProcess) -> None:
        for module in self.modules:
            import_module(module)
