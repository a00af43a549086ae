"use strict";

/** Makes of a list of people the messages that the page understands. It is pure. */

/** The entry in `supports` of CLIENT_READY that requests many people in one message. */
const USERS = "USERS";

/**
 * How many people the page is told about in one turn. For each of them it changes its list, and it
 * should react to keys in between.
 */
const PER_TURN = 25;

/**
 * What COLLABROOM carries about one person, in Etherpad's words.
 *
 * @typedef {{userId: string, colorId: unknown, name?: unknown}} UserInfo
 * @typedef {{type: "USER_NEWINFO" | "USER_LEAVE", userInfo: UserInfo}} Told
 */

/**
 * Knows of whom the page has been told. The page forgets nobody by itself, so it has to be told who
 * left while it was away.
 */
class People {
  constructor() {
    /**
     * The colour of each person who is there, as far as the page knows.
     *
     * @type {Map<string, unknown>}
     */
    this.colors = new Map();
    /**
     * Those who have not been named since the page came, or came back.
     *
     * @type {Set<string>}
     */
    this.unnamed = new Set();
  }

  /** Notes that the page is coming to its pad, or coming back. */
  comes() {
    this.unnamed = new Set(this.colors.keys());
  }

  /**
   * Unpacks a list.
   *
   * @param {unknown} data What a COLLABROOM message contains.
   * @returns {Told[] | null} A separate message about each person; null if it is no list.
   */
  unpacked(data) {
    const { type, users, left, complete } = /** @type {Record<string, unknown>} */ (data ?? {});
    if (type !== USERS) return null;
    /** @type {Told[]} */
    const told = [];
    for (const row of listed(users)) {
      const [userId, colorId, name] = listed(row);
      if (typeof userId !== "string") continue;
      this.colors.set(userId, colorId);
      this.unnamed.delete(userId);
      told.push({ type: "USER_NEWINFO", userInfo: { userId, colorId, name } });
    }
    const gone = [...listed(left), ...(complete === true ? this.unnamed : [])];
    for (const userId of gone) {
      // The page has not been told of anybody else.
      if (typeof userId !== "string" || !this.colors.has(userId)) continue;
      const colorId = this.colors.get(userId);
      this.colors.delete(userId);
      this.unnamed.delete(userId);
      told.push({ type: "USER_LEAVE", userInfo: { userId, colorId } });
    }
    return told;
  }
}

/**
 * Returns a list as it is, and an empty one in the place of anything else.
 *
 * @param {unknown} value
 * @returns {unknown[]}
 */
const listed = (value) => (Array.isArray(value) ? value : []);

/**
 * Returns a function that passes things on in turns, in order: the first ones at once, and the rest
 * later.
 *
 * @template T
 * @param {(some: T[]) => void} pass Called with at most `PER_TURN` of them.
 * @param {(run: () => void, ms: number) => unknown} later Like `setTimeout`.
 * @returns {(more: T[]) => void} The function to call with more of them, however often.
 */
const inTurns = (pass, later) => {
  /** @type {T[]} */
  let waiting = [];
  let begun = false;
  const turn = () => {
    const some = waiting.slice(0, PER_TURN);
    waiting = waiting.slice(PER_TURN);
    begun = waiting.length > 0;
    if (begun) later(turn, 0);
    pass(some);
  };
  return (more) => {
    waiting.push(...more);
    if (!begun && waiting.length > 0) turn();
  };
};

module.exports = { PER_TURN, USERS, People, inTurns };
