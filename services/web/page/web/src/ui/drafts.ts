/** Keeps what was written and not sent, in case that the page is closed. */
import type { Draft, DraftStore } from "padfleet-client";

const DATABASE = "padfleet";
const STORE = "drafts";

/** Drafts of this browser, at most: the oldest give way. */
const MOST = 20;

function done<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage has failed"));
  });
}

/**
 * Keeps drafts in the browser's own storage (IndexedDB). `ready` is when they may be looked for:
 * somebody who waits for a pad does not wait for them.
 */
export class BrowserDrafts implements DraftStore {
  private opened: Promise<IDBDatabase> | null = null;
  private held = false;

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
    await done(store.put(draft));
    const kept: Draft[] = await done(store.getAll());
    kept.sort((a, b) => b.time - a.time);
    for (const { id } of kept.slice(MOST)) store.delete(id);
  }

  async remove(id: string): Promise<void> {
    await done((await this.store("readwrite")).delete(id));
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

  /** For as long as this page is open, what it keeps is not offered to another one. */
  private hold(id: string): void {
    if (this.held) return;
    this.held = true;
    void navigator.locks?.request(lockOf(id), () => new Promise<never>(() => undefined));
  }
}

function lockOf(id: string): string {
  return `padfleet.draft.${id}`;
}

/** The pages that are open, by the ids of their drafts, where the browser says so. */
async function openPages(): Promise<{ has(id: string): boolean }> {
  const held = (await navigator.locks?.query())?.held ?? [];
  const names = new Set(held.map(({ name }) => name));
  return { has: (id) => names.has(lockOf(id)) };
}
