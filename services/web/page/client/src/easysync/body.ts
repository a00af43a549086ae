import { Run } from "./assembler.js";
import { composeAttribs } from "./attributes.js";
import { Bank, unpack } from "./changeset.js";
import { EasysyncError } from "./errors.js";
import { countLines, parseOps } from "./ops.js";
import type { AttributePool } from "./pool.js";

/** A text and its attributes, which are written as inserts that cover it from start to end. */
export interface AText {
  text: string;
  attribs: string;
}

/** An attribute string and the number of code units that have it. It is immutable. */
export interface Span {
  readonly attribs: string;
  readonly chars: number;
}

/** A document that changesets are applied to. Positions are in UTF-16 code units. */
export class Body {
  /** `spans` must cover `text` exactly, as `fromAText` ensures. */
  constructor(
    public text: string,
    private spans: readonly Span[],
  ) {}

  /** Throws `EasysyncError` if the attributes are malformed or do not cover the text. */
  static fromAText({ text, attribs }: AText): Body {
    const spans: Span[] = [];
    let covered = 0;
    for (const op of parseOps(attribs)) {
      if (op.opcode !== "+") throw new EasysyncError("not the attributes of a document");
      put(spans, op.attribs, op.chars);
      covered += op.chars;
    }
    if (covered !== text.length) {
      throw new EasysyncError(`the attributes cover ${covered} units, the text has ${text.length}`);
    }
    return new Body(text, spans);
  }

  /** Returns an independent document with the same content. */
  clone(): Body {
    return new Body(this.text, this.spans);
  }

  /**
   * Returns the document with its attributes in canonical form. This takes a pass over the
   * document.
   */
  toAText(): AText {
    const run = new Run("+");
    let at = 0;
    for (const { attribs, chars } of this.spans) {
      const head = this.text.lastIndexOf("\n", at + chars - 1) + 1;
      if (head > at) run.add(head - at, countLines(this.text, at, head), attribs);
      run.add(at + chars - Math.max(head, at), 0, attribs);
      at += chars;
    }
    return { text: this.text, attribs: run.take() };
  }

  /** Yields the stretches of equal attributes in `[from, to)`, with their bounds. */
  *spansBetween(
    from: number,
    to: number,
  ): Generator<{ from: number; to: number; attribs: string }> {
    let at = 0;
    for (const { attribs, chars } of this.spans) {
      const end = at + chars;
      if (end > from) {
        if (at >= to) return;
        yield { from: Math.max(at, from), to: Math.min(end, to), attribs };
      }
      at = end;
    }
  }

  /** Returns a reader of the attributes, from the start of the document on. */
  reader(): SpanReader {
    return new SpanReader(this.spans);
  }

  /** Returns the attribute string of the code unit at `position`; "" beyond the end. */
  attribsAt(position: number): string {
    for (const span of this.spansBetween(position, position + 1)) return span.attribs;
    return "";
  }

  /**
   * Applies a changeset in the numbers of `pool`. Throws `EasysyncError`, and changes nothing, if
   * it is for another text. The newlines in text that is kept unchanged are not counted, since they
   * do not affect the result.
   */
  apply(changeset: string, pool: AttributePool): void {
    const { oldLength, ops, bank } = unpack(changeset);
    if (oldLength !== this.text.length) {
      throw new EasysyncError(
        `the changeset is for length ${oldLength}, the text has ${this.text.length}`,
      );
    }
    const inserts = new Bank(bank);
    const walk = new Walk(this.spans);
    let text = "";
    let copied = 0; // the part of the old text that has been copied to the new one
    let at = 0;
    for (const op of parseOps(ops)) {
      if (op.opcode === "+") {
        const inserted = inserts.take(op.chars);
        checkLines(inserted, op.lines);
        text += this.text.slice(copied, at) + inserted;
        copied = at;
        walk.insert(op.attribs, op.chars);
        continue;
      }
      const end = at + op.chars;
      if (end > this.text.length) {
        throw new EasysyncError("the changeset reaches beyond the end of the text");
      }
      if (op.opcode === "-") {
        checkLines(this.text.slice(at, end), op.lines);
        text += this.text.slice(copied, at);
        copied = end;
        walk.skip(op.chars);
      } else if (op.attribs === "") {
        walk.keep(op.chars);
      } else {
        walk.mark(op.chars, (had) => composeAttribs(had, op.attribs, pool, true));
      }
      at = end;
    }
    this.text = text + this.text.slice(copied);
    this.spans = walk.finish();
  }
}

/** Reads a document's attributes once, from start to end. */
export class SpanReader {
  private index = 0;
  private used = 0; // code units read of the span at `index`

  constructor(private readonly spans: readonly Span[]) {}

  /**
   * Returns the attributes of the next `chars` code units. Throws `EasysyncError` beyond the end.
   */
  take(chars: number): Span[] {
    const taken: Span[] = [];
    let left = chars;
    while (left > 0) {
      const span = this.spans[this.index];
      if (span === undefined) {
        throw new EasysyncError("the document has fewer attributes than text");
      }
      const count = Math.min(left, span.chars - this.used);
      taken.push({ attribs: span.attribs, chars: count });
      left -= count;
      this.used += count;
      if (this.used === span.chars) {
        this.index += 1;
        this.used = 0;
      }
    }
    return taken;
  }

  /** Passes over the next `chars` code units. Throws `EasysyncError` beyond the end. */
  skip(chars: number): void {
    this.take(chars);
  }

  /** Returns the attributes that have not been read. */
  rest(): Span[] {
    const span = this.spans[this.index];
    if (span === undefined) return [];
    return [
      { attribs: span.attribs, chars: span.chars - this.used },
      ...this.spans.slice(this.index + 1),
    ];
  }
}

/** Throws `EasysyncError` unless `text` contains `lines` newlines. */
export function checkLines(text: string, lines: number): void {
  const found = countLines(text);
  if (found !== lines) {
    throw new EasysyncError(`an op that should be on ${lines} newlines is on ${found}`);
  }
}

function put(spans: Span[], attribs: string, chars: number): void {
  if (chars === 0) return;
  const last = spans.at(-1);
  if (last?.attribs === attribs) spans[spans.length - 1] = { attribs, chars: last.chars + chars };
  else spans.push({ attribs, chars });
}

/** Reads a document's spans once, and assembles the new ones. */
class Walk {
  private readonly out: Span[] = [];
  private readonly reader: SpanReader;

  constructor(spans: readonly Span[]) {
    this.reader = new SpanReader(spans);
  }

  insert(attribs: string, chars: number): void {
    put(this.out, attribs, chars);
  }

  skip(chars: number): void {
    this.reader.skip(chars);
  }

  keep(chars: number): void {
    for (const span of this.reader.take(chars)) put(this.out, span.attribs, span.chars);
  }

  mark(chars: number, change: (had: string) => string): void {
    for (const span of this.reader.take(chars)) put(this.out, change(span.attribs), span.chars);
  }

  finish(): Span[] {
    const [span, next, ...rest] = this.reader.rest();
    if (span !== undefined) put(this.out, span.attribs, span.chars);
    if (next !== undefined) put(this.out, next.attribs, next.chars);
    return this.out.concat(rest);
  }
}
