import assert from "node:assert/strict";
import { test } from "node:test";

import { Collaborator } from "../src/collaborator.js";
import {
  AttributePool,
  Body,
  checkRep,
  follow,
  moveToPool,
  prepareForWire,
  plain,
  withoutControls,
} from "../src/easysync/index.js";
import { OutOfRange, ProtocolError, TooLarge } from "../src/errors.js";
import type { NewChanges, Revision, Submission } from "../src/messages.js";
import { splitLimits } from "../src/submissionsize.js";
import { randomNumbers } from "./random.js";

/** A small server that handles submissions. */
class Server {
  readonly pool = new AttributePool();
  readonly body: Body;
  readonly revisions: { author: string; changeset: string }[] = [];

  constructor(text: string) {
    this.body = Body.fromAText({ text, attribs: `|1+${text.length.toString(36)}` });
  }

  get head(): number {
    return this.revisions.length;
  }

  join(author: string): Collaborator {
    const { text, attribs } = this.body.toAText();
    const wire = prepareForWire(attribs, this.pool);
    return new Collaborator(
      {
        initialAttributedText: { text, attribs: wire.translated },
        apool: wire.pool.toJSON(),
        rev: this.head,
        historicalAuthorData: {},
      },
      author,
    );
  }

  commit(author: string, { baseRev, changeset, apool }: Submission): void {
    let mine = moveToPool(checkRep(changeset), AttributePool.from(apool), this.pool);
    for (const later of this.revisions.slice(baseRev))
      mine = follow(later.changeset, mine, this.pool);
    this.body.apply(mine, this.pool);
    this.revisions.push({ author, changeset: mine });
  }

  newChanges(rev: number): NewChanges {
    const { author, changeset } = this.revisions[rev - 1]!;
    const wire = prepareForWire(changeset, this.pool);
    return {
      type: "NEW_CHANGES",
      newRev: rev,
      author,
      changeset: wire.translated,
      apool: wire.pool.toJSON(),
    };
  }
}

const PIECES = ["a", "word ", "\n", "two\nlines\n", "😀", "*", "ß\t"];

/** A client, its place in the history, and its submission on the way to the server. */
class Client {
  readonly copy: Collaborator;
  sent: number;
  submission: Submission | null = null;
  connected = true;

  constructor(
    private readonly server: Server,
    readonly author: string,
    private readonly random: (below: number) => number,
  ) {
    this.copy = server.join(author);
    this.sent = server.head;
  }

  type(): void {
    const { random, copy } = this;
    const start = random(copy.text.length);
    const room = copy.text.length - 1 - start; // the last newline stays
    if (random(4) === 0 && room > 0) {
      copy.format(start, start + 1 + random(Math.min(room, 6)), [
        ["bold", random(2) ? "true" : ""],
      ]);
    } else {
      copy.edit(
        start,
        random(Math.min(room, 5) + 1),
        random(3) ? PIECES[random(PIECES.length)]! : "",
      );
    }
  }

  submit(): void {
    if (this.connected) this.submission ??= this.copy.nextSubmission();
  }

  arrive(): void {
    if (this.submission === null) return;
    this.server.commit(this.author, this.submission);
    this.submission = null;
  }

  /** Receives up to `most` revisions: other people's in batches, and its own as ACCEPT_COMMIT. */
  hear(most: number): void {
    if (!this.connected) return;
    const batch: NewChanges[] = [];
    const flush = (): void => {
      if (batch.length > 0) this.receive({ type: "NEW_CHANGES_BATCH", changes: batch.splice(0) });
    };
    for (let i = 0; i < most && this.sent < this.server.head; i += 1) {
      this.sent += 1;
      const change = this.server.newChanges(this.sent);
      if (change.author === this.author) {
        flush();
        this.receive({ type: "ACCEPT_COMMIT", newRev: this.sent });
      } else {
        batch.push(change);
      }
    }
    flush();
  }

  cut(): void {
    if (this.random(2) === 0) this.arrive(); // it arrived, but the answer did not
    this.submission = null;
    this.connected = false;
    this.copy.connectionLost();
  }

  resume(): void {
    this.connected = true;
    const headRev = this.server.head;
    if (this.copy.rev === headRev) {
      this.receive({ type: "CLIENT_RECONNECT", noChanges: true, newRev: headRev });
    }
    for (let rev = this.copy.rev + 1; rev <= headRev; rev += 1) {
      this.receive({ ...this.server.newChanges(rev), type: "CLIENT_RECONNECT", headRev });
    }
    this.sent = headRev;
  }

  receive(message: Revision): void {
    const before = this.copy.rev;
    const revs = [...this.copy.receive(message)].map((event) => event.rev);
    assert.deepEqual(
      revs,
      revs.map((_, i) => before + 1 + i),
      "an event for each revision",
    );
  }
}

function attributesOf(body: Body, pool: AttributePool): unknown {
  const { text, attribs } = body.toAText();
  const wire = prepareForWire(attribs, pool);
  return { text, attribs: wire.translated, pool: wire.pool.toJSON() };
}

for (let seed = 1; seed <= 60; seed += 1) {
  test(`everybody ends with the same pad, through batches and lost connections (${seed})`, () => {
    const random = randomNumbers(seed);
    const server = new Server("Welcome!\n");
    const clients = ["a.1", "a.2", "a.3"].map((author) => new Client(server, author, random));
    for (let step = 0; step < 150; step += 1) {
      const client = clients[random(clients.length)]!;
      const deeds = [
        () => client.type(),
        () => client.type(),
        () => client.submit(),
        () => client.arrive(),
        () => client.hear(1 + random(6)),
        () => client.hear(100),
        () => (client.connected ? random(4) === 0 && client.cut() : client.resume()),
      ];
      deeds[random(deeds.length)]!();
    }
    for (let round = 0; round < 6; round += 1) {
      for (const client of clients) {
        if (!client.connected) client.resume();
        client.submit();
        client.arrive();
        client.hear(1000);
      }
    }
    for (const client of clients) client.hear(1000);
    for (const { copy } of clients) {
      assert.ok(copy.settled);
      assert.equal(copy.rev, server.head);
      assert.deepEqual(attributesOf(copy.body, copy.pool), attributesOf(server.body, server.pool));
    }
  });
}

test("events say what happened to the text that is seen", () => {
  const server = new Server("abc\n");
  const random = randomNumbers(1);
  const [reader, writer] = [new Client(server, "a.r", random), new Client(server, "a.w", random)];
  reader.copy.edit(0, 0, "mine ");
  writer.copy.edit(1, 1, "BB");
  writer.submit();
  writer.arrive();
  const [event] = [...reader.copy.receive(server.newChanges(1))];
  assert.ok(event?.kind === "changed");
  assert.deepEqual(event.changes, [{ from: 6, to: 7, insert: "BB" }]);
  assert.equal(event.author, "a.w");
  assert.equal(reader.copy.text, "mine aBBc\n");
});

test("inside a batch, each event is seen on the text of its own revision", () => {
  const server = new Server("\n");
  const random = randomNumbers(2);
  const [reader, writer] = [new Client(server, "a.r", random), new Client(server, "a.w", random)];
  for (const letter of "abc") {
    writer.copy.edit(0, 0, letter);
    writer.submit();
    writer.arrive();
    writer.hear(1);
  }
  const changes = [1, 2, 3].map((rev) => server.newChanges(rev));
  const seen: string[] = [];
  for (const _ of reader.copy.receive({ type: "NEW_CHANGES_BATCH", changes })) {
    seen.push(reader.copy.text);
  }
  assert.deepEqual(seen, ["a\n", "ba\n", "cba\n"]);
});

test("a gap, a repetition and an answer to nothing are errors", () => {
  const server = new Server("\n");
  const writer = new Client(server, "a.w", randomNumbers(3));
  for (const letter of "ab") {
    writer.copy.edit(0, 0, letter);
    writer.submit();
    writer.arrive();
    writer.hear(1);
  }
  const fresh = (): Collaborator => new Server("\n").join("a.r");
  assert.throws(() => [...fresh().receive(server.newChanges(2))], ProtocolError);
  assert.throws(() => {
    const copy = fresh();
    for (let i = 0; i < 2; i += 1) [...copy.receive(server.newChanges(1))];
  }, ProtocolError);
  assert.throws(() => [...fresh().receive({ type: "ACCEPT_COMMIT", newRev: 1 })], ProtocolError);
  const nonsense = { ...server.newChanges(1), changeset: "Z:99>1+1$x" };
  assert.throws(() => [...fresh().receive(nonsense)], ProtocolError);
});

test("edits that cancel each other out are not sent", () => {
  const copy = new Server("abc\n").join("a.1");
  copy.edit(1, 0, "x");
  copy.edit(1, 1, "");
  assert.equal(copy.nextSubmission(), null);
  assert.ok(copy.settled);
});

for (const told of [false, true]) {
  for (const arrived of ["first", "second", "never"] as const) {
    const how = `${told ? "by its origin" : "by its content"}, ${arrived}`;
    test(`what another tab of the same author wrote is no answer: ${how}`, () => {
      const server = new Server("abc\n");
      const { copy } = new Client(server, "a.1", randomNumbers(4));
      if (told) copy.inSession("mine");
      copy.edit(0, 0, "x");
      const mine = copy.nextSubmission()!;
      copy.edit(1, 0, " later");
      copy.connectionLost();
      const other = server.join("a.1");
      other.edit(0, 0, "y");
      const origins = arrived === "first" ? ["mine", "other"] : ["other", "mine"];
      if (arrived === "never") origins.pop();
      for (const origin of origins)
        server.commit("a.1", origin === "mine" ? mine : other.nextSubmission()!);
      const kinds = origins.flatMap((origin, index) => [
        ...copy.receive({
          ...server.newChanges(index + 1),
          type: "CLIENT_RECONNECT",
          headRev: origins.length,
          ...(told ? { origin } : {}),
        }),
      ]);
      assert.deepEqual(
        kinds.map(({ kind }) => kind),
        origins.map((origin) => (origin === "mine" ? "accepted" : "changed")),
      );
      server.commit("a.1", copy.nextSubmission()!);
      assert.equal(copy.text, server.body.text);
      assert.deepEqual([...copy.text].sort(), [..."abc\nxy later"].sort());
    });
  }
}

test("where the server says whose it is, another tab's same words are its own", () => {
  const server = new Server("abc\n");
  const { copy } = new Client(server, "a.1", randomNumbers(4));
  copy.inSession("mine");
  copy.edit(0, 0, "x");
  copy.nextSubmission();
  copy.connectionLost();
  const other = server.join("a.1");
  other.edit(0, 0, "x");
  server.commit("a.1", other.nextSubmission()!);
  const missed = { ...server.newChanges(1), type: "CLIENT_RECONNECT" as const, headRev: 1 };
  assert.throws(() => [...copy.receive({ ...missed, changeset: "Z:4>1+1$y", origin: "mine" })]);
  assert.equal([...copy.receive({ ...missed, origin: "other" })][0]?.kind, "changed");
  server.commit("a.1", copy.nextSubmission()!);
  assert.equal(server.body.text, "xxabc\n");
});

for (const named of ["before it", "after it", "never"] as const) {
  test(`a submission is of the session whose connection it went out on, named ${named}`, () => {
    const server = new Server("abc\n");
    const { copy } = new Client(server, "a.1", randomNumbers(4));
    copy.inSession("first");
    copy.edit(0, 0, "x");
    copy.nextSubmission();
    copy.connectionLost();
    if (named === "before it") copy.inSession("second");
    assert.deepEqual(
      [...copy.receive({ type: "CLIENT_RECONNECT", noChanges: true, newRev: 0 })],
      [],
    );
    server.commit("a.1", copy.nextSubmission()!);
    if (named === "after it") copy.inSession("second");
    copy.connectionLost();
    copy.inSession("third");
    const missed = { ...server.newChanges(1), type: "CLIENT_RECONNECT" as const, headRev: 1 };
    assert.equal([...copy.receive({ ...missed, origin: "second" })][0]?.kind, "accepted");
    assert.ok(copy.settled);
    assert.equal(copy.text, "xabc\n");
  });
}

test("what was submitted before the first session was named is of it", () => {
  const server = new Server("abc\n");
  const { copy } = new Client(server, "a.1", randomNumbers(4));
  copy.edit(0, 0, "x");
  copy.nextSubmission();
  copy.inSession("mine");
  copy.connectionLost();
  const other = server.join("a.1");
  other.edit(0, 0, "x");
  server.commit("a.1", other.nextSubmission()!);
  const missed = { ...server.newChanges(1), type: "CLIENT_RECONNECT" as const, headRev: 1 };
  assert.equal([...copy.receive({ ...missed, origin: "other" })][0]?.kind, "changed");
  assert.ok(!copy.settled);
});

test("a large edit goes out in pieces, and what others write goes between", () => {
  const server = new Server("hello\n");
  const client = new Client(server, "a.1", randomNumbers(4));
  const other = new Client(server, "a.2", randomNumbers(5));
  client.copy.limits = splitLimits(2_000);
  const pasted = Array.from({ length: 1000 }, (_, number) => `line ${number}\n`).join("");
  client.copy.edit(5, 0, pasted);
  let sent = 0;
  for (; !client.copy.settled; sent += 1) {
    client.submit();
    assert.ok(JSON.stringify(client.submission).length <= 2_000);
    if (sent % 3 === 1) {
      other.copy.edit(0, 0, "<");
      other.submit();
      other.arrive();
    }
    if (sent === 5) client.copy.edit(0, 0, ">");
    if (sent % 4 === 3) {
      client.cut(); // it has arrived, or not
      client.resume();
    } else {
      client.arrive();
    }
    client.hear(10);
    other.hear(10);
  }
  assert.ok(sent > 5);
  assert.equal(client.copy.text, server.body.text);
  assert.ok(server.body.text.includes(pasted));
});

test("an edit beyond the text is refused at the call", () => {
  const { copy } = new Client(new Server("hello\n"), "a.1", randomNumbers(4));
  const edits: [number, number, string][] = [
    [7, 0, "x"],
    [6, 0, "x"],
    [5, 1, "x"],
    [0, 6, ""],
    [-1, 0, "x"],
    [2, -1, "x"],
    [3, 9, ""],
    [1.5, 0, "x"],
  ];
  for (const edit of edits) assert.throws(() => copy.edit(...edit), OutOfRange);
  assert.throws(() => copy.format(3, 9, [["bold", "true"]]), OutOfRange);
  assert.equal(copy.text, "hello\n");
  assert.ok(copy.settled);
  copy.edit(6, 0, "more\n");
  assert.equal(copy.text, "hello\nmore\n");
});

test("an attribute that the server has no room for is refused at the call", () => {
  const { copy } = new Client(new Server("hello\n"), "a.1", randomNumbers(4));
  copy.limits = splitLimits(10_000);
  assert.throws(() => copy.format(0, 1, [["picture", "x".repeat(10_000)]]), TooLarge);
  assert.ok(copy.settled);
});

/**
 * Returns a client whose connection was lost while a submission was in flight, after another
 * client's revision.
 */
function interrupted(arrived: boolean): { server: Server; client: Client } {
  const server = new Server("abc\n");
  const random = randomNumbers(5);
  const [client, other] = [new Client(server, "a.1", random), new Client(server, "a.2", random)];
  client.copy.edit(0, 0, "mine ");
  client.submit();
  other.copy.edit(4 - 1, 0, " theirs");
  other.submit();
  other.arrive();
  if (arrived) client.arrive();
  client.submission = null;
  client.connected = false;
  client.copy.connectionLost();
  client.copy.edit(0, 0, "and later ");
  assert.equal(
    client.copy.nextSubmission(),
    null,
    "nothing is sent before what was missed is here",
  );
  return { server, client };
}

for (const arrived of [true, false]) {
  test(`what was in flight is there once, whether it had arrived or not (${arrived})`, () => {
    const { server, client } = interrupted(arrived);
    client.resume();
    for (let round = 0; round < 3; round += 1) {
      client.submit();
      client.arrive();
      client.hear(10);
    }
    assert.equal(server.body.text, "and later mine abc theirs\n");
    assert.equal(client.copy.text, server.body.text);
    assert.ok(client.copy.settled);
    assert.equal(server.head, arrived ? 3 : 2);
  });
}

test("controls and other line ends do not enter a pad", () => {
  assert.equal(plain("a\r\nb\rc\u0000\td\ud83d\u0085😀"), "a\nb\nc        d\ufffd😀");
  assert.equal(withoutControls("a\tb\r\n\u001b\u007f"), "a\tb\n");
});
