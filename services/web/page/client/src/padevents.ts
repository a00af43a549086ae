/** What a pad tells of, by the names that `Pad.on` listens to. */
import type { Accepted, Changed } from "./collaborator.js";
import type { Status } from "./connection.js";
import type { Draft } from "./drafts.js";
import type { ChatLine, ClientVars, PadSettings, SavedRevision } from "./messages.js";
import type { Person } from "./people.js";

/** What `Pad.on` listens to. */
export type PadEvents = {
  status: Status;
  /** The pad is here; once. */
  joined: ClientVars;
  /** A revision of somebody else, each by itself, also out of a batch. */
  changed: Changed;
  /** An own submission has become a revision. */
  accepted: Accepted;
  /** All that one message brought, after the events above. */
  took: (Changed | Accepted)[];
  /** An own edit has been made, which is now to be sent: its changeset. */
  edited: string;
  people: ReadonlyMap<string, Person>;
  chat: ChatLine;
  saved: SavedRevision;
  /** These authors have moved their cursors; see `Pad.cursors`. */
  cursors: readonly string[];
  /** How the pad looks for everybody has been changed; all of it. */
  settings: PadSettings;
  /** A word to everybody from whoever runs the server. */
  shout: string;
  /** The server has something to say, by a name that Etherpad's page has words for. */
  notice: string;
  /** Edits of pages that were closed before they were accepted: see `Pad.putBack`. */
  unsent: Draft[];
  /** What this library does not know. */
  other: { type: string };
  /** A listener has thrown. Where nobody listens to this, it goes to the console. */
  error: ListenerError;
};

/** A listener to the event `event` has thrown what is the `cause`. */
export class ListenerError extends Error {
  override readonly name = "ListenerError";

  constructor(
    readonly event: string,
    cause: unknown,
  ) {
    super(`a listener to "${event}" has thrown: ${String(cause)}`, { cause });
  }
}
