/** What goes over the wire, as far as this library reads it. */
import type { Told } from "./cursors.js";
import type { AText, PoolJson } from "./easysync/index.js";

/** A revision of somebody, as NEW_CHANGES carries it. */
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

/** One missed revision, or the word that there are none. */
export type ClientReconnect =
  | { type: "CLIENT_RECONNECT"; noChanges: true; newRev: number }
  | (Omit<NewChanges, "type"> & {
      type: "CLIENT_RECONNECT";
      headRev: number;
      noChanges?: false;
      /** The session that it came from, if it is of the client's own author. */
      origin?: string;
    });

/** What changes the text. */
export type Revision = NewChanges | NewChangesBatch | AcceptCommit | ClientReconnect;

export interface UserInfo {
  userId: string;
  name?: string | null;
  /** "#rrggbb", or a place in the palette of CLIENT_VARS. */
  colorId?: string | number | null;
}

export interface ChatLine {
  text: string;
  time: number;
  userId: string | null;
  userName?: string | null;
}

/** A revision that somebody wanted to be kept in mind. */
export interface SavedRevision {
  revNum: number;
  savedById: string;
  label: string;
  timestamp: number;
  id: string;
}

/** The content of the event `shout`. */
export interface Shout {
  data: { payload?: { message?: { message?: string; messageKey?: string } } };
}

/** How a pad looks for everybody, as far as it is read; what is not there has not been changed. */
export interface PadSettings {
  /** Whether these come before what each has chosen for himself. */
  enforceSettings?: boolean;
  showChat?: boolean;
  /** Whether the chat is open from the beginning; with `chatAndUsers`, who is here, too. */
  alwaysShowChat?: boolean;
  chatAndUsers?: boolean;
  /** The language of the page, such as `de`. */
  lang?: string | null;
  view?: { showAuthorColors?: boolean; rtlIsTrue?: boolean; padFontFamily?: string };
}

/** Several people at once, for who has announced it. `complete`: nobody else was here on joining. */
export interface UsersMessage {
  type: "USERS";
  users?: [userId: string, colorId: string | number, name: string | null][];
  left?: string[];
  complete?: boolean;
}

/** The inner message of a COLLABROOM that this library knows. */
export type CollabMessage =
  | Revision
  | { type: "USER_NEWINFO"; userInfo: UserInfo }
  | { type: "USER_LEAVE"; userInfo: UserInfo }
  | UsersMessage
  | { type: "CHAT_MESSAGE"; message: ChatLine }
  | { type: "CHAT_MESSAGES"; messages: ChatLine[] }
  | { type: "CURSORS"; cursors: Told[] }
  | { type: "CLIENT_MESSAGE"; payload: { type: string; options?: PadSettings } }
  | { type: "NEW_SAVEDREV"; savedRev: SavedRevision }
  | { type: "SESSION"; id: string; supports?: string[] };

/** CLIENT_VARS, as far as it is read. */
export interface ClientVars {
  userId: string;
  userColor: string | number;
  userName?: string;
  padId: string;
  readonly: boolean;
  readOnlyId: string;
  chatHead: number;
  colorPalette: string[];
  savedRevisions: SavedRevision[];
  /** The pad's settings for everybody, and whether this client may change them. */
  initialOptions?: PadSettings;
  canEditPadSettings?: boolean;
  /** What allows whoever knows it to delete the pad: told once, to who has made it. */
  padDeletionToken?: string | null;
  canDeleteWithoutToken?: boolean;
  /** Whether it is told where the others have their cursors. */
  cursors?: boolean;
  /** What the server exports beside txt, html and etherpad. */
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

/** What a CHANGESET_REQ is answered with. */
export interface ChangesetAnswer {
  forwardsChangesets: string[];
  backwardsChangesets: string[];
  apool: PoolJson;
  /** One more than the last revision that the changesets lead to. */
  actualEndNum: number;
  /** Milliseconds that each of the changesets stands for. */
  timeDeltas: number[];
  start: number;
  granularity: number;
  requestID: number;
}

/** A USER_CHANGES that is to be sent. */
export interface Submission {
  type: "USER_CHANGES";
  baseRev: number;
  changeset: string;
  apool: PoolJson;
}
