/**
 * Words on the page. An element names its message by `data-words`, in the page's HTML or by `write`,
 * so that all of them can be put into another language at any time.
 *
 * The page comes from the server in its reader's language. What is needed to say more than that is
 * loaded after the text can be written in (`speech.ts`): until then, what is written to elements
 * waits for it, but for the few messages that the page has brought in its template `first-words`.
 */
import type { Args, Parts } from "./catalogue.js";
import { keyNames } from "./keys.js";

/** What can say the messages in one language: a `Catalogue`. */
export interface Speaker {
  readonly language: string;
  say(key: string, args?: Args): string;
  parts(key: string, args?: Args): Parts;
}

type Element = HTMLElement | SVGElement;

let words: Speaker | null = null;
const waiting = new Set<Element>();
const listeners: (() => void)[] = [];

/** The words of a message in the page's language. */
export function say(key: string, args?: Args): string {
  return words?.say(key, args) ?? key;
}

/** Puts the words of a message into an element, and keeps them there in whatever language. */
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

/** The text of a message that has come with the page; null for others. */
function brought(key: string): string | null {
  const first = document.getElementById("first-words");
  if (!(first instanceof HTMLTemplateElement)) return null;
  return first.content.querySelector(`[data-words="${key}"]`)?.textContent ?? null;
}

/** An element whose words are none of ours: a name, or what a server says. */
export function writeVerbatim(element: HTMLElement, text: string): void {
  delete element.dataset["words"];
  delete element.dataset["args"];
  if (element.textContent !== text) element.textContent = text;
}

/** The page's language, for dates and numbers. */
export function language(): string {
  return words?.language ?? document.documentElement.lang;
}

/** Calls `listener` when the language has changed, for words that are in no element. */
export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

/**
 * From now on `speaker` says everything. `fresh`: the page is in its language already, as it has come
 * from the server, so that only what was written meanwhile is to be said.
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
