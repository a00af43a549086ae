/**
 * Converts the clipboard's HTML to lines of rich text. Formats, lists, headings and the addresses of
 * links are kept, and nothing else.
 */
import { easysync } from "padfleet-client";

import { isMark, itemOf, standOf } from "./items.js";
import { linksIn, safeAddress } from "./links.js";
import { DEEPEST, type Format, type RichLine } from "./rich.js";

const TAGS: Readonly<Record<string, Format>> = {
  B: "bold",
  STRONG: "bold",
  I: "italic",
  EM: "italic",
  U: "underline",
  INS: "underline",
  S: "strikethrough",
  STRIKE: "strikethrough",
  DEL: "strikethrough",
};

const ORDER: readonly Format[] = ["bold", "italic", "underline", "strikethrough"];

/** Elements that are skipped with all their content. */
const UNREAD = setOf(
  "HEAD SCRIPT STYLE TEMPLATE NOSCRIPT IFRAME OBJECT EMBED SVG MATH TEXTAREA SELECT AUDIO VIDEO TITLE CANVAS",
);

const BLOCKS = setOf(
  "ADDRESS ARTICLE ASIDE BLOCKQUOTE DD DIV DL DT FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR MAIN NAV OL P PRE SECTION TABLE UL",
);

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(" "));
}

interface State {
  formats: ReadonlySet<Format>;
  list: string;
  level: number;
  heading: string;
  asIs: boolean;
}

/** Returns the formats after those in an element's style. Styles themselves are not kept. */
function styled(style: string, had: ReadonlySet<Format>): ReadonlySet<Format> {
  const formats = new Set(had);
  const weight = /font-weight:\s*(\w+)/i.exec(style)?.[1]?.toLowerCase();
  if (weight !== undefined) {
    if (/^(bold|bolder|[6-9]00)$/.test(weight)) formats.add("bold");
    else if (/^(normal|lighter|[1-5]00)$/.test(weight)) formats.delete("bold");
  }
  const slant = /font-style:\s*(\w+)/i.exec(style)?.[1]?.toLowerCase();
  if (slant === "italic" || slant === "oblique") formats.add("italic");
  else if (slant === "normal") formats.delete("italic");
  const line = /text-decoration(?:-line)?:([^;]*)/i.exec(style)?.[1] ?? "";
  if (/underline/i.test(line)) formats.add("underline");
  if (/line-through/i.test(line)) formats.add("strikethrough");
  return formats;
}

class Reader {
  readonly lines: RichLine[] = [];
  private line: RichLine | null = null;
  /** The list of the next line, if an item has begun that has no text yet. */
  private next: { list: string; heading: string } | null = null;
  /** How many cells of the table's row have begun, and how many lines there were before the row. */
  private cells = 0;
  private before = 0;
  /** Whether a cell has begun that has no text yet, so that blocks end no line. */
  private inCell = false;

  text(text: string, { formats, asIs, heading }: State): void {
    if (asIs) {
      const [first = "", ...more] = easysync.plain(text).split("\n");
      this.add(first, formats, heading);
      for (const line of more) {
        this.break(heading);
        this.add(line, formats, heading);
      }
      return;
    }
    let flat = easysync.plain(text.replace(/[ \t\r\n\f]+/g, " "));
    if (this.line === null || this.line.runs.at(-1)?.text.endsWith(" ") !== false) {
      if (this.line === null || this.line.runs.length > 0) flat = flat.replace(/^ /, "");
    }
    if (flat !== "") this.add(flat, formats, heading);
  }

  /** Ends a line within a block. */
  break(heading: string): void {
    this.line ??= this.begin(heading);
    this.line = null;
  }

  /** Ends the line, because a block begins or ends. */
  block(): void {
    if (!this.inCell) this.line = null;
  }

  /** Begins or ends a row of a table. The cells of a row share a line, as in plain text. */
  row(): void {
    this.line = null;
    this.cells = 0;
    this.before = this.lines.length;
    this.inCell = false;
  }

  cell(): void {
    this.cells += 1;
    if (this.cells > 1) {
      const last = this.lines.length > this.before ? this.lines.at(-1) : undefined;
      this.line = last ?? this.begin("");
      this.add(easysync.plain("\t"), new Set(), "");
    }
    this.inCell = true;
  }

  item(list: string): void {
    this.line = null;
    this.next = { list, heading: "" };
  }

  endItem(): void {
    if (this.next !== null && this.next.list !== "") this.begin("");
    this.line = this.next = null;
  }

  /** Ends a paragraph of Word for the web, which is a line even if it is empty. */
  end(heading: string): void {
    if (!this.inCell) this.line ??= this.begin(heading);
  }

  /** Whether a line has ended, and no other has begun. */
  get between(): boolean {
    return this.line === null && this.lines.length > 0;
  }

  finished(): RichLine[] {
    for (const line of this.lines) {
      const last = line.runs.at(-1);
      if (last !== undefined) last.text = last.text.replace(/ $/, "");
      // Programs write an empty line as a paragraph with a space that is not to be broken.
      if (line.runs.every(({ text }) => /^[ \u00a0]*$/.test(text))) line.runs = [];
      for (const run of line.runs) run.text = run.text.replaceAll("\u00a0", " ");
    }
    return this.lines;
  }

  private add(text: string, formats: ReadonlySet<Format>, heading: string): void {
    if (text === "") return;
    this.inCell = false;
    this.line ??= this.begin(heading);
    const chosen = ORDER.filter((format) => formats.has(format));
    const last = this.line.runs.at(-1);
    if (last !== undefined && last.formats.join() === chosen.join()) last.text += text;
    else this.line.runs.push({ text, formats: chosen });
  }

  private begin(heading: string): RichLine {
    const line: RichLine = { list: this.next?.list ?? "", heading, runs: [] };
    this.next = null;
    this.lines.push(line);
    return line;
  }
}

/** The level of a heading that is a paragraph, as Word for the web writes it. */
function headingOf(node: Element): string | undefined {
  if (node.getAttribute("data-role") !== "heading") return undefined;
  return /^[1-6]$/.exec(node.getAttribute("data-aria-level") ?? "")?.[0];
}

/** Whether only white space and comments follow. */
function isLast(node: Node): boolean {
  let next = node.nextSibling;
  while (next !== null && next.nodeType !== 1 && (next.nodeType === 8 || !next.nodeValue?.trim()))
    next = next.nextSibling;
  return next === null;
}

/**
 * Returns the lines of a document that `DOMParser` has made from HTML that is `tamed`, so that
 * nothing in it runs or loads.
 */
export function linesOf(body: Element): RichLine[] {
  const reader = new Reader();
  // This does not use recursion, since other people determine how deep the document is.
  const start = { formats: new Set<Format>(), list: "", level: 0, heading: "", asIs: false };
  const work: (() => void)[] = [];
  const visit = (node: Node, state: State): void => {
    if (node.nodeType === 3) reader.text(node.nodeValue ?? "", state);
    else if (node.nodeType === 1) element(node as Element, state);
  };
  const element = (node: Element, had: State): void => {
    const tag = node.tagName.toUpperCase();
    const style = node.getAttribute("data-style") ?? "";
    if (UNREAD.has(tag) || isMark(style)) return;
    const stand = standOf(node.getAttribute("data-class") ?? "");
    if (stand === "end") reader.end(had.heading);
    else if (stand === "break") reader.break(had.heading);
    else if (stand === "tab") reader.text("\t", { ...had, asIs: true });
    if (stand !== null) return;
    if (tag === "BR") {
      // Browsers and Google Docs end the clipboard with one that is not part of the text.
      const ending = reader.between && node.parentElement === body && isLast(node);
      if (!ending) reader.break(had.heading);
      return;
    }
    const state: State = { ...had };
    const format = TAGS[tag];
    if (format !== undefined) state.formats = new Set([...had.formats, format]);
    if (style !== "") state.formats = styled(style, state.formats);
    const spaces = /white-space(?:-collapse)?:\s*([\w-]+)/i.exec(style)?.[1]?.toLowerCase();
    if (tag === "PRE" || /^(pre|pre-wrap|preserve|break-spaces)$/.test(spaces ?? ""))
      state.asIs = true;
    else if (spaces !== undefined) state.asIs = false;
    const heading = /^H([1-6])$/.exec(tag)?.[1] ?? headingOf(node);
    if (heading !== undefined) state.heading = `h${Math.min(Number(heading), 4)}`;
    const block = BLOCKS.has(tag);
    if (tag === "UL" || tag === "OL") {
      state.level = Math.min(had.level + 1, DEEPEST);
      state.list = tag === "OL" ? "number" : "bullet";
    }
    const item = itemOf(node, style, state);
    // A paragraph within an item belongs to the item.
    if (item !== null) reader.item(item);
    else if (tag === "TR") reader.row();
    else if (tag === "TD" || tag === "TH") reader.cell();
    else if (block) reader.block();
    work.push(() => {
      if (tag === "A") address(node, state);
      if (item !== null) reader.endItem();
      else if (tag === "TR") reader.row();
      else if (block) reader.block();
    });
    for (let child = node.lastChild; child !== null; child = child.previousSibling) {
      const found = child;
      work.push(() => visit(found, state));
    }
  };
  const address = (node: Element, state: State): void => {
    const href = safeAddress(node.getAttribute("data-href") ?? "");
    const words = (node.textContent ?? "").trim();
    if (href === null || words === "") return;
    const [link] = linksIn(words);
    const same = href.replace(/^mailto:/, "") === words;
    if (!same && link?.href !== href) reader.text(` (${href})`, { ...state, asIs: false });
  };
  work.push(() => visit(body, start));
  for (let step = work.pop(); step !== undefined; step = work.pop()) step();
  return reader.finished();
}
