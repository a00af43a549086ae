/** Explains in the page's words why something failed. */
import { say } from "../words/page.js";

/**
 * The messages for reasons that the client library gives, and for those that servers give by a
 * name.
 */
const KNOWN: Record<string, string> = {
  "not connected": "why-not-connected",
  "the session has ended": "why-not-connected",
  "the connection was lost": "why-connection-lost",
  "the connection was lost before the server answered": "why-not-answered",
  "pad.deletionToken.invalid": "why-wrong-key",
  "pad.deletionToken.notCreator": "why-not-creator",
};

/**
 * Returns the message for a reason. Other reasons are the server's own text, which is shown
 * unchanged.
 */
export function reason(why: string): string {
  const key = KNOWN[why] ?? KNOWN[why.replace(/:.*/s, "")]; // details may follow a colon
  return key === undefined ? why : say(key);
}
