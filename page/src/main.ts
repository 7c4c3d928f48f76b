// Puts the page together: lobby, call, what is shown, buttons. The token decides between candidate and observer.

import "./style.css";
import { Call, TRYING_AGAIN, type Listener } from "./call";
import { Captions } from "./captions";
import { element, show } from "./dom";
import { askForPass, invitation, isObserver } from "./link";
import { Lobby } from "./lobby";
import { Picture } from "./picture";
import { Level } from "./sound";
import type { Command, RoomState } from "./wire";

const RETURNS_MAX = 3;
const isListening = isObserver(invitation());
const role = isListening ? "observer" : "candidate";
const banner = element("banner", HTMLElement);
const picture = new Picture(isListening);
const captions = new Captions(element("captions", HTMLElement), isListening ? "Candidate" : "You");
const level = new Level(element("live-level", HTMLMeterElement));
let microphone: string | null = null;
let returns = 0;
let isMuted = false;
let isOver = false;
let goodbye = "Thank you. You may close this page.";

const listener: Listener = {
  onState(state: RoomState): void {
    picture.show(state);
    element("pause", HTMLButtonElement).textContent = state.phase === "paused" ? "Go on" : "Pause";
    returns = 0;
    if (state.phase === "ended" || state.phase === "refused") {
      if (state.message) goodbye = state.message;
      finish(state.phase === "ended" ? "The interview is over" : "The interview cannot begin");
    }
  },
  onCaption(identity, segment, text, isFinal): void {
    captions.show(identity, segment, text, isFinal);
  },
  onTrouble(text): void {
    show(banner, text);
  },
  onGone(mayReturn): void {
    level.stop();
    if (isOver) return;
    if (mayReturn && returns < RETURNS_MAX) {
      returns += 1;
      show(banner, TRYING_AGAIN);
      window.setTimeout(() => void enter(), 1000 * returns);
    } else if (mayReturn) {
      goodbye = "Check your connection. What was said is kept, and the interview waits for you.";
      finish("The connection was lost", true);
    } else {
      finish("The interview is over");
    }
  },
  onMicrophone(stream): void {
    level.follow(stream);
  },
};
const call = new Call(listener);

async function enter(): Promise<boolean> {
  try {
    await call.join(await askForPass(!isListening), microphone);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    show(banner, why);
    return false;
  }
  show(banner, "");
  isOver = false;
  element("over", HTMLElement).hidden = true;
  element("interview", HTMLElement).hidden = false;
  document.documentElement.dataset["joined"] = "true";
  return true;
}

function finish(title: string, mayReturn = false): void {
  isOver = true;
  element("interview", HTMLElement).hidden = true;
  show(element("notice", HTMLElement), "");
  show(banner, "");
  element("over-text", HTMLElement).textContent = goodbye;
  element("rejoin", HTMLButtonElement).hidden = !mayReturn;
  element("over", HTMLElement).hidden = false;
  const heading = element("over-title", HTMLElement);
  heading.textContent = title;
  heading.focus();
  level.stop();
}

function listenToButtons(): void {
  const send = (command: Command) => void call.send(command).catch(() => show(banner, "That did not get through."));
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-command]")) {
    button.addEventListener("click", () => send(button.dataset["command"] as Command));
  }
  element("pause", HTMLButtonElement).addEventListener("click", () => {
    send(picture.phase === "paused" ? "go_on" : "pause");
  });
  const mute = element("mute", HTMLButtonElement);
  mute.addEventListener("click", () => {
    isMuted = !isMuted;
    mute.setAttribute("aria-pressed", String(isMuted));
    mute.textContent = isMuted ? "Unmute" : "Mute";
    show(banner, isMuted ? "You are muted." : "");
    void call.mute(isMuted);
  });
  const ending = element("ending", HTMLDialogElement);
  element("end", HTMLButtonElement).addEventListener("click", () => ending.showModal());
  ending.addEventListener("close", () => {
    if (ending.returnValue === "end") send("end");
  });
  element("leave", HTMLButtonElement).addEventListener("click", () => void call.leave());
  element("rejoin", HTMLButtonElement).addEventListener("click", () => {
    returns = 0;
    void enter();
  });
}

async function start(): Promise<void> {
  document.documentElement.dataset["role"] = role;
  listenToButtons();
  const lobby = new Lobby(isListening);
  for (;;) {
    const chosen = await lobby.open();
    microphone = isListening ? null : chosen;
    if (await enter()) break;
    lobby.refuse(banner.textContent ?? "");
  }
  lobby.done();
}

void start();
