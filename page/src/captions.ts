// Captions: a line a segment, its newest version, whoever said it.

import { CANDIDATE, INTERVIEWER } from "./wire";

const LINES_MAX = 200;

export class Captions {
  private readonly lines = new Map<string, HTMLElement>();

  constructor(
    private readonly list: HTMLElement,
    private readonly ownName: string,
  ) {
    // A narrower page or a longer question leaves less room: the newest words stay in sight.
    new ResizeObserver(() => (this.list.scrollTop = this.list.scrollHeight)).observe(list);
  }

  show(identity: string, segment: string, text: string, isFinal: boolean): void {
    const key = `${identity} ${segment}`;
    let line = this.lines.get(key);
    if (!line) {
      line = this.add(identity);
      this.lines.set(key, line);
    }
    const isAtEnd = this.list.scrollTop + this.list.clientHeight >= this.list.scrollHeight - 40;
    const words = line.querySelector(".words");
    if (words) words.textContent = text;
    line.classList.toggle("draft", !isFinal);
    line.hidden = text.trim() === "";
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  private add(identity: string): HTMLElement {
    const line = document.createElement("li");
    const who = document.createElement("span");
    const words = document.createElement("span");
    line.className = identity === INTERVIEWER ? "interviewer" : "candidate";
    who.className = "who";
    who.textContent = identity === INTERVIEWER ? "Interviewer" : identity === CANDIDATE ? this.ownName : identity;
    words.className = "words";
    line.append(who, " ", words);
    this.list.append(line);
    if (this.list.children.length > LINES_MAX) this.forgetFirst();
    return line;
  }

  private forgetFirst(): void {
    const first = this.list.firstElementChild;
    for (const [key, line] of this.lines) if (line === first) this.lines.delete(key);
    first?.remove();
  }
}
