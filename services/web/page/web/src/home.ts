/** The start page, which opens a pad by name, or a new one. */
import { byId, make } from "./ui/dom.js";
import { recentPads } from "./ui/recent.js";
import { begin } from "./words/speech.js";

const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** Returns sixteen random letters. They have 80 bits, so nobody finds the pad by chance. */
function unguessable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("");
}

function go(name: string): void {
  location.assign(`p/${encodeURIComponent(name)}`);
}

// The page already contains its own texts; without the others, it can still open pads.
await begin().catch((error: unknown) => console.warn("the words of the page cannot be had", error));

const field = byId<HTMLInputElement>("name");
const error = byId("name-error");

byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = field.value.trim();
  const wrong = name === "" || name.includes("$") || name === "." || name === "..";
  error.hidden = !wrong;
  field.setAttribute("aria-invalid", String(wrong));
  if (wrong) field.focus();
  else go(name);
});

byId("fresh").addEventListener("click", (event) => {
  event.preventDefault();
  go(unguessable());
});

const recent = recentPads();
byId("recent").hidden = recent.length === 0;
byId("recent-list").append(
  ...recent.map((name) => {
    const link = make("a", "", name);
    link.href = `p/${encodeURIComponent(name)}`;
    return make("li", "", link);
  }),
);
