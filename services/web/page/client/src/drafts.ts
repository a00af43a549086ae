/** Drafts: edits that were not accepted before their page was closed, kept for the next page. */
import {
  AttributePool,
  compose,
  isIdentity,
  moveToPool,
  type PoolJson,
  prepareForWire,
  unpack,
} from "./easysync/index.js";
import { Collaborator } from "./collaborator.js";
import type { History } from "./history.js";

/** The most characters that a draft may have. A larger one is not kept. */
export const MOST_KEPT = 2_000_000;

/**
 * The most revisions that there may have been since. Over more of them, a draft is not put back.
 */
const MOST_REVISIONS = 10_000;

/** The unsent edits of one page. */
export interface Draft {
  /** A unique name for the page. */
  id: string;
  padId: string;
  author: string;
  /** The revision that the edits apply to, and the length and hash of its text. */
  rev: number;
  length: number;
  hash: number;
  /**
   * The edits as successive changesets in the numbers of `pool`. The first may have been accepted
   * without the page learning of it.
   */
  changesets: string[];
  pool: PoolJson;
  /** When the draft was kept, in ms since 1970. */
  time: number;
}

/** Where drafts are kept. A page uses the browser's storage; a program may use anything. */
export interface DraftStore {
  /** Returns the drafts of other pages that are not open any more. */
  list(padId: string, author: string): Promise<Draft[]>;
  /** Saves a draft, replacing any that has the same `id`. */
  save(draft: Draft): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Keeps drafts for as long as the program runs. */
export class MemoryDrafts implements DraftStore {
  private readonly kept = new Map<string, Draft>();

  list(padId: string, author: string): Promise<Draft[]> {
    const found = [...this.kept.values()];
    return Promise.resolve(found.filter((d) => d.padId === padId && d.author === author));
  }

  save(draft: Draft): Promise<void> {
    this.kept.set(draft.id, draft);
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.kept.delete(id);
    return Promise.resolve();
  }
}

/** Returns the FNV-1a hash of a text, which tells one text from another. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/**
 * Returns the edits of `state` that have not been accepted yet, or null if there are none or they
 * are too large to be kept.
 */
export function draftOf(
  state: Collaborator,
  where: { id: string; padId: string },
  time: number,
): Draft | null {
  const { base, changesets } = state.unsent;
  const pool = new AttributePool();
  const moved = changesets.map((changeset) => moveToPool(changeset, state.pool, pool));
  const size = moved.reduce((sum, changeset) => sum + changeset.length, 0);
  if (moved.every((changeset) => isIdentity(changeset)) || size > MOST_KEPT) return null;
  const { rev, author } = state;
  const { length } = base;
  const hash = hashOf(base);
  return { ...where, author, rev, length, hash, changesets: moved, pool: pool.toJSON(), time };
}

/** Returns the text that a draft inserts, for people to read. */
export function textOf(draft: Draft): string {
  return draft.changesets.map((changeset) => unpack(changeset).bank).join("");
}

/**
 * Returns what remains to be done of a draft at revision `head`, as a changeset in the numbers of
 * `pool`; "" if all of it has been accepted. Returns null if the draft does not fit, because the
 * pad's text at `draft.rev` is not the one it was made on, or if there have been too many revisions
 * since. `history` is the pad's, and is moved.
 */
export async function rebased(
  draft: Draft,
  history: History,
  head: () => number,
  pool: AttributePool,
): Promise<string | null> {
  if (draft.rev > head() || head() - draft.rev > MOST_REVISIONS) return null;
  await history.goTo(draft.rev);
  const start = history.document.toAText();
  if (start.text.length !== draft.length || hashOf(start.text) !== draft.hash) return null;
  const variables = {
    initialAttributedText: start,
    apool: history.attributes.toJSON(),
    rev: draft.rev,
    historicalAuthorData: {},
  };
  const copy = new Collaborator(variables, draft.author);
  const wire = AttributePool.from(draft.pool);
  copy.restore(draft.changesets.map((changeset) => moveToPool(changeset, wire, copy.pool)));
  while (copy.rev < head()) {
    const newRev = copy.rev + 1;
    const { translated, pool: apool } = prepareForWire(
      await history.changesetTo(newRev),
      history.attributes,
    );
    const { author } = draft;
    const changeset = translated;
    const missed = { newRev, headRev: newRev + 1, author, changeset, apool: apool.toJSON() };
    for (const _ of copy.receive({ type: "CLIENT_RECONNECT", ...missed }));
  }
  const left = copy.unsent.changesets;
  if (left.length === 0) return "";
  const whole = left.reduce((a, b) => compose(a, b, copy.pool));
  return moveToPool(whole, copy.pool, pool);
}
