// Before the interview: the microphone is tried, the recording agreed to. Resolves when somebody joins.

import { element, show } from "./dom";
import { Level, microphones, openMicrophone, playTone } from "./sound";

export class Lobby {
  private readonly form = element("lobby", HTMLFormElement);
  private readonly choice = element("microphone", HTMLSelectElement);
  private readonly join = element("join", HTMLButtonElement);
  private readonly heard = element("heard", HTMLElement);
  private readonly level = new Level(element("level", HTMLMeterElement), () => {
    const told = "We can hear you.";
    if (this.heard.textContent !== told) this.heard.textContent = told;
  });
  private stream: MediaStream | undefined;

  constructor(private readonly isObserver: boolean) {
    this.form.addEventListener("submit", (submitted) => submitted.preventDefault());
    element("tone", HTMLButtonElement).addEventListener("click", playTone);
    this.choice.addEventListener("change", () => void this.tryMicrophone());
    element("consent", HTMLInputElement).required = !isObserver;
    this.join.textContent = isObserver ? "Listen" : "Begin the interview";
  }

  /** Waits for the button; afterwards the microphone is free again. Gives its device id. */
  async open(): Promise<string> {
    this.form.hidden = false;
    const joined = new Promise<void>((resolve) => {
      this.form.addEventListener("submit", () => resolve(), { once: true });
    });
    if (this.isObserver) this.join.disabled = false;
    else await this.tryMicrophone();
    await joined;
    this.join.disabled = true;
    const used = this.choice.value;
    this.close();
    return used;
  }

  /** Something kept the joining from working: say what, and let it be tried again. */
  refuse(why: string): void {
    this.join.disabled = false;
    show(element("banner", HTMLElement), why);
  }

  done(): void {
    this.form.hidden = true;
  }

  private async tryMicrophone(): Promise<void> {
    this.close();
    try {
      this.stream = await openMicrophone(this.choice.value);
    } catch (error) {
      this.join.disabled = true;
      show(element("banner", HTMLElement), error instanceof Error ? error.message : String(error));
      return;
    }
    show(element("banner", HTMLElement), "");
    this.join.disabled = false;
    this.level.follow(this.stream);
    if (!this.choice.options.length) {
      const used = this.stream.getAudioTracks()[0]?.getSettings().deviceId;
      for (const device of await microphones()) {
        this.choice.add(new Option(device.label || "Microphone", device.deviceId, false, device.deviceId === used));
      }
    }
  }

  private close(): void {
    this.level.stop();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
  }
}
