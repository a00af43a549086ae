/** The language that the page's reader has chosen. */
import { speak } from "../words/speech.js";
import { byId } from "./dom.js";

/** How long a choice is kept, in s: a year. */
const KEPT = 31_536_000;

/**
 * Returns the name of the cookie with the choice. Servers read it, so that the next page is in that
 * language.
 */
function cookieName(): string {
  return byId<HTMLSelectElement>("language").dataset["cookie"] ?? "language";
}

/** Returns the language that the reader has chosen; "" if none. */
export function chosen(): string {
  const start = `${cookieName()}=`;
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(start));
  return found === undefined ? "" : decodeURIComponent(found.slice(start.length));
}

export function showLanguages(): void {
  const field = byId<HTMLSelectElement>("language");
  field.value = chosen();
  if (field.selectedIndex < 0) field.value = "";
  field.addEventListener("change", () => {
    const tag = field.value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const age = tag === "" ? 0 : KEPT;
    document.cookie = `${cookieName()}=${tag}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
    void speak(spoken());
  });
}

/** Returns the languages that the page offers. */
export function offered(): string[] {
  const { options } = byId<HTMLSelectElement>("language");
  return [...options].map(({ value }) => value).filter(Boolean);
}

/**
 * Returns the page's language: the one that the reader has chosen, or else the one that the browser
 * asks for.
 */
export function spoken(): string {
  return chosen() || negotiate(navigator.languages, offered());
}

/** Returns the first language in `wanted` that is also offered, or English. */
export function negotiate(wanted: readonly string[], offered: readonly string[]): string {
  return known(wanted, offered) ?? "en";
}

/**
 * Like `negotiate`, but returns null if none of `wanted` is offered. Values that are not language
 * tags are skipped.
 */
export function known(wanted: readonly string[], offered: readonly string[]): string | null {
  for (const each of wanted) {
    const locale = localeOf(each);
    if (locale === null) continue;
    const { language, script } = locale;
    // Of a language with two scripts, this is the one that is used in the reader's region.
    const found = [`${language}-${script}`, language].find((tag) => offered.includes(tag));
    if (found !== undefined) return found;
  }
  return null;
}

function localeOf(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag.replaceAll("_", "-")).maximize();
  } catch {
    return null; // browsers do not recognise it as a language tag
  }
}
