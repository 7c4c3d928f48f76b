// How somebody gets in: an invitation in the link's fragment (which browsers send to nobody), or by asking the server.

import { OBSERVER_PREFIX } from "./wire";

export interface Pass {
  url: string;
  token: string;
}

/** The invitation of this link; empty when it has none. */
export function invitation(): string {
  return new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
}

/** By whom the token is for: a candidate in the waiting room may not speak yet either. The server decides, not the page. */
export function isObserver(token: string): boolean {
  return String(claims(token)["sub"] ?? "").startsWith(OBSERVER_PREFIX);
}

/** A fresh pass. Throws with a sentence that can be shown. */
export async function askForPass(isConsenting: boolean): Promise<Pass> {
  let answer: Response;
  try {
    answer = await fetch("token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ invitation: invitation(), consent: isConsenting }),
    });
  } catch {
    throw new Error("The server cannot be reached. Check your connection and try again.");
  }
  const found = (await answer.json().catch(() => ({}))) as Partial<Pass> & { error?: string };
  if (!answer.ok || !found.url || !found.token) {
    throw new Error(found.error ?? "The server let nobody in. Ask for a new link.");
  }
  return { url: found.url, token: found.token };
}

function claims(token: string): Record<string, unknown> {
  const part = token.split(".")[1];
  if (!part) return {};
  try {
    return JSON.parse(atob(part.replace(/-/g, "+").replace(/_/g, "/"))) as Record<string, unknown>;
  } catch {
    return {};
  }
}
