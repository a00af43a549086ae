import { Run } from "./assembler.js";
import { composeAttribs } from "./attributes.js";
import { Bank, unpack } from "./changeset.js";
import { EasysyncError } from "./errors.js";
import { countLines, parseOps } from "./ops.js";
import type { AttributePool } from "./pool.js";

/** A text and its attributes: inserts that cover it from start to end. */
export interface AText {
  text: string;
  attribs: string;
}

/** For how many code units an attribute string holds. Never changed once made. */
export interface Span {
  readonly attribs: string;
  readonly chars: number;
}

/** A document that changesets are applied to. Positions count UTF-16 code units. */
export class Body {
  /** `text` and `spans` have to cover each other; `fromAText` sees to that. */
  constructor(
    public text: string,
    private spans: readonly Span[],
  ) {}

  /** Throws `EasysyncError` when the attributes are malformed or do not cover the text. */
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

  /** Another document of the same content. */
  clone(): Body {
    return new Body(this.text, this.spans);
  }

  /** The attributes in canonical form. Costs a pass over the document. */
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

  /** The stretches of equal attributes in `[from, to)`, with where each begins and ends. */
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

  /** Hands out the attributes from the start of the document on. */
  reader(): SpanReader {
    return new SpanReader(this.spans);
  }

  /** The attribute string of the code unit at `position`; "" beyond the end. */
  attribsAt(position: number): string {
    for (const span of this.spansBetween(position, position + 1)) return span.attribs;
    return "";
  }

  /**
   * Applies a changeset in the numbers of `pool`. Throws `EasysyncError`, and changes nothing, when
   * it is for another text. Newlines in what is merely kept are not counted: they decide nothing.
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
    let copied = 0; // of the old text: what has been taken over into the new one
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

/** Goes along a document's attributes once. */
export class SpanReader {
  private index = 0;
  private used = 0; // of the span at `index`

  constructor(private readonly spans: readonly Span[]) {}

  /** The attributes of the next `chars` code units. Throws `EasysyncError` beyond the end. */
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

  /** Passes over as many. */
  skip(chars: number): void {
    this.take(chars);
  }

  /** What has not been taken. */
  rest(): Span[] {
    const span = this.spans[this.index];
    if (span === undefined) return [];
    return [
      { attribs: span.attribs, chars: span.chars - this.used },
      ...this.spans.slice(this.index + 1),
    ];
  }
}

/** Throws `EasysyncError` unless there are `lines` newlines in `text`. */
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

/** Goes along a document's spans once, and puts the new ones together. */
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
