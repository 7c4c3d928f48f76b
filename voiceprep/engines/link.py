"""An unbroken line to a realtime model: rotates sessions before they end, heals drops, loses no audio.

Must not know vendors, turns or scores. What was not yet understood when a session ended is said again to the next.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from voiceprep.errors import ProviderError
from voiceprep.ports import BLOCK_MS, AudioBlock, Message
from voiceprep.realtime import (
    Direction,
    GoingAway,
    HearingFailed,
    RealtimeEvent,
    RealtimeModel,
    RealtimeSession,
    RealtimeSetup,
    ReplyDone,
    SpeechHeard,
    SpeechOver,
)
from voiceprep.tasks import Tasks

BACKLOG_BLOCKS_MAX = 300_000 // BLOCK_MS
"""Five minutes of speech: longer than any answer may be."""


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """`backoff_s`: pauses before the attempts to connect again. `answer_s`: how long compressed audio time waits
    for the model to do what was asked of it."""

    backoff_s: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
    answer_s: float = 10.0
    close_s: float = 2.0


class RealtimeLink:
    """One per interview. `on_event` hears what the current session tells; `on_drop` that one broke and whether a
    reply broke off with it. `session_limit_ms`: how old a session gets, if not as old as its model lets it."""

    def __init__(
        self,
        model: RealtimeModel,
        setup: RealtimeSetup,
        tasks: Tasks,
        policy: LinkPolicy | None = None,
        session_limit_ms: int | None = None,
    ) -> None:
        self.on_event: Callable[[RealtimeEvent], None] = lambda event: None
        self.on_drop: Callable[[bool], None] = lambda is_speaking: None
        self.session_count = 0
        self._model, self._setup, self._tasks = model, setup, tasks
        self._policy = policy or LinkPolicy()
        self._limit_ms = session_limit_ms or model.session_limit_ms
        self._history: list[Message] = list(setup.history)
        self._session: RealtimeSession | None = None
        self._pump: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._error: ProviderError | None = None
        self._opened_ms = 0
        self._now_ms = 0
        self._is_leaving = False
        self._backlog: list[AudioBlock | None] = []  # None is a commit
        self._ends: dict[str, int] = {}  # utterance not understood yet: where it ends in the backlog
        self._wanted: Direction | None = None  # a reply that was asked for and is not done
        self._current: set[str] = set()  # utterances since the last `settle`
        self._settled: set[str] = set()  # those before it
        self._reply_done = asyncio.Event()
        self._all_heard = asyncio.Event()

    @property
    def name(self) -> str:
        """The model's registry name."""
        return self._model.name

    # ------------------------------------------------------------------------------- open and close

    async def open(self) -> None:
        """Connect, unless connected. Raises ProviderError."""
        if self._session is None and self._connecting is None:
            self._take(await self._model.open(self._fresh_setup()))

    async def close(self) -> None:
        """Hang up and forget. May be called twice."""
        session, self._session = self._session, None
        for task in (self._connecting, self._pump):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, ProviderError):
                    await task
        self._connecting = self._pump = None
        if session is not None:
            await session.close()
        self._reply_done.set()
        self._all_heard.set()

    def check(self) -> None:
        """Raises ProviderError when the line cannot be mended; the next call tries again. Raises whatever broke
        those who were told."""
        if self._pump is not None and self._pump.done() and not self._pump.cancelled():
            self._pump.result()
        error, self._error = self._error, None
        if error is not None:
            raise error
        if self._session is None and self._connecting is None:
            self._connect(is_drop=True)

    # ---------------------------------------------------------------------------------- what is said

    def push(self, block: AudioBlock) -> None:
        """The candidate's audio. Kept until it is understood."""
        self._backlog.append(block)
        self._drop(len(self._backlog) - BACKLOG_BLOCKS_MAX)
        if self._is_ready:
            self._live.push(block)

    def commit(self) -> None:
        """What was pushed since the last commit is an utterance."""
        self._backlog.append(None)
        if self._is_ready:
            self._live.commit()

    def request(self, direction: Direction) -> None:
        """Let the model say something."""
        self._wanted = direction
        self._reply_done.clear()
        self._tasks.work(self._wait_for(self._reply_done), "reply")
        if self._is_ready:
            self._live.request(direction)

    def interrupt(self, heard_ms: int) -> None:
        """The reply is over: `heard_ms` of it were heard."""
        self._wanted = None
        self._reply_done.set()
        if self._is_ready:
            self._live.interrupt(heard_ms)

    def remember(self, role: str, text: str) -> None:
        """What was said for certain; a new session is told."""
        if text:
            self._history.append(Message(role, text))

    def settle(self) -> None:
        """Everything pushed so far has been understood, or is not wanted."""
        self._backlog.clear()
        self._ends.clear()
        self._all_heard.set()
        self._settled, self._current = self._current, set()

    def renew(self) -> None:
        """The session has lost the thread: the next one takes over, and is asked for the same reply."""
        if self._is_ready:
            self._connect(is_drop=True)

    def tick(self, now_ms: int, *, is_quiet: bool) -> None:
        """Audio time goes on; a session that is old or going away is replaced in a quiet moment."""
        self._now_ms = now_ms
        is_old = self._limit_ms is not None and now_ms - self._opened_ms >= self._limit_ms
        if (is_old or self._is_leaving) and is_quiet and self._is_ready and self._wanted is None:
            self._connect(is_drop=False)

    # --------------------------------------------------------------------------------------- inside

    @property
    def _is_ready(self) -> bool:
        return self._session is not None and self._connecting is None

    @property
    def _live(self) -> RealtimeSession:
        assert self._session is not None  # callers ask `_is_ready`
        return self._session

    def _fresh_setup(self) -> RealtimeSetup:
        return replace(self._setup, history=tuple(self._history))

    def _take(self, session: RealtimeSession) -> None:
        self._session = session
        self.session_count += 1
        self._opened_ms = self._now_ms
        self._is_leaving = False
        self._pump = self._tasks.watch(self._listen(session), "realtime events")

    async def _listen(self, session: RealtimeSession) -> None:
        try:
            async for event in session.events():
                if session is self._session:
                    self._tell(event)
        except ProviderError as error:
            if session is self._session:
                self._error = error
        if session is self._session and self._connecting is None:
            self._connect(is_drop=True)

    def _tell(self, event: RealtimeEvent) -> None:
        if isinstance(event, SpeechOver | SpeechHeard | HearingFailed):
            event = replace(event, utterance=f"{self.session_count}-{event.utterance}")  # unique to the interview
        self._keep_count(event)
        if not (isinstance(event, SpeechOver | SpeechHeard | HearingFailed) and self._is_settled(event.utterance)):
            self.on_event(event)

    def _is_settled(self, utterance: str) -> bool:
        """It belongs to what is over: its transcript comes late."""
        if utterance not in self._settled:
            self._current.add(utterance)
        return utterance in self._settled

    def _keep_count(self, event: RealtimeEvent) -> None:
        match event:
            case GoingAway():
                self._is_leaving = True
            case ReplyDone():
                self._wanted = None
                self._reply_done.set()
            case SpeechOver(utterance):
                self._ends[utterance] = self._end_of_next()
                self._all_heard.clear()
                self._tasks.work(self._wait_for(self._all_heard), "transcript")
            case SpeechHeard(utterance, text, True):
                self.remember("user", text)
                self._understood(utterance)
            case HearingFailed(utterance):
                self._understood(utterance)
            case _:
                pass

    def _end_of_next(self) -> int:
        """Where the utterance that is over ends in the backlog: at the next commit, else here."""
        known = max(self._ends.values(), default=0)
        commits = (place + 1 for place, block in enumerate(self._backlog) if block is None and place >= known)
        return next(commits, len(self._backlog))

    def _understood(self, utterance: str) -> None:
        self._drop(self._ends.pop(utterance, 0))
        if not self._ends:
            self._all_heard.set()

    def _drop(self, count: int) -> None:
        """The oldest of the backlog are not needed any more."""
        if count > 0:
            del self._backlog[:count]
            self._ends = {name: max(0, end - count) for name, end in self._ends.items()}

    async def _wait_for(self, event: asyncio.Event) -> None:
        """Under way: audio time that is not bound to a clock must not run ahead of the model."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._policy.answer_s):
                await event.wait()

    def _connect(self, *, is_drop: bool) -> None:
        self._connecting = self._tasks.work(self._replace(is_drop), "new session")

    async def _replace(self, is_drop: bool) -> None:
        """Hang up, open the next session with all that was said, and go on where the old one was."""
        old, self._session = self._session, None
        was_wanted = self._wanted
        if is_drop:
            self._ends.clear()
            self._all_heard.set()
            self.on_drop(was_wanted is not None)
        if old is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._policy.close_s):
                    await old.close()
        session = await self._try_to_open() if self._error is None else None
        self._connecting = None
        if session is None:
            self._reply_done.set()
            return
        self._take(session)
        for block in self._backlog:
            if block is None:
                session.commit()
            else:
                session.push(block)
        if self._wanted is not None:
            session.request(self._wanted)

    async def _try_to_open(self) -> RealtimeSession | None:
        error: ProviderError | None = None
        for delay_s in self._policy.backoff_s:
            await asyncio.sleep(delay_s)
            try:
                return await self._model.open(self._fresh_setup())
            except ProviderError as failure:
                error = failure
                if not failure.is_retryable:
                    break
        self._error = error
        return None
