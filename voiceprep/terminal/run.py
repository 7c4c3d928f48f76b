"""Holds an interview at this terminal: screen and keys around wiring, the report at the end.

Must not know how a session works inside.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_cache_path
from rich.console import Console

from voiceprep.audio.candidate import CandidateStyle
from voiceprep.audio.portaudio import list_devices
from voiceprep.conduct.planning import Plan
from voiceprep.errors import AudioDeviceError, BankError, ExitCode, VoiceprepError
from voiceprep.language.plaintext import plain
from voiceprep.model import Bank, Question
from voiceprep.network import forbid_network
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.reader import SessionRecord
from voiceprep.settings import Settings, load_settings
from voiceprep.terminal.interrupt import Interruptible
from voiceprep.terminal.keys import Keyboard, NoControls, TypedAnswers, open_keyboard
from voiceprep.terminal.order import Order
from voiceprep.terminal.plan_view import show_plan
from voiceprep.terminal.report_views import print_json, print_report
from voiceprep.terminal.screen import open_screen
from voiceprep.terminal.self_scoring import rate_aloud
from voiceprep.weights import keep_memory_small
from voiceprep.wiring.choice import NO_MODEL, S2S, Choice, keys_for, load_bank_for, plan_for, plan_of
from voiceprep.wiring.documents import OwnDocuments, OwnMaterial, own_material, what_is_sent
from voiceprep.wiring.local import LocalHost
from voiceprep.wiring.mode import choose_mode
from voiceprep.wiring.notice import announced
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.recall import most_urgent_bank, only_due, recall, reworded
from voiceprep.wiring.resuming import bank_of, earlier, settings_of, take_up
from voiceprep.wiring.rewording import word_freely
from voiceprep.wiring.sessions import Held, hold

Flags = Mapping[str, object | None]


def hold_interview(environment: Mapping[str, str], flags: Flags, order: Order) -> ExitCode:
    """Hold it, show the report, say where everything is. Raises VoiceprepError."""
    mode = choose_mode(load_settings(environment, flags), environment)
    return _hold(quiet_when_fast(mode.settings, order), order, environment)


PRACTICE = Settings(minutes=5.0, mode="auto")
"""What a practice is when nobody says otherwise."""


def hold_practice(environment: Mapping[str, str], flags: Flags, order: Order) -> ExitCode:
    """A short drill. Says which engines it runs on. Raises VoiceprepError."""
    mode = choose_mode(load_settings(environment, flags, PRACTICE), environment)
    print(mode.told, file=sys.stderr, flush=True)
    settings = quiet_when_fast(mode.settings, order)
    if order.is_due:
        preferred = load_bank_for(settings).id
        urgent = most_urgent_bank(recordings_for(settings), seal_for(settings), preferred, datetime.now(UTC))
        if urgent is None or (flags.get("bank") is not None and urgent != preferred):
            print("Nothing is due. Leave out --due for other questions.")
            return ExitCode.DONE
        settings = settings if urgent == preferred else replace(settings, bank=urgent)
    return _hold(settings, order, environment)


def quiet_when_fast(settings: Settings, order: Order) -> Settings:
    is_silent = order.candidate is not None and order.is_fast and not settings.speaker
    return replace(settings, speaker="none") if is_silent else settings


def resume_interview(environment: Mapping[str, str], which: str, flags: Flags, order: Order) -> ExitCode:
    """Go on with a session that was broken off, in the same record. Raises VoiceprepError."""
    preferred = load_settings(environment, flags)
    record = take_up(find_session(recordings_for(preferred), which), seal_for(preferred))
    settings = quiet_when_fast(load_settings(environment, {**settings_of(record), **flags}), order)
    bank = bank_of(record, settings)
    choice = choose(settings, bank, plan_of(record.info), order, environment)
    return _hold_and_show(replace(choice, earlier=earlier(record)), order)


def hold_demo(environment: Mapping[str, str], flags: Flags, order: Order, is_fast: bool | None) -> ExitCode:
    """The same with a simulated candidate; without a loudspeaker it runs on audio time."""
    settings = replace(load_settings(environment, flags), mode="cascaded")
    if not settings.speaker and is_fast is not True and not _has_speaker():
        print(
            "No loudspeaker found: running faster than real time. Listen to the recording afterwards.", flush=True
        )
        is_fast = True
    if is_fast and not settings.speaker:
        settings = replace(settings, speaker="none")
    return _hold(settings, replace(order, is_fast=bool(is_fast)), environment)


def _has_speaker() -> bool:
    try:
        return any(device.output_channels > 0 for device in list_devices())
    except AudioDeviceError:
        return False


def _hold(settings: Settings, order: Order, environment: Mapping[str, str]) -> ExitCode:
    bank = load_bank_for(settings)
    if bank.draft:
        _check_named(bank, order)
    own = _own_material(settings, bank, order, environment)
    plan = replace(_plan(settings, bank, order, own.questions), is_coached=order.is_coached)
    if order.is_plan:
        show_plan(plan, order.is_json)
        return ExitCode.DONE
    return _hold_and_show(replace(choose(settings, bank, plan, order, environment), usages=own.usages), order)


def _check_named(bank: Bank, order: Order) -> None:
    """Nobody is asked a draft's questions by accident. Raises BankError."""
    if not order.is_bank_named:
        hint = f"Review it and take out the line 'draft: true', or name it: --bank {bank.id}"
        raise BankError(f"{bank.id} is a draft that nobody has reviewed.", hint)
    print(f"{bank.id} is a draft: its questions have not been reviewed.", file=sys.stderr, flush=True)


def _plan(settings: Settings, bank: Bank, order: Order, own: Sequence[Question]) -> Plan:
    """With a seed of one's own the same questions come again, whatever was asked before."""
    if order.seed is not None and not order.is_due:
        return plan_for(settings, bank, order.seed, order.topics, own=own)
    history = recall(recordings_for(settings), seal_for(settings), bank.id, datetime.now(UTC))
    bank = reworded(recordings_for(settings), seal_for(settings), bank)
    if order.is_due:
        return plan_for(settings, only_due(bank, history), order.seed, (), history, due_share=1.0)
    return plan_for(settings, bank, order.seed, order.topics, history, own=own)


def choose(settings: Settings, bank: Bank, plan: Plan, order: Order, environment: Mapping[str, str]) -> Choice:
    style = None if order.candidate is None else CandidateStyle(order.candidate)
    return Choice(settings, bank, plan, keys_for(environment), style, order.is_fast, retry_of=order.retry_of)


def _hold_and_show(choice: Choice, order: Order) -> ExitCode:
    record, code = hold_choice(choice, order)
    if order.is_self_scored and code is ExitCode.DONE:
        record = rate_aloud(record, Console(stderr=order.is_json, highlight=False), choice)
    if order.is_json:
        print_json(record)
    else:
        print_report(record, Console(highlight=False))
    return code


def hold_choice(choice: Choice, order: Order) -> tuple[SessionRecord, ExitCode]:
    """Hold what was chosen; the record, and how the command ends. Raises VoiceprepError."""
    keep_memory_small()
    if choice.settings.offline:
        forbid_network()
    console = Console(stderr=order.is_json, highlight=False)
    controls = Interruptible(_open_controls(choice))
    folders: list[Path] = []
    held = _hold_on_screen(announced(choice), controls, console, folders)
    for problem in held.problems:
        print(plain(problem), file=sys.stderr, flush=True)
    return held.record, ExitCode.INTERRUPTED if controls.is_interrupted else ExitCode.DONE


def _own_material(settings: Settings, bank: Bank, order: Order, environment: Mapping[str, str]) -> OwnMaterial:
    """Questions from the candidate's documents; what is to be known about them goes to stderr."""
    documents = OwnDocuments(order.resume, order.job, order.notes)
    if not documents:
        return OwnMaterial()
    material = own_material(documents, bank, user_cache_path("voiceprep"))
    for remark in (what_is_sent(documents, settings), *material.remarks):
        print(plain(remark), file=sys.stderr, flush=True)
    if settings.llm == NO_MODEL or settings.mode == S2S or not material.questions:
        return material
    worded = word_freely(material.questions, settings, keys_for(environment))
    print(plain(*worded.remarks), file=sys.stderr, flush=True)
    return worded


def _hold_on_screen(choice: Choice, controls: Interruptible, console: Console, folders: list[Path]) -> Held:
    is_plain = choice.settings.plain or choice.is_typed
    screen = open_screen(console, choice.bank.title, choice.plan.limit_ms or 0, is_plain)
    screen.keys_line = controls.keys_line
    try:
        with controls, screen:
            return asyncio.run(controls.watch(hold(choice, LocalHost(controls), screen.on_event, folders.append)))
    except (VoiceprepError, asyncio.CancelledError) as error:
        if folders:
            console.print(f"What was recorded is kept in {folders[0]}", soft_wrap=True)
        if isinstance(error, asyncio.CancelledError):
            raise KeyboardInterrupt from error
        raise


def _open_controls(choice: Choice) -> Keyboard | TypedAnswers | NoControls:
    if choice.is_typed:
        return TypedAnswers()
    return open_keyboard()
