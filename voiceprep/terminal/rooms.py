"""Interviews in rooms, from this terminal: a worker that serves them, and the rooms themselves.

Must not know LiveKit's protocol.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from voiceprep.errors import ConfigError, ExitCode
from voiceprep.hosting.worker_order import WorkerOrder
from voiceprep.language.plaintext import plain
from voiceprep.providers.registry import provider_names
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import LOCAL
from voiceprep.wiring.places import recordings_for
from voiceprep.wiring.storing import check_storage

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RoomWish:
    """What is chosen for one room; `open_s` is how long it waits for its candidate."""

    order: Mapping[str, object | None]
    open_s: int
    has_waiting_room: bool


def serve_livekit(environment: Environment, flags: Mapping[str, object | None], order: WorkerOrder) -> ExitCode:
    """Serve rooms until SIGTERM or Ctrl-C. Raises ConfigError."""
    _need_livekit()
    from voiceprep.hosting.egress import check_target
    from voiceprep.hosting.server import server_for
    from voiceprep.hosting.worker import WorkerNews, WorkerPlan, run_worker

    settings = load_settings(environment, flags)
    check_storage(settings)
    if settings.egress:
        check_target(settings.egress)
    server = server_for(environment, is_dev=order.is_dev, is_plain_allowed=settings.plain_http)
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO, stream=sys.stderr)
    logging.getLogger("livekit").setLevel(logging.ERROR)  # its client tells of every connection that ends
    logging.getLogger("livekit.agents").setLevel(logging.WARNING)
    plan = WorkerPlan(
        server,
        recordings_for(settings),
        flags,
        order,
        has_own_ears=LOCAL in provider_names(settings.stt),
        has_own_voice=LOCAL in provider_names(settings.tts),
    )
    news = WorkerNews(lambda: _say(f"Ready for interviews at {server.url}. Ctrl-C ends it."), _say_draining)
    asyncio.run(run_worker(plan, news))
    return ExitCode.DONE


def create_room(environment: Environment, wish: RoomWish, *, is_dev: bool, is_json: bool, valid_s: int) -> ExitCode:
    """Make a room and say how its candidate comes in. Raises ConfigError."""

    async def create(rooms: Any) -> dict[str, str]:  # noqa: ANN401  livekit is optional
        from voiceprep.hosting.order import order_of

        name = await rooms.create(order_of(wish.order), wish.open_s, has_waiting_room=wish.has_waiting_room)
        return {"room": name, "url": rooms.url, "token": await rooms.token(name, "candidate", valid_s)}

    made = _with_rooms(environment, is_dev, create)
    if is_json:
        print(json.dumps(made))
    else:
        print(f"Room   {made['room']}\nServer {made['url']}\nToken  {made['token']}")
        _say(f"The token lets one candidate in, for {valid_s // 60} minutes from now.")
    return ExitCode.DONE


def list_rooms(environment: Environment, *, is_dev: bool, is_json: bool) -> ExitCode:
    """Every open room. Raises ConfigError."""
    places = _with_rooms(environment, is_dev, lambda rooms: rooms.list())
    if is_json:
        print(json.dumps([asdict(place) for place in places]))
        return ExitCode.DONE
    if not places:
        print("No room is open.")
    for place in places:
        print(f"{plain(place.name)}  {place.age_s // 60} min  {_who(place)}")
    return ExitCode.DONE


def end_room(environment: Environment, name: str, *, is_dev: bool, is_now: bool) -> ExitCode:
    """Raises ConfigError."""
    is_said = _with_rooms(environment, is_dev, lambda rooms: rooms.end(name, is_now=is_now))
    print("The interviewer says goodbye; the room closes after it." if is_said else "Closed.")
    return ExitCode.DONE


def admit_candidate(environment: Environment, name: str, *, is_dev: bool) -> ExitCode:
    """Raises ConfigError."""
    _with_rooms(environment, is_dev, lambda rooms: rooms.admit(name))
    print("The candidate may come in.")
    return ExitCode.DONE


def show_token(environment: Environment, name: str, role: str, *, is_dev: bool, valid_s: int) -> ExitCode:
    """Print a token and nothing else. Raises ConfigError."""
    print(_with_rooms(environment, is_dev, lambda rooms: rooms.token(name, role, valid_s)))
    return ExitCode.DONE


def _with_rooms(environment: Environment, is_dev: bool, act: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    _need_livekit()
    from voiceprep.hosting.rooms import open_rooms
    from voiceprep.hosting.server import server_for

    settings = load_settings(environment, {})
    server = server_for(environment, is_dev=is_dev, is_plain_allowed=settings.plain_http)

    async def run() -> Any:  # noqa: ANN401
        async with open_rooms(server) as rooms:
            return await act(rooms)

    return asyncio.run(run())


def _need_livekit() -> None:
    if find_spec("livekit") is None or find_spec("livekit.agents") is None:
        raise ConfigError(
            "Rooms need packages that are not installed.",
            'Run: pipx install "voiceprep[livekit]"   (or pip install).',
        )


def _who(place: Any) -> str:  # noqa: ANN401
    people = [
        "candidate" * place.has_candidate,
        "interviewer" * place.has_interviewer,
        f"{place.observer_count} listening" * bool(place.observer_count),
        "waiting room closed" * place.is_waiting,
    ]
    return ", ".join(filter(None, people)) or "nobody"


def _say(text: str) -> None:
    print(plain(text), file=sys.stderr, flush=True)


def _say_draining(count: int) -> None:
    going_on = f"{count} interview{'s' * (count != 1)} go{'es' * (count == 1)} on to the end"
    _say(f"No new rooms; {going_on}. Once more ends at once (other workers go on with them).")
