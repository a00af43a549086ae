/** The events of a pad, by the names that `Pad.on` takes. */
import type { Accepted, Changed } from "./collaborator.js";
import type { Status } from "./connection.js";
import type { Draft } from "./drafts.js";
import type { ChatLine, ClientVars, PadSettings, SavedRevision } from "./messages.js";
import type { Person } from "./people.js";

/** The events that `Pad.on` listens to. */
export type PadEvents = {
  status: Status;
  /** The pad has arrived. This happens once. */
  joined: ClientVars;
  /**
   * A revision that this client did not submit has been applied. Revisions of one message come as
   * separate events.
   */
  changed: Changed;
  /** A submission of this client has become a revision. */
  accepted: Accepted;
  /**
   * Everything that one message brought, after the events above. It is empty if nothing was missed
   * during a lost connection, or if waiting edits have turned out to cancel each other out.
   */
  took: (Changed | Accepted)[];
  /** An own edit has been made, and will be sent. The value is its changeset. */
  edited: string;
  people: ReadonlyMap<string, Person>;
  chat: ChatLine;
  saved: SavedRevision;
  /** These authors have moved their cursors; see `Pad.cursors`. */
  cursors: readonly string[];
  /** The pad's settings for everybody have changed. The value is all of them. */
  settings: PadSettings;
  /** A message to everybody from the server's operator. */
  shout: string;
  /** A message of the server, named by a key that Etherpad's page has a text for. */
  notice: string;
  /** Edits of pages that were closed before the edits were accepted; see `Pad.putBack`. */
  unsent: Draft[];
  /** A message that this library does not know. */
  other: { type: string };
  /**
   * A listener has thrown an error. Without a listener to this event, the error goes to the
   * console.
   */
  error: ListenerError;
};

/** A listener to `event` has thrown an error, which is the `cause`. */
export class ListenerError extends Error {
  override readonly name = "ListenerError";

  constructor(
    readonly event: string,
    cause: unknown,
  ) {
    super(`a listener to "${event}" has thrown: ${String(cause)}`, { cause });
  }
}
