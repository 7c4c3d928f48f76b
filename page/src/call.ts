// The connection to the room: tracks, captions, state, commands. Knows LiveKit, and no element of the page but audio.

import { DisconnectReason, LogLevel, Room, RoomEvent, Track, setLogLevel, type RemoteTrack } from "livekit-client";
import type { Pass } from "./link";
import {
  CAPTION_TOPIC,
  COMMAND_TOPIC,
  FINAL_ATTRIBUTE,
  INTERVIEWER,
  SEGMENT_ATTRIBUTE,
  STATE_TOPIC,
  commandBytes,
  parseState,
  type Command,
  type RoomState,
} from "./wire";

export interface Listener {
  onState(state: RoomState): void;
  onCaption(identity: string, segment: string, text: string, isFinal: boolean): void;
  /** Empty: connected again. */
  onTrouble(text: string): void;
  /** The call is over. `mayReturn`: nobody ended it on purpose. */
  onGone(mayReturn: boolean): void;
  onMicrophone(stream: MediaStream): void;
}

const ON_PURPOSE = [
  DisconnectReason.CLIENT_INITIATED,
  DisconnectReason.DUPLICATE_IDENTITY,
  DisconnectReason.PARTICIPANT_REMOVED,
  DisconnectReason.ROOM_DELETED,
];

export const TRYING_AGAIN = "The connection was lost. Trying again; nothing is lost.";

setLogLevel(LogLevel.warn);

export class Call {
  private readonly room = new Room({
    audioCaptureDefaults: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    // Speech is all there is: no gaps when it pauses, because silence is what turns are judged by.
    publishDefaults: { dtx: false, red: true },
  });

  constructor(private readonly listener: Listener) {
    const { room } = this;
    room.registerTextStreamHandler(CAPTION_TOPIC, (reader, sender) => {
      const { attributes = {}, id } = reader.info;
      const segment = attributes[SEGMENT_ATTRIBUTE] ?? id;
      const isFinal = attributes[FINAL_ATTRIBUTE] === "true";
      reader.readAll().then(
        (text) => listener.onCaption(sender.identity, segment, text, isFinal),
        () => {}, // its sender left in the middle of it: the next version comes whole
      );
    });
    room
      .on(RoomEvent.DataReceived, (payload, sender, _kind, topic) => {
        if (topic !== STATE_TOPIC || (sender && sender.identity !== INTERVIEWER)) return;
        const state = parseState(payload);
        if (state) listener.onState(state);
      })
      .on(RoomEvent.TrackSubscribed, (track) => play(track))
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((audio) => audio.remove()))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => {
        listener.onTrouble(room.canPlaybackAudio ? "" : "The browser holds the sound back: press any button here.");
      })
      .on(RoomEvent.MediaDevicesError, () => {
        listener.onTrouble("The microphone stopped working. Plug it in again, or choose another one.");
      })
      .on(RoomEvent.SignalReconnecting, () => listener.onTrouble(TRYING_AGAIN))
      .on(RoomEvent.Reconnecting, () => listener.onTrouble(TRYING_AGAIN))
      .on(RoomEvent.Reconnected, () => listener.onTrouble(""))
      .on(RoomEvent.Disconnected, (reason) => {
        listener.onGone(reason === undefined || !ON_PURPOSE.includes(reason));
      });
    // A browser lets sound begin only after somebody did something.
    document.addEventListener("click", () => void room.startAudio().catch(() => {}));
    window.addEventListener("pagehide", () => void room.disconnect());
  }

  async join(pass: Pass, microphone: string | null): Promise<void> {
    await this.room.connect(pass.url, pass.token);
    await this.room.startAudio().catch(() => {});
    if (microphone === null) return;
    await this.room.localParticipant.setMicrophoneEnabled(true, microphone ? { deviceId: { exact: microphone } } : {});
    this.followMicrophone();
  }

  async mute(isMuted: boolean): Promise<void> {
    await this.room.localParticipant.setMicrophoneEnabled(!isMuted);
    this.followMicrophone();
  }

  async send(command: Command): Promise<void> {
    await this.room.localParticipant.publishData(commandBytes(command), {
      reliable: true,
      topic: COMMAND_TOPIC,
      destinationIdentities: [INTERVIEWER],
    });
  }

  async leave(): Promise<void> {
    await this.room.disconnect();
  }

  private followMicrophone(): void {
    const track = this.room.localParticipant.getTrackPublication(Track.Source.Microphone)?.track?.mediaStreamTrack;
    if (track) this.listener.onMicrophone(new MediaStream([track]));
  }
}

function play(track: RemoteTrack): void {
  if (track.kind !== Track.Kind.Audio) return;
  const audio = track.attach();
  audio.hidden = true;
  document.body.append(audio);
}
