import { EasysyncError, shown } from "./errors.js";

/** An attribute's key and value. The value "" removes the attribute. */
export type Attribute = readonly [key: string, value: string];

/** A pool as it is on the wire. */
export interface PoolJson {
  numToAttrib: Record<string, readonly [string, string]>;
  nextNum: number;
}

/** Numbers attributes, in the order in which they are added. */
export class AttributePool {
  private readonly pairs = new Map<number, Attribute>();
  // As in Etherpad, the key of this map is the attribute's key and value, joined with a comma. With
  // a comma in a key, two attributes may share a number, and all clients have to treat them as the
  // same.
  private readonly numbers = new Map<string, number>();
  private next = 0;

  /** Throws `EasysyncError` if `json` is not a pool. */
  static from(json: unknown): AttributePool {
    const { numToAttrib, nextNum } = (json ?? {}) as Partial<PoolJson>;
    if (typeof numToAttrib !== "object" || numToAttrib === null || !Number.isInteger(nextNum)) {
      throw new EasysyncError(`not an attribute pool: ${shown(JSON.stringify(json))}`);
    }
    const pool = new AttributePool();
    pool.next = nextNum as number;
    for (const [number, pair] of Object.entries(numToAttrib)) {
      if (!Array.isArray(pair) || typeof pair[0] !== "string" || typeof pair[1] !== "string") {
        throw new EasysyncError(`attribute ${shown(number)} is not a pair of strings`);
      }
      pool.pairs.set(Number(number), [pair[0], pair[1]]);
      pool.numbers.set(`${pair[0]},${pair[1]}`, Number(number));
    }
    return pool;
  }

  /** Returns the number of the attribute, which is added if it is new. */
  put(key: string, value: string): number {
    const joined = `${key},${value}`;
    let number = this.numbers.get(joined);
    if (number === undefined) {
      number = this.next++;
      this.numbers.set(joined, number);
      this.pairs.set(number, [key, value]);
    }
    return number;
  }

  /** Returns the number of the attribute, or -1 if the pool does not contain it. */
  find(key: string, value: string): number {
    return this.numbers.get(`${key},${value}`) ?? -1;
  }

  /** Returns the attribute with this number. Throws `EasysyncError` if there is none. */
  get(number: number): Attribute {
    const pair = this.pairs.get(number);
    if (pair === undefined) throw new EasysyncError(`attribute ${number} is not in the pool`);
    return pair;
  }

  has(number: number): boolean {
    return this.pairs.has(number);
  }

  toJSON(): PoolJson {
    const sorted = [...this.pairs].sort(([a], [b]) => a - b);
    return {
      numToAttrib: Object.fromEntries(sorted.map(([number, pair]) => [String(number), pair])),
      nextNum: this.next,
    };
  }
}
