/** Deleting a pad. */
import type { Pad } from "padfleet-client";

import { ask, tell } from "./ask.js";
import { byId, forget, recall, remember } from "./dom.js";
import { reason } from "./reason.js";

/** A pad's deletion token is told once, to the browser that has made it, which keeps it. */
export function keyOf(padId: string): string {
  return `deletion.${padId}`;
}

/** Offers it to who is able to: who holds the token, or needs none. */
export function offerDeletion(pad: Pad, name: string): void {
  const { padId, padDeletionToken, canDeleteWithoutToken = false, readonly } = pad.vars;
  if (readonly) return;
  if (typeof padDeletionToken === "string") remember(keyOf(padId), padDeletionToken);
  const token = padDeletionToken ?? recall(keyOf(padId));
  byId("deletion").hidden = token === null && !canDeleteWithoutToken;
  const refused = (why: string): void =>
    tell("delete-error", "delete-refused", { why: reason(why) });

  byId("delete-pad").addEventListener("click", () => {
    tell("delete-error", null);
    void ask("delete-ask", { name }).then((wanted) => {
      if (wanted) pad.delete(token ?? undefined, refused);
    });
  });
  pad.on("notice", refused);
  pad.on("status", (now) => {
    if (now.state === "ended" && now.reason === "deleted") forget(keyOf(padId));
  });
}
