// Processes the catalogues of web/words at build time. It makes them small for browsers, and
// inserts their texts into the pages' HTML, so that a page is in its reader's language before any
// script runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { FluentBundle, FluentResource } from "@fluent/bundle";

const ELEMENT = /<(\w+)((?:\s+[\w-]+(?:="[^"]*"|='[^']*')?)*?)\s+data-words="([\w-]+)"([^>]*)>/g;

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const quote = (text) => escape(text).replaceAll('"', "&quot;");

/**
 * Reads the languages in `folder`: the tag, name, direction, packed source and catalogue of each.
 */
export function readWords(folder) {
  const languages = JSON.parse(readFileSync(join(folder, "languages.json"), "utf8"));
  return Object.entries(languages).map(([tag, { name, dir }]) => {
    const source = readFileSync(join(folder, `${tag}.ftl`), "utf8");
    return { tag, name, dir, source: pack(source), bundle: bundle(tag, source) };
  });
}

/** Returns a catalogue without the lines that are only for translators. */
export function pack(source) {
  const lines = source.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.join("\n") + "\n";
}

function bundle(tag, source) {
  const made = new FluentBundle(tag, { useIsolating: false });
  const [fault] = made.addResource(new FluentResource(source));
  if (fault !== undefined) throw new Error(`${tag}.ftl: ${fault.message}`);
  return made;
}

/** Returns a page's HTML, with the texts of one language in all elements that have `data-words`. */
export function fill(html, { tag, dir, bundle }, languages) {
  const english = languages.find((language) => language.tag === "en").bundle;
  const options = languages.map(
    (language) =>
      `<option value="${language.tag}" lang="${language.tag}">${language.name}</option>`,
  );
  return html
    .replace(ELEMENT, (_whole, element, before, key, after) => {
      // A message that a catalogue lacks is in English, both here and in the page's script. A test
      // finds missing messages.
      const from = bundle.hasMessage(key) ? bundle : english;
      const message = from.getMessage(key);
      if (message === undefined) throw new Error(`en.ftl has no "${key}"`);
      const args = JSON.parse(/\sdata-args='([^']*)'/.exec(before + after)?.[1] ?? "{}");
      const attributes = Object.entries(message.attributes).map(
        ([name, pattern]) => ` ${name}="${quote(from.formatPattern(pattern, args))}"`,
      );
      const text = message.value === null ? "" : escape(from.formatPattern(message.value, args));
      return `<${element}${before} data-words="${key}"${attributes.join("")}${after}>${text}`;
    })
    .replaceAll("{{lang}}", tag)
    .replaceAll("{{dir}}", dir)
    .replaceAll("{{languages}}", options.join(""));
}
