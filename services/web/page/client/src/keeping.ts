/** Decides when edits that have not been accepted are stored, in case the page is closed. */
import type { Collaborator } from "./collaborator.js";
import { type Draft, draftOf, type DraftStore, rebased } from "./drafts.js";
import { AttributePool, compose, follow } from "./easysync/index.js";
import { type Ask, History } from "./history.js";
import { newToken } from "./token.js";

/** How long after an edit the draft is kept, in ms, so that it is not kept for each letter. */
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

  /** Returns the drafts of earlier pages, or none if the store fails. */
  async found(): Promise<Draft[]> {
    try {
      return await this.drafts.list(this.padId, this.state.author);
    } catch (error) {
      console.warn("kept edits cannot be had", error);
      return [];
    }
  }

  /** Schedules keeping the draft, because something has been written or accepted. */
  soon(): void {
    if (this.state.settled && !this.kept) return;
    this.timer ??= setTimeout(() => void this.now(), AFTER);
  }

  /**
   * Keeps the current draft, or removes it if there is nothing left to keep. Errors of the store
   * only cause a warning on the console.
   */
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
 * Returns what remains of a draft as a changeset for the text of `state` without own edits, in the
 * numbers of its pool; "" if all of it has been accepted. Returns null if the draft does not fit.
 * `time` is the time of the revision that `state` has, and `ask` requests changesets of the pad.
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

/**
 * Returns the changeset, made for the text without own edits, as one for the text with own edits.
 */
export function besideOwn(changeset: string, state: Collaborator): string {
  const { pool } = state;
  const mine = state.unsent.changesets.reduce<string | null>(
    (all, next) => (all === null ? next : compose(all, next, pool)),
    null,
  );
  return mine === null ? changeset : follow(mine, changeset, pool, true);
}
