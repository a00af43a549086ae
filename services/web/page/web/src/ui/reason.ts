/** Why something did not work, in the words of the page. */
import { say } from "../words/page.js";

/** What the client library says, and what servers say by a name; and their messages here. */
const KNOWN: Record<string, string> = {
  "not connected": "why-not-connected",
  "the session has ended": "why-not-connected",
  "the connection was lost": "why-connection-lost",
  "the connection was lost before the server answered": "why-not-answered",
  "pad.deletionToken.invalid": "why-wrong-key",
  "pad.deletionToken.notCreator": "why-not-creator",
};

/** What a server says is its own, and is shown as it is. */
export function reason(why: string): string {
  const key = KNOWN[why] ?? KNOWN[why.replace(/:.*/s, "")]; // after a colon there may be more about it
  return key === undefined ? why : say(key);
}
