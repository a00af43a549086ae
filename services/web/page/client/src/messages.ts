/** The messages on the wire, as far as this library reads them. */
import type { ReportedCursor } from "./cursors.js";
import type { AText, PoolJson } from "./easysync/index.js";

/** A revision, as NEW_CHANGES carries it. */
export interface NewChanges {
  type: "NEW_CHANGES";
  newRev: number;
  changeset: string;
  apool: PoolJson;
  author?: string | null;
  currentTime?: number;
  timeDelta?: number | null;
}

export interface NewChangesBatch {
  type: "NEW_CHANGES_BATCH";
  changes: NewChanges[];
}

export interface AcceptCommit {
  type: "ACCEPT_COMMIT";
  newRev: number;
}

/** One missed revision, or the statement that there are none. */
export type ClientReconnect =
  | { type: "CLIENT_RECONNECT"; noChanges: true; newRev: number }
  | (Omit<NewChanges, "type"> & {
      type: "CLIENT_RECONNECT";
      headRev: number;
      noChanges?: false;
      /** The session that submitted the revision, if the revision is by the client's own author. */
      origin?: string;
    });

/** A message that changes the text. */
export type Revision = NewChanges | NewChangesBatch | AcceptCommit | ClientReconnect;

export interface UserInfo {
  userId: string;
  name?: string | null;
  /** A colour as "#rrggbb", or an index into the palette of CLIENT_VARS. */
  colorId?: string | number | null;
}

export interface ChatLine {
  text: string;
  time: number;
  userId: string | null;
  userName?: string | null;
}

/** A revision that somebody has saved in order to find it again. */
export interface SavedRevision {
  revNum: number;
  savedById: string;
  label: string;
  timestamp: number;
  id: string;
}

/** The content of the `shout` event. */
export interface Shout {
  data: { payload?: { message?: { message?: string; messageKey?: string } } };
}

/**
 * The pad's settings for everybody, as far as this library reads them. A missing field has not been
 * changed.
 */
export interface PadSettings {
  /** Whether these settings take precedence over each person's own. */
  enforceSettings?: boolean;
  showChat?: boolean;
  /**
   * Whether the chat is open from the start. With `chatAndUsers`, the list of people is open, too.
   */
  alwaysShowChat?: boolean;
  chatAndUsers?: boolean;
  /** The language of the page, such as `de`. */
  lang?: string | null;
  view?: { showAuthorColors?: boolean; rtlIsTrue?: boolean; padFontFamily?: string };
}

/**
 * Several people at once, for clients that have announced support. `complete` comes once after each
 * join, and says that all people who are here have been named since then.
 */
export interface UsersMessage {
  type: "USERS";
  users?: [userId: string, colorId: string | number, name: string | null][];
  left?: string[];
  complete?: boolean;
}

/** The inner messages of COLLABROOM that this library knows. */
export type CollabMessage =
  | Revision
  | { type: "USER_NEWINFO"; userInfo: UserInfo }
  | { type: "USER_LEAVE"; userInfo: UserInfo }
  | UsersMessage
  | { type: "CHAT_MESSAGE"; message: ChatLine }
  | { type: "CHAT_MESSAGES"; messages: ChatLine[] }
  | { type: "CURSORS"; cursors: ReportedCursor[] }
  | { type: "CLIENT_MESSAGE"; payload: { type: string; options?: PadSettings } }
  | { type: "NEW_SAVEDREV"; savedRev: SavedRevision }
  | { type: "SESSION"; id: string; supports?: string[] };

/** CLIENT_VARS, as far as this library reads it. */
export interface ClientVars {
  userId: string;
  userColor: string | number;
  userName?: string;
  padId: string;
  readonly: boolean;
  /** Whether the client only looks at a pad in the cold store, and has to join anew for more. */
  onlooker?: boolean;
  readOnlyId: string;
  chatHead: number;
  colorPalette: string[];
  savedRevisions: SavedRevision[];
  /** The pad's settings for everybody. */
  initialOptions?: PadSettings;
  canEditPadSettings?: boolean;
  /** A token that allows anybody who has it to delete the pad. It is sent once, to the creator. */
  padDeletionToken?: string | null;
  canDeleteWithoutToken?: boolean;
  /** Whether the client is told where other people's cursors are. */
  cursors?: boolean;
  /**
   * Whether the server exports docx. It also does unless `sofficeAvailable` is `no`, and if that is
   * `yes`, it exports pdf, too.
   */
  docxExport?: boolean;
  sofficeAvailable?: string;
  collab_client_vars: CollabVars;
}

export interface CollabVars {
  initialAttributedText: AText;
  apool: PoolJson;
  rev: number;
  time?: number;
  historicalAuthorData: Record<string, { name?: string | null; colorId?: string | number | null }>;
}

/** The answer to a CHANGESET_REQ. */
export interface ChangesetAnswer {
  forwardsChangesets: string[];
  backwardsChangesets: string[];
  apool: PoolJson;
  /** One more than the last revision that the changesets lead to. */
  actualEndNum: number;
  /** The time in ms that each changeset covers. */
  timeDeltas: number[];
  start: number;
  granularity: number;
  requestID: number;
}

/** A USER_CHANGES message to be sent. */
export interface Submission {
  type: "USER_CHANGES";
  baseRev: number;
  changeset: string;
  apool: PoolJson;
}
