"""A whole session in a process of its own, made to be killed: real engine, lines, session, folder; scripted room.

It tells through a pipe what it has handed to the recorder, after the recorder took it.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tests.interviews import plan
from tests.room import STARTED_AT, PhraseJudge
from voiceprep.audio.line import MicrophoneLine, SpeakerLine
from voiceprep.audio.pace import FastPace
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.events import Event, LevelMeasured
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, AudioBlock, Samples
from voiceprep.providers.scripted import (
    LevelDetector,
    Say,
    Script,
    ScriptedCandidate,
    ScriptedTranscriber,
    ToySynthesizer,
    Wait,
)
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.writer import SessionWriter
from voiceprep.session import Session, SessionParts
from voiceprep.tasks import Tasks
from voiceprep.terminal.keys import NoControls
from voiceprep.turn_taking.endpointing import EndpointPolicy
from voiceprep.wiring.records import finish

PLAN = plan(2)
SCRIPTS = (
    Script((Wait(300), Say("phrase 1 and some more because"), Wait(900), Say("phrase 2 is what we did"))),
    Script((Wait(8_000), Say("that would be phrase 3"))),
    Script((Wait(100), Say("let me start at once with phrase 3")), from_start=True),
    Script((Wait(200), Say(sound_ms=200), Wait(1_500), Say("phrase 1 and phrase 2 as well"))),
)


class NumberedCandidate:
    """The scripted candidate, no two samples near each other alike, so that lost audio cannot hide."""

    def __init__(self, candidate: ScriptedCandidate, tasks: Tasks) -> None:
        self._candidate = candidate
        self._pace = FastPace(tasks)
        self._position_samples = 0

    async def read(self) -> Samples:
        await self._pace.wait()
        block = await self._candidate.read()
        numbers = np.arange(self._position_samples, self._position_samples + MICROPHONE_BLOCK_SAMPLES)
        self._position_samples += MICROPHONE_BLOCK_SAMPLES
        numbered: Samples = block + (numbers % 5_003 + 1).astype(np.int16)
        return numbered

    def close(self) -> None:
        """Nothing to close."""


def say_nothing(line: str) -> None:
    """For those who need not know."""


async def hold_scripted(recordings: Path, tell: Callable[[str], None] = say_nothing, disk: Disk = DISK) -> Path:
    """Hold it to the end; the folder, closed but without anything derived. Raises what stops it."""
    tell("alive")
    info = SessionInfo(
        bank_id="bank",
        mode="cascaded",
        level=3,
        seed=0,
        plan=PLAN.questions,
        judge="offline",
        started_at=STARTED_AT,
    )
    async with Tasks() as tasks:
        candidate = ScriptedCandidate(SCRIPTS)
        mic = MicrophoneLine(NumberedCandidate(candidate, tasks))
        speaker = SpeakerLine(lambda: mic.position_ms)
        with SessionWriter.create(recordings, info, disk) as writer:

            def tell_block(block: AudioBlock) -> None:
                tell(f"audio {block.end_ms}")

            def tell_event(event: Event) -> None:
                if not isinstance(event, LevelMeasured):
                    tell(f"event {event.type}")

            for tap in (speaker.play_block, writer.write_candidate, tell_block):
                mic.add_tap(tap)
            speaker.add_tap(writer.write_interviewer)
            parts = CascadedParts(ScriptedTranscriber(candidate), ToySynthesizer(), LevelDetector(), NoControls())
            engine = CascadedEngine(parts, tasks, EndpointPolicy())
            listeners = [writer.on_event, tell_event, candidate.on_event]
            session = Session(PLAN, SessionParts(engine, mic, speaker, PhraseJudge(), listeners, tasks))
            outcome = await session.run(STARTED_AT)
            writer.close(outcome)
    tell("closed")
    return writer.folder


def run(recordings: Path, told: Connection) -> None:
    """The process: hold, derive, then wait to be killed."""

    def tell(line: str) -> None:
        os.write(told.fileno(), line.encode() + b"\n")

    finish(asyncio.run(hold_scripted(recordings, tell)))
    tell("derived")
    told.close()
    signal.pause()
