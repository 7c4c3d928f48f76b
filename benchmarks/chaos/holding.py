"""Holds the session of one story: strikes, takes the microphone away, interrupts, dies, all on audio time."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.chaos import realtime
from benchmarks.chaos.cascaded import cascaded_servers
from benchmarks.chaos.disk import MortalDisk
from benchmarks.chaos.leftovers import left_tasks
from benchmarks.chaos.patience import is_over
from benchmarks.chaos.story import Loss, Stage, Story, answers
from tests.interviews import plan
from tests.provider_room import ProviderRoom, QuickPace
from tests.realtime_room import RealtimeRoom
from tests.realtime_servers import served
from tests.recording_room import Surroundings
from voiceprep.audio.line import BlockSource
from voiceprep.errors import AudioDeviceError, VoiceprepError
from voiceprep.events import DeviceLost, DeviceReturned, Event, SessionEnded
from voiceprep.model import Outcome
from voiceprep.ports import BLOCK_MS, AudioBlock, Samples
from voiceprep.wiring.choice import Earlier

LIMIT_S = 300.0
"""So much time for seconds of audio: whoever needs more hangs. Waiting for a processor does not count."""
GIVEN = "given.pcm"
"""What the microphone gave, written before the recorder gets it. Beside the recordings folder."""

Room = ProviderRoom | RealtimeRoom
Act = Callable[[], object]


@dataclass
class Held:
    """What came of it. `how` it ended: an outcome, what stopped it, or None when it was interrupted."""

    how: Outcome | VoiceprepError | None = None
    is_hung: bool = False
    folder: Path | None = None
    blows: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)


@dataclass
class World:
    """A session, the servers it talks to, and how to let one of them fail."""

    room: Room
    strike: Callable[[random.Random], str]
    violations: Callable[[], list[str]]


async def hold(
    story: Story, folder: Path, disk: MortalDisk, earlier: Earlier | None = None, limit_s: float = LIMIT_S
) -> Held:
    """Hold it in `folder`. `disk` is armed when the story says so; a session whose disk died is interrupted.

    Raises only what nobody expects.
    """
    held = Held()
    async with _world(story, folder, Surroundings(disk, earlier=earlier)) as world:
        task = asyncio.ensure_future(world.room.hold())
        _arrange(story, world, held, disk, task)
        with (folder / GIVEN).open("wb", buffering=0) as given:

            def keep(block: AudioBlock) -> None:
                given.write(block.samples.tobytes())

            world.room.surroundings.taps.append(keep)
            watch = asyncio.ensure_future(_watch(task, held, limit_s))
            try:
                held.how = await task
            except VoiceprepError as error:
                held.how = error
            except asyncio.CancelledError:
                held.how = None
            finally:
                watch.cancel()
        held.folder, held.violations = world.room.surroundings.folder, world.violations()
    held.leftovers = await left_tasks()
    return held


async def _watch(task: "asyncio.Future[Outcome]", held: Held, limit_s: float) -> None:
    await is_over(limit_s)
    held.is_hung = True
    task.cancel()


@asynccontextmanager
async def _world(story: Story, folder: Path, surroundings: Surroundings) -> AsyncIterator[World]:
    asked, said = plan(story.question_count), answers(story.seed)
    if story.cascade is not None:
        stt, llm, tts = story.cascade
        async with cascaded_servers() as servers:
            yield World(
                ProviderRoom(
                    *(asked, said, folder, servers.environment, stt, llm, tts),
                    pace=QuickPace(),
                    is_impatient=surroundings.earlier is None,
                    limit_s=math.inf,
                    surroundings=surroundings,
                ),
                servers.strike,
                lambda: servers.violations,
            )
    elif story.realtime is not None:
        name, ours = story.realtime
        async with served(name, folder) as here:
            yield World(
                RealtimeRoom(
                    *(asked, said, folder, name, here.environment),
                    are_turns_ours=ours,
                    is_fast=ours,
                    limit_s=math.inf,
                    surroundings=surroundings,
                ),
                lambda chance: realtime.strike(here.server, chance),
                lambda: here.server.violations,
            )


def _arrange(story: Story, world: World, held: Held, disk: MortalDisk, task: "asyncio.Future[Outcome]") -> None:
    room, death = world.room, story.death

    def strike(seed: int) -> None:
        held.blows.append(world.strike(random.Random(seed)))

    def tell(event: Event) -> None:
        assert room.session is not None
        room.session.emit(event)

    def hear(event: Event) -> None:
        if death is not None and death.stage is Stage.CLOSING and isinstance(event, SessionEnded):
            disk.arm(death.call_count)

    def end_with_the_disk(block: AudioBlock) -> None:
        if disk.is_dead:
            task.cancel()

    acts: list[tuple[int, Act]] = [(at_ms, partial(strike, seed)) for at_ms, seed in story.blows]
    if story.interrupt_at_ms is not None:
        acts.append((story.interrupt_at_ms, task.cancel))
    if death is not None and death.stage is Stage.MIDDLE:
        acts.append((death.at_ms, lambda: disk.arm(death.call_count)))
    if death is not None and death.stage is Stage.BEGINNING:
        disk.arm(death.call_count)
    room.surroundings.taps.append(_Agenda(acts).on_block)
    room.surroundings.taps.append(end_with_the_disk)
    room.surroundings.through = lambda source: UnsteadyMicrophone(source, story.losses, tell)
    room.hooks.append(hear)


class _Agenda:
    """What is to happen when the audio has come so far."""

    def __init__(self, acts: Iterable[tuple[int, Act]]) -> None:
        self._acts = sorted(acts, key=lambda entry: entry[0])

    def on_block(self, block: AudioBlock) -> None:
        while self._acts and self._acts[0][0] <= block.start_ms:
            self._acts.pop(0)[1]()


class UnsteadyMicrophone:
    """Any source that is unplugged now and then: audio time stands still until it is back, as with a real one."""

    def __init__(self, source: BlockSource, losses: Iterable[Loss], tell: Callable[[Event], None]) -> None:
        self._source = source
        self._losses = sorted(losses, key=lambda loss: loss.at_ms)
        self._tell = tell
        self._position_ms = 0

    async def read(self) -> Samples | None:
        while self._losses and self._losses[0].at_ms <= self._position_ms:
            await self._lose(self._losses.pop(0))
        self._position_ms += BLOCK_MS
        return await self._source.read()

    async def _lose(self, loss: Loss) -> None:
        self._tell(DeviceLost(at_ms=self._position_ms, device="microphone", message="It was unplugged."))
        if loss.away_s is None:
            raise AudioDeviceError("The microphone did not come back.", "Plug it in and run `voiceprep resume`.")
        await asyncio.sleep(loss.away_s)
        self._tell(DeviceReturned(at_ms=self._position_ms, device="microphone", name="another"))

    def close(self) -> None:
        self._source.close()
