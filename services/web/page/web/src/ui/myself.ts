/** Who I am. */
import { newToken, type PadOptions } from "padfleet-client";

import { recall, remember } from "./dom.js";
import type { Wishes } from "./wishes.js";

/** Who this is: as the address says, else as this browser's user has said before. */
export function myself(wishes: Wishes): PadOptions {
  const { name = recall("name"), color = recall("color") } = given(wishes);
  // Browsers keep cookies from frames in pages of other sites; without one, each visit would be that
  // of somebody new. Where the cookie comes, servers take no notice of it.
  return window.parent === window ? { name, color } : { name, color, token: ownToken() };
}

function given({ name, color }: Wishes): { name?: string; color?: string } {
  return { ...(name === null ? {} : { name }), ...(color === null ? {} : { color }) };
}

function ownToken(): string {
  const token = recall("token") ?? newToken();
  remember("token", token);
  return token;
}
