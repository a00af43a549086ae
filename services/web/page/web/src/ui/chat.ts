/** The chat beside the text. */
import type { ChatLine, Pad } from "padfleet-client";

import { authorClass } from "../editor/colors.js";
import { anchor } from "../editor/links.js";
import { linksIn } from "../text/links.js";
import { say, write } from "../words/page.js";
import { announce, byId, make } from "./dom.js";
import type { Panel } from "./panel.js";
import { reason } from "./reason.js";
import { clock } from "./time.js";

/** Messages that are asked for at once; servers give no more than a hundred. */
const PAGE = 40;

function keyOf({ time, userId, text }: ChatLine): string {
  return JSON.stringify([time, userId, text]);
}

/** A message, with its links. */
function said(text: string): HTMLElement {
  const element = make("p", "said");
  element.dir = "auto";
  let at = 0;
  for (const { from, to, href } of linksIn(text)) {
    element.append(text.slice(at, from), anchor(href, text.slice(from, to)));
    at = to;
  }
  element.append(text.slice(at));
  return element;
}

export class Chat {
  private readonly lines = byId<HTMLOListElement>("lines");
  private readonly box = byId("lines-box");
  private readonly field = byId<HTMLInputElement>("say-text");
  private readonly error = byId("chat-error");
  private readonly earlier = byId<HTMLButtonElement>("chat-earlier");
  /** How many messages there are before the first one that is shown. */
  private before: number;
  /** How many messages there are, with those that are not shown. */
  private count: number;
  /** What is shown, since a message may come twice when a connection was lost. */
  private readonly known = new Set<string>();
  /** What has come while that before it is asked for. */
  private arrived: ChatLine[] | null = null;
  private unread = 0;
  private loaded = false;

  constructor(
    private readonly pad: Pad,
    private readonly panel: Panel,
  ) {
    this.count = pad.vars.chatHead + 1;
    // Servers give readers what is said while they are here, and nothing of what was said before.
    this.before = pad.readOnly ? 0 : this.count;
    byId("chat-readers").hidden = !pad.readOnly;
    pad.on("chat", (line) => this.came(line));
    let away = false;
    pad.on("status", ({ state }) => {
      if (state === "open" && away) void this.catchUp();
      away = state !== "open";
    });
    panel.onShow((tab) => {
      if (tab === "chat") this.opened();
    });
    this.earlier.addEventListener("click", () => void this.load());
    byId("say").addEventListener("submit", (event) => {
      event.preventDefault();
      this.say();
    });
  }

  private opened(): void {
    this.unread = 0;
    this.showUnread();
    if (!this.loaded && this.before > 0) void this.load();
    this.loaded = true;
    this.toEnd();
  }

  /**
   * What was said while there was no connection is not sent again by itself. What comes while that
   * is asked for comes after it.
   */
  private async catchUp(): Promise<void> {
    if (this.pad.readOnly) return;
    const arrived: ChatLine[] = [];
    this.arrived = arrived;
    try {
      for (const line of await this.pad.chatFrom(this.count)) this.add(line);
    } catch {
      // Lost again, and asked for again from here on; or a server without chat.
      if (this.pad.status.state !== "open") return;
    }
    if (this.arrived !== arrived) return; // begun anew meanwhile
    this.arrived = null;
    for (const line of arrived) this.add(line);
  }

  private came(line: ChatLine): void {
    if (this.arrived === null) this.add(line);
    else this.arrived.push(line);
  }

  private add(line: ChatLine): void {
    if (this.known.has(keyOf(line))) return;
    this.count += 1;
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    this.lines.append(this.row(line));
    byId("chat-empty").hidden = true;
    if (this.panel.open === "chat") {
      if (atEnd || line.userId === this.pad.vars.userId) this.toEnd();
      return;
    }
    this.unread += 1;
    this.showUnread();
    announce(say("chat-says", { name: this.nameOf(line), text: line.text }));
  }

  private async load(): Promise<void> {
    const first = Math.max(0, this.before - PAGE);
    this.earlier.disabled = true;
    try {
      const found = await this.pad.chatBetween(first, this.before - 1);
      const height = this.box.scrollHeight;
      this.lines.prepend(...found.map((line) => this.row(line)));
      this.box.scrollTop += this.box.scrollHeight - height;
      this.before = first;
      byId("chat-empty").hidden = this.lines.childElementCount > 0;
      this.complain(null);
    } catch (error) {
      this.complain("chat-failed", (error as Error).message);
    }
    this.earlier.disabled = false;
    this.earlier.hidden = this.before === 0;
  }

  private say(): void {
    const text = this.field.value.trim();
    if (text === "") return;
    this.complain(null);
    this.field.value = "";
    this.pad.say(text, (why) => {
      // What was written must not be lost, unless something else has been begun meanwhile.
      if (this.field.value === "") this.field.value = text;
      this.complain("chat-not-sent", why);
    });
  }

  private row(line: ChatLine): HTMLLIElement {
    this.known.add(keyOf(line));
    const who = make("b", "who", make("bdi", "", this.nameOf(line)));
    const when = make("time", "", clock(line.time));
    when.dateTime = new Date(line.time).toISOString();
    const head = make("p", "line-head", who, when);
    return make("li", `line ${authorClass(line.userId ?? "")}`, head, said(line.text));
  }

  private nameOf({ userId, userName }: ChatLine): string {
    return userName || this.pad.people.everybody.get(userId ?? "")?.name || say("anonymous");
  }

  private complain(key: string | null, why = ""): void {
    this.error.hidden = key === null;
    if (key !== null) write(this.error, key, { why: reason(why) });
  }

  private showUnread(): void {
    const badge = byId("unread");
    badge.hidden = this.unread === 0;
    badge.textContent = this.unread > 99 ? "99+" : String(this.unread);
    write(byId("chat-button"), "chat-button", { unread: this.unread });
  }

  private toEnd(): void {
    this.box.scrollTop = this.box.scrollHeight;
  }
}
