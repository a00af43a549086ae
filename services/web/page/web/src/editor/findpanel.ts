/** The panel above the text, with the search text, the number of matches, and the replacement. */
import {
  closeSearchPanel,
  findNext,
  findPrevious,
  getSearchQuery,
  replaceAll,
  replaceNext,
  setSearchQuery,
} from "@codemirror/search";
import { type EditorView, type Panel, runScopeHandlers, type ViewUpdate } from "@codemirror/view";

import { write, writeVerbatim } from "../words/page.js";
import { countMatches, queryOf } from "./query.js";

/** How long the text must not have changed before the matches are counted, in ms. */
const REST = 150;

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function field(words: string, change: () => void): HTMLInputElement {
  const made = element("input", "find-field");
  made.type = "text";
  made.spellcheck = false;
  made.dir = "auto";
  made.autocomplete = "off";
  write(made, words);
  made.addEventListener("input", change);
  return made;
}

function button(words: string, icon: string | null, run: () => void): HTMLButtonElement {
  const made = element("button", icon === null ? "button" : "icon");
  made.type = "button";
  write(made, words);
  if (icon !== null) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#${icon}`);
    svg.append(use);
    made.append(svg);
  }
  made.addEventListener("click", run);
  return made;
}

function option(words: string, change: () => void): [HTMLLabelElement, HTMLInputElement] {
  const box = element("input", "");
  box.type = "checkbox";
  box.addEventListener("change", change);
  const text = element("span", "");
  write(text, words);
  return [element("label", "check", box, text), box];
}

export class FindPanel implements Panel {
  readonly dom: HTMLElement;
  readonly top = true;
  private readonly text: HTMLInputElement;
  private readonly replacement: HTMLInputElement;
  private readonly matchCase: HTMLInputElement;
  private readonly wholeWord: HTMLInputElement;
  private readonly regexp: HTMLInputElement;
  private readonly count = element("output", "find-count");
  private readonly replacing: HTMLElement;
  private rest: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: EditorView) {
    const change = (): void => this.search();
    this.text = field("find-text", change);
    this.text.setAttribute("main-field", "true");
    this.replacement = field("find-replacement", change);
    const [matchCase, caseBox] = option("find-case", change);
    const [wholeWord, wordBox] = option("find-word", change);
    const [regexp, regexpBox] = option("find-regexp", change);
    [this.matchCase, this.wholeWord, this.regexp] = [caseBox, wordBox, regexpBox];
    const row = element(
      "div",
      "find-row",
      this.text,
      this.count,
      button("find-previous", "i-up", () => findPrevious(view)),
      button("find-next", "i-down", () => findNext(view)),
      button("find-close", "i-close", () => closeSearchPanel(view)),
    );
    this.replacing = element(
      "div",
      "find-row",
      this.replacement,
      button("find-replace", null, () => replaceNext(view)),
      button("find-replace-all", null, () => replaceAll(view)),
    );
    const options = element("div", "find-row find-options", matchCase, wholeWord, regexp);
    this.dom = element("div", "find", row, this.replacing, options);
    this.dom.setAttribute("role", "search");
    write(this.dom, "find");
    this.dom.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  mount(): void {
    this.text.select();
    this.countSoon(0);
  }

  update(update: ViewUpdate): void {
    const renewed = update.transactions.some(({ effects }) =>
      effects.some((effect) => effect.is(setSearchQuery)),
    );
    if (renewed) this.show();
    if (renewed || update.docChanged || update.selectionSet) this.countSoon(REST);
    this.replacing.hidden = update.state.readOnly;
  }

  destroy(): void {
    clearTimeout(this.rest);
  }

  /** Shows the query of the editor's state, which a command may have set. */
  private show(): void {
    const query = getSearchQuery(this.view.state);
    if (this.text.value !== query.search) this.text.value = query.search;
    if (this.replacement.value !== query.replace) this.replacement.value = query.replace;
    this.matchCase.checked = query.caseSensitive;
    this.wholeWord.checked = query.wholeWord;
    this.regexp.checked = query.regexp;
    this.replacing.hidden = this.view.state.readOnly;
    // The component also makes queries from the selection, and those do not exclude markers.
    if (query.test === undefined) queueMicrotask(() => this.search());
  }

  private search(): void {
    const query = queryOf({
      text: this.text.value,
      replacement: this.replacement.value,
      matchCase: this.matchCase.checked,
      wholeWord: this.wholeWord.checked,
      regexp: this.regexp.checked,
    });
    this.view.dispatch({ effects: setSearchQuery.of(query) });
  }

  private countSoon(after: number): void {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.showCount(), after);
  }

  private showCount(): void {
    const query = getSearchQuery(this.view.state);
    const wrong = query.search !== "" && !query.valid;
    this.text.setAttribute("aria-invalid", String(wrong));
    if (query.search === "") writeVerbatim(this.count, "");
    else if (wrong) write(this.count, "find-invalid");
    else {
      const { at, of, more } = countMatches(this.view.state, query);
      if (of === 0) write(this.count, "find-none");
      else if (more) write(this.count, "find-many", { of });
      else if (at === 0) write(this.count, "find-some", { of });
      else write(this.count, "find-at", { at, of });
    }
  }

  private key(event: KeyboardEvent): void {
    if (runScopeHandlers(this.view, event, "search-panel")) {
      event.preventDefault();
      if (event.key.toLowerCase() === "f") this.text.select();
    } else if (event.key === "Enter" && event.target === this.text) {
      event.preventDefault();
      (event.shiftKey ? findPrevious : findNext)(this.view);
    } else if (event.key === "Enter" && event.target === this.replacement) {
      event.preventDefault();
      replaceNext(this.view);
    }
  }
}
