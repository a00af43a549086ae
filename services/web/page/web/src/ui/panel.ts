/** The panel next to the text, with either the people or the chat. */
import { write } from "../words/page.js";
import { byId } from "./dom.js";

export type Tab = "people" | "chat";

export class Panel {
  private readonly root = byId("panel");
  private tab: Tab | null = null;
  private readonly shown: ((tab: Tab | null) => void)[] = [];

  constructor() {
    for (const tab of ["people", "chat"] as const) {
      byId(`${tab}-button`).addEventListener("click", () => {
        this.show(this.tab === tab ? null : tab);
      });
    }
    byId("panel-close").addEventListener("click", () => this.close());
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  get open(): Tab | null {
    return this.tab;
  }

  onShow(listener: (tab: Tab | null) => void): void {
    this.shown.push(listener);
  }

  show(tab: Tab | null): void {
    this.tab = tab;
    this.root.hidden = tab === null;
    document.body.classList.toggle("with-panel", tab !== null);
    for (const each of ["people", "chat"] as const) {
      byId(`${each}-panel`).hidden = each !== tab;
      byId(`${each}-button`).setAttribute("aria-expanded", String(each === tab));
    }
    if (tab !== null) {
      write(byId("panel-title"), `${tab}-title`);
      const field = byId(tab === "people" ? "my-name" : "say-text");
      // Readers have no fields.
      (field.offsetParent === null ? byId("panel-close") : field).focus();
    }
    for (const listener of this.shown) listener(tab);
  }

  private close(): void {
    const from = this.tab;
    this.show(null);
    if (from !== null) byId(`${from}-button`).focus();
  }
}
