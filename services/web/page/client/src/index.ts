/**
 * A client of the real-time protocol of Etherpad and padfleet.
 *
 * `Collaborator` is the protocol without I/O, `Pad` puts it on a socket, and `History` goes back in
 * time.
 */
export { parseAddress, type PadAddress } from "./address.js";
export { type Accepted, type Changed, Collaborator } from "./collaborator.js";
export type { Cursor, CursorPlace, ReportedCursor } from "./cursors.js";
export { type Transport } from "./backoff.js";
export { type Status } from "./connection.js";
export { type Draft, type DraftStore, MemoryDrafts, textOf } from "./drafts.js";
export { Emitter } from "./events.js";
export { EditRefused, OutOfRange, ProtocolError, SessionEnded, TooLarge } from "./errors.js";
export * as easysync from "./easysync/index.js";
export { greeting, type Guest } from "./greeting.js";
export { type Ask, History } from "./history.js";
export type { OpenWebSocket } from "./line.js";
export type {
  ChangesetAnswer,
  ChatLine,
  ClientVars,
  CollabMessage,
  CollabVars,
  PadSettings,
  Revision,
  SavedRevision,
  Submission,
  UserInfo,
} from "./messages.js";
export type { PadOptions } from "./options.js";
export { Pad } from "./pad.js";
export { ListenerError, type PadEvents } from "./padevents.js";
export { People, type Person } from "./people.js";
export { split } from "./splitting.js";
export { type SplitLimits, splitLimits } from "./submissionsize.js";
export { newToken } from "./token.js";
