/**
 * Which elements are items of lists. In Word, they are paragraphs with the level in their style, and
 * with the bullet or number as text, which is marked as not being part of the item.
 */
import { DEEPEST } from "./rich.js";

const LEVEL = /mso-list:\s*\w+ level(\d+)/i;
const MARK = /mso-list:\s*ignore/i;

/** What a number looks like, as opposed to a bullet, which may be the letter "o". */
const NUMBER = /^\(?(?:\d+|[a-z]{1,6})[.)]/i;

/** What an element of Word for the web stands for, by its class. The text in it is not read. */
const STANDS: Readonly<Record<string, Stand>> = {
  EOP: "end",
  PageBreakBlob: "nothing",
  TabRun: "tab",
  LineBreakBlob: "break",
};

/** An `end`, with a no-break space, is at the end of each paragraph. */
export type Stand = "end" | "nothing" | "tab" | "break";

/** The class that each element from Word for the web and its sister programs has. */
const OF_WORD_FOR_THE_WEB = /(?:^|\s)SCX[A-Z]\d+(?:\s|$)/;

/** Returns what an element with these classes stands for; null if its text is read. */
export function standOf(classes: string): Stand | null {
  if (!OF_WORD_FOR_THE_WEB.test(classes)) return null;
  const found = classes.split(/\s+/).find((name) => Object.hasOwn(STANDS, name));
  return found === undefined ? null : (STANDS[found] ?? null);
}

/** Whether an element with this style contains the bullet or number of an item. */
export function isMark(style: string): boolean {
  return MARK.test(style);
}

/**
 * Returns the list that an element is an item of, such as `bullet1`; null if it is none. `list` and
 * `level` are those of the lists around it.
 */
export function itemOf(
  node: Element,
  style: string,
  { list, level }: { list: string; level: number },
): string | null {
  const tag = node.tagName.toUpperCase();
  if (tag === "LI") {
    // Word for the web puts each item into a list of its own, with the level in an attribute.
    const said = Number(node.getAttribute("data-aria-level") ?? 0) || 0;
    return `${list || "bullet"}${within(Math.max(level, said))}`;
  }
  const said = tag === "P" ? Number(LEVEL.exec(style)?.[1] ?? 0) : 0;
  if (said < 1) return null;
  const styled = [...node.querySelectorAll("[data-style]")];
  const mark = styled.find((each) => isMark(each.getAttribute("data-style") ?? ""));
  const numbered = NUMBER.test(mark?.textContent?.trim() ?? "");
  return `${numbered ? "number" : "bullet"}${within(said)}`;
}

function within(level: number): number {
  return Math.min(Math.max(Math.trunc(level), 1), DEEPEST);
}
