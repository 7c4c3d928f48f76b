// Puts the page together: lobby, call, what is shown, buttons. The token decides between candidate and observer.

import "./style.css";
import { Call, type Listener } from "./call";
import { Captions } from "./captions";
import { element, show } from "./dom";
import { askForPass, invitation, isObserver } from "./link";
import { Lobby } from "./lobby";
import { Picture } from "./picture";
import { Level } from "./sound";
import type { Command, RoomState } from "./wire";

/** Pauses between the tries after LiveKit's client, which tries for 45 seconds, has given up. */
const RETURN_AFTER_MS = [1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000];
const TRYING_AGAIN = "The connection was lost. Trying again; nothing is lost.";
const MUTED = "You are muted.";
const THANKS = "Thank you. You may close this page.";
const isListening = isObserver(invitation());
const role = isListening ? "observer" : "candidate";
const banner = element("banner", HTMLElement);
const picture = new Picture(isListening);
const captions = new Captions(element("captions", HTMLElement), isListening ? "Candidate" : "You");
const level = new Level(element("live-level", HTMLMeterElement));
let deviceId = "";
let isMuted = false;
let isOver = false;
let isReturning = false;

const listener: Listener = {
  onState(state: RoomState): void {
    picture.show(state);
    element("pause", HTMLButtonElement).textContent = state.phase === "paused" ? "Go on" : "Pause";
    if (state.phase === "ended") finish("The interview is over", `${state.message} ${THANKS}`.trim());
    if (state.phase === "refused") finish("The interview cannot begin", state.message);
  },
  onCaption(identity, segment, text, isFinal): void {
    captions.show(identity, segment, text, isFinal);
  },
  onTrouble: tell,
  onCut: cut,
  onEntered(maySpeak): void {
    picture.welcome(isListening || maySpeak);
  },
  onGone(why): void {
    level.stop();
    if (isOver || isReturning) return;
    if (why === "lost") void comeBack();
    else if (why === "closed") finish("The interview is over", THANKS);
    else finish("The interview goes on in another window", "You have joined it again there. This page may be closed.");
  },
  onMicrophone(stream): void {
    level.follow(stream);
  },
};
const call = new Call(listener);

/** What is wrong; without anything, what is to be remembered. */
function tell(text: string): void {
  show(banner, text || (isMuted ? MUTED : ""));
}

function cut(isCut: boolean): void {
  picture.cut(isCut);
  tell(isCut ? TRYING_AGAIN : "");
}

/** Empty when it worked, else why it did not. */
async function enter(): Promise<string> {
  try {
    await call.join(await askForPass(!isListening), isListening ? undefined : { deviceId, isMuted });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  cut(false);
  isOver = false;
  element("over", HTMLElement).hidden = true;
  element("interview", HTMLElement).hidden = false;
  document.documentElement.dataset["joined"] = "true";
  return "";
}

/** A server that was started again needs a moment until the room is there again. */
async function comeBack(): Promise<void> {
  isReturning = true;
  cut(true);
  let why = "";
  for (const pauseMs of RETURN_AFTER_MS) {
    await new Promise((resolve) => window.setTimeout(resolve, pauseMs));
    why = await enter();
    if (!why) break;
  }
  isReturning = false;
  if (why) finish("The connection was lost", `${why} What was said until then is kept.`, true);
}

function finish(title: string, text: string, mayReturn = false): void {
  isOver = true;
  element("interview", HTMLElement).hidden = true;
  show(element("notice", HTMLElement), "");
  show(banner, "");
  element("over-text", HTMLElement).textContent = text;
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
    tell("");
    void call.mute(isMuted);
  });
  const ending = element("ending", HTMLDialogElement);
  element("end", HTMLButtonElement).addEventListener("click", () => ending.showModal());
  ending.addEventListener("close", () => {
    if (ending.returnValue === "end") send("end");
  });
  element("leave", HTMLButtonElement).addEventListener("click", () => void call.leave());
  element("rejoin", HTMLButtonElement).addEventListener("click", () => void enter().then(tell));
}

async function start(): Promise<void> {
  document.documentElement.dataset["role"] = role;
  listenToButtons();
  const lobby = new Lobby(isListening);
  for (;;) {
    deviceId = await lobby.open();
    const why = await enter();
    if (!why) break;
    lobby.refuse(why);
  }
  lobby.done();
}

void start();
