/**
 * Holds back other people's changes during a composition, in which an input method or a phone's
 * keyboard edits part of a line. If that line were redrawn meanwhile, the browser would end the
 * composition and leave half of it behind.
 */
import type { Extension } from "@codemirror/state";
import { type EditorView, ViewPlugin } from "@codemirror/view";
import { easysync, type Pad, type Revision } from "padfleet-client";

/**
 * How long other people's changes are held back at most, in ms. Then they are applied even if the
 * composition goes on.
 */
export const LONGEST = 10_000;

/** How long the component takes to read the end of a composition, in ms. */
const AFTER = 60;

/** The lines of a composition, from start to end, in the editor's text. */
export interface Span {
  from: number;
  to: number;
}

/**
 * Whether another person's revision touches `line` in the editor's text. The revision is for the
 * text that the server has accepted. `own` is how many characters have been written and deleted
 * here that are not accepted yet: positions in the two texts differ by at most that many, and
 * whatever may touch the line counts as touching it.
 */
export function touches(revision: Revision, line: Span, own: number): boolean {
  if (revision.type === "NEW_CHANGES_BATCH") {
    let moved = own;
    return revision.changes.some((each) => {
      const touched = touches({ ...each, type: "NEW_CHANGES" }, line, moved);
      for (const { from, to, insert } of easysync.textChanges(each.changeset))
        moved += to - from + insert.length;
      return touched;
    });
  }
  if (revision.type !== "NEW_CHANGES") return false;
  return easysync
    .textChanges(revision.changeset)
    .some(({ from, to }) => from <= line.to + own && to >= line.from - own);
}

/** Where a browser reports compositions: the text, or on Android the text's `EditContext`. */
type ComposingTarget = EventTarget & { editContext?: EventTarget | null };

/** Holds back revisions that touch the line of the composition until it has ended. */
class Waiting {
  private longest: ReturnType<typeof setTimeout> | undefined;
  private ending: ReturnType<typeof setTimeout> | undefined;
  private readonly over = new AbortController();

  constructor(
    private readonly view: EditorView,
    private readonly pad: Pad,
  ) {
    const text: ComposingTarget = view.contentDOM;
    const { signal } = this.over;
    for (const target of [text, text.editContext]) {
      target?.addEventListener("compositionstart", () => this.begun(), { signal });
      target?.addEventListener("compositionend", () => this.ended(), { signal });
    }
  }

  destroy(): void {
    this.over.abort();
    this.resume();
  }

  private begun(): void {
    const { view, pad } = this;
    clearTimeout(this.ending);
    clearTimeout(this.longest);
    this.longest = setTimeout(() => this.resume(), LONGEST);
    pad.holdRevisions((revision) => {
      const { from, to } = view.state.selection.main;
      const line = {
        from: view.state.doc.lineAt(from).from,
        to: view.state.doc.lineAt(to).to,
      };
      return touches(revision, line, unaccepted(pad));
    });
  }

  private ended(): void {
    clearTimeout(this.ending);
    this.ending = setTimeout(() => this.resume(), AFTER);
  }

  private resume(): void {
    clearTimeout(this.longest);
    clearTimeout(this.ending);
    this.pad.resumeRevisions();
  }
}

export function waitForComposition(pad: Pad): Extension {
  return ViewPlugin.define((view) => new Waiting(view, pad));
}

/**
 * Returns an upper bound for how many characters have been written and deleted that are not
 * accepted yet.
 */
function unaccepted(pad: Pad): number {
  const { accepted, text } = pad.state;
  if (pad.state.settled) return 0;
  let same = 0;
  const shorter = Math.min(accepted.text.length, text.length);
  while (same < shorter && accepted.text[same] === text[same]) same += 1;
  let ending = 0;
  while (ending < shorter - same && accepted.text.at(-1 - ending) === text.at(-1 - ending))
    ending += 1;
  return accepted.text.length + text.length - 2 * (same + ending);
}
