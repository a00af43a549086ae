/** The pads that were last opened in this browser, newest first. */
import { recall, remember } from "./dom.js";

const KEPT = 8;

export function recentPads(): string[] {
  try {
    const found: unknown = JSON.parse(recall("recent") ?? "[]");
    return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

export function rememberPad(name: string): void {
  const others = recentPads().filter((other) => other !== name);
  remember("recent", JSON.stringify([name, ...others].slice(0, KEPT)));
}
