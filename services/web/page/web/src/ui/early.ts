/** What happens before all of the page is there, kept until it is. */
import { Pad, type PadEvents } from "padfleet-client";

/** Events that are told once, and that nobody can ask for afterwards. */
const TOLD_ONCE: ReadonlySet<keyof PadEvents> = new Set([
  "chat",
  "saved",
  "shout",
  "notice",
  "unsent",
  "other",
]);

/** A pad that keeps such events until somebody is there to listen. */
export class PatientPad extends Pad {
  private early: (() => void)[] | null = [];

  /** All listeners are there: tells them what they have missed. */
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

/** With Ctrl or Cmd, what the page has other uses for than browsers. */
const STROKES: ReadonlySet<string> = new Set(["f", "s", "/"]);

/** Buttons that are pressed, choices that are made and keys that are struck too early. */
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
    // The text keeps its selection, and a phone its keyboard.
    const stay = (event: Event): void => {
      if (toolOf(event) !== null) event.preventDefault();
    };
    root.addEventListener("mousedown", stay, { capture: true, signal });
  }

  /** Does it, now that there is somebody to take notice. */
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

/** What of the page an event is for that nobody heeds yet. */
function concerned(event: Event): Element | null {
  if (event instanceof KeyboardEvent) {
    const held = event.ctrlKey !== event.metaKey && !event.altKey;
    return held && STROKES.has(event.key.toLowerCase()) ? (event.target as Element) : null;
  }
  if (event.type === "click") return toolOf(event);
  return (event.target as Element).closest?.(".tools select") ?? null;
}
