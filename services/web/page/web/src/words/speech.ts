/** The languages that the page can be put into. */
import { Catalogue } from "./catalogue.js";
import { speakAs } from "./page.js";

/** Files with the words of a language, beside this script: filled in by build.mjs. */
declare const CATALOGUES: Record<string, { file: string; dir: string }>;

let english: Catalogue | null = null;

/**
 * Begins with the language that the server chose for this page. `source` are the words in English,
 * for all that another language lacks. Resolves at once in English, else when its words are here;
 * in English too if they do not come.
 */
export async function begin(source: string): Promise<void> {
  english = new Catalogue("en", source);
  const tag = document.documentElement.lang;
  speakAs((await catalogueOf(tag)) ?? english, true);
}

/** Puts the page into a language; false if its words cannot be had. */
export async function speak(tag: string): Promise<boolean> {
  const found = await catalogueOf(tag);
  if (found === null) return false;
  document.documentElement.lang = tag;
  document.documentElement.dir = CATALOGUES[tag]?.dir ?? "ltr";
  speakAs(found, false);
  return true;
}

async function catalogueOf(tag: string): Promise<Catalogue | null> {
  if (tag === "en") return english;
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
