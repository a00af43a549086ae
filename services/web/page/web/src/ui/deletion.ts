/** Deleting a pad. */
import type { Pad } from "padfleet-client";

import { ask, tell } from "./ask.js";
import { byId, forget, recall, remember } from "./dom.js";
import { reason } from "./reason.js";

/**
 * Returns the key under which this browser keeps a pad's deletion token. The server sends the token
 * once, to the browser that made the pad.
 */
export function keyOf(padId: string): string {
  return `deletion.${padId}`;
}

/** Offers to delete the pad to users who can: those with the token, and those who need none. */
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
