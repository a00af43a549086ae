/** Edits that were never accepted, kept beyond the page that they were made on. */
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

/** Characters of a draft, at most: more is not kept. */
export const MOST_KEPT = 2_000_000;

/** Revisions since then, at most: beyond that a draft is not put back. */
const MOST_REVISIONS = 10_000;

/** Unsent edits of one page. */
export interface Draft {
  /** Which page it was: a name that no other has. */
  id: string;
  padId: string;
  author: string;
  /** The revision that they were made on, and the text that it had. */
  rev: number;
  length: number;
  hash: number;
  /** One after the other, in the numbers of `pool`; the first may have been accepted unseen. */
  changesets: string[];
  pool: PoolJson;
  /** When they were kept, in ms since 1970. */
  time: number;
}

/** Where drafts are kept: a page has the browser's storage for it, a program whatever it likes. */
export interface DraftStore {
  /** Those of other pages that are not open any more. */
  list(padId: string, author: string): Promise<Draft[]>;
  /** In the place of one with the same `id`. */
  save(draft: Draft): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Keeps drafts as long as the program runs. */
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

/** A number that tells one text from another (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** What `state` has that was not accepted yet; null if that is nothing, or too much to be kept. */
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

/** The text that a draft puts in, for people to read. */
export function textOf(draft: Draft): string {
  return draft.changesets.map((changeset) => unpack(changeset).bank).join("");
}

/**
 * What is left to do of a draft at revision `head`, as a changeset in the numbers of `pool`; ""
 * where all of it has been accepted. Null where it does not fit: the pad has not come to `head` from
 * the text that it was made on. `history` is the pad's, and is moved.
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
