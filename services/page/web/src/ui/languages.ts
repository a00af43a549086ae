/** The language of the page, as its reader has chosen it. */
import { speak } from "../words/page.js";
import { byId } from "./dom.js";

/** How long a choice is kept, in s: a year. */
const KEPT = 31_536_000;

/** The cookie that has the choice: servers read it, so that the next page comes in that language. */
function cookieName(): string {
  return byId<HTMLSelectElement>("language").dataset["cookie"] ?? "language";
}

function chosen(): string {
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
    const offered = [...field.options].map(({ value }) => value).filter(Boolean);
    void speak(tag === "" ? negotiate(navigator.languages, offered) : tag);
  });
}

/** The first of the languages that somebody reads among those that there are; English if none. */
export function negotiate(wanted: readonly string[], offered: readonly string[]): string {
  for (const each of wanted) {
    const { language, script } = new Intl.Locale(each).maximize();
    // Of those that are there in two scripts, the one that is read where somebody is.
    const found = [`${language}-${script}`, language].find((tag) => offered.includes(tag));
    if (found !== undefined) return found;
  }
  return "en";
}
