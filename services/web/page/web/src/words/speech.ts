/** The languages that the page can be put into. */
import { Catalogue } from "./catalogue.js";
import { speakAs } from "./page.js";

/** Files with the words of a language, beside this script: filled in by build.mjs. */
declare const CATALOGUES: Record<string, { file: string; dir: string }>;

/**
 * Begins with the language that the server chose for this page. Throws where its words cannot be had:
 * it may be tried again.
 */
export async function begin(): Promise<void> {
  speakAs(await catalogueOf(document.documentElement.lang), true);
}

/** Puts the page into a language; false if its words cannot be had. */
export async function speak(tag: string): Promise<boolean> {
  let found;
  try {
    found = await catalogueOf(tag);
  } catch {
    return false; // The connection is lost; what is there stays.
  }
  document.documentElement.lang = tag;
  document.documentElement.dir = CATALOGUES[tag]?.dir ?? "ltr";
  speakAs(found, false);
  return true;
}

async function catalogueOf(tag: string): Promise<Catalogue> {
  const found = CATALOGUES[tag];
  if (found === undefined) throw new Error(`there are no words in "${tag}"`);
  const answer = await fetch(new URL(found.file, import.meta.url));
  if (!answer.ok) throw new Error(`the words in "${tag}" cannot be had: ${answer.status}`);
  return new Catalogue(tag, await answer.text());
}
