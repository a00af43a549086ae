/**
 * Composing: an input method, or a phone's keyboard, has part of a line under way. If that line were
 * drawn anew meanwhile, the browser would end the composition and leave half of it behind, so what
 * others do to it waits.
 */
import type { Extension } from "@codemirror/state";
import { type EditorView, ViewPlugin } from "@codemirror/view";
import { easysync, type Pad, type Revision } from "padfleet-client";

/** The longest that others' changes wait, in ms: then they come, whatever becomes of the word. */
export const LONGEST = 10_000;

/** How long the component takes to read the last of a composition, in ms. */
const AFTER = 60;

/** Where a composition is: from the beginning of its line to the end, in the editor's text. */
export interface Span {
  from: number;
  to: number;
}

/**
 * Whether a revision of others, made for the text that the server has accepted, touches `line` in the
 * editor's. `own` is how many characters have been written and deleted here and are not accepted: by
 * so much the two may differ, and what may touch is taken to touch.
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

/** Where a browser tells of compositions: on Android not the text, but the `EditContext` it has. */
type Told = EventTarget & { editContext?: EventTarget | null };

/** Keeps back what touches the line in which somebody is composing, until that is over. */
class Waiting {
  private longest: ReturnType<typeof setTimeout> | undefined;
  private ending: ReturnType<typeof setTimeout> | undefined;
  private readonly over = new AbortController();

  constructor(
    private readonly view: EditorView,
    private readonly pad: Pad,
  ) {
    const text: Told = view.contentDOM;
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

/** At least as many characters as have been written or deleted and are not accepted. */
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
