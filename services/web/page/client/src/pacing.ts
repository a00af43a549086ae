/** When own edits are submitted: not too often, and not into a connection that does not answer. */

/** What a submission may take before its connection is taken for dead, in ms. */
const ANSWER_TIMEOUT = 20_000;

export class Pacing {
  private last = 0;
  private due: ReturnType<typeof setTimeout> | undefined;
  private answer: ReturnType<typeof setTimeout> | undefined;

  /** `interval`: the shortest time between two submissions, in ms. */
  constructor(private readonly interval: number) {}

  /** Calls `submit` as soon as it may be; once, however often this is asked for meanwhile. */
  soon(submit: () => void): void {
    if (this.due !== undefined) return;
    const pause = this.last + this.interval - Date.now();
    // A clock that was put back makes nobody wait for longer than that.
    const bounded = Math.min(Math.max(pause, 0), this.interval);
    this.due = setTimeout(() => {
      this.due = undefined;
      submit();
    }, bounded);
  }

  /** Something has been submitted. Unless it is answered in time, `lost` is called. */
  submitted(lost: () => void): void {
    this.last = Date.now();
    this.answer = setTimeout(lost, ANSWER_TIMEOUT);
  }

  answered(): void {
    clearTimeout(this.answer);
  }

  /** There is no connection any more. */
  stop(): void {
    clearTimeout(this.due);
    clearTimeout(this.answer);
    this.due = undefined;
  }
}
