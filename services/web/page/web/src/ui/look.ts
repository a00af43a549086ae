/** How the text looks: what the pad says for everybody, and what each has chosen for himself. */
import type { ClientVars, PadSettings } from "padfleet-client";

import { recall } from "./dom.js";
import type { Wishes } from "./wishes.js";

/** What a pad says about one matter; undefined where it leaves that to each. */
export type Given = boolean | undefined;

/** What holds: the pad's word where it is enforced, else what somebody has chosen himself. */
export function effective(own: boolean | null, given: Given, enforced: boolean): Given {
  return enforced && given !== undefined ? given : (own ?? given);
}

/** What somebody has chosen; `wish` is what the address asks for, which holds for this page alone. */
export function ownChoice(id: string, wish: boolean | null): boolean | null {
  if (wish !== null) return wish;
  const kept = recall(id);
  return kept === null ? null : kept === "yes";
}

/** The pad's settings by the names in the page's HTML. */
export function options(settings: PadSettings): Record<string, boolean> {
  const { view = {}, enforceSettings = false, showChat = true, alwaysShowChat = false } = settings;
  return {
    showAuthorColors: view.showAuthorColors ?? true,
    monospace: /mono/i.test(view.padFontFamily ?? ""),
    rtlIsTrue: view.rtlIsTrue ?? false,
    showChat,
    alwaysShowChat,
    enforceSettings,
  };
}

/** Whether somebody may say how the pad looks for everybody. */
export function maySay({ canEditPadSettings, readonly }: ClientVars): boolean {
  return canEditPadSettings === true && !readonly;
}

/**
 * Gives the page the look that the text has from its first sight on. The boxes to choose it by come
 * later, and give it the same.
 */
export function showLook(variables: ClientVars, wishes: Wishes): void {
  const said = options(variables.initialOptions ?? {});
  const enforced = said["enforceSettings"] === true && !maySay(variables);
  const { classList } = document.body;
  const colors = ownChoice("show-colors", wishes.colors);
  classList.toggle("plain", effective(colors, said["showAuthorColors"], enforced) === false);
  const mono = ownChoice("show-mono", wishes.mono);
  classList.toggle("mono", effective(mono, said["monospace"], enforced) === true);
}
