/**
 * A client of this library under difficult conditions, for tests/acceptance: node --import tsx
 * trouble.ts WHAT URL.
 * The result is printed as a line of JSON.
 */
import { connect, createServer, type Socket } from "node:net";

import { Pad } from "../src/index.js";

const [what = "", url = ""] = process.argv.slice(2);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2500 && !what(); tries += 1) await pause(10);
  if (!what()) throw new Error(`not within 25 s: ${String(what)}`);
}

/** A relay to the server that can be cut, or drop what the server sends. */
class Way {
  mute = false;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((near) => {
    const { hostname, port } = new URL(url);
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.cut(near, far));
    }
    near.on("data", (data) => far.write(data));
    far.on("data", (data) => {
      if (!this.mute) near.write(data);
    });
  });

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const address = new URL(url);
    address.port = String((this.server.address() as { port: number }).port);
    return address.href;
  }

  cut(...sockets: Socket[]): void {
    for (const socket of sockets.length > 0 ? sockets : this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.cut();
  }
}

/**
 * Pastes texts of each kind that are above the server's limit, and undoes the paste as one step.
 */
async function paste(): Promise<object> {
  const pad = new Pad(url, { interval: 0 });
  await pad.joined();
  const before = pad.text;
  const lengths: number[] = [];
  let accepted = 0;
  let lost = 0;
  pad.on("accepted", () => (accepted += 1));
  pad.on("status", ({ state }) => (lost += state === "waiting" ? 1 : 0));
  for (const piece of ["0123456789abcdef", "漢", '"\\\n']) {
    const pasted = piece.repeat(400_000 / (piece.length === 16 ? 5 : piece.length));
    const at = pad.text.length - 1;
    pad.edit(at, 0, pasted);
    lengths.push(pasted.length);
    await pad.flush();
    pad.edit(at, pasted.length, "");
    await pad.flush();
  }
  const same = pad.text === before && pad.state.accepted.text === before;
  pad.close();
  return { lengths, accepted, lost, same };
}

/** Says something whose answer is lost, and catches up on what others have said meanwhile. */
async function chat(): Promise<object> {
  const way = new Way();
  const [mine, other] = [new Pad(await way.open()), new Pad(url)];
  await Promise.all([mine.joined(), other.joined()]);
  await until(() => mine.people.present.size === 2);
  const heard: string[] = [];
  other.on("chat", ({ text }) => heard.push(text));
  way.mute = true;
  const refusals: string[] = [];
  mine.say("once", (why) => refusals.push(why));
  mine.saveRevision((why) => refusals.push(why));
  await until(() => heard.length === 1);
  way.cut();
  way.mute = false;
  // This is more than a page of messages, and more than servers return at once. An author may say
  // twenty at once.
  for (let author = 0; author < 6; author += 1) {
    const pad = new Pad(url);
    await pad.joined();
    for (let count = 0; count < 20; count += 1) pad.say(`${author}.${count}`);
    await until(() => heard.length === 1 + 20 * (author + 1));
    pad.close();
  }
  await until(() => mine.status.state === "open");
  mine.say("done");
  await until(() => heard.includes("done"));
  const lines = (await mine.chatFrom(0)).map(({ text }) => text);
  mine.suspend();
  mine.say("into the void", (why) => refusals.push(why));
  for (const pad of [mine, other]) pad.close();
  way.close();
  return { refusals, lines: lines.length, onces: lines.filter((text) => text === "once").length };
}

/** Joins, writes, and comes back. */
async function write(): Promise<object> {
  const pad = new Pad(url, { interval: 0 });
  let attempts = 0;
  pad.on("status", (now) => (attempts += now.state === "connecting" ? 1 : 0));
  await pad.joined();
  pad.edit(0, 0, "written ");
  await pad.flush();
  const transport = pad["conversation"].connection["line"]!["socket"].io.engine.transport.name;
  pad.reconnect();
  pad.edit(0, 0, "again ");
  await pad.flush();
  const { text } = pad;
  pad.close();
  return { transport, text, attempts };
}

const runs: Record<string, () => Promise<object>> = { paste, chat, write };
console.log(JSON.stringify(await runs[what]?.()));
