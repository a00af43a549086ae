/** Who the user of this page is. */
import { newToken, type PadOptions } from "padfleet-client";

import { recall, remember } from "./dom.js";
import type { Wishes } from "./wishes.js";

/**
 * Returns the name and colour from the address, or else those that the user of this browser last
 * gave.
 */
export function myself(wishes: Wishes): PadOptions {
  const { name = recall("name"), color = recall("color") } = given(wishes);
  const me = { name, color, ...(wishes.history ? { only: "HISTORY" as const } : {}) };
  // Browsers withhold cookies from frames in other sites' pages, so each visit would be that of a
  // new author without this token. If the cookie is sent, servers ignore the token.
  return window.parent === window ? me : { ...me, token: ownToken() };
}

function given({ name, color }: Wishes): { name?: string; color?: string } {
  return { ...(name === null ? {} : { name }), ...(color === null ? {} : { color }) };
}

function ownToken(): string {
  const token = recall("token") ?? newToken();
  remember("token", token);
  return token;
}
