"""What the rooms over loopback servers share: both lines, and the folder in which they are recorded."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from voiceprep.audio.line import BlockSource, BlockTap, MicrophoneLine, SpeakerLine
from voiceprep.errors import VoiceprepError
from voiceprep.model import Outcome, Turn
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.writer import SessionWriter
from voiceprep.wiring.choice import Earlier
from voiceprep.wiring.places import recordings_for
from voiceprep.wiring.records import finish
from voiceprep.wiring.stage import Stage


def directly(source: BlockSource) -> BlockSource:
    """Nothing between the candidate and the microphone."""
    return source


@dataclass
class Surroundings:
    """What a session is recorded with. `through` stands between the candidate and the microphone; `taps` see every
    block before the recorder does; `earlier` is a session that is gone on with. `folder`: once it is recorded."""

    disk: Disk = DISK
    through: Callable[[BlockSource], BlockSource] = directly
    taps: list[BlockTap] = field(default_factory=list)
    earlier: Earlier | None = None
    folder: Path | None = None

    @property
    def record(self) -> SessionRecord:
        assert self.folder is not None
        return load_session(self.folder)

    @property
    def turns(self) -> Sequence[Turn]:
        return self.earlier.turns if self.earlier else ()

    async def hold(self, session: Awaitable[Outcome], limit_s: float) -> Outcome:
        """To its end; like wiring, finish the folder however that is. Raises what stopped it."""
        try:
            async with asyncio.timeout(limit_s):
                outcome = await session
        except BaseException:
            if self.folder is not None:
                with suppress(VoiceprepError):
                    finish(self.folder, self.disk)
            raise
        finish(self.record.folder, self.disk)
        return outcome

    def open(
        self, candidate: BlockSource, stage: Stage, info: SessionInfo, stack: AsyncExitStack
    ) -> tuple[MicrophoneLine, SpeakerLine, SessionWriter]:
        """Both lines and who records them; `stack` closes the folder."""
        mic = MicrophoneLine(self.through(candidate), self.taps, self.earlier.end_ms if self.earlier else 0)
        stage.now_ms = lambda: mic.position_ms
        speaker = SpeakerLine(stage.now_ms)
        mic.add_tap(speaker.play_block)
        writer = stack.enter_context(self._open_writer(recordings_for(stage.choice.settings), info))
        self.folder = writer.folder
        mic.add_tap(writer.write_candidate)
        speaker.add_tap(writer.write_interviewer)
        return mic, speaker, writer

    def _open_writer(self, recordings: Path, info: SessionInfo) -> SessionWriter:
        if self.earlier is not None:
            return SessionWriter.resume(self.earlier.folder, self.disk)
        return SessionWriter.create(recordings, info, self.disk)
