"""Shows what works on this machine: devices, levels, models, keys. Never shows a key."""

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.text import Text

from voiceprep import __version__
from voiceprep.audio.measure import LevelReading
from voiceprep.errors import ConfigError, ExitCode, RecordingError, VoiceprepError
from voiceprep.language.plaintext import plain
from voiceprep.providers.registry import Provider, providers
from voiceprep.settings import Settings, load_settings, settings_path
from voiceprep.terminal.meters import level_graph, level_text
from voiceprep.wiring.choice import keys_for, load_bank_for
from voiceprep.wiring.models import model_checks
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.sealing import check_sealing

LISTEN_S = 3.0
QUIET_DBFS = -45.0
GRAPH_CHARS = 30
BYTES_PER_HOUR = 3600 * 2 * (16_000 + 24_000)
"""Both tracks."""


class Status(StrEnum):
    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's. `hint` says what to do when it is not ok."""

    name: str
    status: Status
    detail: str
    hint: str = ""


def show_devices(is_json: bool) -> None:
    """Print every sound device. Raises AudioDeviceError."""
    from voiceprep.audio.portaudio import NO_DEVICE_HINT, list_devices

    found = list_devices()
    if is_json:
        print(json.dumps([asdict(device) for device in found]))
        return
    if not found:
        print(f"No sound device found. {NO_DEVICE_HINT}")
    for side, option in (("microphone", "--mic"), ("speaker", "--speaker")):
        wanted = [d for d in found if (d.input_channels if side == "microphone" else d.output_channels) > 0]
        if wanted:
            print(f"{side.capitalize()}s ({option}):")
        for device in wanted:
            is_default = device.is_default_microphone if side == "microphone" else device.is_default_speaker
            name, default = f"{plain(device.name)}  [{plain(device.host_api)}]", "  (default)" * is_default
            print(f"  {device.index:3d}  {name}{default}")


def show_doctor(
    environment: Mapping[str, str],
    recordings: str | None,
    *,
    is_json: bool,
    is_listening: bool,
    bundle: Path | None = None,
) -> ExitCode:
    """Run every check, print as they come; UNEXPECTED when something needed does not work. `bundle`: where to put
    what a maintainer needs. Raises ConfigError."""
    settings = load_settings(environment, {"recordings": recordings})
    console = Console(highlight=False, stderr=is_json)
    findings = []
    for finding in _findings(environment, settings, is_listening):
        findings.append(finding)
        if not is_json:
            _print(console, finding)
    if is_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    if bundle is not None:
        from voiceprep.terminal.bundling import write_bundle

        write_bundle(bundle, findings, settings, environment)
        print(f"{bundle}: no key and nothing that was said is in it; look before you send it.", file=sys.stderr)
    has_problem = any(finding.status is Status.PROBLEM for finding in findings)
    return ExitCode.UNEXPECTED if has_problem else ExitCode.DONE


def _print(console: Console, finding: Finding) -> None:
    mark, style = {Status.OK: ("✓", "green"), Status.NOTE: ("·", "yellow"), Status.PROBLEM: ("✗", "red")}[
        finding.status
    ]
    console.print(Text.assemble((mark, style), f" {finding.name:<12} ", finding.detail))
    if finding.hint:
        console.print(Text(f"    {finding.hint}", style="dim"))


def _findings(environment: Mapping[str, str], settings: Settings, is_listening: bool) -> Iterator[Finding]:
    yield Finding(
        "program", Status.OK, f"voiceprep {__version__}, Python {platform.python_version()}, {sys.platform}"
    )
    yield _attempt("settings", lambda: f"{settings_path(environment)} {_is_there(settings_path(environment))}")
    yield _attempt("recordings", lambda: _check_recordings(recordings_for(settings)))
    if settings.encrypt_to:
        yield _attempt("sealing", lambda: _check_sealing(settings))
    yield _attempt("bank", lambda: _describe_bank(settings))
    yield from _model_findings()
    yield from _sound_findings(settings, is_listening)
    yield from _provider_findings(environment)


def _provider_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        known = keys_for(environment)
    except ConfigError as error:
        yield Finding("keys", Status.PROBLEM, error.message, error.hint)
        known = dict(environment)
    for provider in providers().values():
        yield _provider_finding(provider, known)


def _provider_finding(provider: Provider, environment: Mapping[str, str]) -> Finding:
    does = ", ".join(provider.stages)
    if provider.has_key(environment):
        key = "key is set" if provider.key_names else "needs no key"
        return Finding(provider.name, Status.OK, f"{provider.title}: {does}; {key}")
    detail = f"{provider.title}: {does}; set {' or '.join(provider.key_names)} to use it"
    return Finding(provider.name, Status.NOTE, detail)


def _attempt(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, Status.OK, check())
    except VoiceprepError as error:
        return Finding(name, Status.PROBLEM, error.message, error.hint)


def _is_there(path: Path) -> str:
    return "" if path.is_file() else "(not there; defaults are used)"


def _check_recordings(folder: Path) -> str:
    place = folder if folder.exists() else next(parent for parent in folder.parents if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise RecordingError(f"{folder} cannot be written.", "Name another folder with --recordings DIR.")
    free_gb = shutil.disk_usage(place).free / 1e9
    hours = free_gb * 1e9 / BYTES_PER_HOUR
    if hours < 1:
        raise RecordingError(f"{place} has room for less than an hour of recording.", "Make some room.")
    return f"{folder}, {free_gb:.0f} GB free"


def _check_sealing(settings: Settings) -> str:
    check_sealing(settings)
    seal = seal_for(settings)
    place = f"private key in {seal.identity}" if seal.has_identity else "no private key here to read them"
    return f"sessions are sealed to {len(seal.recipients)} public key{'s' * (len(seal.recipients) != 1)}; {place}"


def _describe_bank(settings: Settings) -> str:
    bank = load_bank_for(settings)
    return f"{bank.id}: {len(bank.questions)} questions"


def _model_findings() -> Iterator[Finding]:
    for name, load in model_checks():
        started_s = time.perf_counter()
        finding = _attempt(name, load)
        took_ms = (time.perf_counter() - started_s) * 1000
        yield replace(finding, detail=f"{finding.detail} ({took_ms:.0f} ms)")


def _sound_findings(settings: Settings, is_listening: bool) -> Iterator[Finding]:
    from voiceprep.audio.device import DeviceChoice
    from voiceprep.audio.measure import measure_level, measure_loopback_latency
    from voiceprep.audio.portaudio import list_devices

    try:
        found = list_devices()
    except VoiceprepError as error:
        yield Finding("sound", Status.PROBLEM, error.message, error.hint)
        return
    microphones = sum(device.input_channels > 0 for device in found)
    speakers = sum(device.output_channels > 0 for device in found)
    has_both = bool(microphones and speakers)
    yield Finding(
        "sound",
        Status.OK if has_both else Status.PROBLEM,
        f"{microphones} microphones, {speakers} loudspeakers",
        "" if has_both else "Plug in a headset, or use --mic keyboard and --speaker none.",
    )
    choice = DeviceChoice(settings.mic or "default", settings.speaker or "default")
    if microphones and is_listening:
        yield _listen(lambda: measure_level(choice, LISTEN_S))
    if has_both and is_listening:
        yield _loop(lambda: measure_loopback_latency(choice))


def _listen(measure: Callable[[], LevelReading]) -> Finding:
    try:
        reading = measure()
    except VoiceprepError as error:
        return Finding("microphone", Status.PROBLEM, error.message, error.hint)
    picture = level_graph(reading.levels_dbfs, GRAPH_CHARS)
    detail = f"{picture} loudest {level_text(reading.peak_dbfs)}, {reading.device}"
    if reading.is_digital_silence:
        return Finding("microphone", Status.PROBLEM, detail, "Nothing but digital silence: unmute it.")
    if reading.peak_dbfs < QUIET_DBFS:
        return Finding("microphone", Status.NOTE, detail, "Quiet. Speak while this runs, or turn the level up.")
    if reading.is_clipped:
        return Finding("microphone", Status.NOTE, detail, "Too loud: turn the level down.")
    return Finding("microphone", Status.OK, detail)


def _loop(measure: Callable[[], int | None]) -> Finding:
    try:
        latency_ms = measure()
    except VoiceprepError as error:
        return Finding("round trip", Status.PROBLEM, error.message, error.hint)
    if latency_ms is None:
        return Finding("round trip", Status.OK, "the microphone does not hear the loudspeaker, as with headphones")
    hint = "The microphone hears the loudspeaker: use headphones, or --echo-cancel."
    return Finding("round trip", Status.NOTE, f"{latency_ms} ms from loudspeaker to microphone", hint)
