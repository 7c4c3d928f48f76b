// The connection to the room: tracks, captions, state, commands. Knows LiveKit, and no element of the page but audio.

import {
  DisconnectReason,
  LogLevel,
  Room,
  RoomEvent,
  Track,
  createLocalAudioTrack,
  setLogLevel,
  type LocalTrack,
  type RemoteTrack,
} from "livekit-client";
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

export interface Microphone {
  /** Empty: the one the browser prefers. */
  deviceId: string;
  isMuted: boolean;
}

export interface Listener {
  onState(state: RoomState): void;
  onCaption(identity: string, segment: string, text: string, isFinal: boolean): void;
  /** Empty: it is over. */
  onTrouble(text: string): void;
  /** The connection is lost and tried again, or there again. */
  onCut(isCut: boolean): void;
  /** In the room, and whether one may speak in it: in a waiting room only once the organiser has opened the door. */
  onEntered(maySpeak: boolean): void;
  onGone(why: Goodbye): void;
  onMicrophone(stream: MediaStream): void;
}

/** Why the call is over: somebody ended it, the same person came in elsewhere, or nobody wanted it. */
export type Goodbye = "closed" | "elsewhere" | "lost";

const CLOSED = [
  DisconnectReason.CLIENT_INITIATED,
  DisconnectReason.PARTICIPANT_REMOVED,
  DisconnectReason.ROOM_DELETED,
  DisconnectReason.ROOM_CLOSED,
];


const NO_MICROPHONE = "The microphone stopped working. Plug it in again, or choose another one.";
const CAPTURE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

setLogLevel(LogLevel.warn);

export class Call {
  private microphone: Microphone | undefined;
  private readonly room = new Room({
    audioCaptureDefaults: CAPTURE,
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
        listener.onTrouble(NO_MICROPHONE);
      })
      .on(RoomEvent.SignalReconnecting, () => listener.onCut(true))
      .on(RoomEvent.Reconnecting, () => listener.onCut(true))
      .on(RoomEvent.Reconnected, () => listener.onCut(false))
      .on(RoomEvent.ParticipantPermissionsChanged, (_before, participant) => {
        if (participant === room.localParticipant) void this.speak().catch(() => listener.onTrouble(NO_MICROPHONE));
      })
      .on(RoomEvent.Disconnected, (reason) => listener.onGone(goodbye(reason)));
    // A browser lets sound begin only after somebody did something.
    document.addEventListener("click", () => void room.startAudio().catch(() => {}));
    window.addEventListener("pagehide", () => void room.disconnect());
  }

  /** `microphone`: undefined for somebody who only listens. */
  async join(pass: Pass, microphone: Microphone | undefined): Promise<void> {
    this.microphone = microphone;
    await this.room.connect(pass.url, pass.token);
    await this.room.startAudio().catch(() => {});
    await this.speak();
  }

  /** The microphone goes out as soon as it may: whoever comes back muted is muted from the first moment on. */
  private async speak(): Promise<void> {
    const { localParticipant: self } = this.room;
    const maySpeak = self.permissions?.canPublish === true;
    this.listener.onEntered(maySpeak);
    if (!this.microphone || !maySpeak || self.getTrackPublication(Track.Source.Microphone)) return;
    const { deviceId, isMuted } = this.microphone;
    const track = await createLocalAudioTrack({ ...CAPTURE, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) });
    if (isMuted) await track.mute();
    await self.publishTrack(track as LocalTrack, { source: Track.Source.Microphone });
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

function goodbye(reason: DisconnectReason | undefined): Goodbye {
  if (reason === DisconnectReason.DUPLICATE_IDENTITY) return "elsewhere";
  return reason !== undefined && CLOSED.includes(reason) ? "closed" : "lost";
}

function play(track: RemoteTrack): void {
  if (track.kind !== Track.Kind.Audio) return;
  const audio = track.attach();
  audio.hidden = true;
  document.body.append(audio);
}
