"""LiveKit Egress records a room beside our own record: started with consent, stopped with the room.

An interview never waits for it and never fails with it; what came of it is linked in the session's folder, and
fetched into it where it can be reached from here.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from livekit import api

from voiceprep.errors import ConfigError, RecordingError, VoiceprepError
from voiceprep.recordings.egress import EgressFile, write_egress, write_room_recording
from voiceprep.tasks import Tasks
from voiceprep.wiring.sealing import seal_at_end

log = logging.getLogger("voiceprep.rooms")
END_S_MAX = 60.0
ASK_S = 1.0
COMPLETE = "complete"
ENDED = (COMPLETE, "failed", "aborted", "limit_reached")
_ERRORS = (api.TwirpError, aiohttp.ClientError, TimeoutError, OSError)


class RoomEgress:
    """Of one room. `target`: s3://BUCKET/PREFIX, or a folder where the egress service runs.

    `is_plain_allowed`: whether the bucket may be reached without encryption.
    """

    def __init__(
        self,
        access: api.LiveKitAPI,
        room: str,
        target: str,
        environment: Mapping[str, str],
        *,
        is_plain_allowed: bool = False,
    ) -> None:
        """Raises ConfigError for a target that is none."""
        check_target(target)
        self._access = access
        self._room = room
        self._target = target
        self._environment = environment
        self._is_plain_allowed = is_plain_allowed
        self._linked: tuple[Path, EgressFile] | None = None
        self._starting: asyncio.Task[None] | None = None

    def begin(self, folder: Path, consent_at: str, tasks: Tasks) -> None:
        """`start`, without waiting for it."""
        self._starting = tasks.work(self.start(folder, consent_at), "egress")

    async def start(self, folder: Path, consent_at: str) -> None:
        """Record from now on. Without a consent that the server knows of nothing is recorded."""
        if not consent_at:
            log.warning("room %s: no consent is known, egress was not started", self._room)
            return
        try:
            info = await self._access.egress.start_room_composite_egress(self._request(folder.name))
        except _ERRORS as error:
            log.warning("room %s: egress could not be started (%s)", self._room, type(error).__name__)
            return
        self._link(folder, _linked(info, consent_at))

    async def stop(self) -> None:
        """Stop, wait until the recording is where it belongs, link it and fetch it."""
        if self._starting is not None:
            await self._starting
        if self._linked is None:
            return
        folder, begun = self._linked
        try:
            await self._stop(begun.egress_id)
            async with asyncio.timeout(END_S_MAX):
                found = await self._until_ended(begun)
        except _ERRORS as error:
            log.warning("room %s: how egress ended is not known (%s)", self._room, type(error).__name__)
            return
        if found.status == COMPLETE:
            found = replace(found, file=await asyncio.to_thread(self._fetched, folder))
        self._link(folder, found)

    def _fetched(self, folder: Path) -> str:
        """The name of its copy in the folder, empty where it cannot be reached; the link says where it is."""
        name = _file_name(folder.name)
        try:
            if urlsplit(self._target).scheme == "s3":
                from voiceprep.storage.bucket import open_bucket

                bucket = open_bucket(self._target, self._environment, is_plain_allowed=self._is_plain_allowed)
                return write_room_recording(folder, bucket.get(name))
            return write_room_recording(folder, (Path(self._target) / name).read_bytes())
        except (VoiceprepError, OSError, ImportError) as error:
            log.info("room %s: what egress recorded stays where it is (%s)", self._room, type(error).__name__)
            return ""

    async def _until_ended(self, begun: EgressFile) -> EgressFile:
        while True:
            found = await self._ask(begun)
            if found.status in ENDED:
                return found
            await asyncio.sleep(ASK_S)

    async def _stop(self, egress_id: str) -> None:
        try:
            await self._access.egress.stop_egress(api.StopEgressRequest(egress_id=egress_id))
        except api.TwirpError as error:
            if error.code != "failed_precondition":  # it has ended by itself: the room was closed
                raise

    async def _ask(self, begun: EgressFile) -> EgressFile:
        found = await self._access.egress.list_egress(api.ListEgressRequest(egress_id=begun.egress_id))
        return _linked(found.items[0], begun.consent_at) if found.items else begun

    def _link(self, folder: Path, found: EgressFile) -> None:
        self._linked = (folder, found)
        try:
            write_egress(folder, found)
        except RecordingError as error:
            log.warning("room %s: %s", self._room, error.message)
        if problem := seal_at_end(folder):
            log.warning("room %s: %s", self._room, problem)

    def _request(self, session: str) -> api.RoomCompositeEgressRequest:
        """Sound only, both voices mixed, as OGG."""
        parts = urlsplit(self._target)
        folder = parts.path.strip("/") if parts.scheme == "s3" else self._target.rstrip("/")
        output = api.EncodedFileOutput(
            file_type=api.EncodedFileType.OGG, filepath="/".join(filter(None, (folder, _file_name(session))))
        )
        if parts.scheme == "s3":
            known = self._environment.get
            output.s3.CopyFrom(
                api.S3Upload(
                    access_key=known("AWS_ACCESS_KEY_ID", ""),
                    secret=known("AWS_SECRET_ACCESS_KEY", ""),
                    region=known("AWS_REGION", ""),
                    endpoint=known("AWS_ENDPOINT_URL", ""),
                    bucket=parts.netloc,
                    force_path_style=bool(known("AWS_ENDPOINT_URL", "")),
                )
            )
        return api.RoomCompositeEgressRequest(room_name=self._room, audio_only=True, file_outputs=[output])


def check_target(target: str) -> None:
    """Raises ConfigError."""
    parts = urlsplit(target)
    if parts.scheme == "s3" and parts.netloc:
        return
    if parts.scheme or not target.startswith("/"):
        raise ConfigError(
            f"{target!r} is no place for egress.", "Write s3://BUCKET/PREFIX, or a folder where egress runs."
        )


def _file_name(session: str) -> str:
    return f"{session}.ogg"


def _linked(info: api.EgressInfo, consent_at: str) -> EgressFile:
    file = info.file_results[0] if info.file_results else None
    return EgressFile(
        egress_id=info.egress_id,
        room=info.room_name,
        consent_at=consent_at,
        status=api.EgressStatus.Name(info.status).removeprefix("EGRESS_").lower(),
        location=(file.location or file.filename) if file else "",
        size_bytes=file.size if file else 0,
        duration_ms=file.duration // 1_000_000 if file else 0,
        error=info.error,
    )
