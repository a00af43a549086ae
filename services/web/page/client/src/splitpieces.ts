/**
 * Writes changesets one after the other, each of which is within a submission's limits. It is pure.
 *
 * `SplitPieces` knows what has been written, and what the current piece has room for. What goes
 * into which piece is decided in `splitting`.
 */
import { Assembler } from "./easysync/assembler.js";
import { type AttributePool, pack } from "./easysync/index.js";
import { countLines, numeral, type Opcode } from "./easysync/ops.js";
import {
  entrySize,
  FIXED,
  NUMBER,
  OP,
  type SplitLimits,
  textSize,
  tooLarge,
} from "./submissionsize.js";

function written(numbers: readonly number[]): string {
  return numbers.map((number) => `*${numeral(number)}`).join("");
}

/** A position in the new text: the part up to the last newline, and the part after it. */
class Place {
  chars = 0;
  lines = 0;
  tail = 0;

  move(chars: number, lines: number): void {
    if (lines === 0) {
      this.tail += chars;
      return;
    }
    this.chars += this.tail + chars;
    this.lines += lines;
    this.tail = 0;
  }

  moveOver(text: string): void {
    const head = text.lastIndexOf("\n") + 1;
    this.move(head, countLines(text));
    this.move(text.length - head, 0);
  }
}

/** The pieces of a change: those that are complete, and the current one. */
export class SplitPieces {
  private readonly place = new Place();
  private readonly done: string[] = [];
  /**
   * The attributes of a newline that ends the inserted text. It is inserted before the text that it
   * will follow, so that what comes after it always stands at the start of a line.
   */
  lastLine: number[] | null = null;
  private out = new Assembler();
  private bank = "";
  private known = new Set<number>();
  /** How many bytes the current piece still has room for. */
  left = 0;
  private opsLeft = 0;
  private empty = true;

  /** `length` is that of the text to which the current piece applies. */
  constructor(
    private length: number,
    private readonly pool: AttributePool,
    private readonly limits: SplitLimits,
  ) {
    this.begin();
  }

  /** Ends the last piece, and returns all of them: at least one, which may do nothing. */
  finish(): string[] {
    this.complete();
    if (this.done.length > 0) return this.done;
    return [pack({ oldLength: this.length, newLength: this.length, ops: "", bank: "" })];
  }

  // --- What there is room for ------------------------------------------------------------------

  /** Returns the bytes of `ops` ops with these attributes in the current piece. */
  cost(numbers: readonly number[], ops = 1): number {
    let bytes = ops * (OP + NUMBER * numbers.length);
    for (const number of new Set(numbers))
      if (!this.known.has(number)) bytes += entrySize(number, this.pool);
    return bytes;
  }

  /** Whether the piece has room for so many bytes and ops, and for these attributes in its pool. */
  hasRoom(cost: number, numbers: readonly number[], ops = 1): boolean {
    if (cost > this.left || ops > this.opsLeft) return false;
    return (
      numbers.length === 0 || new Set([...this.known, ...numbers]).size <= this.limits.attributes
    );
  }

  /**
   * Returns how many of the attributes fit into `within` bytes of an empty piece. Throws `TooLarge`
   * if not even the first one fits.
   */
  firstOf(numbers: readonly number[], within: number, ops = 1): number {
    const most = Math.min(numbers.length, Math.floor(this.limits.attributes / 2));
    let left = within - ops * OP;
    for (const [count, number] of numbers.slice(0, most).entries()) {
      left -= entrySize(number, this.pool) + ops * NUMBER;
      if (left >= 0) continue;
      if (count === 0) throw tooLarge(this.pool.get(number)[0], this.limits);
      return count;
    }
    return most;
  }

  /** The bytes of the current piece that the newline at its end takes. */
  get reserved(): number {
    return this.lastLine === null ? 0 : this.cost(this.lastLine) + 2;
  }

  // --- What is written -------------------------------------------------------------------------

  private begin(): void {
    this.out = new Assembler();
    this.bank = "";
    this.known = new Set();
    this.left = this.limits.bytes - FIXED;
    this.opsLeft = this.limits.ops;
    this.empty = true;
    this.out.add("=", this.place.chars, this.place.lines, "");
    this.out.add("=", this.place.tail, 0, "");
  }

  /** Ends the piece, unless it is empty. */
  complete(): void {
    if (this.empty) return;
    if (this.lastLine !== null) {
      this.out.add("+", 1, 1, written(this.lastLine));
      this.bank += "\n";
      this.lastLine = null;
    }
    const ops = this.out.finish();
    const newLength = this.length + this.out.lengthChange;
    this.done.push(pack({ oldLength: this.length, newLength, ops, bank: this.bank }));
    this.length = newLength;
    this.begin();
  }

  /** Writes an op, whatever there is room for. */
  put(opcode: Opcode, chars: number, lines: number, numbers: readonly number[]): void {
    this.left -= this.cost(numbers);
    this.opsLeft -= 1;
    for (const number of numbers) this.known.add(number);
    this.empty = false;
    this.out.add(opcode, chars, lines, written(numbers));
  }

  /** Writes the ops for a text: those of its whole lines, and of what follows them. */
  putText(opcode: Opcode, text: string, numbers: readonly number[]): void {
    const head = text.lastIndexOf("\n") + 1;
    if (head > 0) this.put(opcode, head, countLines(text), numbers);
    if (head < text.length) this.put(opcode, text.length - head, 0, numbers);
    if (opcode !== "+") return;
    this.left -= textSize(text);
    this.bank += text;
  }

  /** Writes an op that keeps text as it is. */
  passOver(chars: number, lines: number): void {
    this.out.add("=", chars, lines, "");
    if (this.empty) return; // the piece begins there
    this.left -= OP;
    this.opsLeft -= 1;
  }

  /** Notes that later pieces begin behind so much more of the new text. */
  moved(chars: number, lines: number): void {
    this.place.move(chars, lines);
  }

  /** Notes that later pieces begin behind this text. */
  movedOver(text: string): void {
    this.place.moveOver(text);
  }
}
