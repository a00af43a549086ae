/** Revisions that wait until somebody is ready for them. */
import type { Revision } from "./messages.js";

export class Holding {
  private untimely: ((revision: Revision) => boolean) | null = null;
  private readonly held: Revision[] = [];

  /** From now on a revision for which `untimely` is true waits, and all that comes after it. */
  begin(untimely: (revision: Revision) => boolean): void {
    this.untimely = untimely;
  }

  /** Whether this one waits; then it is kept. */
  keeps(revision: Revision): boolean {
    const waits = this.held.length > 0 || (this.untimely?.(revision) ?? false);
    if (waits) this.held.push(revision);
    return waits;
  }

  /** Holds nothing any more: gives what has waited to `take`, one after the other. */
  end(take: (revision: Revision) => void): void {
    this.untimely = null;
    for (let next = this.held.shift(); next !== undefined; next = this.held.shift()) take(next);
  }

  /** The connection is gone: what waited comes again, being missed. */
  drop(): void {
    this.held.length = 0;
  }
}
