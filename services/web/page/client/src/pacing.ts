/**
 * Decides when own edits are submitted: not too often, and not over a connection that does not
 * answer.
 */

/** How long the answer to a submission may take, in ms, before the connection counts as dead. */
const ANSWER_TIMEOUT = 20_000;

export class Pacing {
  private last = 0;
  private due: ReturnType<typeof setTimeout> | undefined;
  private answer: ReturnType<typeof setTimeout> | undefined;

  /** `interval` is the shortest time between two submissions, in ms. */
  constructor(private readonly interval: number) {}

  /** Calls `submit` as soon as the interval allows. Further calls before that have no effect. */
  soon(submit: () => void): void {
    if (this.due !== undefined) return;
    const pause = this.last + this.interval - Date.now();
    // If the clock was set back, the wait is still no longer than the interval.
    const bounded = Math.min(Math.max(pause, 0), this.interval);
    this.due = setTimeout(() => {
      this.due = undefined;
      submit();
    }, bounded);
  }

  /** Notes that something was submitted. Calls `lost` unless it is answered in time. */
  submitted(lost: () => void): void {
    this.last = Date.now();
    this.answer = setTimeout(lost, ANSWER_TIMEOUT);
  }

  answered(): void {
    clearTimeout(this.answer);
  }

  /** Cancels all timers, since there is no connection any more. */
  stop(): void {
    clearTimeout(this.due);
    clearTimeout(this.answer);
    this.due = undefined;
  }
}
