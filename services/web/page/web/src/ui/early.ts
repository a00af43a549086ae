/** Keeps what happens before the whole page is loaded. */
import { Pad, type PadEvents } from "padfleet-client";

/** Events that are emitted only once, and whose content cannot be found out later. */
const TOLD_ONCE: ReadonlySet<keyof PadEvents> = new Set([
  "chat",
  "saved",
  "shout",
  "notice",
  "unsent",
  "other",
]);

/** A pad that keeps these events until listeners are registered. */
export class PatientPad extends Pad {
  private early: (() => void)[] | null = [];

  /** Delivers the kept events. Call it when all listeners are registered. */
  catchUp(): void {
    const missed = this.early ?? [];
    this.early = null;
    for (const tell of missed) tell();
  }

  protected override emit<Name extends keyof PadEvents>(name: Name, value: PadEvents[Name]): void {
    if (this.early !== null && TOLD_ONCE.has(name)) this.early.push(() => super.emit(name, value));
    else super.emit(name, value);
  }
}

/** Keys that, with Ctrl or Cmd, mean something else on this page than in browsers. */
const STROKES: ReadonlySet<string> = new Set(["f", "s", "/"]);

/** Keeps clicks on buttons, choices and key strokes that come too early. */
export class Early {
  private readonly done: { target: Element; event: Event; value: string }[] = [];
  private readonly over = new AbortController();

  constructor(root: HTMLElement) {
    const keep = (event: Event): void => {
      const target = concerned(event);
      if (target === null) return;
      event.preventDefault();
      event.stopPropagation();
      this.done.push({
        target,
        event,
        value: target instanceof HTMLSelectElement ? target.value : "",
      });
    };
    const { signal } = this.over;
    for (const kind of ["click", "change", "keydown"])
      root.addEventListener(kind, keep, { capture: true, signal });
    // This keeps the text's selection, and a phone's keyboard open.
    const stay = (event: Event): void => {
      if (toolOf(event) !== null) event.preventDefault();
    };
    root.addEventListener("mousedown", stay, { capture: true, signal });
  }

  /** Repeats the kept events now that they have an effect. */
  end(): void {
    this.over.abort();
    for (const { target, event, value } of this.done.splice(0)) {
      if (target instanceof HTMLSelectElement) target.value = value;
      if (event instanceof KeyboardEvent)
        target.dispatchEvent(new KeyboardEvent(event.type, event));
      else if (event instanceof MouseEvent) target.dispatchEvent(new MouseEvent(event.type, event));
      else target.dispatchEvent(new Event(event.type, { bubbles: true }));
    }
  }
}

function toolOf({ target }: Event): Element | null {
  return (target as Element).closest?.(".bar button, .tools button") ?? null;
}

/**
 * Returns the element of the page that an early event is for, or null if the event need not be
 * kept.
 */
function concerned(event: Event): Element | null {
  if (event instanceof KeyboardEvent) {
    const held = event.ctrlKey !== event.metaKey && !event.altKey;
    return held && STROKES.has(event.key.toLowerCase()) ? (event.target as Element) : null;
  }
  if (event.type === "click") return toolOf(event);
  return (event.target as Element).closest?.(".tools select") ?? null;
}
