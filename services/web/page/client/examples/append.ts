/** Appends a line to a pad: node --import tsx append.ts http://127.0.0.1:9001/p/hello "a line" */
import { Pad } from "../src/index.js";

const [url = "", line = ""] = process.argv.slice(2);
const pad = new Pad(url, { name: "A program" });
await pad.joined();
pad.edit(pad.text.length - 1, 0, `\n${line}`);
await pad.flush();
console.log(`revision ${pad.rev}`);
pad.close();
