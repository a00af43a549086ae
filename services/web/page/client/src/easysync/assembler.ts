import { countLines, numeral, type Op, type Opcode } from "./ops.js";

function written({ opcode, chars, lines, attribs }: Op): string {
  return `${attribs}${lines > 0 ? `|${numeral(lines)}` : ""}${opcode}${numeral(chars)}`;
}

/**
 * Collects ops of one kind, and merges neighbours that have the same attributes. What follows the
 * last newline is a separate op, but the pair is held back as one, because a further op with
 * newlines joins all three.
 */
export class Run {
  private readonly op: Op;
  private tail = 0;
  private text = "";

  constructor(opcode: Opcode) {
    this.op = { opcode, chars: 0, lines: 0, attribs: "" };
  }

  add(chars: number, lines: number, attribs: string): void {
    if (chars <= 0) return;
    const op = this.op;
    if (op.chars === 0 || op.attribs !== attribs) {
      this.write();
      op.chars = chars;
      op.lines = lines;
      op.attribs = attribs;
    } else if (lines > 0) {
      op.chars += this.tail + chars;
      op.lines += lines;
      this.tail = 0;
    } else if (op.lines > 0) {
      this.tail += chars;
    } else {
      op.chars += chars;
    }
  }

  /** Returns the ops so far as text, and leaves the run empty. */
  take(): string {
    this.write();
    const text = this.text;
    this.text = "";
    return text;
  }

  /** Drops the last op unless it has attributes. */
  dropPlainEnd(): void {
    if (this.op.attribs === "") this.op.chars = this.tail = 0;
  }

  private write(): void {
    if (this.op.chars === 0) return;
    this.text += written(this.op);
    if (this.tail > 0) this.text += written({ ...this.op, chars: this.tail, lines: 0 });
    this.op.chars = this.tail = 0;
  }
}

/**
 * Assembles ops in the one form that servers accept: neighbours are merged, and between two keeps,
 * removals come before inserts.
 */
export class Assembler {
  /** By how many code units the text grows. */
  lengthChange = 0;
  private readonly keeps = new Run("=");
  private readonly removals = new Run("-");
  private readonly inserts = new Run("+");
  private keeping = false;
  private text = "";

  add(opcode: Opcode, chars: number, lines: number, attribs: string): void {
    if (chars <= 0) return;
    if ((opcode === "=") !== this.keeping) this.turn();
    if (opcode === "+") {
      this.lengthChange += chars;
      this.inserts.add(chars, lines, attribs);
    } else if (opcode === "-") {
      this.lengthChange -= chars;
      this.removals.add(chars, lines, attribs);
    } else {
      this.keeps.add(chars, lines, attribs);
    }
  }

  /**
   * Adds the ops that keep, insert or remove `text`: one up to its last newline, and one for the
   * rest.
   */
  addText(opcode: Opcode, text: string, attribs = ""): void {
    const head = text.lastIndexOf("\n") + 1;
    if (head > 0) this.add(opcode, head, countLines(text), attribs);
    this.add(opcode, text.length - head, 0, attribs);
  }

  /**
   * Returns the ops as text. A keep without attributes at the end is left out, since it is implied.
   */
  finish(): string {
    if (this.keeping) this.keeps.dropPlainEnd();
    this.turn();
    return this.text;
  }

  private turn(): void {
    this.text += this.keeping ? this.keeps.take() : this.removals.take() + this.inserts.take();
    this.keeping = !this.keeping;
  }
}
