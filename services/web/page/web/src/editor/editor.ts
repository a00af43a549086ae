/** The editor of a pad: CodeMirror for the text, and the client library for everything else. */
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, type ViewUpdate } from "@codemirror/view";
import { EditRefused, type Pad } from "padfleet-client";

import { byId } from "../ui/dom.js";
import { onLanguage } from "../words/page.js";
import { typing } from "./changes.js";
import { clipboard } from "./clipboard.js";
import { byMenu, keys } from "./commands.js";
import { directions, rightToLeft } from "./direction.js";
import { dragging } from "./dragging.js";
import { exactEdit } from "./exact.js";
import { leaving, plainKeys, tabKeys } from "./keymap.js";
import { besideMarkers } from "./markers.js";
import { orderlyMarkers } from "./numbering.js";
import { painting } from "./paint.js";
import { pointing } from "./pointers.js";
import { waitForComposition } from "./composing.js";
import { restoring } from "./restore.js";
import { Session } from "./session.js";
import { type Source, source } from "./source.js";
import { redoInCapitals, travelKeys, undoing } from "./travel.js";
import { typingOver } from "./typeover.js";

/**
 * Returns the extensions that all editors here share, including that of the history. `label` is the
 * id of the element whose words name the text to screen readers.
 */
export function basics(from: Source, nonce: string, label: string): Extension {
  return [
    source.of(from),
    // A pad's lines end with \n only. Any other line end is an ordinary character.
    EditorState.lineSeparator.of("\n"),
    EditorView.lineWrapping,
    EditorView.cspNonce.of(nonce),
    EditorView.contentAttributes.of(() => ({
      "aria-label": byId(label).textContent ?? "",
      tabindex: "0",
      spellcheck: "true",
      autocorrect: "on",
      autocapitalize: "sentences",
    })),
    painting(),
    directions,
  ];
}

/** How long nothing must have changed before the editor is compared with the pad, in ms. */
const IDLE = 500;

/**
 * An editor without a text, in which a pad will be shown. It can be made before the pad has
 * arrived.
 */
export class Sheet {
  readonly view: EditorView;
  /** Receives the editor's transactions. */
  session: Session | null = null;

  constructor(
    readonly parent: HTMLElement,
    readonly nonce: string,
  ) {
    // This prepares what it shares with the later state: styles, and the code that draws a line.
    this.view = new EditorView({
      dispatchTransactions: (transactions) => this.session?.dispatch(transactions),
      state: EditorState.create({
        extensions: [EditorView.lineWrapping, EditorView.cspNonce.of(nonce)],
      }),
    });
  }
}

export class PadEditor {
  readonly view: EditorView;
  private readonly parent: HTMLElement;
  private readonly locked = new Compartment();
  private readonly direction = new Compartment();
  private readonly added = new Compartment();
  private readonly session: Session;
  private readonly listeners: ((update: ViewUpdate) => void)[] = [];
  private idle: ReturnType<typeof setTimeout> | undefined;

  /** Called when the editor has not changed for a while. */
  rested: () => void = () => undefined;
  /** Called when an edit could not be made, because the server would not accept it. */
  refused: () => void = () => undefined;

  /** Shows `pad`, which must have been joined, on `sheet`, which must be new. */
  constructor(sheet: Sheet, pad: Pad) {
    const { view, parent, nonce } = sheet;
    const { state } = pad;
    const session = new Session(pad, {
      redrawn: (count) => this.redrawn(count),
      failed: (error) => {
        console.error("an edit could not be made", error);
        if (error instanceof EditRefused) this.refused();
      },
    });
    this.view = view;
    this.parent = parent;
    this.session = sheet.session = session;
    view.setState(
      EditorState.create({
        doc: EditorState.create({ extensions: EditorState.lineSeparator.of("\n") }).toText(
          state.text.slice(0, -1),
        ),
        extensions: [
          basics(state, nonce, "text-of-pad"),
          this.direction.of([]),
          undoing.of(session.undoing),
          byMenu,
          redoInCapitals,
          typingOver(),
          typing,
          besideMarkers,
          orderlyMarkers,
          this.added.of([]),
          clipboard,
          dragging,
          Prec.high(keymap.of(keys)),
          keymap.of([...travelKeys, ...tabKeys, ...plainKeys]),
          leaving,
          waitForComposition(pad),
          EditorView.contentAttributes.of({ "aria-describedby": "leave-hint" }),
          this.locked.of([]),
          pointing,
          EditorView.updateListener.of((update) => {
            for (const listener of this.listeners) listener(update);
            if (update.docChanged || update.selectionSet || update.transactions.length > 0) {
              this.compareSoon();
            }
          }),
        ],
      }),
    );
    parent.append(view.dom);
    session.show(view);
    pad.on("changed", (event) => session.heard(event));
    pad.on("accepted", (event) => session.heard(event));
    pad.on("edited", (changeset) => session.edited(changeset));
    pad.on("took", () => session.flush());
    onLanguage(() => view.dispatch({}));
  }

  /** Calls `listener` with each update. It may be added at any time. */
  listen(listener: (update: ViewUpdate) => void): void {
    this.listeners.push(listener);
  }

  /** Adds extensions that the editor does not need from the start. */
  add(extension: Extension): void {
    this.view.dispatch({ effects: this.added.reconfigure(extension) });
  }

  /** Makes the text read-only or editable. A read-only text can still be read and copied. */
  lock(locked: boolean): void {
    const extensions = locked ? [EditorState.readOnly.of(true)] : [];
    this.view.dispatch({ effects: this.locked.reconfigure(extensions) });
  }

  /** Shows all lines from right to left, or each line in the direction of its letters. */
  run(leftward: boolean): void {
    const effects = this.direction.reconfigure(leftward ? rightToLeft : []);
    this.view.dispatch({ effects });
  }

  /** Puts the cursor at the beginning of a line, counted from 1. */
  goToLine(number: number): void {
    const { doc } = this.view.state;
    const anchor = doc.line(Math.min(Math.max(number, 1), doc.lines)).from;
    this.view.dispatch({ selection: { anchor }, scrollIntoView: true });
  }

  /** Turns the pad into `wanted`, as one edit. Returns false if there is nothing to change. */
  restore(wanted: Source, author: string): boolean {
    const { state } = this.view;
    const edit = exactEdit(state, restoring(state.facet(source), wanted, author), "restore");
    if (edit !== null) this.view.dispatch(edit);
    return edit !== null;
  }

  /** Whether the editor is known to show exactly the pad's text. */
  same(): boolean {
    return this.session.same();
  }

  private compareSoon(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      this.session.same();
      this.rested();
    }, IDLE);
  }

  /**
   * Each difference between editor and pad is a bug. They are counted in an attribute that tests
   * check.
   */
  private redrawn(count: number): void {
    this.parent.dataset["redraws"] = String(count);
    if (count === 1) console.warn("The editor differed from the pad, and has been drawn anew.");
  }
}
