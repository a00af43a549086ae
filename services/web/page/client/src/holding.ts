/** Holds revisions back until the user of the pad is ready for them. */
import type { Revision } from "./messages.js";

export class Holding {
  private untimely: ((revision: Revision) => boolean) | null = null;
  private readonly held: Revision[] = [];

  /** From now on, holds a revision for which `untimely` is true, and every one after it. */
  begin(untimely: (revision: Revision) => boolean): void {
    this.untimely = untimely;
  }

  /** Whether the revision has to wait. If so, it is kept here. */
  keeps(revision: Revision): boolean {
    const waits = this.held.length > 0 || (this.untimely?.(revision) ?? false);
    if (waits) this.held.push(revision);
    return waits;
  }

  /** Stops holding: passes the revisions that have waited to `take`, in order. */
  end(take: (revision: Revision) => void): void {
    this.untimely = null;
    for (let next = this.held.shift(); next !== undefined; next = this.held.shift()) take(next);
  }

  /** Drops what has waited. After a lost connection, the server sends it again as missed. */
  drop(): void {
    this.held.length = 0;
  }
}
