/** The pad's history, with a slider over its revisions. */
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { easysync, History, type Pad, type SavedRevision } from "padfleet-client";

import { authorsOf } from "../editor/authorship.js";
import { difference } from "../editor/changes.js";
import { authorClass } from "../editor/colors.js";
import { basics, type PadEditor } from "../editor/editor.js";
import { links } from "../editor/links.js";
import type { Source } from "../editor/source.js";
import { onLanguage, say, write, writeVerbatim } from "../words/page.js";
import { ask } from "./ask.js";
import { announce, byId, make } from "./dom.js";
import { reason } from "./reason.js";
import { exactly } from "./time.js";
import { toast } from "./toast.js";
import type { Who } from "./who.js";

/** The time from one revision to the next during playback, in ms. */
const PACE = 120;

export class Past {
  private readonly root = byId("time");
  private readonly slider = byId<HTMLInputElement>("time-slider");
  private readonly words = byId("time-words");
  private readonly playButton = byId("time-play");
  private readonly saved = new Map<number, SavedRevision>();
  private history: History | null = null;
  private view: EditorView | null = null;
  private moving = false;
  private playing: ReturnType<typeof setTimeout> | null = null;
  private open = false;

  constructor(
    private readonly pad: Pad,
    private readonly nonce: string,
    private readonly editor: PadEditor,
    private readonly who: Who,
  ) {
    for (const revision of pad.vars.savedRevisions) this.saved.set(revision.revNum, revision);
    pad.on("saved", (revision) => {
      this.saved.set(revision.revNum, revision);
      this.showStars();
      const words = say("revision-saved", { rev: revision.revNum });
      if (revision.savedById === pad.vars.userId) toast(words);
      else announce(words);
    });
    pad.on("took", () => this.grow());
    this.slider.addEventListener("input", () => {
      this.pause();
      void this.follow();
    });
    byId("time-back").addEventListener("click", () => this.step(-1));
    byId("time-next").addEventListener("click", () => this.step(1));
    byId("time-save").addEventListener("click", () => this.save());
    byId("time-restore").addEventListener("click", () => void this.restore());
    byId("time-close").addEventListener("click", () => this.show(false));
    byId("history-button").addEventListener("click", () => this.show(!this.open));
    this.playButton.addEventListener("click", () =>
      this.playing === null ? this.play() : this.pause(),
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.show(false);
    });
    onLanguage(() => this.grow());
  }

  /** Saves the newest revision, so that it can be found again. */
  save(): void {
    this.pad.saveRevision((why) => toast(say("revision-not-saved", { why: reason(why) })));
  }

  /** Opens or closes the history. `rev` is the revision to show first; null means the newest. */
  show(open: boolean, rev: number | null = null): void {
    if (!open && this.pad.vars.onlooker === true) {
      // The pad was only looked at, where it is kept while nobody is on it. Now it is opened.
      const address = new URL(location.href);
      address.searchParams.delete("history");
      address.hash = "";
      location.replace(address);
      return;
    }
    this.open = open;
    this.pause();
    this.root.hidden = !open;
    byId("tools").hidden = open;
    byId("editor").hidden = open;
    byId("past").hidden = !open;
    byId("history-button").setAttribute("aria-pressed", String(open));
    document.body.classList.toggle("in-past", open);
    if (!open) {
      this.view?.destroy();
      this.view = null;
      this.history = null;
      this.editor.view.focus();
      return;
    }
    this.begin();
    this.slider.focus();
    if (rev !== null) this.goTo(rev);
  }

  private begin(): void {
    // This is the pad without own edits that have not been accepted.
    const { text, attribs } = this.pad.state.accepted;
    const pool = easysync.AttributePool.from(this.pad.state.pool.toJSON());
    const { rev, time } = this.pad;
    const history = new History({ text, attribs }, pool, rev, time, (start, granularity) =>
      this.pad.changesets(start, granularity),
    );
    this.history = history;
    const shown: Source = {
      get body() {
        return history.document;
      },
      pool,
    };
    this.view = new EditorView({
      parent: byId("past"),
      state: EditorState.create({
        doc: text.slice(0, -1),
        extensions: [
          basics(shown, this.nonce, "text-of-past"),
          links,
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ tabindex: "0" }),
        ],
      }),
    });
    this.slider.max = String(rev);
    this.slider.value = String(rev);
    this.who.watch(this.view);
    this.showStars();
    this.showAuthors();
    this.paint();
  }

  private goTo(rev: number): void {
    this.pause();
    this.slider.value = String(rev);
    void this.follow();
  }

  private grow(): void {
    if (!this.open) return;
    this.slider.max = String(this.pad.rev);
    this.showStars();
    this.paint();
  }

  private step(by: number): void {
    this.goTo(Number(this.slider.value) + by);
  }

  private play(): void {
    if (Number(this.slider.value) >= this.pad.rev) this.slider.value = "0";
    write(this.playButton, "time-pause");
    this.playButton.querySelector("use")?.setAttribute("href", "#i-pause");
    const next = async (): Promise<void> => {
      if (!(await this.follow())) return;
      const at = Number(this.slider.value);
      if (at >= this.pad.rev) {
        this.pause();
        return;
      }
      if (this.playing === null) return;
      this.slider.value = String(at + 1);
      this.playing = setTimeout(() => void next(), PACE);
    };
    this.playing = setTimeout(() => void next(), 0);
  }

  private pause(): void {
    if (this.playing !== null) clearTimeout(this.playing);
    this.playing = null;
    write(this.playButton, "time-play");
    this.playButton.querySelector("use")?.setAttribute("href", "#i-play");
  }

  /**
   * Goes to the slider's revision. If the slider moves on the way, it goes there next. Returns
   * whether it succeeded.
   */
  private async follow(): Promise<boolean> {
    this.paint();
    if (this.moving) return true;
    this.moving = true;
    try {
      while (this.history !== null && this.history.rev !== Number(this.slider.value)) {
        await this.history.goTo(Number(this.slider.value));
        this.render();
      }
      this.paint();
      return true;
    } catch (error) {
      this.pause();
      if (this.history !== null) this.slider.value = String(this.history.rev);
      this.render();
      this.say(say("time-failed", { why: reason((error as Error).message) }));
      return false;
    } finally {
      this.moving = false;
    }
  }

  private render(): void {
    if (this.view === null || this.history === null) return;
    const before = this.view.state.doc.sliceString(0, undefined, "\n");
    const changes = difference(before, this.history.document.text.slice(0, -1));
    this.view.dispatch({ changes });
    this.showAuthors();
  }

  /** Restores the pad to the revision that is shown. */
  private async restore(): Promise<void> {
    this.pause();
    const rev = Number(this.slider.value);
    if (!(await ask("restore-ask", { rev }))) return;
    const { history } = this;
    if (!(await this.follow()) || history === null || history.rev !== rev) return;
    const wanted = { body: history.document, pool: history.attributes };
    this.show(false);
    try {
      const restored = this.editor.restore(wanted, this.pad.vars.userId);
      toast(say(restored ? "restored" : "restore-same", { rev }));
    } catch (error) {
      toast(say("restore-failed", { why: reason((error as Error).message) }));
    }
  }

  /** Lists the authors of the text that is shown, by how much of it they have written. */
  private showAuthors(): void {
    const { history } = this;
    if (history === null) return;
    const authors = authorsOf({ body: history.document, pool: history.attributes });
    const me = this.pad.vars.userId;
    const rows = authors.map((id) => {
      const name = this.pad.people.everybody.get(id)?.name ?? say("anonymous");
      const words = make("bdi", "", id === me ? say("author-you", { name }) : name);
      return make("li", `who ${authorClass(id)}`, words);
    });
    if (rows.length === 0) rows.push(make("li", "", say("authors-none")));
    byId("time-authors").replaceChildren(...rows);
  }

  private paint(): void {
    const { history } = this;
    if (history === null) return;
    const rev = Number(this.slider.value);
    const time = history.rev === rev && history.time !== undefined ? exactly(history.time) : "";
    const at = say("time-at", { rev, head: this.pad.rev });
    const words = [at, time, this.saved.has(rev) ? say("time-saved") : ""];
    this.say(words.filter(Boolean).join(" · "));
    this.slider.setAttribute("aria-valuetext", words.filter(Boolean).join(", "));
  }

  private say(words: string): void {
    writeVerbatim(this.words, words);
  }

  private showStars(): void {
    const last = Math.max(1, this.pad.rev);
    const stars = [...this.saved.values()].map((revision) => {
      const star = make("button", "star", "★");
      star.type = "button";
      star.style.insetInlineStart = `${(revision.revNum / last) * 100}%`;
      const label = revision.label || say("time-revision", { rev: revision.revNum });
      star.title = say("time-star", { label });
      star.setAttribute("aria-label", star.title);
      star.addEventListener("click", () => {
        this.goTo(revision.revNum);
      });
      return star;
    });
    byId("time-stars").replaceChildren(...stars);
  }
}
