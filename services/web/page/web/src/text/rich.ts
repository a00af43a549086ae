/**
 * Converts the clipboard's HTML to lines of rich text, and back. Formats, lists, headings and the
 * addresses of links are kept, and nothing else.
 */
import { easysync } from "padfleet-client";

import { linksIn, safeAddress } from "./links.js";

export type Format = "bold" | "italic" | "underline" | "strikethrough";

export interface Run {
  text: string;
  formats: readonly Format[];
}

export interface RichLine {
  /** The list with its level, such as `bullet1`; "" for none. */
  list: string;
  /** The heading, such as `h1`; "" for none. */
  heading: string;
  runs: Run[];
}

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

const HTML_TAGS: Readonly<Record<Format, string>> = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
};

const ORDER: readonly Format[] = ["bold", "italic", "underline", "strikethrough"];

/** Elements that are skipped with all their content. */
const UNREAD = new Set(
  "HEAD SCRIPT STYLE TEMPLATE NOSCRIPT IFRAME OBJECT EMBED SVG MATH TEXTAREA SELECT AUDIO VIDEO TITLE CANVAS".split(
    " ",
  ),
);

const BLOCKS = new Set(
  "ADDRESS ARTICLE ASIDE BLOCKQUOTE DD DIV DL DT FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN NAV OL P PRE SECTION TABLE TR UL".split(
    " ",
  ),
);

const DEEPEST = 16;

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
    let flat = easysync.plain(text.replace(/[ \t\r\n\f]+/g, " ")).replaceAll("\u00a0", " ");
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
    this.line = null;
  }

  item(list: string): void {
    this.line = null;
    this.next = { list, heading: "" };
  }

  endItem(): void {
    if (this.next !== null && this.next.list !== "") this.begin("");
    this.line = this.next = null;
  }

  finished(): RichLine[] {
    for (const { runs } of this.lines) {
      const last = runs.at(-1);
      if (last !== undefined) last.text = last.text.replace(/ $/, "");
    }
    return this.lines;
  }

  private add(text: string, formats: ReadonlySet<Format>, heading: string): void {
    if (text === "") return;
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
    if (UNREAD.has(tag)) return;
    if (tag === "BR") {
      reader.break(had.heading);
      return;
    }
    const state: State = { ...had };
    const style = node.getAttribute("data-style") ?? "";
    const format = TAGS[tag];
    if (format !== undefined) state.formats = new Set([...had.formats, format]);
    if (style !== "") state.formats = styled(style, state.formats);
    const spaces = /white-space(?:-collapse)?:\s*([\w-]+)/i.exec(style)?.[1]?.toLowerCase();
    if (tag === "PRE" || /^(pre|pre-wrap|preserve|break-spaces)$/.test(spaces ?? ""))
      state.asIs = true;
    else if (spaces !== undefined) state.asIs = false;
    const heading = /^H([1-6])$/.exec(tag)?.[1];
    if (heading !== undefined) state.heading = `h${Math.min(Number(heading), 4)}`;
    const block = BLOCKS.has(tag);
    if (tag === "UL" || tag === "OL") {
      state.level = Math.min(had.level + 1, DEEPEST);
      state.list = tag === "OL" ? "number" : "bullet";
    }
    // A paragraph within an item belongs to the item.
    if (tag === "LI") reader.item(`${state.list || "bullet"}${Math.max(state.level, 1)}`);
    else if (block) reader.block();
    if (tag === "TD" || tag === "TH") reader.text(" ", state);
    work.push(() => {
      if (tag === "A") address(node, state);
      if (tag === "LI") reader.endItem();
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

function escaped(text: string): string {
  const named = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return named.replace(/^ | $| (?= )/g, "\u00a0").replaceAll('"', "&quot;");
}

function contentOf({ runs, heading }: RichLine): string {
  const content = runs
    .map(({ text, formats }) =>
      formats.reduce(
        (inner, format) => `<${HTML_TAGS[format]}>${inner}</${HTML_TAGS[format]}>`,
        escaped(text),
      ),
    )
    .join("");
  return /^h[1-6]$/.test(heading) ? `<${heading}>${content}</${heading}>` : content;
}

/** Returns lines as HTML, for word processors and other pads. */
export function htmlOf(lines: readonly RichLine[]): string {
  const open: string[] = [];
  const out: string[] = [];
  const close = (level: number): void => {
    while (open.length > level) out.push(`</li></${open.pop()}>`);
  };
  const [single] = lines;
  if (lines.length === 1 && single !== undefined && single.list === "") return contentOf(single);
  for (const line of lines) {
    const found = /^(bullet|number)(\d+)$/.exec(line.list);
    if (found === null) {
      close(0);
      const content = contentOf(line);
      out.push(line.heading !== "" ? content : `<p>${content || "<br>"}</p>`);
      continue;
    }
    const level = Math.min(Number(found[2]), DEEPEST);
    const tag = found[1] === "number" ? "ol" : "ul";
    close(level);
    if (open.length === level && open[level - 1] !== tag) close(level - 1);
    else if (open.length === level) out.push("</li>");
    while (open.length < level) {
      out.push(`<${tag}>`);
      open.push(tag);
      if (open.length < level) out.push("<li>");
    }
    out.push(`<li>${contentOf(line)}`);
  }
  close(0);
  return out.join("");
}
