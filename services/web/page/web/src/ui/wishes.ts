/** What the address of a page asks for, by the names that Etherpad's page has for it. */

export interface Wishes {
  /** What the user is called, and "#rrggbb"; null where nothing is asked for. */
  name: string | null;
  color: string | null;
  /** Whether authors' colours are shown; null where it is left to the reader, as below. */
  colors: boolean | null;
  mono: boolean | null;
  /** Whether there are the tools over the text, the buttons of the bar, and the chat. */
  tools: boolean;
  menu: boolean;
  chat: boolean;
  /** Whether the chat, or else who is here, is open from the beginning. */
  open: "chat" | "people" | null;
  /** Whether all lines run from right to left, and not each the way of its letters. */
  rightToLeft: boolean;
  /** Whether to begin with the history, and at which revision; null is the newest. */
  history: boolean;
  rev: number | null;
  /** Whether a language is asked for, which the server has seen to. */
  language: boolean;
  /** The line to begin at, from 1 on. */
  line: number | null;
}

/** What is open beside the text: the chat, where there is one, else who is here if `both` are. */
export function beside(chat: boolean, always: boolean, both: boolean): Wishes["open"] {
  if (chat && (always || both)) return "chat";
  return both ? "people" : null;
}

const COLOR = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;

/** `search` and `hash` as those of `location`. What has no meaning is as if it were not there. */
export function readWishes(search: string, hash: string): Wishes {
  const given = new URLSearchParams(search);
  const is = (name: string, value: string): boolean =>
    given.get(name)?.trim().toLowerCase() === value;
  const choice = (name: string, yes: string, no: string): boolean | null =>
    is(name, yes) ? true : is(name, no) ? false : null;
  const words = (name: string): string | null => {
    const value = given.get(name)?.trim() ?? "";
    return value === "" || value === "false" ? null : value;
  };
  const color = COLOR.exec(words("userColor") ?? "");
  const chat = !is("showChat", "false");
  const both = is("chatAndUsers", "true");
  const number = /^#(L?)(\d{1,9})$/.exec(hash);
  const place = number === null ? null : Number(number[2]);
  return {
    name: words("userName")?.slice(0, 80) ?? null,
    color: color === null ? null : longHex(`#${color[1]}`),
    colors: choice("noColors", "false", "true"),
    mono: choice("useMonospaceFont", "true", "false"),
    tools: !is("showControls", "false"),
    menu: !is("showMenuRight", "false"),
    chat,
    open: beside(chat, is("alwaysShowChat", "true"), both),
    rightToLeft: is("rtl", "true"),
    language: words("lang") !== null,
    history: given.has("history"),
    rev: number?.[1] === "" ? place : null,
    line: number?.[1] === "L" ? place : null,
  };
}

/** `#abc` as `#aabbcc`, which is all that a colour field takes. */
export function longHex(color: string): string {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(color);
  if (short === null) return color.slice(0, 7);
  const doubled = short.slice(1).map((digit) => digit + digit);
  return `#${doubled.join("")}`;
}
