/** Applies the pad's settings for everybody, and what each user has chosen instead. */
import type { Pad, PadSettings } from "padfleet-client";

import type { PadEditor } from "../editor/editor.js";
import { speak } from "../words/speech.js";
import { tell } from "./ask.js";
import { byId, remember } from "./dom.js";
import { chosen, known, offered, spoken } from "./languages.js";
import { effective, type Given, maySay, options, ownChoice } from "./look.js";
import { reason } from "./reason.js";
import { beside, type Wishes } from "./wishes.js";

/** The font's name on Etherpad's page. */
const MONOSPACE = "RobotoMono";

/**
 * Returns what is open next to the text at the start: what the address asks for, or what the pad's
 * settings say, unless that would hide the text.
 */
export function opening(settings: PadSettings, wishes: Wishes, narrow: boolean): Wishes["open"] {
  const { showChat = true, alwaysShowChat = false, chatAndUsers = false } = settings;
  if (wishes.open !== null || narrow) return wishes.open;
  return beside(showChat && wishes.chat, alwaysShowChat, chatAndUsers);
}

/**
 * Returns the language, out of those `offered`, that the pad's settings give the page. Returns null
 * if they give none, if the address has `asked` for a language, or if the reader has `chosen` one
 * and the settings are not enforced.
 */
export function languageOf(
  { lang, enforceSettings = false }: PadSettings,
  offered: readonly string[],
  chosen: boolean,
  asked: boolean,
): string | null {
  if (typeof lang !== "string" || asked || (chosen && !enforceSettings)) return null;
  return known([lang], offered);
}

/** Returns the settings to send in order to change one of them. */
export function change(name: string, on: boolean): PadSettings {
  if (name === "monospace") return { view: { padFontFamily: on ? MONOSPACE : "" } };
  if (["showChat", "alwaysShowChat", "enforceSettings"].includes(name)) return { [name]: on };
  return { view: { [name]: on } };
}

/** A checkbox that sets a class on the page. This browser remembers its state. */
class Choice {
  private readonly box: HTMLInputElement;
  private readonly otherwise: boolean;

  constructor(
    private readonly id: string,
    private readonly className: string,
    private readonly inverted: boolean,
  ) {
    this.box = byId<HTMLInputElement>(id);
    this.otherwise = this.box.defaultChecked;
    this.box.addEventListener("change", () => {
      remember(id, this.box.checked ? "yes" : "no");
      this.apply();
    });
  }

  renew(given: Given, enforced: boolean, wish: boolean | null): void {
    const own = ownChoice(this.id, wish);
    this.box.checked = effective(own, given, enforced) ?? this.otherwise;
    this.box.disabled = enforced;
    this.apply();
  }

  private apply(): void {
    document.body.classList.toggle(this.className, this.box.checked !== this.inverted);
  }
}

/**
 * Keeps the page's look up to date with the pad's settings, and lets users who are allowed to
 * change them.
 */
export function showSettingsForAll(pad: Pad, wishes: Wishes, editor: PadEditor): void {
  const colors = new Choice("show-colors", "plain", true);
  const mono = new Choice("show-mono", "mono", false);
  const boxes = [...byId("for-all").querySelectorAll<HTMLInputElement>("[data-option]")];
  const mayChange = maySay(pad.vars);
  const tongue = byId<HTMLSelectElement>("pad-language");
  const languages = offered();
  let given = "";

  const show = (): void => {
    const settings = pad.vars.initialOptions ?? {};
    const said = options(settings);
    const enforced = said["enforceSettings"] === true && !mayChange;
    colors.renew(said["showAuthorColors"], enforced, wishes.colors);
    mono.renew(said["monospace"], enforced, wishes.mono);
    byId("chat-button").hidden = said["showChat"] === false;
    editor.run(wishes.rightToLeft || said["rtlIsTrue"] === true);
    for (const box of boxes) box.checked = said[box.dataset["option"] ?? ""] ?? false;
    tongue.value = known([settings.lang ?? ""], languages) ?? "";
    const own = { ...settings, enforceSettings: enforced };
    const tag = languageOf(own, languages, chosen() !== "", wishes.language) ?? "";
    // Without a language in the settings, the page keeps the one it was loaded with.
    const wanted = tag === "" && given !== "" ? spoken() : tag;
    if (wanted !== "" && wanted !== document.documentElement.lang) void speak(wanted);
    given = tag;
    byId<HTMLSelectElement>("language").disabled = enforced && tag !== "";
  };
  const send = (settings: PadSettings): void => {
    tell("for-all-error", null);
    pad.changeSettings(settings, (why) => {
      tell("for-all-error", "for-all-refused", { why: reason(why) });
      show();
    });
  };

  byId("for-all").hidden = !mayChange;
  for (const box of boxes) {
    box.addEventListener("change", () => send(change(box.dataset["option"] ?? "", box.checked)));
  }
  tongue.addEventListener("change", () =>
    send({ lang: tongue.value === "" ? null : tongue.value }),
  );
  pad.on("settings", show);
  show();
}
