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

  show(state: RoomState): void {
    this.state = state;
    this.receivedAt = performance.now();
    const title = state.bank_title || "Interview";
    element("title", HTMLElement).textContent = title;
    document.title = title;
    const { question_number: number, question_count: count } = state;
    element("progress", HTMLElement).textContent = number ? `Question ${number}${count ? ` of ${count}` : ""}` : "";
    const status = element("status", HTMLElement);
    const said = STATUS[state.phase][this.isObserver ? 1 : 0];
    if (status.textContent !== said) status.textContent = said;
    status.dataset["phase"] = state.phase;
    element("question-title", HTMLElement).textContent = number ? "Question" : "Now";
    const question = element("question", HTMLElement);
    const asked = state.text || "It will appear here.";
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
