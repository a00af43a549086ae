/** Tests of what becomes a link, and what must not. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { linksIn, LONGEST, placeOf, safeAddress } from "../src/text/links.js";

function found(text: string): string[] {
  return [...linksIn(text)].map(({ from, to }) => text.slice(from, to));
}

const LINKS: [string, ...string[]][] = [
  ["see https://example.com.", "https://example.com"],
  ["(https://example.com/a)", "https://example.com/a"],
  [
    "https://en.wikipedia.org/wiki/Pad_(disambiguation)",
    "https://en.wikipedia.org/wiki/Pad_(disambiguation)",
  ],
  ["(as in https://x.org/a_(b)_c).", "https://x.org/a_(b)_c"],
  ["[https://x.org/a[1]]", "https://x.org/a[1]"],
  ["one http://a.example, two http://b.example; end!", "http://a.example", "http://b.example"],
  ["www.example.com/a?b=c&d#e", "www.example.com/a?b=c&d#e"],
  ["HTTPS://EXAMPLE.COM", "HTTPS://EXAMPLE.COM"],
  ["mailto:ada@example.com?subject=x", "mailto:ada@example.com?subject=x"],
  ["tel:+49-30-1234", "tel:+49-30-1234"],
  ["ftp://ftp.example.com/file", "ftp://ftp.example.com/file"],
  ["https://münchen.example/straße", "https://münchen.example/straße"],
  ["https://例え.jp/パス。次の文", "https://例え.jp/パス"],
  ["https://example.com/😀!", "https://example.com/😀"],
  ["“https://example.com/q”", "https://example.com/q"],
  ['"https://example.com/q"', "https://example.com/q"],
  ["<https://example.com/q>", "https://example.com/q"],
  ["http://[::1]:9001/p/x", "http://[::1]:9001/p/x"],
  ["http://localhost:9001/p/a-b~c", "http://localhost:9001/p/a-b~c"],
  ["https://example.com…", "https://example.com"],
  ["**https://example.com**", "https://example.com"],
  // Characters that change the direction of text would disguise the address.
  ["https://example.com/\u202egpj.exe", "https://example.com/"],
  ["https://exa\u200bmple.com", "https://exa"],
  ["https://example.com/a\u0000b", "https://example.com/a"],
  ["https://example.com/a\ud800b", "https://example.com/a"],
  // Only the part that leads somewhere is a link, whatever precedes it.
  ["javascript:https://example.com/%0aalert(1)", "https://example.com/%0aalert(1)"],
];

for (const [text, ...wanted] of LINKS) {
  test(`links of ${JSON.stringify(text)}`, () => assert.deepEqual(found(text), wanted));
}

const NONE = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "blob:https",
  "about:blank",
  "https://",
  "http:// example",
  "https://:80",
  "https://exa%mple",
  "www.",
  "www..",
  "xhttp://example.com",
  "wwww.example.com",
  "mailto:",
  "a www",
];

for (const text of NONE) {
  test(`no links in ${JSON.stringify(text)}`, () => assert.deepEqual(found(text), []));
}

test("a link leads where it says, and never runs anything", () => {
  const [link] = linksIn("www.example.com/a b");
  assert.equal(link?.href, "http://www.example.com/a");
  for (const bad of ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "x"]) {
    assert.equal(safeAddress(bad), null);
  }
});

test("the place that a link leads to is named by its host", () => {
  assert.equal(placeOf("https://google.com@evil.example/"), "evil.example");
  assert.equal(placeOf("mailto:ada@example.com"), "ada@example.com");
  // A Cyrillic letter that looks like a Latin one is shown in its encoded form.
  const [link] = linksIn("https://аpple.com/");
  assert.match(placeOf(link!.href), /^xn--/);
});

test("addresses that are too long are text", () => {
  const long = `https://example.com/${"a".repeat(LONGEST)}`;
  assert.deepEqual(found(`${long} https://example.com`), ["https://example.com"]);
});

test("hostile text takes no more steps than its length", () => {
  // Each of these would take hours if any part were searched repeatedly.
  const size = 300_000;
  for (const piece of [
    "http://",
    "www.",
    "(",
    "https://x(",
    "mailto:mailto:",
    "h",
    "http://a)",
    "]",
  ]) {
    const text = piece.repeat(Math.ceil(size / piece.length));
    let count = 0;
    for (const { from, to } of linksIn(text)) count += to - from;
    assert.ok(count <= text.length);
  }
});
