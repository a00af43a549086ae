/** The languages that the page can be shown in. */
import { Catalogue } from "./catalogue.js";
import { speakAs } from "./page.js";

/**
 * The files with the texts of each language, next to this script. build.mjs inserts their names.
 */
declare const CATALOGUES: Record<string, { file: string; dir: string }>;

/**
 * Begins with the language that the server chose for this page. Throws if its texts cannot be
 * loaded; call it again to retry.
 */
export async function begin(): Promise<void> {
  speakAs(await catalogueOf(document.documentElement.lang), true);
}

/** Shows the page in a language. Returns false if its texts cannot be loaded. */
export async function speak(tag: string): Promise<boolean> {
  let found;
  try {
    found = await catalogueOf(tag);
  } catch {
    return false; // the page stays as it is
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
