"""Holds a retry of one question and shows how it compares. The old session is only read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches

from rich.console import Console
from rich.text import Text

from voiceprep.answers import AskedQuestion, merge_answers
from voiceprep.banks import find_bank
from voiceprep.errors import BankError, ConfigError, ExitCode
from voiceprep.language.plaintext import plain
from voiceprep.model import Bank, Question, QuestionScore
from voiceprep.practice.retry import compare, improvement
from voiceprep.recordings.comparison import save_comparison
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.reports.comparison import render_comparison
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.settings import Settings, load_settings
from voiceprep.terminal.order import Order
from voiceprep.terminal.run import PRACTICE, choose, hold_choice, quiet_when_fast
from voiceprep.terminal.self_scoring import rate_aloud
from voiceprep.wiring.choice import bank_folders_for, plan_for
from voiceprep.wiring.mode import choose_mode
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.sealing import seal_at_end


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The answer to be given again."""

    record: SessionRecord
    question: Question
    asked: AskedQuestion


def hold_retry(
    environment: Mapping[str, str], flags: Mapping[str, object | None], order: Order, which: str, question_id: str
) -> ExitCode:
    """Ask one question of a session again, compare both answers and keep the comparison. Raises VoiceprepError."""
    mode = choose_mode(load_settings(environment, flags, PRACTICE), environment)
    settings = replace(quiet_when_fast(mode.settings, order), questions=1, minutes=0.0)
    with open_session(find_session(recordings_for(settings), which), seal_for(settings)) as opened:
        earlier = _find(load_session(opened.folder), question_id)
    console = Console(stderr=order.is_json, highlight=False)
    asked_for = improvement(earlier.question, _earlier_score(earlier))
    if asked_for is not None:
        console.print(Text.assemble(("This time say: ", "bold"), plain(asked_for.text)))
    bank = _bank(settings, earlier)
    plan = plan_for(settings, bank, order.seed)
    order = replace(order, retry_of=earlier.record.info.id)
    choice = choose(settings, bank, plan, order, environment)
    record, code = hold_choice(choice, order)
    if order.is_self_scored and code is ExitCode.DONE:
        record = rate_aloud(record, console, choice)
    again = [asked for asked in merge_answers(record.turns) if asked.question_id == question_id]
    if not again:
        console.print("The question was not answered: there is nothing to compare.")
        return code
    comparison = compare(
        earlier.question,
        (earlier.record.info.id, earlier.asked),
        (record.info.id, again[0]),
        asked_for,
        OfflineJudge(),
    )
    save_comparison(record.folder, comparison)
    seal_at_end(record.folder)
    if order.is_json:
        print(json.dumps(asdict(comparison)))
    else:
        console.print(render_comparison(comparison, console.width))
    return code


def _find(record: SessionRecord, question_id: str) -> _Earlier:
    """Raises ConfigError."""
    answered = {asked.question_id: asked for asked in merge_answers(record.turns) if asked.transcript.words}
    known = {name: question for name, question in record.info.questions.items() if name in answered}
    if question_id in known:
        return _Earlier(record, known[question_id], answered[question_id])
    if not known:
        raise ConfigError(f"No question was answered in {record.info.id}.", "Name another session.")
    names = get_close_matches(question_id, known, 3) or sorted(known)
    raise ConfigError(
        f"{record.info.id} has no answer to a question {question_id!r}.", f"It has answers to: {', '.join(names)}."
    )


def _earlier_score(earlier: _Earlier) -> QuestionScore | None:
    scores = earlier.record.scores.questions if earlier.record.scores else ()
    return next((score for score in scores if score.question_id == earlier.question.id), None)


def _bank(settings: Settings, earlier: _Earlier) -> Bank:
    """The question as it was asked, with the glossary of its bank where that is still there."""
    info = earlier.record.info
    try:
        glossary = find_bank(info.bank_id, bank_folders_for(settings)).glossary
    except BankError:
        glossary = ()
    return Bank(info.bank_id, info.bank_title, (earlier.question,), glossary=glossary)
