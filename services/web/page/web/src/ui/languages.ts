/** The language of the page, as its reader has chosen it. */
import { speak } from "../words/speech.js";
import { byId } from "./dom.js";

/** How long a choice is kept, in s: a year. */
const KEPT = 31_536_000;

/** The cookie that has the choice: servers read it, so that the next page comes in that language. */
function cookieName(): string {
  return byId<HTMLSelectElement>("language").dataset["cookie"] ?? "language";
}

/** The language that its reader has chosen; "" if none. */
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

/** The languages that there are. */
export function offered(): string[] {
  const { options } = byId<HTMLSelectElement>("language");
  return [...options].map(({ value }) => value).filter(Boolean);
}

/** The page's language: what its reader has chosen, or the browser asks for. */
export function spoken(): string {
  return chosen() || negotiate(navigator.languages, offered());
}

/** The first of the languages that somebody reads among those that there are; English if none. */
export function negotiate(wanted: readonly string[], offered: readonly string[]): string {
  return known(wanted, offered) ?? "en";
}

/** As `negotiate`; null if there is none of them. What names no language is passed over. */
export function known(wanted: readonly string[], offered: readonly string[]): string | null {
  for (const each of wanted) {
    const locale = localeOf(each);
    if (locale === null) continue;
    const { language, script } = locale;
    // Of those that are there in two scripts, the one that is read where somebody is.
    const found = [`${language}-${script}`, language].find((tag) => offered.includes(tag));
    if (found !== undefined) return found;
  }
  return null;
}

function localeOf(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag.replaceAll("_", "-")).maximize();
  } catch {
    return null; // no tag of a language, as browsers see it
  }
}
