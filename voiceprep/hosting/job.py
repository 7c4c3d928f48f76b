"""One job: a room is held from the candidate's first word to the goodbye, or gone on with. Runs in its own process.

Must not know how jobs are handed out.
"""

import asyncio
import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from livekit import api, rtc
from livekit.agents import AutoSubscribe, JobContext

from voiceprep.errors import AudioDeviceError, RecordingError, VoiceprepError
from voiceprep.hosting.candidate_track import RoomLostError
from voiceprep.hosting.egress import RoomEgress
from voiceprep.hosting.messages import CANDIDATE, CONSENT_ATTRIBUTE, RoomState
from voiceprep.hosting.order import choice_for, choice_to_go_on, parse_order
from voiceprep.hosting.rights import OPENED, door_of, let_in
from voiceprep.hosting.room import RoomHost
from voiceprep.model import Outcome
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.rooms import RoomBook, RoomStatus, RoomTakenError, open_room
from voiceprep.settings import load_settings
from voiceprep.tasks import Tasks
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.places import recordings_for
from voiceprep.wiring.sessions import complete, hold

log = logging.getLogger("voiceprep.rooms")
LINGER_S = 2.0
"""How long the interviewer stays after the last message; and how long that may take: a network that broke under it
never says that it was not sent, and the record would stay locked."""

TAKEN_S = 20.0
"""A worker that was killed leaves its jobs so long to close their records."""


@dataclass(frozen=True, slots=True)
class JobFlags:
    """What the worker was started with, for each of its jobs."""

    flags: Mapping[str, object | None] = field(default_factory=dict)

    async def __call__(self, context: JobContext) -> None:
        """The entry point of a job."""
        await hold_room(context, self.flags)


async def hold_room(context: JobContext, flags: Mapping[str, object | None]) -> None:
    """Hold the interview of one room. What goes wrong is told in the room and logged; it stops no other room."""
    recordings = recordings_for(load_settings(os.environ, flags))
    name = context.job.room.name
    try:
        with ExitStack() as stack:
            book = await _take_room(stack, recordings, name)
            await _hold(context, book, recordings, flags)
    except RoomTakenError as error:
        log.info("%s", error.message)
    except VoiceprepError as error:
        log.warning("room %s: %s %s", name, error.message, error.hint)
    finally:
        context.shutdown("the interview is over")


async def _take_room(stack: ExitStack, recordings: Path, name: str) -> RoomBook:
    """Wait for a holder that is just closing. Raises RoomTakenError for one that lives on."""
    deadline_s = asyncio.get_running_loop().time() + TAKEN_S
    while True:
        try:
            return stack.enter_context(open_room(recordings, name))
        except RoomTakenError:
            if asyncio.get_running_loop().time() > deadline_s:
                raise
            await asyncio.sleep(0.2)


async def _hold(context: JobContext, book: RoomBook, recordings: Path, flags: Mapping[str, object | None]) -> None:
    if await _is_over(book, recordings, flags):
        await _close_room(context)
        return
    try:
        choice = _choose(context, book, recordings, flags)
    except VoiceprepError as error:
        await _refuse(context, error)
        book.note(status=RoomStatus.OVER)
        raise
    book.note(order=context.job.metadata, status=RoomStatus.OPEN)
    await context.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    log.info("room %s: begins", book.entry.room)
    async with Tasks() as tasks:
        host = RoomHost(context.room, tasks)
        _let_in_again(context, tasks)
        egress = _egress_of(context, choice)

        def on_folder(folder: Path) -> None:
            book.note(session=folder.name)
            if egress is not None:
                egress.begin(folder, _consent_in(context.room), tasks)

        try:
            stop_egress = egress.stop if egress is not None else None
            held = await hold(choice, host, host.outbox.on_event, on_folder, stop_egress)
        except RoomLostError:
            raise  # it stays open: the next interviewer goes on with it
        except AudioDeviceError:
            book.note(status=RoomStatus.LEFT)
            raise
        except VoiceprepError as error:
            book.note(status=RoomStatus.OVER)
            host.outbox.tell(phase="ended", message=error.message)
            raise
        else:
            book.note(status=RoomStatus.OVER)
            for problem in held.problems:
                log.warning("room %s: %s", book.entry.room, problem)
            log.info("room %s: %s, kept in %s", book.entry.room, held.outcome, held.record.folder.name)
        finally:
            await _say_last(host)
    await _close_room(context)


def _egress_of(context: JobContext, choice: Choice) -> RoomEgress | None:
    settings = choice.settings
    if not settings.egress:
        return None
    return RoomEgress(
        context.api, context.job.room.name, settings.egress, os.environ, is_plain_allowed=settings.plain_http
    )


def _consent_in(room: rtc.Room) -> str:
    """When the candidate agreed to be recorded, by what only the server can have written."""
    candidate = room.remote_participants.get(CANDIDATE)
    return candidate.attributes.get(CONSENT_ATTRIBUTE, "") if candidate is not None else ""


def _let_in_again(context: JobContext, tasks: Tasks) -> None:
    """A candidate of the waiting room who was let in may leave and come back."""

    def on_connected(participant: rtc.RemoteParticipant) -> None:
        if participant.identity == CANDIDATE and door_of(context.room.metadata) == OPENED:
            tasks.work(let_in(context.api, context.room.name), "let the candidate in")

    context.room.on("participant_connected", on_connected)


def _choose(context: JobContext, book: RoomBook, recordings: Path, flags: Mapping[str, object | None]) -> Choice:
    """Go on with what was broken off, else begin what is ordered. Raises VoiceprepError."""
    if book.entry.session:
        return choice_to_go_on(recordings / book.entry.session, os.environ, flags)
    return choice_for(parse_order(context.job.metadata or book.entry.order), os.environ, flags)


async def _is_over(book: RoomBook, recordings: Path, flags: Mapping[str, object | None]) -> bool:
    """It was handed out twice; or its worker died after the goodbye, and what that left undone is done now."""
    if not book.entry.session:
        return False
    if book.entry.status is RoomStatus.OVER:
        return True
    folder = recordings / book.entry.session
    with suppress(RecordingError):  # a folder that cannot be read is refused as what cannot be gone on with
        if load_info(folder).outcome is Outcome.COMPLETED:
            await asyncio.to_thread(complete, folder, load_settings(os.environ, flags), os.environ)
            book.note(status=RoomStatus.OVER)
            return True
    return False


async def _refuse(context: JobContext, error: VoiceprepError) -> None:
    """Whoever waits in the room reads why nobody interviews them."""
    await context.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    async with Tasks() as tasks:
        host = RoomHost(context.room, tasks)
        host.outbox.tell(**RoomState(phase="refused", message=f"{error.message} {error.hint}").model_dump())
        await _say_last(host)


async def _say_last(host: RoomHost) -> None:
    """A message of somebody who has left reaches nobody."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            await host.outbox.flush()
    await asyncio.sleep(LINGER_S)


async def _close_room(context: JobContext) -> None:
    """The session is the room: when it is over the room is closed for everybody."""
    try:
        await context.api.room.delete_room(api.DeleteRoomRequest(room=context.job.room.name))
    except (api.TwirpError, aiohttp.ClientError, OSError) as error:
        log.info("room %s was closed already (%s)", context.job.room.name, type(error).__name__)
