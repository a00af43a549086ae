/**
 * Tests that browsers read other people's HTML without reporting errors, and that none of its text
 * is lost.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { tamed } from "../src/text/tamed.js";

const CASES: Record<string, string> = {
  "a <b>c</b> d": "a <b>c</b> d",
  "<p style='x' onclick=y id=z>": '<p data-style="x">',
  '<p title="a>b" style="x">q</p>': '<p data-style="x">q</p>',
  "<p title='<b style=x>' STYLE\n=\n'y'>": '<p data-STYLE="y">',
  "<li aria-level=2 aria-label=x>": '<li data-aria-level="2">',
  "<li data-aria-level=2 data-font=x>": '<li data-aria-level="2">',
  "<p class='EOP SCXW1' role=heading>": '<p data-class="EOP SCXW1" data-role="heading">',
  "<p style>x": '<p data-style="">x',
  "<p/style=x/>y": '<p data-style="x/">y',
  "<p style='\"&amp;'>": '<p data-style="&quot;&amp;">',
  "<a href=x/>y</a target=z>": '<a data-href="x/">y</a>',
  "<base href=x>": '<base data-href="x">',
  "<br/>a<hr / >b": "<br/>a<hr>b",
  "1 < 2 <3 style=x>": "1 &lt; 2 &lt;3 style=x>",
  "<styles style=x>": '<styles data-style="x">',
  "<p =style=x style=y>": '<p data-style="y">',
  "<p = style=x>y": '<p data-style="x">y',
  "<p == style=x>y": "<p>y",
  "<p => style=x>": "<p> style=x>",
  "<p a\u00a0style=x>": "<p>",
  "a <": "a &lt;",
  "a </": "a &lt;/",
  '<p title="never closed': "",
  "<p style=x": "",
  // Comments, and what browsers treat as one.
  'a<!-- <b title=" -->b<p style=x>': 'a<!---->b<p data-style="x">',
  "a<!-- <b>": "a<!---->",
  "a<!--><p style=x>-->": 'a<!----><p data-style="x">-->',
  "a<!---><p style=x>-->": 'a<!----><p data-style="x">-->',
  "a<!----><p style=x>-->": 'a<!----><p data-style="x">-->',
  "a<!-- --!><p style=x>-->": 'a<!----><p data-style="x">-->',
  '<!p "><p style=x>">': '<!----><p data-style="x">">',
  '<?p "><p style=x>">': '<!----><p data-style="x">">',
  '</ p "><p style=x>">': '<!----><p data-style="x">">',
  "a</>b": "a<!---->b",
  '</p title="><p title=\'"><p style=x>': '</p><p data-style="x">',
  // The texts around a removed part must not join.
  "<<!-- -->b style=x>": "&lt;<!---->b style=x>",
  "<<style></style>b style=x>": "&lt;<!----><!---->b style=x>",
  "&l<!-- -->t;": "&l<!---->t;",
  // Elements whose content is not text.
  "a<STYLE type=x>p > b { }<b></Style >c": "a<!----><!---->c",
  "a<style></styles><p style=x></style><p style=y>": 'a<!----><!----><p data-style="y">',
  "a<title>b": "a<!---->",
  "a<svg><style/></svg>b": "a<svg><!----></svg>b",
};

for (const [html, wanted] of Object.entries(CASES))
  test(`of ${JSON.stringify(html)}`, () => assert.equal(tamed(html), wanted));

test("whatever comes, each character is looked at a few times only", () => {
  const pieces = [
    "<p ",
    "<style>",
    "<!--",
    '<p a="',
    "<p a" + " ".repeat(9),
    "<svg><style",
    "</style",
    "<",
    "</",
    "<!",
    "<p =",
    "<!--<",
  ];
  // With repeated passes, this would take minutes.
  for (const piece of pieces) tamed(piece.repeat(2_000_000 / piece.length));
});
