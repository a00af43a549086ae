/**
 * A client of this library on a real server, for tests/acceptance: node --import tsx refused.ts URL
 * TRANSPORT. It waits until the server says why it ends the connection, and prints that.
 */
import { Pad, type Transport } from "../src/index.js";

const [url = "", transport = "websocket"] = process.argv.slice(2);
const pad = new Pad(url, { transports: [transport as Transport] });
pad.joined().catch(() => {});
pad.on("status", (now) => {
  if (now.state !== "waiting" || now.why === undefined) return;
  console.log(now.why);
  process.exit(0);
});
