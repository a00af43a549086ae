import assert from "node:assert/strict";
import { test } from "node:test";

import { readWishes, type Wishes } from "../src/ui/wishes.js";

const NOTHING: Wishes = {
  name: null,
  color: null,
  colors: null,
  mono: null,
  tools: true,
  menu: true,
  chat: true,
  open: null,
  rightToLeft: false,
  language: false,
  history: false,
  rev: null,
  line: null,
};

const CASES: [search: string, hash: string, wishes: Partial<Wishes>][] = [
  ["", "", {}],
  ["?userName=Ada%20L.&userColor=%23ff9900", "", { name: "Ada L.", color: "#ff9900" }],
  ["?userName=+&userColor=red", "", {}],
  ["?userName=false&userColor=false", "", {}],
  ["?userColor=f90", "", { color: "#ff9900" }],
  ["?userColor=%23ff9900%3Bx", "", {}],
  ["?noColors=true", "", { colors: false }],
  ["?noColors=false&useMonospaceFont=true", "", { colors: true, mono: true }],
  ["?noColors&useMonospaceFont=1&showChat=0&rtl=", "", {}],
  [
    "?showControls=false&showChat=false&showMenuRight=FALSE",
    "",
    { tools: false, chat: false, menu: false },
  ],
  ["?showControls=true&showChat=true", "", {}],
  ["?lang=de", "", { language: true }],
  ["?lang=", "", {}],
  ["?alwaysShowChat=true", "", { open: "chat" }],
  ["?chatAndUsers=true", "", { open: "chat" }],
  ["?chatAndUsers=true&showChat=false", "", { open: "people", chat: false }],
  ["?alwaysShowChat=true&showChat=false", "", { chat: false }],
  ["?rtl=true", "#L12", { rightToLeft: true, line: 12 }],
  ["?history", "#42", { history: true, rev: 42 }],
  ["?history", "#x", { history: true }],
  ["", "#99999999999", {}],
];

test("addresses ask for what Etherpad's ask for", () => {
  for (const [search, hash, wishes] of CASES)
    assert.deepEqual(readWishes(search, hash), { ...NOTHING, ...wishes }, search + hash);
});

test("a name is no longer than names may be", () => {
  assert.equal(readWishes(`?userName=${"x".repeat(500)}`, "").name?.length, 80);
});
