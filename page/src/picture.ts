// What the interview looks like now: phase, question, time. Knows no connection.

import { element, show } from "./dom";
import type { Phase, RoomState } from "./wire";

const STATUS: Record<Phase, [candidate: string, observer: string]> = {
  waiting: ["Waiting for the interviewer", "Waiting for the interview to begin"],
  starting: ["One moment, it is about to begin", "It is about to begin"],
  thinking: ["One moment", "The interviewer is thinking"],
  interviewer: ["The interviewer is speaking", "The interviewer is speaking"],
  your_turn: ["Your turn. Take your time", "The candidate's turn"],
  candidate: ["You are being heard", "The candidate is speaking"],
  paused: ["Paused", "Paused"],
  device_lost: ["You cannot be heard at the moment", "The candidate cannot be heard at the moment"],
  ended: ["The interview is over", "The interview is over"],
  refused: ["The interview cannot begin", "The interview cannot begin"],
};
const WAITING_ROOM = "You will be let in soon. Stay on this page";
const CONNECTING = "Connecting again";
const NOTHING_ASKED = "The first question will appear here.";
const RUNNING: readonly Phase[] = ["thinking", "interviewer", "your_turn", "candidate"];

export class Picture {
  private state: RoomState | undefined;
  private receivedAt = 0;

  constructor(private readonly isObserver: boolean) {
    window.setInterval(() => this.tick(), 500);
  }

  get phase(): Phase {
    return this.state?.phase ?? "waiting";
  }

  /** In the room, before anything is known of the interview. */
  welcome(isLetIn: boolean): void {
    element("controls", HTMLElement).hidden = !isLetIn;
    if (this.state) return;
    this.say(isLetIn ? this.statusOf("waiting") : WAITING_ROOM, "waiting");
    element("question-title", HTMLElement).textContent = "Now";
    element("question", HTMLElement).textContent = NOTHING_ASKED;
  }

  /** The connection is lost, or there again. */
  cut(isCut: boolean): void {
    if (isCut) this.say(CONNECTING, "device_lost");
    else if (this.state) this.say(this.statusOf(this.state.phase), this.state.phase);
  }

  private statusOf(phase: Phase): string {
    return STATUS[phase][this.isObserver ? 1 : 0];
  }

  /** The same again is not read out again. */
  private say(text: string, phase: Phase): void {
    const status = element("status", HTMLElement);
    if (status.textContent !== text) status.textContent = text;
    status.dataset["phase"] = phase;
  }

  show(state: RoomState): void {
    this.state = state;
    this.receivedAt = performance.now();
    const title = state.bank_title || "Interview";
    element("title", HTMLElement).textContent = title;
    document.title = title;
    const { question_number: number, question_count: count } = state;
    element("progress", HTMLElement).textContent = number ? `Question ${number}${count ? ` of ${count}` : ""}` : "";
    this.say(this.statusOf(state.phase), state.phase);
    element("question-title", HTMLElement).textContent = number ? "Question" : "Now";
    const question = element("question", HTMLElement);
    const asked = state.text || NOTHING_ASKED;
    if (question.textContent !== asked) question.textContent = asked;
    show(element("notice", HTMLElement), state.notice);
    show(element("message", HTMLElement), state.message);
    this.tick();
  }

  /** The time left, counted on from the last state while the interview runs. */
  private tick(): void {
    const clock = element("clock", HTMLElement);
    const state = this.state;
    if (!state || state.limit_ms === null || state.phase === "ended") {
      clock.hidden = true;
      return;
    }
    const since = RUNNING.includes(state.phase) ? performance.now() - this.receivedAt : 0;
    const left = Math.max(0, Math.round((state.limit_ms - state.at_ms - since) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    clock.hidden = false;
  }
}
