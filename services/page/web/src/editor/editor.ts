/** The editor on a pad: CodeMirror for the text, the client library for everything else. */
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, type KeyBinding, keymap, type ViewUpdate } from "@codemirror/view";
import { EditRefused, type Pad } from "padfleet-client";

import { toast } from "../ui/toast.js";
import { onLanguage, say } from "../words/page.js";
import { typing } from "./changes.js";
import { clipboard } from "./clipboard.js";
import { keys } from "./commands.js";
import { directions, rightToLeft } from "./direction.js";
import { exactEdit } from "./exact.js";
import { leaving, plainKeys, tabKeys } from "./keymap.js";
import { linkHint, linkKeys, links } from "./links.js";
import { besideMarkers } from "./markers.js";
import { orderlyMarkers } from "./numbering.js";
import { painting } from "./paint.js";
import { pointing } from "./pointers.js";
import { waitForComposition } from "./composing.js";
import { restoring } from "./restore.js";
import { finding, searchKeys } from "./search.js";
import { Session } from "./session.js";
import { type Source, source } from "./source.js";
import { travelByMenu, travelKeys, undoing } from "./travel.js";

/**
 * What every editor here has, the one for the past too. `label` is the message that names it to who
 * cannot see it.
 */
export function basics(from: Source, nonce: string, label: string): Extension {
  return [
    source.of(from),
    // A pad's lines end with \n alone, and anything else is a character.
    EditorState.lineSeparator.of("\n"),
    EditorView.lineWrapping,
    EditorView.cspNonce.of(nonce),
    EditorView.contentAttributes.of(() => ({
      "aria-label": say(label),
      tabindex: "0",
      spellcheck: "true",
      autocorrect: "on",
      autocapitalize: "sentences",
    })),
    painting(),
    directions,
    Prec.high(links),
  ];
}

/** After how many ms without anything new the editor is compared with the pad. */
const IDLE = 500;

export class PadEditor {
  readonly view: EditorView;
  private readonly locked = new Compartment();
  private readonly direction = new Compartment();
  private readonly session: Session;
  private idle: ReturnType<typeof setTimeout> | undefined;

  /**
   * Shows `pad`, which has to be joined. `changed` is called after each change of what is shown, and
   * `rested` when for a while there has been none. `more` are keys beside the editor's own, and
   * `updated` is told of each update, at any time.
   */
  constructor(
    private readonly parent: HTMLElement,
    pad: Pad,
    nonce: string,
    changed: (state: EditorState) => void,
    private readonly rested: () => void,
    more: readonly KeyBinding[] = [],
    updated: (update: ViewUpdate) => void = () => undefined,
  ) {
    const { state } = pad;
    const session = new Session(pad, {
      redrawn: (count) => this.redrawn(count),
      failed: (error) => {
        console.error("an edit could not be made", error);
        if (error instanceof EditRefused) toast(say("edit-refused"));
      },
    });
    this.session = session;
    this.view = new EditorView({
      parent,
      dispatchTransactions: (transactions) => session.dispatch(transactions),
      state: EditorState.create({
        doc: EditorState.create({ extensions: EditorState.lineSeparator.of("\n") }).toText(
          state.text.slice(0, -1),
        ),
        extensions: [
          basics(state, nonce, "text-of-pad"),
          this.direction.of([]),
          undoing.of(session.undoing),
          travelByMenu,
          typing,
          besideMarkers,
          orderlyMarkers,
          linkHint,
          finding(),
          clipboard,
          Prec.high(keymap.of([...linkKeys, ...keys, ...more])),
          keymap.of([...searchKeys, ...travelKeys, ...tabKeys, ...plainKeys]),
          leaving,
          waitForComposition(pad),
          EditorView.contentAttributes.of({ "aria-describedby": "leave-hint" }),
          this.locked.of([]),
          pointing,
          EditorView.updateListener.of((update) => {
            updated(update);
            if (update.docChanged || update.selectionSet || update.transactions.length > 0) {
              changed(update.state);
              this.compareSoon();
            }
          }),
        ],
      }),
    });
    session.show(this.view);
    pad.on("changed", (event) => session.heard(event));
    pad.on("accepted", (event) => session.heard(event));
    pad.on("edited", (changeset) => session.edited(changeset));
    pad.on("took", () => session.flush());
    onLanguage(() => this.view.dispatch({}));
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
