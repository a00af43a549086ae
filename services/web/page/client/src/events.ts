/** Calls listeners, which are registered under the name of an event. */
export class Emitter<Events extends { [name: string]: unknown }> {
  private readonly listeners = new Map<keyof Events, Set<(value: never) => void>>();
  private readonly due: (() => void)[] = [];
  private delivering = false;

  /** Calls `listener` for each event from now on. Returns a function that ends this. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const among = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, among.add(listener));
    return () => void among.delete(listener);
  }

  /**
   * Calls all listeners. An error in one goes to `failed` and does not affect the others. Events
   * that listeners cause are delivered after the current one, so that all listeners see all events
   * in the same order.
   */
  protected emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    this.due.push(() => this.deliver(name, value));
    if (this.delivering) return;
    this.delivering = true;
    try {
      for (let next = this.due.shift(); next !== undefined; next = this.due.shift()) next();
    } finally {
      this.delivering = false;
    }
  }

  private deliver<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        this.failed(name, error);
      }
    }
  }

  /** Whether there are any listeners to `name`. */
  protected heard(name: keyof Events): boolean {
    return (this.listeners.get(name)?.size ?? 0) > 0;
  }

  /**
   * Handles an `error` that a listener to `name` has thrown. The fault is in the listener, not in
   * the emitter.
   */
  protected failed(name: keyof Events, error: unknown): void {
    console.error(`a listener to "${String(name)}" has thrown`, error);
  }
}
