/** The editor on a pad: CodeMirror for the text, the client library for everything else. */
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, type ViewUpdate } from "@codemirror/view";
import { EditRefused, type Pad } from "padfleet-client";

import { byId } from "../ui/dom.js";
import { onLanguage } from "../words/page.js";
import { typing } from "./changes.js";
import { clipboard } from "./clipboard.js";
import { keys } from "./commands.js";
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
import { redoInCapitals, travelByMenu, travelKeys, undoing } from "./travel.js";
import { typingOver } from "./typeover.js";

/**
 * What every editor here has, the one for the past too. `label` is the element with the words that
 * name it to who cannot see it.
 */
export function basics(from: Source, nonce: string, label: string): Extension {
  return [
    source.of(from),
    // A pad's lines end with \n alone, and anything else is a character.
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

/** After how many ms without anything new the editor is compared with the pad. */
const IDLE = 500;

/** Where a pad is to be shown: an editor without a text, which can be made before the pad is here. */
export class Sheet {
  readonly view: EditorView;
  /** Takes the editor's transactions. */
  session: Session | null = null;

  constructor(
    readonly parent: HTMLElement,
    readonly nonce: string,
  ) {
    // What it has in common with what comes is prepared: styles, and the code that draws a line.
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

  /** Is told when for a while nothing of what is shown has changed. */
  rested: () => void = () => undefined;
  /** Is told when an edit could not be made, since the server would not take it. */
  refused: () => void = () => undefined;

  /** Shows `pad`, which has to be joined, on `sheet`, which has to be new. */
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
          travelByMenu,
          redoInCapitals,
          typingOver,
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

  /** Calls `listener` with each update, at any time. */
  listen(listener: (update: ViewUpdate) => void): void {
    this.listeners.push(listener);
  }

  /** Adds what an editor need not have from the beginning. */
  add(extension: Extension): void {
    this.view.dispatch({ effects: this.added.reconfigure(extension) });
  }

  /** Lets nobody write; the text can still be read and copied. */
  lock(locked: boolean): void {
    const extensions = locked ? [EditorState.readOnly.of(true)] : [];
    this.view.dispatch({ effects: this.locked.reconfigure(extensions) });
  }

  /** Whether all lines run from right to left, or each the way of its letters. */
  run(leftward: boolean): void {
    const effects = this.direction.reconfigure(leftward ? rightToLeft : []);
    this.view.dispatch({ effects });
  }

  /** Puts the cursor at the beginning of a line, from 1 on. */
  goToLine(number: number): void {
    const { doc } = this.view.state;
    const anchor = doc.line(Math.min(Math.max(number, 1), doc.lines)).from;
    this.view.dispatch({ selection: { anchor }, scrollIntoView: true });
  }

  /** Makes the pad what `wanted` is, as one edit. False if there is nothing to be changed. */
  restore(wanted: Source, author: string): boolean {
    const { state } = this.view;
    const edit = exactEdit(state, restoring(state.facet(source), wanted, author), "restore");
    if (edit !== null) this.view.dispatch(edit);
    return edit !== null;
  }

  /** Whether the editor is known to show the pad's text, to the last character. */
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

  /** Each time that the editor differed is a fault of ours: it is counted where tests look for it. */
  private redrawn(count: number): void {
    this.parent.dataset["redraws"] = String(count);
    if (count === 1) console.warn("The editor differed from the pad, and has been drawn anew.");
  }
}
