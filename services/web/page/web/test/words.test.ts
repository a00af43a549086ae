/** Tests that the catalogues agree with each other, with the page's HTML, and with its code. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { FluentResource } from "@fluent/bundle";

import { negotiate } from "../src/ui/languages.js";
import { Catalogue } from "../src/words/catalogue.js";
import { keyNames } from "../src/words/keys.js";
import { sayings, texts } from "./sayings.js";

const PAGE = fileURLToPath(new URL("../..", import.meta.url));
const WORDS = join(PAGE, "web/words");
const SOURCES = join(PAGE, "web/src");
const HTML = ["pad.html", "home.html", "forbidden.html"];

const read = (path: string): string => readFileSync(path, "utf8");
const languages = Object.keys(JSON.parse(read(join(WORDS, "languages.json"))) as object);
const sources = new Map(languages.map((tag) => [tag, read(join(WORDS, `${tag}.ftl`))]));
const html = new Map(HTML.map((name) => [name, read(join(PAGE, name))]));
const code = new Map(
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => [name, read(join(SOURCES, name))]),
);

interface Shape {
  attributes: string[];
  variables: string[];
  /** For each selection by number, the names of its variants. */
  selections: string[][];
}

function look(part: unknown, shape: Shape): void {
  if (Array.isArray(part)) for (const each of part) look(each, shape);
  if (part === null || typeof part !== "object") return;
  const { type, name, selector, variants } = part as Record<string, unknown>;
  if (type === "var") shape.variables.push(name as string);
  if (type === "select") {
    const found = variants as { key: { value: unknown }; value: unknown }[];
    shape.selections.push(found.map(({ key }) => String(key.value)));
    look(selector, shape);
    for (const variant of found) look(variant.value, shape);
  }
}

function shapes(tag: string): Map<string, Shape> {
  const { body } = new FluentResource(sources.get(tag) ?? "");
  return new Map(
    body.map(({ id, value, attributes }) => {
      const shape: Shape = { attributes: [], variables: [], selections: [] };
      for (const part of [value, ...Object.values(attributes)]) look(part, shape);
      const names = Object.keys(attributes);
      shape.attributes = [...(value === null ? [] : ["text"]), ...names].sort();
      shape.variables = [...new Set(shape.variables)].sort();
      return [id, shape];
    }),
  );
}

const english = shapes("en");

/**
 * Yields arguments of all kinds for a message: numbers from none to many, and words of both
 * directions.
 */
function* given(variables: readonly string[]): Generator<Record<string, string | number>> {
  for (const count of [0, 1, 2, 3, 5, 11, 21, 22, 100, 101, 1_000_000])
    yield Object.fromEntries(variables.map((name) => [name, count]));
  for (const word of ["Ada", "שרה", "", "{ $x }"])
    yield Object.fromEntries(variables.map((name) => [name, word]));
}

test("there are the languages that there are to be, each with a file", () => {
  const wanted = ["ar", "de", "en", "es", "fr", "he", "it", "ja", "pl", "pt", "zh-Hans", "zh-Hant"];
  assert.deepEqual([...languages].sort(), wanted);
  const files = readdirSync(WORDS).filter((name) => name.endsWith(".ftl"));
  assert.deepEqual(
    files.sort(),
    wanted.map((tag) => `${tag}.ftl`),
  );
});

for (const tag of languages) {
  test(`${tag}: the same messages as in English, with the same attributes and variables`, () => {
    const own = shapes(tag);
    assert.deepEqual([...own.keys()].sort(), [...english.keys()].sort());
    for (const [id, { attributes, variables }] of english) {
      assert.deepEqual(own.get(id)?.attributes, attributes, `${tag}: ${id}`);
      assert.deepEqual(own.get(id)?.variables, variables, `${tag}: ${id}`);
    }
  });

  test(`${tag}: a selection has all forms of number that the language has`, () => {
    const rules = new Intl.PluralRules(tag);
    const forms = new Set(Array.from({ length: 200 }, (_, number) => rules.select(number)));
    for (const [id, { selections }] of shapes(tag)) {
      for (const variants of selections) {
        for (const form of forms) {
          const own = form === "zero" ? "0" : form; // a variant for 0 covers the category
          const there = variants.includes(form) || variants.includes(own);
          assert.ok(there, `${tag}: ${id} lacks ${form}`);
        }
      }
    }
  });

  test(`${tag}: every message can be said, whatever it is given`, (context) => {
    const faults = context.mock.method(console, "error", () => {});
    const catalogue = new Catalogue(tag, sources.get(tag) ?? "");
    for (const [id, { variables, attributes }] of english) {
      for (const args of given(variables)) {
        const { text, attributes: found } = catalogue.parts(id, args);
        const all = [...(text === null ? [] : [text]), ...found.map(([, value]) => value)];
        assert.equal(all.length, attributes.length);
        for (const words of all) assert.doesNotMatch(words, /\?\?\?|undefined|^\s*$/, id);
      }
    }
    assert.deepEqual(faults.mock.calls, []);
  });
}

test("no text stands in the page's HTML, and every message that it names is there", () => {
  for (const [name, text] of html) {
    const body = text.replace(/<style.*?<\/style>|<!--.*?-->/gs, "");
    const words = body.replace(/<[^>]*>/g, "").replace(/\{\{[^}]*\}\}/g, "");
    // The name of the program is the same in all languages.
    assert.doesNotMatch(words.replaceAll("| padfleet", ""), /\p{L}/u, name);
    assert.doesNotMatch(body, /\s(title|placeholder|alt|aria-label|aria-description)=/, name);
    for (const [, key] of body.matchAll(/data-words="([^"]*)"/g))
      assert.ok(english.has(key as string), `${name}: ${key}`);
  }
});

test("no text stands in the page's code, and every message that it names is there", () => {
  for (const [name, text] of code) {
    assert.deepEqual(texts(text), [], `${name} has words that are in no catalogue`);
    for (const key of sayings(text).named) assert.ok(english.has(key), `${name}: ${key}`);
  }
});

test("the test finds what is in no catalogue", () => {
  for (const line of [
    'element.textContent = "Copied";',
    "element.title = `Revision ${rev}`;",
    'element.setAttribute("aria-label", on ? "Play" : say("time-pause"));',
    'make("p", "hint", "Nothing here");',
    'announce("The link is copied.");',
    'list.append("(read only)");',
    'const LABELS = { chat: "Say something" };',
    'const attributes = { "aria-label": "Text" };',
    "writeVerbatim(element, `${name} says`);",
  ])
    assert.equal(texts(line).length, 1, line);
  for (const line of [
    "element.textContent = `${rev}. ★`;",
    'element.className = "button quiet";',
    'make("p", "line head", name);',
    'throw new Error("There is no such thing");',
    'console.warn("The editor differed");',
    'element.setAttribute("aria-label", say("time-pause"));',
    'element.dataset["state"] = "broken";',
  ])
    assert.deepEqual(texts(line), [], line);
});

test("every message is used", () => {
  const all = [...code.values()].map(sayings);
  const literals = new Set(all.flatMap(({ literals }) => literals));
  const patterns = all.flatMap(({ patterns }) => patterns);
  for (const text of html.values())
    for (const [, key] of text.matchAll(/data-words="([^"]*)"/g)) literals.add(key as string);
  for (const id of english.keys())
    assert.ok(literals.has(id) || patterns.some((pattern) => pattern.test(id)), id);
});

test("names of another direction keep to themselves", () => {
  const catalogue = new Catalogue("en", "says = { $name } says: { $text }\n");
  assert.equal(catalogue.say("says", { name: "Ada", text: "yes" }), "Ada says: yes");
  assert.equal(catalogue.say("says", { name: "שרה", text: "yes" }), "\u2068שרה\u2069 says: yes");
  const hebrew = new Catalogue("he", "says = { $name } אמרה\n");
  assert.equal(hebrew.say("says", { name: "Ada" }), "\u2068Ada\u2069 אמרה");
});

test("a catalogue with faults is none", () => {
  assert.throws(() => new Catalogue("de", "one = Eins\none = Zwei\n"));
});

test("keys have the names that are printed on them", () => {
  const german = new Catalogue("de", sources.get("de") ?? "");
  const say = (key: string): string => german.say(key);
  assert.equal(keyNames("Mod-Shift-x", say, false), "Strg+Umschalt+X");
  assert.equal(keyNames("Mod-Shift-x", say, true), "⌘⇧X");
  assert.equal(keyNames("Mod-/", say, false), "Strg+/");
});

test("the browser's languages are matched as the server does it", () => {
  const match = (...wanted: string[]): string => negotiate(wanted, languages);
  assert.equal(match("de-AT", "en"), "de");
  assert.equal(match("tlh", "pt-BR"), "pt");
  assert.equal(match("zh-TW"), "zh-Hant");
  assert.equal(match("zh-HK"), "zh-Hant");
  assert.equal(match("zh-SG"), "zh-Hans");
  assert.equal(match("zh"), "zh-Hans");
  assert.equal(match("iw"), "he");
  assert.equal(match("tlh"), "en");
});
