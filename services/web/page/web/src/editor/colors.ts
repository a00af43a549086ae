/** A class for each author, and the style sheet that gives it the author's colour. */
import type { Person } from "padfleet-client";

const classes = new Map<string, string>();
const painted = new Map<string, string>();

// Made by script and not written into the page, so that the policy needs no inline style.
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

export function authorClass(author: string): string {
  let name = classes.get(author);
  if (name === undefined) classes.set(author, (name = `by-${classes.size}`));
  return name;
}

/** Renews the colours of everybody. `People` lets through nothing but colours. */
export function colorAuthors(everybody: Iterable<Person>): void {
  for (const { id, color } of everybody) {
    if (painted.get(id) === color) continue;
    painted.set(id, color);
    sheet.insertRule(`.${authorClass(id)} { --by: ${color} }`, sheet.cssRules.length);
  }
}
