"""What earlier sessions say about what to ask, for planning. A broken past never stops an interview."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from voiceprep.errors import VoiceprepError
from voiceprep.model import NO_HISTORY, Bank, History, Question
from voiceprep.practice.deck import due_questions, update_cards
from voiceprep.practice.recall import asked_counts, history_for
from voiceprep.recordings.age import Seal
from voiceprep.recordings.index import open_index


def recall(recordings_dir: Path, seal: Seal, bank_id: str, now: datetime) -> History:
    """The history of one bank; empty where it cannot be read."""
    with suppress(VoiceprepError), open_index(recordings_dir, seal) as index:
        update_cards(index)
        return history_for(index, bank_id, now)
    return NO_HISTORY


def reworded(recordings_dir: Path, seal: Seal, bank: Bank) -> Bank:
    """Every question in its next wording: one that comes again is asked in other words, where its bank has some."""
    counts: dict[str, int] = {}
    with suppress(VoiceprepError), open_index(recordings_dir, seal) as index:
        counts = asked_counts(index, bank.id)
    return replace(bank, questions=tuple(_worded(each, counts.get(each.id, 0)) for each in bank.questions))


def _worded(question: Question, asked_count: int) -> Question:
    texts = (question.text, *question.wordings)
    return replace(question, text=texts[asked_count % len(texts)])


def most_urgent_bank(recordings_dir: Path, seal: Seal, preferred: str, now: datetime) -> str | None:
    """The bank to practise from: `preferred` when something of it is due, else the most urgent one; None: nothing.

    Raises VoiceprepError.
    """
    with open_index(recordings_dir, seal) as index:
        update_cards(index)
        banks = [due.bank for due in due_questions(index, now)]
    return preferred if preferred in banks else next(iter(banks), None)


def only_due(bank: Bank, history: History) -> Bank:
    """The questions of a bank that are due, and no other."""
    return replace(bank, questions=tuple(each for each in bank.questions if each.id in history.due))
