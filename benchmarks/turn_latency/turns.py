"""One turn: when the answer really ended, when it was held to be over, when the reply reached the sink.

Pure: takes what a run reported and what the servers logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.emulator import ChatLog, Log, SpeechLog
from benchmarks.peers.runs import Run

REPLY_WITHIN_S = 8.0
SETTLE_S = 0.25
"""Audio that is handed over so soon after an answer began belongs to nothing in it."""


@dataclass(frozen=True)
class TurnResult:
    """Milliseconds from the true end of speech; None where it did not happen.

    `words_asked_ms`, `speech_asked_ms`: when the requests that made the first audio reached the servers.
    `overhead_ms`: from the decision to the first audio, less what the servers still owed when it was taken.
    """

    sound: str
    is_cut_in: bool
    decided_ms: float | None = None
    total_ms: float | None = None
    heard_ms: float | None = None
    overhead_ms: float | None = None
    owed_ms: float | None = None
    words_asked_ms: float | None = None
    speech_asked_ms: float | None = None


def turn_results(run: Run) -> list[TurnResult]:
    """Every answer of a run."""
    said = run.record["said"]
    ends_s = [*(entry["onset_s"] for entry in said[1:]), float("inf")]
    return [_result(entry, until_s, run) for entry, until_s in zip(said, ends_s, strict=True)]


def _result(said: dict[str, float | str], until_s: float, run: Run) -> TurnResult:
    onset_s, end_s, sound = float(said["onset_s"]), float(said["end_s"]), str(said["sound"])
    handed = [at for at in run.record["handed"] if onset_s + SETTLE_S < at < until_s]
    if handed and handed[0] < end_s:
        return TurnResult(sound, is_cut_in=True)
    first_s = handed[0] if handed else None
    if first_s is None:
        return TurnResult(sound, is_cut_in=False)
    heard = [start for start, _ in run.record["heard"] if end_s < start < until_s]
    decided = [at for at in run.record["decided"] if onset_s < at <= first_s]
    decided_s = decided[-1] if decided else first_s
    speech = first_speech(first_s, run.log)
    chat = None if speech is None else _chat_for(speech, run.log.chats)
    owed_s = owed(decided_s, speech, chat)
    return TurnResult(
        sound,
        is_cut_in=False,
        decided_ms=(decided_s - end_s) * 1000,
        total_ms=(first_s - end_s) * 1000,
        heard_ms=(heard[0] - end_s) * 1000 if heard else None,
        overhead_ms=(first_s - decided_s - owed_s) * 1000,
        owed_ms=owed_s * 1000,
        words_asked_ms=None if chat is None else (chat.arrived_s - end_s) * 1000,
        speech_asked_ms=None if speech is None else (speech.arrived_s - end_s) * 1000,
    )


def owed(decided_s: float, speech: SpeechLog | None, chat: ChatLog | None) -> float:
    """Seconds the servers still needed at the decision, at best: for the words, then for the first byte of speech.

    A request that was not made yet owes all of its delay, however late it was made.
    """
    if speech is None:
        return 0.0
    if speech.arrived_s <= decided_s:
        return max(0.0, speech.first_byte_s - decided_s)
    owed_s = speech.first_byte_s - speech.arrived_s
    if chat is not None and chat.opening_s > decided_s:
        owed_s += chat.opening_s - max(decided_s, chat.arrived_s)
    return owed_s


def first_speech(first_s: float, log: Log) -> SpeechLog | None:
    """The newest request for a first sentence whose sound had begun to come."""
    openings = {chat.opening for chat in log.chats}
    asked = [entry for entry in log.speeches if entry.text.strip() in openings or not log.chats]
    begun = [entry for entry in asked if 0 < entry.first_byte_s <= first_s]
    return max(begun, key=lambda entry: entry.first_byte_s, default=None)


def _chat_for(speech: SpeechLog, chats: Sequence[ChatLog]) -> ChatLog | None:
    asked = [chat for chat in chats if chat.opening == speech.text.strip() and chat.arrived_s <= speech.arrived_s]
    return asked[-1] if asked else None
