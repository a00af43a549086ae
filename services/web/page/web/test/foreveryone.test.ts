import assert from "node:assert/strict";
import { test } from "node:test";

import { change, languageOf, opening } from "../src/ui/foreveryone.js";
import { options } from "../src/ui/look.js";
import { readWishes } from "../src/ui/wishes.js";

const open = (settings: object, search = "", narrow = false): string | null =>
  opening(settings, readWishes(search, ""), narrow);

test("what is open from the beginning is what the address asks for, else what the pad says", () => {
  assert.equal(open({}), null);
  assert.equal(open({ alwaysShowChat: true }), "chat");
  assert.equal(open({ chatAndUsers: true }), "chat");
  assert.equal(open({ chatAndUsers: true, showChat: false }), "people");
  assert.equal(open({ alwaysShowChat: true, showChat: false }), null);
  assert.equal(open({ alwaysShowChat: true }, "?showChat=false"), null);
  assert.equal(open({ chatAndUsers: true }, "?showChat=false"), "people");
  assert.equal(open({}, "?alwaysShowChat=true"), "chat");
});

test("where it would hide the text, only the address opens something", () => {
  assert.equal(open({ alwaysShowChat: true, chatAndUsers: true }, "", true), null);
  assert.equal(open({}, "?alwaysShowChat=true", true), "chat");
});

test("a pad's language holds for who has chosen none, and for all where that is enforced", () => {
  const offered = ["en", "de", "pt", "zh-Hans", "zh-Hant"];
  const language = (settings: object, chosen = false, asked = false): string | null =>
    languageOf(settings, offered, chosen, asked);
  assert.equal(language({}), null);
  assert.equal(language({ lang: null }), null);
  assert.equal(language({ lang: "de" }), "de");
  assert.equal(language({ lang: "pt-br" }), "pt");
  assert.equal(language({ lang: "zh-tw" }), "zh-Hant");
  assert.equal(language({ lang: "zh_hans" }), "zh-Hans");
  assert.equal(language({ lang: "de" }, true), null);
  assert.equal(language({ lang: "de", enforceSettings: true }, true), "de");
  assert.equal(language({ lang: "de", enforceSettings: true }, true, true), null);
  for (const lang of ["", "tlh", "not a language", "-", 5]) assert.equal(language({ lang }), null);
});

test("a setting is sent by the name that Etherpad's page has for it", () => {
  assert.deepEqual(change("alwaysShowChat", true), { alwaysShowChat: true });
  assert.deepEqual(change("rtlIsTrue", true), { view: { rtlIsTrue: true } });
  assert.equal(options({ alwaysShowChat: true })["alwaysShowChat"], true);
  assert.equal(options({})["alwaysShowChat"], false);
});
