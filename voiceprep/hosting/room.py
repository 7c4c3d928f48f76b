"""A LiveKit room as the host of a session: the candidate's track, the interviewer's track, messages.

Must not know how the room was entered or where the record is kept.
"""

from collections import deque
from contextlib import ExitStack

from livekit import rtc

from voiceprep.audio.line import SpeakerLine
from voiceprep.errors import ConfigError
from voiceprep.hosting.candidate_track import CandidateTrack
from voiceprep.hosting.messages import CANDIDATE, COMMAND_TOPIC, RoomCommand
from voiceprep.hosting.outbox import Outbox
from voiceprep.hosting.voice_track import LATENCY_MS, VoiceTrack, open_source, publish
from voiceprep.ports import Command
from voiceprep.tasks import Tasks
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.documents import remote_providers
from voiceprep.wiring.host import Ends
from voiceprep.wiring.stage import Stage

PATIENCE_S = 300.0
COMMANDS_MAX = 20


class RoomControls:
    """Buttons. More of them than anybody presses at once are dropped."""

    def __init__(self) -> None:
        self._commands: deque[Command] = deque(maxlen=COMMANDS_MAX)

    def take(self) -> Command | None:
        return self._commands.popleft() if self._commands else None

    def on_packet(self, packet: rtc.DataPacket) -> None:
        """From the candidate, or from the server on the organiser's behalf; anybody else has no say."""
        is_heard = packet.participant is None or packet.participant.identity == CANDIDATE
        if packet.topic != COMMAND_TOPIC or not is_heard:
            return
        try:
            self._commands.append(Command(RoomCommand.parse(packet.data).kind))
        except ConfigError:
            return  # not a button of this version


class RoomHost:
    """A `wiring.host.Host`. The room is connected and subscribes to nothing by itself."""

    def __init__(self, room: rtc.Room, tasks: Tasks, patience_s: float = PATIENCE_S) -> None:
        self.controls = RoomControls()
        self.outbox = Outbox(room.local_participant)
        self._room = room
        self._tasks = tasks
        self._candidate = CandidateTrack(room, tasks, patience_s)
        room.on("data_received", self.controls.on_packet)
        # Whoever connects cannot receive messages yet, and may be active before they are known to have connected.
        for moment in ("participant_connected", "participant_active"):
            room.on(moment, lambda participant: self.outbox.tell_again(participant.identity))
        tasks.watch(self.outbox.run(), "room messages")

    def notice(self, choice: Choice) -> str:
        if not choice.settings.notice:
            return ""
        remote = remote_providers(choice.settings)
        whereto = f" It also goes to {', '.join(remote)}." if remote else ""
        return f"This interview is recorded: what you say is kept by whoever invited you.{whereto}"

    async def open(self, stage: Stage, speaker: SpeakerLine) -> Ends:
        """Publish the voice, wait for the candidate. Raises AudioDeviceError when nobody comes."""
        choice = stage.choice
        self.outbox.tell(
            phase="waiting",
            bank_title=choice.plan.bank_title,
            question_count=len(choice.plan.questions),
            limit_ms=choice.plan.limit_ms,
            notice=self.notice(choice),
        )
        source, candidate = open_source(), self._candidate
        voice = VoiceTrack(speaker, source)
        await publish(self._room, source)
        await candidate.wait()
        speaker.connect(LATENCY_MS, lambda: candidate.captured_ms, voice.on_sound)
        candidate.connect(lambda: speaker.is_talking, voice.step)
        stage.tasks.watch(voice.run(), "interviewer's track")
        stage.tasks.watch(candidate.watch(stage.tell, lambda: stage.now_ms()), "candidate comes and goes")
        self.outbox.tell(phase="starting")
        opened = ExitStack()
        opened.callback(candidate.close)
        return Ends(candidate, [speaker.deliver], opened)
