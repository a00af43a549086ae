/** Keeps edits that have not been accepted, in case that the page is closed. */
import type { Collaborator } from "./collaborator.js";
import { type Draft, draftOf, type DraftStore, rebased } from "./drafts.js";
import { AttributePool, compose, follow } from "./easysync/index.js";
import { type Ask, History } from "./history.js";
import { newToken } from "./token.js";

/** Ms after an edit until it is kept, so that not each letter is kept by itself. */
const AFTER = 300;

export class Keeper {
  private readonly id = newToken();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private kept = false;

  constructor(
    private readonly drafts: DraftStore,
    private readonly padId: string,
    private readonly state: Collaborator,
  ) {}

  /** Edits of earlier pages; none where they cannot be had. */
  async found(): Promise<Draft[]> {
    try {
      return await this.drafts.list(this.padId, this.state.author);
    } catch (error) {
      console.warn("kept edits cannot be had", error);
      return [];
    }
  }

  /** Something has been written, or accepted: what is kept is to follow. */
  soon(): void {
    if (this.state.settled && !this.kept) return;
    this.timer ??= setTimeout(() => void this.now(), AFTER);
  }

  /** Keeps what there is to be kept by now. Resolves when it is; faults of the store are only warned of. */
  async now(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const draft = draftOf(this.state, { id: this.id, padId: this.padId }, Date.now());
    if (draft === null && !this.kept) return;
    this.kept = draft !== null;
    try {
      await (draft === null ? this.drafts.remove(this.id) : this.drafts.save(draft));
    } catch (error) {
      console.warn("unsent edits cannot be kept", error);
    }
  }
}

/**
 * What is left of a draft, for the text that `state` has without own edits, as a changeset in the
 * numbers of its pool; "" where all of it has been accepted. Null where it does not fit. `time` is that
 * of the revision that `state` has, `ask` gives changesets of the pad.
 */
export async function remains(
  draft: Draft,
  state: Collaborator,
  time: number | undefined,
  ask: Ask,
): Promise<string | null> {
  const copy = AttributePool.from(state.pool.toJSON());
  const history = new History(state.accepted, copy, state.rev, time, ask);
  return rebased(draft, history, () => state.rev, state.pool);
}

/** The same for the text with own edits. */
export function besideOwn(changeset: string, state: Collaborator): string {
  const { pool } = state;
  const mine = state.unsent.changesets.reduce<string | null>(
    (all, next) => (all === null ? next : compose(all, next, pool)),
    null,
  );
  return mine === null ? changeset : follow(mine, changeset, pool, true);
}
