/** Tests of the connection that is opened before the client library is there. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Ahead } from "../src/ui/ahead.js";

const URL_OF_PAD = "ws://here/socket.io/?padId=x";
const READY = '42["message",{"type":"CLIENT_READY"}]';
const HANDSHAKE = '0{"sid":"a"}';
const CONNECTED = '40{"sid":"b"}';
const VARS = '42["message",{"type":"CLIENT_VARS"}]';

/** A WebSocket whose other end is this test. */
class Wire {
  onopen: ((event: object) => void) | null = null;
  onmessage: ((event: object) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  onclose: ((event: object) => void) | null = null;
  readonly url = URL_OF_PAD;
  readonly sent: string[] = [];

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.onclose?.({ type: "close" });
  }

  hear(...packets: string[]): void {
    for (const data of packets) this.onmessage?.({ type: "message", data });
  }
}

/** A library on `ahead`, which answers as Engine.IO's and Socket.IO's clients do. */
class Library {
  readonly heard: string[] = [];

  constructor(
    private readonly ahead: Ahead,
    private readonly ready = READY,
  ) {
    ahead.onopen = ({ type }) => this.heard.push(type);
    ahead.onclose = ({ type }) => this.heard.push(type);
    ahead.onerror = ({ type }) => this.heard.push(type);
    ahead.onmessage = ({ data }) => {
      this.heard.push(String(data));
      if (data === HANDSHAKE) ahead.send("40");
      // Socket.IO's client sends a packet a moment later if one is being sent.
      if (data === CONNECTED) queueMicrotask(() => this.ahead.send(this.ready));
      if (data === "2") ahead.send("3");
    };
  }
}

function begun(): [Wire, Ahead] {
  const wire = new Wire();
  const ahead = new Ahead(wire as unknown as WebSocket, READY);
  wire.onopen?.({ type: "open" });
  return [wire, ahead];
}

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("the pad is asked for at once, and the library is told in the order of its own words", async () => {
  const [wire, ahead] = begun();
  wire.hear(HANDSHAKE, CONNECTED, VARS, "2");
  assert.deepEqual(wire.sent, ["40", READY]);
  assert.equal(ahead.take(URL_OF_PAD), ahead);
  const { heard } = new Library(ahead);
  await moment();
  assert.deepEqual(heard, ["open", HANDSHAKE, CONNECTED, VARS, "2"]);
  assert.deepEqual(wire.sent, ["40", READY, "3"]);
  wire.hear("2");
  assert.deepEqual([heard.at(-1), wire.sent.at(-1)], ["2", "3"]);
});

test("the pad is asked for at once, also if the library is faster than the connection", async () => {
  const wire = new Wire();
  const ahead = new Ahead(wire as unknown as WebSocket, READY);
  ahead.take(URL_OF_PAD);
  const { heard } = new Library(ahead);
  await moment();
  wire.onopen?.({ type: "open" });
  wire.hear(HANDSHAKE, CONNECTED, VARS);
  await moment();
  assert.deepEqual(heard, ["open", HANDSHAKE, CONNECTED, VARS]);
  assert.deepEqual(wire.sent, ["40", READY]);
});

test("a refusal is told", async () => {
  const [wire, ahead] = begun();
  const refusal = '44{"message":"full"}';
  wire.hear(HANDSHAKE, refusal);
  ahead.take(URL_OF_PAD);
  const { heard } = new Library(ahead);
  await moment();
  assert.deepEqual(heard, ["open", HANDSHAKE, refusal]);
});

for (const when of [0, 1, 2, 3])
  test(`a library that comes after ${when} packets goes on where this was`, async () => {
    const [wire, ahead] = begun();
    const packets = [HANDSHAKE, CONNECTED, VARS];
    wire.hear(...packets.slice(0, when));
    ahead.take(URL_OF_PAD);
    const { heard } = new Library(ahead);
    for (const packet of packets.slice(when)) {
      await moment();
      wire.hear(packet);
    }
    await moment();
    assert.deepEqual(heard, ["open", ...packets]);
    assert.deepEqual(wire.sent, ["40", READY]);
  });

test("a library that asks for something else is given a closed connection", async () => {
  const [wire, ahead] = begun();
  wire.hear(HANDSHAKE, CONNECTED, VARS);
  ahead.take(URL_OF_PAD);
  const { heard } = new Library(ahead, '42["message",{"type":"CLIENT_READY","reconnect":true}]');
  await moment();
  assert.deepEqual(heard, ["open", HANDSHAKE, CONNECTED, "close"]);
  assert.deepEqual(wire.sent, ["40", READY]);
});

test("what has failed by then is told", async () => {
  const wire = new Wire();
  const ahead = new Ahead(wire as unknown as WebSocket, READY);
  wire.onerror?.({ type: "error" });
  wire.close();
  ahead.take(URL_OF_PAD);
  const { heard } = new Library(ahead);
  await moment();
  assert.deepEqual(heard, ["error", "close"]);
});

test("it is taken once, and only for its own address", () => {
  const [, ahead] = begun();
  assert.equal(ahead.take("ws://here/socket.io/?padId=y"), null);
  assert.equal(ahead.take(URL_OF_PAD), ahead);
  assert.equal(ahead.take(URL_OF_PAD), null);
});
