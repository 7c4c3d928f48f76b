"""Holds one session from the first sample to everything derived."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voiceprep.errors import RecordingError, VoiceprepError
from voiceprep.events import (
    CandidateStarted,
    Emit,
    Event,
    HintGiven,
)
from voiceprep.model import Outcome
from voiceprep.ports import Judge
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.reader import SessionRecord
from voiceprep.recordings.removal import older_than, remove_session
from voiceprep.recordings.sealing import unseal_session
from voiceprep.recordings.writer import SessionWriter
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.session import Session, SessionParts
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks
from voiceprep.weights import keep_pauses_short, keep_to_one_thread
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.host import Host, open_lines
from voiceprep.wiring.observing import Observers
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.records import finish, recover_folder
from voiceprep.wiring.sealing import check_sealing, seal_at_end
from voiceprep.wiring.stage import Stage, open_engine
from voiceprep.wiring.storing import Storing


@dataclass(frozen=True, slots=True)
class Held:
    """A session that was held and its folder, complete with everything derived.

    `problems` say why it is not sealed, or the storage does not have all of it, where that is set.
    """

    record: SessionRecord
    outcome: Outcome
    problems: tuple[str, ...] = ()


async def hold(
    choice: Choice,
    host: Host,
    on_event: Emit,
    on_folder: Callable[[Path], None],
    on_closed: Callable[[], Awaitable[None]] | None = None,
) -> Held:
    """Hold one interview at a host; `on_folder` learns where it is kept. Raises VoiceprepError.

    However it ends, the folder is closed, marked and complete with everything derived, and sealed if that is set.
    `on_closed` is awaited once nothing more is recorded: what it adds to the folder is sealed and stored too.
    """
    check_sealing(choice.settings)
    storing = Storing(choice.settings, choice.environment)
    folders: list[Path] = []
    try:
        outcome = await _hold(choice, host, storing, on_event, [folders.append, on_folder])
    except BaseException:
        if folders:
            with suppress(VoiceprepError):
                await _conclude(folders[0], storing, on_closed)
        raise
    record, problems = await _conclude(folders[0], storing, on_closed)
    return Held(record, outcome, problems)


Concluded = tuple[SessionRecord, tuple[str, ...]]


async def _conclude(folder: Path, storing: Storing, on_closed: Callable[[], Awaitable[None]] | None) -> Concluded:
    """In a thread: scores take seconds, while this loop has messages to carry out or other interviews to hold."""
    try:
        if on_closed is not None:
            await on_closed()
    finally:
        concluded = await asyncio.to_thread(_write_derived, folder, storing)
    return concluded


def _write_derived(folder: Path, storing: Storing) -> Concluded:
    """Everything derived, sealed and stored; the record, and what did not work. Raises RecordingError.

    Whoever waits for it may give up; it goes on to its end.
    """
    try:
        record = finish(folder)
        unsealed = seal_at_end(folder)
    finally:
        storing.finish(folder)
    told = ("It is not sealed. ", unsealed), ("Not all of it is in the storage. ", storing.problem)
    return record, tuple(what + why for what, why in told if why)


def complete(folder: Path, settings: Settings, environment: Mapping[str, str]) -> None:
    """What a process that died just after the end of its session left undone. Raises RecordingError."""
    recover_folder(folder)
    Storing(settings, environment).finish(folder)


async def _hold(
    choice: Choice, host: Host, storing: Storing, on_event: Emit, on_folder: Sequence[Callable[[Path], None]]
) -> Outcome:
    keep_to_one_thread()
    started_at = datetime.now(UTC)
    judge = OfflineJudge(has_encoder=False)  # while somebody waits: 2 ms an answer, not 30; the report judges again
    async with AsyncExitStack() as stack:
        observers = Observers(choice, stack.enter_context(ExitStack()))
        tasks = await stack.enter_async_context(Tasks())
        stage = Stage(choice, tasks)
        stack.push_async_callback(stage.close)
        if line := host.notice(choice):
            stage.tell(HintGiven(at_ms=0, message=line))
        _forget_old(choice, stage)
        engine, audio, _ = await asyncio.gather(
            open_engine(choice, stage, host.controls), open_lines(stage, host), _warm_at_once(choice, judge, tasks)
        )
        keep_pauses_short()
        stack.callback(audio.opened.close)
        writer = stack.enter_context(_open_writer(choice, started_at, judge))
        for learn in (*on_folder, observers.learn_folder):
            learn(writer.folder)
        storing.follow(writer.folder, tasks)
        audio.mic.add_tap(writer.write_candidate)
        audio.speaker.add_tap(writer.write_interviewer)
        stage.listeners[:] = [writer.on_event, on_event, *observers.listeners, *stage.listeners]
        if choice.is_s2s:
            stage.listeners.append(_warm_at_first_word(judge, tasks))
        budget_usd = choice.settings.budget_usd or None
        parts = SessionParts(engine, audio.mic, audio.speaker, judge, [stage.tell], tasks, budget_usd)
        session = Session(choice.plan, parts, choice.earlier.turns if choice.earlier else ())
        session.note_cost(choice.earlier.spent_usd if choice.earlier else 0.0)
        stage.sessions.append(session)
        for usage in choice.usages:
            stage.note_usage(usage)
        outcome = await session.run(started_at)
        writer.close(outcome)
    return outcome


async def _warm_at_once(choice: Choice, judge: OfflineJudge, tasks: Tasks) -> None:
    if not choice.is_s2s:
        await tasks.in_thread(judge.warm)


def _warm_at_first_word(judge: OfflineJudge, tasks: Tasks) -> Emit:
    """Speech-to-speech begins sooner without the judge's vectors; they are there before the first answer ends."""
    waiting = [judge.warm]

    def on_event(event: Event) -> None:
        if isinstance(event, CandidateStarted) and waiting:
            tasks.work(tasks.in_thread(waiting.pop()), "judge")

    return on_event


def _open_writer(choice: Choice, started_at: datetime, judge: Judge) -> SessionWriter:
    if choice.earlier is not None:
        return _reopen(choice.earlier.folder, choice)
    return SessionWriter.create(recordings_for(choice.settings), _info(choice, started_at, judge))


def _reopen(folder: Path, choice: Choice) -> SessionWriter:
    """Raises RecordingError, ConfigError; then it is sealed as it was."""
    try:
        unseal_session(folder, seal_for(choice.settings))
        return SessionWriter.resume(folder)
    except VoiceprepError:
        seal_at_end(folder)
        raise


def _forget_old(choice: Choice, stage: Stage) -> None:
    """Retention. An interview is never refused because an old one cannot be deleted."""
    if not choice.settings.keep_days:
        return
    count = 0
    with suppress(RecordingError):
        for folder in older_than(recordings_for(choice.settings), choice.settings.keep_days, datetime.now(UTC)):
            remove_session(folder)
            count += 1
    if count:
        sessions = f"{count} session{'s' * (count != 1)}"
        told = f"Deleted {sessions} older than {choice.settings.keep_days:g} days, as keep_days says."
        stage.tell(HintGiven(at_ms=0, message=told))


def _info(choice: Choice, started_at: datetime, judge: Judge) -> SessionInfo:
    return SessionInfo(
        bank_id=choice.bank.id,
        bank_title=choice.bank.title,
        mode=choice.settings.mode,
        level=choice.settings.level,
        seed=choice.plan.seed,
        plan=choice.plan.questions,
        providers=_providers(choice),
        judge=judge.name,
        persona=choice.plan.interviewer.name,
        limit_ms=choice.plan.limit_ms,
        notes=choice.plan.notes,
        reserve=choice.plan.reserve,
        is_filling=choice.plan.is_filling,
        candidate=choice.candidate.value if choice.candidate else "",
        retry_of=choice.retry_of,
        has_audio=choice.settings.audio,
        encrypt_to=choice.settings.encrypt_to,
        started_at=started_at,
    )


def _providers(choice: Choice) -> dict[str, str]:
    settings = choice.settings
    if choice.is_s2s:  # the recogniser hears again what the model has no transcript of
        return {"realtime": settings.realtime, "stt": settings.stt, "vad": "silero"}
    second = {"second_tts": choice.second_tts} if choice.second_tts else {}
    return {"stt": settings.stt, "llm": settings.llm, "tts": settings.tts, **second, "vad": "silero"}
