// What goes over the wire beside the sound. The schema is voiceprep/hosting/messages.schema.json.

export const STATE_TOPIC = "voiceprep.state";
export const COMMAND_TOPIC = "voiceprep.command";
export const CAPTION_TOPIC = "lk.transcription";
export const SEGMENT_ATTRIBUTE = "lk.segment_id";
export const FINAL_ATTRIBUTE = "lk.transcription_final";
export const INTERVIEWER = "interviewer";
export const CANDIDATE = "candidate";
export const OBSERVER_PREFIX = "observer-";
const VERSION = 1;

const PHASES = [
  "waiting",
  "starting",
  "thinking",
  "interviewer",
  "your_turn",
  "candidate",
  "paused",
  "device_lost",
  "ended",
  "refused",
] as const;

export type Phase = (typeof PHASES)[number];
export type Command = "repeat" | "skip" | "pause" | "go_on" | "done" | "end";

export interface RoomState {
  phase: Phase;
  at_ms: number;
  limit_ms: number | null;
  bank_title: string;
  question_number: number;
  question_count: number;
  text: string;
  notice: string;
  message: string;
}

/** The state in a data message; undefined for anything else than this version of it. */
export function parseState(payload: Uint8Array): RoomState | undefined {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
  if (typeof found !== "object" || found === null) return undefined;
  const { version, phase, at_ms, limit_ms, ...rest } = found as Record<string, unknown>;
  if (version !== VERSION || !PHASES.includes(phase as Phase) || typeof at_ms !== "number") return undefined;
  if (limit_ms !== null && typeof limit_ms !== "number") return undefined;
  const text = (name: string) => (typeof rest[name] === "string" ? rest[name] : "");
  const count = (name: string) => (typeof rest[name] === "number" ? rest[name] : 0);
  return {
    phase: phase as Phase,
    at_ms,
    limit_ms,
    bank_title: text("bank_title"),
    question_number: count("question_number"),
    question_count: count("question_count"),
    text: text("text"),
    notice: text("notice"),
    message: text("message"),
  };
}

export function commandBytes(command: Command): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, command }));
}
