/** What a page's address asks for, by the names that Etherpad's page uses. */

export interface Wishes {
  /** The user's name, and the colour as "#rrggbb"; null if the address does not say. */
  name: string | null;
  color: string | null;
  /**
   * Whether authors' colours and, for `mono`, a monospaced font are shown; null if the address does
   * not say.
   */
  colors: boolean | null;
  mono: boolean | null;
  /** Whether the page has the tools above the text, the buttons of the bar, and the chat. */
  tools: boolean;
  menu: boolean;
  chat: boolean;
  /** Whether the chat or the list of people is open at the start. */
  open: "chat" | "people" | null;
  /** Whether all lines run from right to left instead of in the direction of their letters. */
  rightToLeft: boolean;
  /** Whether to begin with the history, and at which revision; null means the newest. */
  history: boolean;
  rev: number | null;
  /** Whether the address asks for a language, which the server has already applied. */
  language: boolean;
  /** The line to begin at, counted from 1. */
  line: number | null;
}

/**
 * Returns what is open next to the text: the chat if there is one, or else the people if `both` are
 * to be open.
 */
export function beside(chat: boolean, always: boolean, both: boolean): Wishes["open"] {
  if (chat && (always || both)) return "chat";
  return both ? "people" : null;
}

const COLOR = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;

/**
 * Reads the address. `search` and `hash` are those of `location`. Values without a meaning are
 * ignored.
 */
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

/** Returns a colour such as `#abc` in the form `#aabbcc`, which colour fields require. */
export function longHex(color: string): string {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(color);
  if (short === null) return color.slice(0, 7);
  const doubled = short.slice(1).map((digit) => digit + digit);
  return `#${doubled.join("")}`;
}
