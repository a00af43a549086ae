"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { it, mock } = require("node:test");
const server = require("../index");
const { DEFAULTS, metaOf, readSettings } = require("../shown");

const ROOT = path.join(__dirname, "..");

/** @param {string} name */
const json = (name) => JSON.parse(fs.readFileSync(path.join(ROOT, name), "utf8"));

it("shows what settings.json says", () => {
  assert.deepEqual(readSettings(undefined), { shown: DEFAULTS, faults: [] });
  assert.deepEqual(readSettings({ figures: true }), {
    shown: { batches: true, figures: true },
    faults: [],
  });
  assert.deepEqual(readSettings({ batches: false }).shown, { batches: false, figures: false });
});

it("says what is wrong with settings.json, and goes by the rest", () => {
  for (const odd of [null, true, "figures", ["figures"], 1]) {
    const { shown, faults } = readSettings(odd);
    assert.deepEqual(shown, DEFAULTS);
    assert.match(faults.join(), /has to be an object/);
  }
  const { shown, faults } = readSettings({ figures: true, batches: "no", 'x"<': 1 });
  assert.deepEqual(shown, { batches: true, figures: true });
  assert.equal(faults.length, 2);
  assert.match(
    faults.join("\n"),
    /ep_padfleet\.batches" in settings\.json has to be true or false/,
  );
  assert.match(faults.join("\n"), /has no key "x\\"<"; it has batches, figures/);
  assert.match(readSettings({ constructor: true, __proto__: {} }).faults.join(), /"constructor"/);
});

it("tells the page by words", () => {
  assert.equal(metaOf(DEFAULTS), '<meta name="ep_padfleet" content="batches">\n');
  assert.equal(
    metaOf({ batches: true, figures: true }),
    '<meta name="ep_padfleet" content="batches figures">\n',
  );
  assert.equal(
    metaOf({ batches: false, figures: false }),
    '<meta name="ep_padfleet" content="">\n',
  );
});

it("puts into the pages what holds since the settings were last read", async () => {
  /** @param {(name: string, block: {content: string}) => void} hook */
  const made = (hook) => {
    const block = { content: "<p>before</p>\n" };
    hook("", block);
    return block.content;
  };
  const before = "<p>before</p>\n";
  assert.equal(made(server.eejsBlock_mySettings), before);
  await server.loadSettings("loadSettings", { settings: { ep_padfleet: { figures: true } } });
  for (const hook of [server.eejsBlock_htmlHead, server.eejsBlock_timesliderScripts]) {
    assert.equal(made(hook), `${before}<meta name="ep_padfleet" content="batches figures">\n`);
  }
  assert.match(made(server.eejsBlock_mySettings), /<p>before<\/p>\n<p id="ep_padfleet_figures"/);
  const warn = mock.method(console, "warn", () => {});
  await server.loadSettings("loadSettings", { settings: { ep_padfleet: { figure: true } } });
  assert.match(String(warn.mock.calls[0]?.arguments[0]), /^ep_padfleet: .*no key "figure"/);
  warn.mock.restore();
  assert.equal(made(server.eejsBlock_mySettings), before);
});

it("has every hook that ep.json names, and files for all of them in the package", () => {
  const [part] = json("ep.json").parts;
  for (const name of Object.keys(part.hooks)) assert.ok(name in server, name);
  const page = fs.readFileSync(path.join(ROOT, "static/js/index.js"), "utf8");
  for (const [name, place] of Object.entries(part.client_hooks)) {
    assert.equal(place, "ep_padfleet/static/js/index");
    assert.match(page, new RegExp(`^exports\\.${name} = `, "m"));
  }
  const packed = json("package.json").files;
  for (const name of ["ep.json", "index.js", "shown.js", "static/js", "locales", "LICENSE"]) {
    assert.ok(packed.includes(name) && fs.existsSync(path.join(ROOT, name)), name);
  }
});

it("says the same in every language", () => {
  const keys = fs.readdirSync(path.join(ROOT, "locales")).map((name) => {
    const words = json(`locales/${name}`);
    for (const text of Object.values(words)) {
      assert.deepEqual(
        String(text)
          .match(/\{\{\w+\}\}/g)
          ?.sort(),
        ["{{changes}}", "{{messages}}"],
      );
    }
    return Object.keys(words).sort().join();
  });
  assert.equal(new Set(keys).size, 1);
});
