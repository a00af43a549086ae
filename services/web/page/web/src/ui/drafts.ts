/** The browser's storage for edits that have not been accepted. `unsent.ts` offers them again. */
import type { Draft, DraftStore } from "padfleet-client";

const DATABASE = "padfleet";
const STORE = "drafts";

/** The most drafts that this browser keeps. Beyond that, the oldest are deleted. */
const MOST = 20;

function done<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage has failed"));
  });
}

/**
 * Keeps drafts in the browser's storage (IndexedDB). They are listed only after `ready` resolves,
 * so that users do not wait for them when a pad opens.
 */
export class BrowserDrafts implements DraftStore {
  private opened: Promise<IDBDatabase> | null = null;
  /** The id of this page's draft, and the function that releases its lock. */
  private held: { id: string; letGo: () => void } | null = null;

  constructor(private readonly ready: Promise<void>) {}

  async list(padId: string, author: string): Promise<Draft[]> {
    await this.ready;
    const found: Draft[] = await done((await this.store("readonly")).getAll());
    const open = await openPages();
    const mine = found.filter((d) => d.padId === padId && d.author === author && !open.has(d.id));
    return mine.sort((a, b) => a.time - b.time);
  }

  async save(draft: Draft): Promise<void> {
    this.hold(draft.id);
    const store = await this.store("readwrite");
    const put = done(store.put(draft));
    store.transaction.commit(); // commits at once, because the page may be about to close
    await put;
    await this.makeRoom();
  }

  async remove(id: string): Promise<void> {
    await done((await this.store("readwrite")).delete(id));
    if (this.held?.id !== id) return;
    this.held.letGo();
    this.held = null;
  }

  private async makeRoom(): Promise<void> {
    const store = await this.store("readwrite");
    const kept: Draft[] = await done(store.getAll());
    kept.sort((a, b) => b.time - a.time);
    for (const { id } of kept.slice(MOST)) store.delete(id);
  }

  private async store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    this.opened ??= this.open();
    return (await this.opened).transaction(STORE, mode).objectStore(STORE);
  }

  private open(): Promise<IDBDatabase> {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return done(request);
  }

  /**
   * Holds a lock, so that this page's draft is not offered to another page while this one is open.
   * The lock is released when there is no draft, because browsers do not keep a page with a lock in
   * their back/forward cache.
   */
  private hold(id: string): void {
    if (this.held !== null) return;
    const over = new Promise<void>((letGo) => (this.held = { id, letGo }));
    void navigator.locks?.request(lockOf(id), () => over);
  }
}

function lockOf(id: string): string {
  return `padfleet.draft.${id}`;
}

/** Returns the draft ids of the pages that are open, as far as the browser tells. */
async function openPages(): Promise<{ has(id: string): boolean }> {
  const held = (await navigator.locks?.query())?.held ?? [];
  const names = new Set(held.map(({ name }) => name));
  return { has: (id) => names.has(lockOf(id)) };
}
