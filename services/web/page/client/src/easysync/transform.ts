import { Assembler } from "./assembler.js";
import { composeAttribs, followAttribs } from "./attributes.js";
import { Bank, pack, unpack } from "./changeset.js";
import { EasysyncError, shown } from "./errors.js";
import { consume, numeral, type Op, parseNumeral, parseOps, sideBySide } from "./ops.js";
import { AttributePool } from "./pool.js";

/**
 * Applies `b`, an op of a later changeset, to `a`, an op of an earlier changeset or of a document's
 * attributes. Takes what has been dealt with off both, and returns that part of the result, or null
 * if an insert and a removal cancel each other out.
 */
export function overlay(a: Op, b: Op, pool: AttributePool): Op | null {
  if (a.opcode === "") return whole(b);
  if (b.opcode === "" || a.opcode === "-") return whole(a);
  if (b.opcode === "+") return whole(b);
  checkLines(a, b);
  // An insert states the attributes of its text, while a keep changes attributes.
  const inserted = a.opcode === "+";
  if (b.opcode === "=") {
    const attribs = composeAttribs(a.attribs, b.attribs, pool, inserted);
    return { opcode: a.opcode, attribs, ...consume(a, b) };
  }
  const attribs = b.attribs;
  const taken = consume(a, b);
  return inserted ? null : { opcode: "-", attribs, ...taken };
}

function whole(op: Op): Op {
  const piece = { ...op };
  op.opcode = "";
  return piece;
}

function checkLines(a: Op, b: Op): void {
  const fits =
    a.chars < b.chars
      ? a.lines <= b.lines
      : a.chars > b.chars
        ? a.lines >= b.lines
        : a.lines === b.lines;
  if (!fits || a.lines > a.chars || b.lines > b.chars) {
    throw new EasysyncError("line counts do not fit each other");
  }
}

/**
 * Returns the changeset that does what `a` and then `b` do. Throws `EasysyncError` if `b` does not
 * begin at the length that `a` leads to.
 */
export function compose(a: string, b: string, pool: AttributePool): string {
  const first = unpack(a);
  const second = unpack(b);
  if (first.newLength !== second.oldLength) {
    throw new EasysyncError(
      `cannot compose: the first leads to length ${first.newLength}, ` +
        `the second starts from ${second.oldLength}`,
    );
  }
  const firstBank = new Bank(first.bank);
  const secondBank = new Bank(second.bank);
  const out = new Assembler();
  let bank = "";
  sideBySide(parseOps(first.ops), parseOps(second.ops), (op, later) => {
    const source = later.opcode === "+" ? secondBank : firstBank;
    if (op.opcode === "+" && later.opcode === "-") firstBank.skip(Math.min(op.chars, later.chars));
    const piece = overlay(op, later, pool);
    if (piece === null) return;
    out.add(piece.opcode, piece.chars, piece.lines, piece.attribs);
    if (piece.opcode === "+") bank += source.take(piece.chars);
  });
  return pack({ oldLength: first.oldLength, newLength: second.newLength, ops: out.finish(), bank });
}

/**
 * Returns what `b` becomes after `a` has been applied, where both were made for the same document.
 *
 * If both insert at the same place, text marked `insertorder` = `first` comes first. Otherwise,
 * text that does not begin with a newline comes first, so as not to break a line. Otherwise, the
 * text of `a` comes first, or that of `b` with `reverseInsertOrder`.
 */
export function follow(
  a: string,
  b: string,
  pool: AttributePool,
  reverseInsertOrder = false,
): string {
  const done = unpack(a);
  const pending = unpack(b);
  if (done.oldLength !== pending.oldLength) {
    throw new EasysyncError(
      `cannot rebase: one starts from length ${done.oldLength}, ` +
        `the other from ${pending.oldLength}`,
    );
  }
  const doneBank = new Bank(done.bank);
  const pendingBank = new Bank(pending.bank);
  const first = pool.find("insertorder", "first");
  const out = new Assembler();

  const doneComesFirst = (op: Op, mine: Op): boolean => {
    if (mine.opcode !== "+") return true;
    if (op.opcode !== "+") return false;
    const doneRank = insertRank(op.attribs, doneBank.nextChar(), first);
    const mineRank = insertRank(mine.attribs, pendingBank.nextChar(), first);
    return doneRank === mineRank ? !reverseInsertOrder : doneRank < mineRank;
  };

  sideBySide(parseOps(done.ops), parseOps(pending.ops), (op, mine) => {
    if (op.opcode === "+" || mine.opcode === "+") {
      if (doneComesFirst(op, mine)) {
        doneBank.skip(op.chars);
        out.add("=", op.chars, op.lines, "");
        op.opcode = "";
      } else {
        pendingBank.skip(mine.chars);
        out.add("+", mine.chars, mine.lines, mine.attribs);
        mine.opcode = "";
      }
    } else if (mine.opcode === "") {
      op.opcode = "";
    } else if (op.opcode === "") {
      out.add(mine.opcode, mine.chars, mine.lines, mine.attribs);
      mine.opcode = "";
    } else if (op.opcode === "-") {
      consume(op, mine);
    } else if (mine.opcode === "-") {
      const { attribs } = mine;
      const { chars, lines } = consume(mine, op);
      out.add("-", chars, lines, attribs);
    } else {
      const attribs = followAttribs(op.attribs, mine.attribs, pool);
      const { chars, lines } = consume(op, mine);
      out.add("=", chars, lines, attribs);
    }
  });
  const ops = out.finish();
  const newLength = done.newLength + out.lengthChange;
  return pack({ oldLength: done.newLength, newLength, ops, bank: pending.bank });
}

/**
 * Returns the rank of an insert. Of two inserts at the same place, the one with the lower rank
 * comes first.
 */
function insertRank(attribs: string, firstChar: string, first: number): number {
  const marked = first >= 0 && attribs.split("*").includes(numeral(first));
  return (firstChar === "\n" ? 1 : 0) + (marked ? 0 : 2);
}

/**
 * Returns the same changeset or attributes in the numbers of `newPool`, to which missing attributes
 * are added. Like Etherpad, it drops a number that is not in `oldPool`.
 */
export function moveToPool(
  changesetOrAttribs: string,
  oldPool: AttributePool,
  newPool: AttributePool,
): string {
  if (typeof changesetOrAttribs !== "string") {
    throw new EasysyncError(`not a changeset or attributes: ${shown(changesetOrAttribs)}`);
  }
  const dollar = changesetOrAttribs.indexOf("$");
  const end = dollar < 0 ? changesetOrAttribs.length : dollar;
  const ops = changesetOrAttribs.slice(0, end).replace(/\*([0-9a-z]+)/g, (_all, digits: string) => {
    const number = parseNumeral(digits);
    return oldPool.has(number) ? `*${numeral(newPool.put(...oldPool.get(number)))}` : "";
  });
  return ops + changesetOrAttribs.slice(end);
}

/** Returns the same changeset or attributes with a pool of only the attributes that occur in it. */
export function prepareForWire(
  changesetOrAttribs: string,
  pool: AttributePool,
): { translated: string; pool: AttributePool } {
  const small = new AttributePool();
  return { translated: moveToPool(changesetOrAttribs, pool, small), pool: small };
}
