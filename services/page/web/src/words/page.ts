/**
 * Words on the page. An element names its message by `data-words`, in the page's HTML or by `write`,
 * so that all of them can be put into another language at any time.
 */
import { type Args, Catalogue } from "./catalogue.js";
import { keyNames } from "./keys.js";

/** Files with the words of a language, beside this script: filled in by build.mjs. */
declare const CATALOGUES: Record<string, { file: string; dir: string }>;

let english: Catalogue | null = null;
let words: Catalogue | null = null;
const listeners: (() => void)[] = [];

/** The words of a message in the page's language. */
export function say(key: string, args?: Args): string {
  return words?.say(key, args) ?? key;
}

/** Puts the words of a message into an element, and keeps them there in whatever language. */
export function write(element: HTMLElement | SVGElement, key: string, args?: Args): void {
  const kept = args === undefined ? undefined : JSON.stringify(args);
  if (element.dataset["words"] === key && element.dataset["args"] === kept) return;
  element.dataset["words"] = key;
  if (kept === undefined) delete element.dataset["args"];
  else element.dataset["args"] = kept;
  translate(element);
}

/** An element whose words are none of ours: a name, or what a server says. */
export function writeVerbatim(element: HTMLElement, text: string): void {
  delete element.dataset["words"];
  delete element.dataset["args"];
  if (element.textContent !== text) element.textContent = text;
}

/** The page's language, for dates and numbers. */
export function language(): string {
  return words?.language ?? "en";
}

/** Calls `listener` when the language has changed, for words that are in no element. */
export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

/**
 * Begins with the language that the server chose for this page. `source` are the words in English,
 * for all that another language lacks. Resolves at once in English, else when its words are here;
 * in English too if they do not come.
 */
export async function begin(source: string): Promise<void> {
  words = english = new Catalogue("en", source);
  await speak(document.documentElement.lang);
}

/** Puts the page into a language; false if its words cannot be had. */
export async function speak(tag: string): Promise<boolean> {
  const found = tag === "en" ? english : await load(tag);
  if (found === null) return false;
  words = found;
  document.documentElement.lang = tag;
  document.documentElement.dir = CATALOGUES[tag]?.dir ?? "ltr";
  for (const element of document.querySelectorAll<HTMLElement>("[data-words]")) translate(element);
  for (const listener of listeners) listener();
  return true;
}

async function load(tag: string): Promise<Catalogue | null> {
  const found = CATALOGUES[tag];
  if (found === undefined) return null;
  try {
    const answer = await fetch(new URL(found.file, import.meta.url));
    if (!answer.ok) return null;
    return new Catalogue(tag, await answer.text(), english ?? undefined);
  } catch {
    return null; // The connection is lost; what is there stays.
  }
}

function translate(element: HTMLElement | SVGElement): void {
  const { words: key, args, keys } = element.dataset;
  if (words === null || key === undefined) return;
  const { text, attributes } = words.parts(key, args === undefined ? {} : JSON.parse(args));
  if (text !== null && element.textContent !== text) element.textContent = text;
  for (const [name, value] of attributes) element.setAttribute(name, value);
  if (keys !== undefined) {
    const label = element.getAttribute("aria-label") ?? text ?? "";
    element.setAttribute("title", `${label} (${keyNames(keys, say)})`);
  }
}
