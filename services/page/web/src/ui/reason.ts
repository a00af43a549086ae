/** Why something did not work, in the words of the page. */
import { say } from "../words/page.js";

/** What the client library says, and its messages here. */
const KNOWN: Record<string, string> = {
  "not connected": "why-not-connected",
  "the connection was lost": "why-connection-lost",
  "the connection was lost before the server answered": "why-not-answered",
};

/** What a server says is its own, and is shown as it is. */
export function reason(why: string): string {
  const key = KNOWN[why];
  return key === undefined ? why : say(key);
}
