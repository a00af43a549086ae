/**
 * Lines of rich text, as they are copied and pasted, and how they are written as HTML. `reading.ts`
 * reads HTML.
 */
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

/** The deepest level of a list. */
export const DEEPEST = 16;

const HTML_TAGS: Readonly<Record<Format, string>> = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
};

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
