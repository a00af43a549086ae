/**
 * Keeps an editor's state and a pad the same. Without a screen or a clock: `EditorView` is one thing
 * that it can be given, a test's plain variable another.
 */
import {
  type ChangeSet,
  EditorSelection,
  type EditorState,
  type Text,
  Transaction,
} from "@codemirror/state";
import { type Accepted, type Changed, type Collaborator, easysync } from "padfleet-client";

import {
  difference,
  exactly,
  fromOthers,
  isOwnEdit,
  isTextOf,
  setTyping,
  shownLength,
  toChanges,
  toChangeset,
  travelled,
} from "./changes.js";
import { Undoing } from "./undo.js";

/** What is written on: a `Pad`. */
export interface Paper {
  readonly state: Collaborator;
  /** Makes an own edit. Whoever listens to the pad is told by `edited`, the session too. */
  applyOwn(changeset: string): void;
}

/** What holds the editor's state. */
export interface Screen {
  readonly state: EditorState;
  update(transactions: readonly Transaction[]): void;
}

/** What goes wrong although it should not. */
export interface Faults {
  /** The editor differed from the pad and has been drawn anew, for the `count`-th time. */
  redrawn(count: number): void;
  /** An edit could not be made, and has been dropped. */
  failed(error: unknown): void;
}

export class Session {
  readonly undoing: Undoing;
  /** How often the editor differed from the pad. */
  redraws = 0;
  private screen: Screen | null = null;
  /** The pad's text that the editor shows. */
  private text: string;
  private rev: number;
  /** What the pad has got and the editor has not. */
  private readonly arrived: easysync.TextChange[][] = [];
  /** Own edits that the pad has yet to tell of. */
  private readonly expected: string[] = [];
  /** Whether a transaction is under way, which the screen does not show yet. */
  private writing = false;
  /** What was found to be the same, each of them being immutable. */
  private compared: { doc: Text; text: string } | null = null;

  constructor(
    private readonly paper: Paper,
    private readonly faults: Faults,
  ) {
    const { pool, author, text, rev } = paper.state;
    this.undoing = new Undoing(pool, author);
    this.text = text;
    this.rev = rev;
  }

  /** `screen` has to show the pad's text as it was when the session was made. */
  show(screen: Screen): void {
    this.screen = screen;
  }

  /** Transactions of the editor: the pad gets what they do, and the screen shows them. */
  dispatch(transactions: readonly Transaction[]): void {
    for (const tr of transactions) {
      if (!isOwnEdit(tr)) {
        const chosen = tr.effects.some((effect) => effect.is(setTyping));
        if (tr.selection !== undefined || chosen) this.undoing.seal();
        this.screen?.update([tr]);
        continue;
      }
      this.writing = true;
      const written = this.write(tr);
      if (written) this.screen?.update([tr]);
      this.writing = false;
      // What comes after it is for a state that will never be.
      if (!written) {
        this.same();
        return;
      }
      this.flush();
    }
  }

  /** For the pad's events `changed` and `accepted`. The screen follows with `flush`. */
  heard(event: Changed | Accepted): void {
    this.rev = event.rev;
    if (event.kind === "changed") this.others(event.changeset, event.changes);
  }

  /** For the pad's event `edited`: an edit of ours, or of something else on this page. */
  edited(changeset: string): void {
    if (this.expected[0] === changeset) this.expected.shift();
    else if (!easysync.isIdentity(changeset)) {
      this.others(changeset, easysync.textChanges(changeset));
      this.flush();
    }
  }

  /** Shows what has arrived. */
  flush(): void {
    const { screen } = this;
    if (screen === null || this.writing || this.arrived.length === 0) return;
    const { text } = this.paper.state;
    const arrived = this.arrived.splice(0);
    let changes: ChangeSet | null = null;
    try {
      changes = toChanges(arrived, screen.state.doc, this.text, text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // positions that the document does not have
    }
    if (changes === null) this.redraw();
    else this.bring(changes, text);
  }

  /**
   * Whether the editor shows the pad's text to the last character. If it does not although nothing
   * is under way, it is drawn anew.
   */
  same(): boolean {
    const { screen } = this;
    if (screen === null || this.writing) return false;
    if (this.rev !== this.paper.state.rev || this.expected.length > 0) return false;
    this.flush();
    const { text } = this.paper.state;
    if (this.compared?.doc === screen.state.doc && this.compared.text === text) return true;
    if (!isTextOf(screen.state.doc, text)) this.redraw();
    const same = isTextOf(screen.state.doc, text);
    this.compared = same ? { doc: screen.state.doc, text } : null;
    return same;
  }

  /** Gives the pad what `tr` does. False if that could not be: then it has to be dropped. */
  private write(tr: Transaction): boolean {
    const { state } = this.paper;
    const { body } = state;
    try {
      // An edit for another text would go to the wrong place for everybody.
      const current = tr.startState === this.screen?.state && this.text === state.text;
      if (!current || tr.startState.doc.length !== shownLength(body.text)) {
        throw new Error("the editor is not at the pad's text");
      }
      const travel = tr.annotation(travelled);
      const changeset = travel?.changeset ?? tr.annotation(exactly) ?? toChangeset(tr, state);
      const caret = tr.startState.selection.main;
      if (travel !== undefined) this.undoing.go(travel.side, body, caret);
      else {
        const time = tr.annotation(Transaction.time) ?? 0;
        const kind = tr.annotation(Transaction.userEvent) ?? "";
        this.undoing.record(changeset, body, { time, kind, caret });
      }
      this.expected.push(changeset);
      this.paper.applyOwn(changeset);
      this.text = state.text;
      return true;
    } catch (error) {
      this.expected.length = 0;
      this.undoing.clear();
      this.faults.failed(error);
      return false;
    }
  }

  private others(changeset: string, changes: easysync.TextChange[]): void {
    this.arrived.push(changes);
    try {
      this.undoing.others(changeset);
    } catch (error) {
      this.undoing.clear();
      this.faults.failed(error);
    }
  }

  private bring(changes: ChangeSet, text: string): void {
    const { screen } = this;
    if (screen === null) return;
    const annotations = [fromOthers.of(true), Transaction.remote.of(true)];
    this.text = text;
    const selection = selectionAfter(screen.state, changes);
    screen.update([screen.state.update({ changes, ...selection, annotations, filter: false })]);
    if (screen.state.doc.length !== shownLength(text)) this.redraw();
  }

  private redraw(): void {
    const { screen } = this;
    const { text } = this.paper.state;
    if (screen === null) return;
    this.redraws += 1;
    this.arrived.length = 0;
    this.compared = null;
    this.faults.redrawn(this.redraws);
    const before = screen.state.doc.sliceString(0, undefined, "\n");
    const changes = difference(before, text.slice(0, -1));
    this.text = text;
    screen.update([
      screen.state.update({
        changes,
        ...selectionAfter(screen.state, changes),
        annotations: fromOthers.of(true),
        filter: false,
      }),
    ]);
  }
}

/**
 * For the transaction of others' changes. Within what they have replaced the selection becomes a
 * cursor: as the component maps it, its end would come to lie before its start.
 */
function selectionAfter(
  { selection }: EditorState,
  changes: ChangeSet,
): { selection?: EditorSelection } {
  const { ranges, mainIndex } = selection.map(changes);
  if (ranges.every(({ from, to }) => from <= to)) return {};
  const upright = ranges.map((range) =>
    range.from <= range.to ? range : EditorSelection.cursor(range.to),
  );
  return { selection: EditorSelection.create(upright, mainIndex) };
}
