/** The chat next to the text. */
import type { ChatLine, Pad } from "padfleet-client";

import { authorClass } from "../editor/colors.js";
import { anchor } from "../editor/links.js";
import { linksIn } from "../text/links.js";
import { say, write } from "../words/page.js";
import { announce, byId, make } from "./dom.js";
import type { Panel } from "./panel.js";
import { reason } from "./reason.js";
import { clock } from "./time.js";

/** How many messages are requested at once. Servers return at most a hundred. */
const PAGE = 40;

function keyOf({ time, userId, text }: ChatLine): string {
  return JSON.stringify([time, userId, text]);
}

/** Returns an element with a message and its links. */
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
  /** The number of messages before the first one that is shown. */
  private before: number;
  /** The number of all messages, including those that are not shown. */
  private count: number;
  /** The messages that are shown, because a message may arrive twice after a lost connection. */
  private readonly known = new Set<string>();
  /**
   * Messages that have arrived while those before them are being requested; null at other times.
   */
  private arrived: ChatLine[] | null = null;
  private unread = 0;
  private loaded = false;

  constructor(
    private readonly pad: Pad,
    private readonly panel: Panel,
  ) {
    this.count = pad.vars.chatHead + 1;
    // Servers send readers the messages written during their visit, but no earlier ones.
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
   * Requests the messages written during a lost connection, which the server does not send by
   * itself. Messages that arrive meanwhile are added after them.
   */
  private async catchUp(): Promise<void> {
    if (this.pad.readOnly) return;
    const arrived: ChatLine[] = [];
    this.arrived = arrived;
    try {
      for (const line of await this.pad.chatFrom(this.count)) this.add(line);
    } catch {
      // If the connection is lost again, the next one continues from here. Otherwise the server has
      // no chat.
      if (this.pad.status.state !== "open") return;
    }
    if (this.arrived !== arrived) return; // catching up has begun anew
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
      // The text must not be lost, unless the user has begun to write something else.
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
