/** Listeners by the name of what they listen to. */
export class Emitter<Events extends { [name: string]: unknown }> {
  private readonly listeners = new Map<keyof Events, Set<(value: never) => void>>();
  private readonly due: (() => void)[] = [];
  private delivering = false;

  /** Calls `listener` from now on; what is returned ends that. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const among = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, among.add(listener));
    return () => void among.delete(listener);
  }

  /**
   * Tells all listeners, each whatever the others do. What they throw goes to `failed`. What they
   * cause to be emitted comes after this, so that all of them hear of everything in one order.
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

  /** Whether anybody listens to `name`. */
  protected heard(name: keyof Events): boolean {
    return (this.listeners.get(name)?.size ?? 0) > 0;
  }

  /** A listener to `name` has thrown `error`: an error of whoever listens, not of who emits. */
  protected failed(name: keyof Events, error: unknown): void {
    console.error(`a listener to "${String(name)}" has thrown`, error);
  }
}
