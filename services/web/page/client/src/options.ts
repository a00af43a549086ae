/** The options that a pad is opened with. */
import type { Transport } from "./backoff.js";
import type { DraftStore } from "./drafts.js";
import type { LineOptions } from "./line.js";

export interface PadOptions extends Partial<LineOptions> {
  name?: string | null;
  /** The colour as "#rrggbb". */
  color?: string | null;
  /**
   * Identifies the author: `t.` and 20 letters or digits. Without a token, the client is a new
   * author. A page's cookie takes precedence over it.
   */
  token?: string;
  /**
   * Asks for the pad's history and nothing else. If the pad is in the cold store, it stays there, and
   * the client can only read it, and is not told what is written.
   */
  only?: "HISTORY";
  /** The shortest time between two submissions, in ms; 100 by default. */
  interval?: number;
  /**
   * The transports to use, in this order. By default a WebSocket, and polling where a proxy blocks
   * WebSockets.
   */
  transports?: Transport[];
  /** Where edits that have not been accepted are kept, in case the page is closed. */
  drafts?: DraftStore;
}
