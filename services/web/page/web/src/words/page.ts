/**
 * The texts on the page. An element names its message in `data-words`, in the page's HTML or by
 * `write`, so that all texts can be translated at any time.
 *
 * The server sends the page in its reader's language. The code that translates anything else is
 * loaded after the text can be edited (`speech.ts`). Until then, elements that have been written to
 * wait for their texts, except for a few messages that the page's template `first-words` contains.
 */
import type { Args, Parts } from "./catalogue.js";
import { keyNames } from "./keys.js";

/** Returns messages in one language. `Catalogue` implements it. */
export interface Speaker {
  readonly language: string;
  say(key: string, args?: Args): string;
  parts(key: string, args?: Args): Parts;
}

type Element = HTMLElement | SVGElement;

let words: Speaker | null = null;
const waiting = new Set<Element>();
const listeners: (() => void)[] = [];

/** Returns the text of a message in the page's language. */
export function say(key: string, args?: Args): string {
  return words?.say(key, args) ?? key;
}

/** Puts the text of a message into an element, and translates it when the language changes. */
export function write(element: Element, key: string, args?: Args): void {
  const kept = args === undefined ? undefined : JSON.stringify(args);
  if (element.dataset["words"] === key && element.dataset["args"] === kept) return;
  element.dataset["words"] = key;
  if (kept === undefined) delete element.dataset["args"];
  else element.dataset["args"] = kept;
  if (words !== null) {
    translate(element, words);
    return;
  }
  waiting.add(element);
  const text = brought(key);
  if (text !== null) element.textContent = text;
}

/** Returns the text of a message in the page's template, or null if it is not there. */
function brought(key: string): string | null {
  const first = document.getElementById("first-words");
  if (!(first instanceof HTMLTemplateElement)) return null;
  return first.content.querySelector(`[data-words="${key}"]`)?.textContent ?? null;
}

/** Writes a text that is not in the catalogue, such as a name or an answer of the server. */
export function writeVerbatim(element: HTMLElement, text: string): void {
  delete element.dataset["words"];
  delete element.dataset["args"];
  if (element.textContent !== text) element.textContent = text;
}

/** Returns the page's language, for dates and numbers. */
export function language(): string {
  return words?.language ?? document.documentElement.lang;
}

/**
 * Calls `listener` whenever the language has changed, in order to update texts outside of elements.
 */
export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

/**
 * Uses `speaker` for all texts from now on. With `fresh`, the page is already in its language, as
 * the server sent it, so only elements written to since then and those with keys are translated.
 */
export function speakAs(speaker: Speaker, fresh: boolean): void {
  words = speaker;
  const all = fresh ? "[data-words][data-keys]" : "[data-words]";
  const elements = new Set([...document.querySelectorAll<HTMLElement>(all), ...waiting]);
  waiting.clear();
  for (const element of elements) translate(element, speaker);
  for (const listener of listeners) listener();
}

function translate(element: Element, speaker: Speaker): void {
  const { words: key, args, keys } = element.dataset;
  if (key === undefined) return;
  const { text, attributes } = speaker.parts(key, args === undefined ? {} : JSON.parse(args));
  if (text !== null && element.textContent !== text) element.textContent = text;
  for (const [name, value] of attributes) element.setAttribute(name, value);
  if (keys !== undefined) {
    const label = element.getAttribute("aria-label") ?? text ?? "";
    element.setAttribute("title", `${label} (${keyNames(keys, (name) => speaker.say(name))})`);
  }
}
