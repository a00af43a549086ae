/**
 * Several editors on one pad, and everything that people, networks and other clients do to them.
 * The steps are random, and the same for the same seed. The editors consist of CodeMirror's state
 * and all code of the page between it and a server, without a screen.
 */
import assert from "node:assert/strict";

import {
  deleteCharBackward,
  deleteCharForward,
  deleteGroupBackward,
  deleteGroupForward,
  insertNewline,
} from "@codemirror/commands";
import type { EditorView } from "@codemirror/view";
import { easysync, type Submission } from "padfleet-client";

import { copied, pasting } from "../src/editor/clipboard.js";
import { keys, toggleFormat } from "../src/editor/commands.js";
import { dropping } from "../src/editor/dragging.js";
import { indent, setHeading, toggleHeading, toggleList } from "../src/editor/lists.js";
import { LIMITS } from "../src/editor/steps.js";
import { depth, redo, undo } from "../src/editor/travel.js";
import { makingRoom } from "../src/editor/typeover.js";
import type { RichLine } from "../src/text/rich.js";
import { Desk, randomNumbers } from "./desk.js";
import { Server } from "./server.js";

/** The number of steps between two quiet points. */
const ROUND = 250;

/** Above this length, more is deleted than typed. */
const LONG = 300;

const TYPED = ["a", "b", " ", "e", "n", "😀", "ß", "*"];
const PASTED = ["word ", "two\nlines\n", "\n", "\n\n*", "tab\tand\rmore", "😀👍🏽", "x".repeat(40)];
const RICH: RichLine[][] = [
  [{ list: "", heading: "", runs: [{ text: "bold", formats: ["bold"] }] }],
  [
    { list: "number1", heading: "", runs: [{ text: "one", formats: ["italic", "underline"] }] },
    { list: "bullet2", heading: "", runs: [] },
    { list: "number1", heading: "h2", runs: [{ text: "two", formats: [] }] },
    { list: "", heading: "", runs: [{ text: "😀", formats: ["strikethrough"] }] },
  ],
  [
    { list: "", heading: "h1", runs: [{ text: "*title", formats: [] }] },
    { list: "", heading: "", runs: [] },
  ],
];
const FORMATS = ["bold", "italic", "underline", "strikethrough"] as const;

type Command = (view: EditorView) => boolean;

function bound(name: string, part: "run" | "shift" = "run"): Command[] {
  return keys.flatMap((key) => (key.key === name && key[part] ? [key[part] as Command] : []));
}

const ENTER = bound("Enter");
const INDENT = [...bound("Tab"), ...bound("Tab", "shift")];
const PASS_MARKER = bound("ArrowLeft");
const BACK = [...bound("Backspace"), deleteCharBackward];
const LISTS = [
  toggleList("bullet"),
  toggleList("number"),
  toggleList("number"),
  indent(1),
  indent(-1),
  toggleHeading("h1"),
  toggleHeading("h3"),
  setHeading(""),
];

class Player {
  readonly desk: Desk;
  private sent: number;
  private submission: Submission | null = null;
  private connected = true;
  private composing: { from: number; to: number } | null = null;
  private begun = false;
  /**
   * What the text looked like before each step (`behind`) and after each undone one (`ahead`),
   * since others last changed it.
   */
  private behind: string[] = [];
  private ahead: string[] = [];

  constructor(
    private readonly server: Server,
    private readonly author: string,
    private readonly random: (below: number) => number,
  ) {
    this.desk = new Desk(server.join(author));
    this.sent = server.head;
  }

  // --- The person -------------------------------------------------------------------------------

  act(): void {
    const { desk, random } = this;
    desk.now += random(4) === 0 ? 600 : random(200);
    if (this.composing !== null && random(3) > 0) this.own(() => this.compose());
    else {
      this.composing = null;
      this.own(() => this.deed());
    }
  }

  private deed(): void {
    const { desk, random } = this;
    const { length } = desk.state.doc;
    const { from, to } = desk.state.selection.main;
    const kind = random(length > LONG ? 34 : 30);
    if (kind < 7) desk.type(this.pick(TYPED));
    else if (kind < 8) this.key(deleteCharForward);
    else if (kind < 9) BACK.some((command) => this.key(command));
    else if (kind < 13) this.moveCaret();
    else if (kind < 14) this.key(this.pick([deleteGroupBackward, deleteGroupForward]));
    else if (kind < 15) {
      if (random(2)) desk.type(this.pick(PASTED), "input.paste");
      else desk.run(pasting(desk.state, this.pick(RICH)));
    } else if (kind < 16) {
      if (!ENTER.some((command) => this.key(command))) this.key(insertNewline);
    } else if (kind < 17) this.key(toggleFormat(this.pick(FORMATS)));
    else if (kind < 18) this.key(this.pick(LISTS));
    else if (kind < 19) this.key(this.pick([...INDENT, ...PASS_MARKER]));
    else if (kind < 22) this.travel("undo");
    else if (kind < 24) this.travel("redo");
    else if (kind < 25) this.drag();
    else if (kind < 26) this.replaceEverywhere();
    else if (kind < 27) {
      const room = random(2) ? makingRoom(desk.state) : null;
      desk.run(room ?? { selection: { anchor: from }, userEvent: "select" });
      const at = desk.state.selection.main.from;
      this.composing = { from: at, to: at };
      this.begun = false;
      this.compose();
    } else if (kind < 28) {
      // The last line is cut.
      const line = desk.state.doc.line(desk.state.doc.lines);
      desk.select(Math.max(line.from - 1, 0), line.to);
      desk.type("", "delete.cut");
    } else if (kind < 29 && to > from) desk.type("", "delete.cut");
    else if (kind < 30 && random(4) === 0) {
      desk.select(0, length);
      desk.type(this.pick(["over", "", "o\nver"]));
    } else if (kind >= 30) {
      const start = random(length + 1);
      desk.select(start, Math.min(start + random(120), length));
      desk.type("", "delete.cut");
    }
  }

  private moveCaret(): void {
    const { desk, random } = this;
    const { length } = desk.state.doc;
    const anchor = this.pick([random(length + 1), random(length + 1), length, 0]);
    const head = random(2) ? anchor : this.pick([0, length, random(length + 1)]);
    desk.run({ selection: { anchor, head }, userEvent: "select" });
  }

  private drag(): void {
    const { desk, random } = this;
    const { from, to } = desk.state.selection.main;
    const own = random(4) > 0 && to > from ? { from, to } : null;
    const lines = own === null ? this.pick(RICH) : copied(desk.state, own);
    const moved = random(4) > 0 ? own : null;
    const done = dropping(desk.state, lines, random(desk.state.doc.length + 1), moved);
    if (done !== null) desk.run(done);
  }

  private replaceEverywhere(): void {
    const { desk } = this;
    const text = desk.state.sliceDoc();
    const changes = [...text.matchAll(/[ae]/g)].slice(0, 6).map(({ index }) => ({
      from: index,
      to: index + 1,
      insert: this.pick(["i", "", "u\nu"]),
    }));
    if (changes.length > 0) desk.run({ changes, userEvent: "input.replace.all" });
  }

  private compose(): void {
    const { desk, random } = this;
    if (this.composing === null) return;
    const { from, to } = this.composing;
    const insert = this.pick(["n", "ni", "に", "日本", "日"]);
    desk.run({
      changes: { from, to, insert },
      selection: { anchor: from + insert.length },
      userEvent: this.begun ? "input.type.compose" : "input.type.compose.start",
    });
    this.begun = true;
    this.composing = random(4) ? { from, to: from + insert.length } : null;
  }

  private key(command: Command | typeof insertNewline): boolean {
    return this.desk.key(command as Command);
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)] as T;
  }

  // --- What undo must lead to -------------------------------------------------------------------

  /**
   * Returns the text and its attributes, except for authors, because restored text gets a new
   * author.
   */
  private look(): string {
    const { body, pool } = this.desk.pad;
    const pieces: [string, string][] = [];
    for (const { from, to, attribs } of body.spansBetween(0, body.text.length)) {
      const formats = [...easysync.attribsOf(attribs, pool)].filter(([key]) => key !== "author");
      const had = JSON.stringify(formats.sort());
      const last = pieces.at(-1);
      if (last?.[0] === had) last[1] += body.text.slice(from, to);
      else pieces.push([had, body.text.slice(from, to)]);
    }
    return JSON.stringify(pieces);
  }

  private travelled: "undo" | "redo" | "nowhere" | null = null;

  private travel(side: "undo" | "redo"): void {
    const moved = this.desk.key(side === "undo" ? undo : redo);
    this.travelled = moved ? side : "nowhere";
  }

  /** Runs something that changes the text or its history, and checks where undo and redo lead. */
  private own(what: () => void): void {
    const steps = depth(this.desk.state, "undo");
    const before = this.look();
    this.travelled = null;
    what();
    this.desk.agree();
    const now = depth(this.desk.state, "undo");
    const look = this.look();
    assert.ok(now <= LIMITS.steps);
    if (this.travelled === "nowhere") {
      assert.equal(look, before);
    } else if (this.travelled !== null) {
      const [from, to] =
        this.travelled === "undo" ? [this.behind, this.ahead] : [this.ahead, this.behind];
      const expected = from.pop();
      // Undo does not restore a text without its last newline.
      const whole = expected?.endsWith('\\n"]]');
      if (whole) assert.equal(look, expected, this.travelled);
      to.push(before);
    } else if (now > steps || look !== before) {
      this.ahead = [];
      if (now > steps) this.behind.push(before);
      // Text was typed and removed again at once, so that neither a step nor a change is left.
      else if (now < steps) assert.equal(look, this.behind.pop() ?? look);
    }
  }

  // --- The network ------------------------------------------------------------------------------

  submit(): void {
    if (this.connected) this.submission ??= this.desk.pad.nextSubmission();
  }

  arrive(): void {
    if (this.submission === null) return;
    this.server.commit(this.author, this.submission);
    this.submission = null;
  }

  /** Receives up to `most` revisions, other people's in batches. */
  hear(most: number): void {
    if (!this.connected) return;
    const batch: ReturnType<Server["sent"]>[] = [];
    const flush = (): void => {
      const changes = batch.splice(0).map((sent) => ({ type: "NEW_CHANGES" as const, ...sent }));
      if (changes.length > 1) this.take({ type: "NEW_CHANGES_BATCH", changes });
      else for (const change of changes) this.take(change);
    };
    for (let count = 0; count < most && this.sent < this.server.head; count += 1) {
      this.sent += 1;
      const revision = this.server.sent(this.sent);
      if (revision.author !== this.author) batch.push(revision);
      else {
        flush();
        this.take({ type: "ACCEPT_COMMIT", newRev: this.sent });
      }
    }
    flush();
  }

  cutOrResume(): void {
    if (!this.connected) {
      this.resume();
      return;
    }
    if (this.random(2) === 0) this.arrive(); // it arrived, but the answer did not
    this.submission = null;
    this.connected = false;
    this.desk.pad.connectionLost();
  }

  private resume(): void {
    this.connected = true;
    const headRev = this.server.head;
    if (this.desk.pad.rev === headRev) {
      this.take({ type: "CLIENT_RECONNECT", noChanges: true, newRev: headRev });
    }
    for (let rev = this.desk.pad.rev + 1; rev <= headRev; rev += 1) {
      this.take({ ...this.server.sent(rev), type: "CLIENT_RECONNECT", headRev });
    }
    this.sent = headRev;
  }

  private take(message: Parameters<Desk["events"]>[0]): void {
    const { rev } = this.desk.pad;
    this.desk.events(message);
    this.desk.agree();
    // A composition continues where other people's changes have moved it.
    for (const changes of this.desk.theirs.splice(0)) {
      if (this.composing === null) continue;
      const { from, to } = this.composing;
      this.composing = { from: changes.mapPos(from, 1), to: changes.mapPos(to, -1) };
      if (this.composing.from > this.composing.to) this.composing = null;
    }
    const own = message.type === "ACCEPT_COMMIT" || this.desk.pad.rev === rev;
    if (own) return;
    this.behind = [];
    this.ahead = [];
  }

  // --- Quiet ------------------------------------------------------------------------------------

  drain(): void {
    if (!this.connected) this.resume();
    this.submit();
    this.arrive();
    this.hear(Infinity);
  }

  settled(): void {
    this.desk.agree();
    assert.ok(this.desk.pad.settled);
    assert.deepEqual(
      named(this.desk.pad.body, this.desk.pad.pool),
      named(this.server.body, this.server.pool),
    );
  }

  /** Undoes everything, and redoes it. */
  toAndFro(): void {
    while (depth(this.desk.state, "undo") > 0) this.own(() => this.travel("undo"));
    while (depth(this.desk.state, "redo") > 0) this.own(() => this.travel("redo"));
  }
}

/**
 * Returns the text with its attributes by name, independent of the order in which the pool was
 * filled.
 */
function named(body: easysync.Body, pool: easysync.AttributePool): unknown {
  const { text, attribs } = body.toAText();
  const { translated, pool: small } = easysync.prepareForWire(attribs, pool);
  return { text, attribs: translated, pool: small.toJSON() };
}

export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly seed: number,
    readonly step: number,
    cause: unknown,
  ) {
    super(`seed ${seed}, step ${step}: ${String((cause as Error).stack ?? cause)}`, { cause });
  }
}

/** Plays one round from a seed. Returns the number of steps. Throws `Failure`. */
export function playRound(seed: number, steps = ROUND): number {
  const random = randomNumbers(seed);
  const server = new Server(["Hello\n", "\n", "one\ntwo words\n\nthree\n"][random(3)] as string);
  const players = Array.from(
    { length: 1 + random(3) },
    (_, index) => new Player(server, `a.${index}`, random),
  );
  const api = random(4) === 0;
  let step = 0;
  try {
    for (; step < steps; step += 1) {
      const player = players[random(players.length)] as Player;
      const kind = random(20);
      if (kind < 12) player.act();
      else if (kind < 14) player.submit();
      else if (kind < 16) player.arrive();
      else if (kind < 18) player.hear(1 + random(6));
      else if (kind < 19) {
        if (random(3) === 0) player.cutOrResume();
      } else if (api && random(2) === 0) {
        const { length } = server.body.text;
        const start = random(length + 1);
        const removed = Math.min(random(8), length - start);
        server.splice(start, removed, ["", "API", "\n", "api\n"][random(4)] as string);
      }
    }
    for (let quiet = 0; quiet < 2; quiet += 1) {
      for (let round = 0; round < 4; round += 1) for (const player of players) player.drain();
      for (const player of players) player.settled();
      (players[random(players.length)] as Player).toAndFro();
    }
  } catch (error) {
    throw new Failure(seed, step, error);
  }
  return step;
}
