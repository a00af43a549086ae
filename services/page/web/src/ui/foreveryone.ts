/** How a pad looks for everybody, and what each has chosen for himself. */
import type { Pad, PadSettings } from "padfleet-client";

import type { PadEditor } from "../editor/editor.js";
import { tell } from "./ask.js";
import { byId, recall, remember } from "./dom.js";
import { reason } from "./reason.js";
import type { Wishes } from "./wishes.js";

/** The name that Etherpad's page has for it. */
const MONOSPACE = "RobotoMono";

/** What a pad says about one matter; undefined where it leaves that to each. */
export type Given = boolean | undefined;

/** What holds: the pad's word where it is enforced, else what somebody has chosen himself. */
export function effective(own: boolean | null, given: Given, enforced: boolean): Given {
  return enforced && given !== undefined ? given : (own ?? given);
}

/** The pad's settings by the names in the page's HTML. */
export function options(settings: PadSettings): Record<string, boolean> {
  const { view = {}, enforceSettings = false, showChat = true } = settings;
  return {
    showAuthorColors: view.showAuthorColors ?? true,
    monospace: /mono/i.test(view.padFontFamily ?? ""),
    rtlIsTrue: view.rtlIsTrue ?? false,
    showChat,
    enforceSettings,
  };
}

/** What has to be sent to change one of them. */
export function change(name: string, on: boolean): PadSettings {
  if (name === "monospace") return { view: { padFontFamily: on ? MONOSPACE : "" } };
  if (name === "showChat" || name === "enforceSettings") return { [name]: on };
  return { view: { [name]: on } };
}

/** A checkbox that sets a class on the page, and is remembered. */
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

  /** `wish` is what the address asks for, which holds for this page alone. */
  renew(given: Given, enforced: boolean, wish: boolean | null): void {
    const kept = recall(this.id);
    const own = wish ?? (kept === null ? null : kept === "yes");
    this.box.checked = effective(own, given, enforced) ?? this.otherwise;
    this.box.disabled = enforced;
    this.apply();
  }

  private apply(): void {
    document.body.classList.toggle(this.className, this.box.checked !== this.inverted);
  }
}

/** Keeps the page's look up to date with the pad's settings, and lets its creator change them. */
export function showSettingsForAll(pad: Pad, wishes: Wishes, editor: PadEditor): void {
  const colors = new Choice("show-colors", "plain", true);
  const mono = new Choice("show-mono", "mono", false);
  const boxes = [...byId("for-all").querySelectorAll<HTMLInputElement>("[data-option]")];
  const mayChange = pad.vars.canEditPadSettings === true && !pad.readOnly;

  const show = (): void => {
    const given = options(pad.vars.initialOptions ?? {});
    const enforced = given["enforceSettings"] === true && !mayChange;
    colors.renew(given["showAuthorColors"], enforced, wishes.colors);
    mono.renew(given["monospace"], enforced, wishes.mono);
    byId("chat-button").hidden = given["showChat"] === false;
    editor.run(wishes.rightToLeft || given["rtlIsTrue"] === true);
    for (const box of boxes) box.checked = given[box.dataset["option"] ?? ""] ?? false;
  };

  byId("for-all").hidden = !mayChange;
  for (const box of boxes) {
    box.addEventListener("change", () => {
      tell("for-all-error", null);
      pad.changeSettings(change(box.dataset["option"] ?? "", box.checked), (why) => {
        tell("for-all-error", "for-all-refused", { why: reason(why) });
        show();
      });
    });
  }
  pad.on("settings", show);
  show();
}
