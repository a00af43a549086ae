/** The editor on a pad: CodeMirror for the text, the client library for everything else. */
import { defaultKeymap, history, historyKeymap, invertedEffects } from "@codemirror/commands";
import { Compartment, EditorState, type Extension, Prec, Transaction } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { Accepted, Changed, Pad } from "padfleet-client";

import { fromOthers, isOwnEdit, toChanges, toChangeset, typing, wayBack } from "./changes.js";
import { keys } from "./commands.js";
import { painting } from "./paint.js";
import { hasMarker, type Source, source } from "./source.js";

/** What every editor here has, the one for the past too. */
export function basics(from: Source, nonce: string, label: string): Extension {
  return [
    source.of(from),
    // A pad's lines end with \n alone, and anything else is a character.
    EditorState.lineSeparator.of("\n"),
    EditorView.lineWrapping,
    EditorView.cspNonce.of(nonce),
    EditorView.contentAttributes.of({
      "aria-label": label,
      spellcheck: "true",
      autocorrect: "on",
      autocapitalize: "sentences",
    }),
    painting(),
  ];
}

export class PadEditor {
  readonly view: EditorView;
  private readonly locked = new Compartment();

  /** Shows `pad`, which has to be joined. `changed` is called after each change of what is shown. */
  constructor(
    parent: HTMLElement,
    private readonly pad: Pad,
    nonce: string,
    changed: (state: EditorState) => void,
  ) {
    const { state } = pad;
    this.view = new EditorView({
      parent,
      dispatchTransactions: (transactions, view) => this.dispatch(transactions, view),
      state: EditorState.create({
        doc: EditorState.create({ extensions: EditorState.lineSeparator.of("\n") }).toText(
          state.text.slice(0, -1),
        ),
        extensions: [
          basics(state, nonce, "Text of the pad"),
          history(),
          invertedEffects.of(wayBack),
          typing,
          besideMarkers,
          Prec.high(keymap.of(keys)),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          this.locked.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged || update.selectionSet || update.transactions.length > 0) {
              changed(update.state);
            }
          }),
        ],
      }),
    });
    pad.on("took", (events) => this.take(events));
  }

  /** Lets nobody write; the text can still be read and copied. */
  lock(locked: boolean): void {
    const extensions = locked ? [EditorState.readOnly.of(true)] : [];
    this.view.dispatch({ effects: this.locked.reconfigure(extensions) });
  }

  private dispatch(transactions: readonly Transaction[], view: EditorView): void {
    for (const tr of transactions) {
      if (!isOwnEdit(tr)) continue;
      // Undo takes down the attributes that go away while the state is made, so that comes first.
      void tr.state;
      this.pad.applyOwn(toChangeset(tr, this.pad.state));
    }
    view.update(transactions);
  }

  private take(events: readonly (Changed | Accepted)[]): void {
    if (!events.some((event) => event.kind === "changed")) return;
    this.view.dispatch({
      changes: toChanges(events, this.view.state.doc, this.pad.text),
      annotations: [
        fromOthers.of(true),
        Transaction.addToHistory.of(false),
        Transaction.remote.of(true),
      ],
    });
  }
}

/** Keeps the cursor off the place before a list marker: what is typed there would split the two. */
const besideMarkers = EditorState.transactionFilter.of((tr) => {
  if (tr.docChanged || tr.selection === undefined || !tr.selection.main.empty) return tr;
  const { head } = tr.selection.main;
  const line = tr.startState.doc.lineAt(head);
  if (head !== line.from || !hasMarker(tr.startState.facet(source), head)) return tr;
  return [tr, { selection: { anchor: head + 1 }, sequential: true }];
});
