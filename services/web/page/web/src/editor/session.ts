/**
 * Keeps an editor's state and a pad in step. It needs neither a screen nor a clock: its `Screen`
 * may be an `EditorView`, or a variable in a test.
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

/** The pad that is edited. `Pad` implements it. */
export interface Paper {
  readonly state: Collaborator;
  /** Makes an own edit. The `edited` event of the pad then reports it, to the session as well. */
  applyOwn(changeset: string): void;
}

/** The holder of the editor's state. */
export interface Screen {
  readonly state: EditorState;
  update(transactions: readonly Transaction[]): void;
}

/** Receives faults, which should not occur. */
export interface Faults {
  /** Called when the editor differed from the pad and has been redrawn, for the `count`-th time. */
  redrawn(count: number): void;
  /** Called when an edit could not be made and has been dropped. */
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
  /** Changes that the pad has and the editor does not have yet. */
  private readonly arrived: easysync.TextChange[][] = [];
  /** Own edits that the pad has not reported yet. */
  private readonly expected: string[] = [];
  /** Whether a transaction is being applied that the screen does not show yet. */
  private writing = false;
  /** The document and the text that were last found to be the same. Both are immutable. */
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

  /** Sets the screen, which must show the pad's text as it was when the session was made. */
  show(screen: Screen): void {
    this.screen = screen;
  }

  /** Applies the editor's transactions to the pad, and shows them on the screen. */
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
      // Later transactions are for a state that will never exist.
      if (!written) {
        this.same();
        return;
      }
      this.flush();
    }
  }

  /**
   * Handles the pad's events `changed` and `accepted`. The screen follows when `flush` is called.
   */
  heard(event: Changed | Accepted): void {
    this.rev = event.rev;
    if (event.kind === "changed") this.others(event.changeset, event.changes);
  }

  /**
   * Handles the pad's event `edited`. The edit may come from this session, or from elsewhere on the
   * page.
   */
  edited(changeset: string): void {
    if (this.expected[0] === changeset) this.expected.shift();
    else if (!easysync.isIdentity(changeset)) {
      this.others(changeset, easysync.textChanges(changeset));
      this.flush();
    }
  }

  /** Shows the changes that have arrived. */
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
   * Whether the editor shows exactly the pad's text. If it does not, although nothing is being
   * applied, it is redrawn.
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

  /** Applies `tr` to the pad. Returns false if that failed, and `tr` has to be dropped. */
  private write(tr: Transaction): boolean {
    const { state } = this.paper;
    const { body } = state;
    try {
      // An edit of another text would change the wrong place for everybody.
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
 * Returns the selection for a transaction with other people's changes. Where they have replaced the
 * selected text, it becomes a cursor; as the component maps the selection, its end would precede
 * its start.
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
