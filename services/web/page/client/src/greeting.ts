/** The message with which a client asks for a pad. */

/** What CLIENT_READY announces that this client understands. */
const SUPPORTS = ["NEW_CHANGES_BATCH", "ACKNOWLEDGEMENTS", "SESSIONS", "CURSORS", "USERS"];

/** How a client introduces itself. */
export interface Guest {
  name?: string | null;
  color?: string | null;
  only?: "HISTORY";
}

/** Returns CLIENT_READY for a pad's first arrival. */
export function greeting(
  padId: string,
  { name = null, color = null, only }: Guest,
  token: string,
): object {
  return {
    component: "pad",
    type: "CLIENT_READY",
    padId,
    userInfo: { name, colorId: color },
    supports: SUPPORTS,
    token,
    ...(only === undefined ? {} : { only }),
  };
}
