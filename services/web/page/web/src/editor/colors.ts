/** A class for each author; the style sheet below gives it the author's colour. */
import type { Person } from "padfleet-client";

const classes = new Map<string, string>();
const painted = new Map<string, string>();

// The style sheet is made by script, so that the page's policy need not allow inline styles.
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

export function authorClass(author: string): string {
  let name = classes.get(author);
  if (name === undefined) classes.set(author, (name = `by-${classes.size}`));
  return name;
}

/** Updates the colours of all people. `People` only passes on valid colours. */
export function colorAuthors(everybody: Iterable<Person>): void {
  for (const { id, color } of everybody) {
    if (painted.get(id) === color) continue;
    painted.set(id, color);
    sheet.insertRule(`.${authorClass(id)} { --by: ${color} }`, sheet.cssRules.length);
  }
}
