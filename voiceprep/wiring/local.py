"""The host that is this machine: devices, files, a keyboard, or a candidate made of code."""

from contextlib import ExitStack
from pathlib import Path

from voiceprep.audio.candidate import SimulatedCandidate
from voiceprep.audio.device import DeviceChoice, DeviceNews, open_devices
from voiceprep.audio.echo import EchoCanceller
from voiceprep.audio.files import SilentSource, WavSink, WavSource
from voiceprep.audio.line import BlockSource, BlockTap, SpeakerLine
from voiceprep.audio.streams import RateConverter
from voiceprep.events import (
    DeviceLost,
    DeviceReturned,
    HintGiven,
)
from voiceprep.ports import (
    MICROPHONE_RATE_HZ,
    SPEAKER_RATE_HZ,
    Controls,
)
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.wiring.choice import LOCAL, Choice, is_wav
from voiceprep.wiring.host import Ends
from voiceprep.wiring.notice import consent_line
from voiceprep.wiring.stage import Stage


class LocalHost:
    """A `host.Host` over whatever the settings name."""

    def __init__(self, controls: Controls) -> None:
        self.controls = controls

    def notice(self, choice: Choice) -> str:
        return consent_line(choice)

    async def open(self, stage: Stage, speaker: SpeakerLine) -> Ends:
        choice, settings = stage.choice, stage.choice.settings
        with ExitStack() as undo:
            source = _open_source(stage)
            if source is not None:
                undo.callback(source.close)
            if choice.uses_microphone or choice.uses_speaker:
                device_choice = DeviceChoice(
                    microphone=(settings.mic or "default") if choice.uses_microphone else None,
                    speaker=(settings.speaker or "default") if choice.uses_speaker else None,
                )
                device = await open_devices(device_choice, speaker, stage.tasks, _news(stage))
                undo.callback(device.close)
                source = device.source if source is None else device.guard(source)
                if settings.echo_cancel and choice.uses_microphone and choice.uses_speaker:
                    source = EchoCanceller(source, speaker)
            assert source is not None  # either a file, a candidate, a keyboard or a device
            taps: list[BlockTap] = [speaker.deliver if choice.uses_speaker else speaker.play_block]
            if choice.candidate is not None and choice.uses_speaker:
                upward = RateConverter(MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ)
                taps.append(lambda block: speaker.mix_in(upward.convert(block.samples)))
            if is_wav(settings.speaker):
                undo.callback(_add_sink(speaker, Path(settings.speaker)).close)
            return Ends(source, taps, undo.pop_all())


def _add_sink(speaker: SpeakerLine, path: Path) -> WavSink:
    sink = WavSink(path.expanduser())
    speaker.add_tap(sink.write)
    return sink


def _open_source(stage: Stage) -> BlockSource | None:
    """Where the candidate's audio comes from when it is no device."""
    choice = stage.choice
    if choice.candidate is not None:
        own = stage.synthesizer if choice.settings.tts == LOCAL else None
        voice = own or HibariSynthesizer(stage.tasks, choice.bank.glossary)
        candidate = SimulatedCandidate(
            choice.candidate, choice.bank, voice, stage.tasks, stage.pace(), seed=choice.plan.seed
        )
        stage.listeners.append(candidate.on_event)
        return candidate
    if choice.is_typed:
        return SilentSource(stage.pace())
    if is_wav(choice.settings.mic):
        return WavSource(Path(choice.settings.mic).expanduser(), stage.pace())
    return None


def _news(stage: Stage) -> DeviceNews:
    def lost(device: str, message: str) -> None:
        stage.tell(DeviceLost(at_ms=stage.now_ms(), device=device, message=message))

    def returned(device: str, name: str) -> None:
        stage.tell(DeviceReturned(at_ms=stage.now_ms(), device=device, name=name))

    def hint(message: str) -> None:
        stage.tell(HintGiven(at_ms=stage.now_ms(), message=message))

    return DeviceNews(lost, returned, hint)
