/** How the text looks, by the pad's settings for everybody and by each user's own choices. */
import type { ClientVars, PadSettings } from "padfleet-client";

import { recall } from "./dom.js";
import type { Wishes } from "./wishes.js";

/** The pad's setting of one choice; undefined if the pad has none. */
export type Given = boolean | undefined;

/**
 * Returns the value in effect: the pad's setting if it is enforced. Otherwise, the user's own
 * choice takes precedence over the pad's setting.
 */
export function effective(own: boolean | null, given: Given, enforced: boolean): Given {
  return enforced && given !== undefined ? given : (own ?? given);
}

/** Returns the user's choice. `wish` is the one in the address, which applies to this page only. */
export function ownChoice(id: string, wish: boolean | null): boolean | null {
  if (wish !== null) return wish;
  const kept = recall(id);
  return kept === null ? null : kept === "yes";
}

/** Returns the pad's settings by their names in the page's HTML. */
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

/** Whether the user may change the settings for everybody. */
export function maySay({ canEditPadSettings, readonly }: ClientVars): boolean {
  return canEditPadSettings === true && !readonly;
}

/**
 * Gives the page its look before the text is first shown. The checkboxes for it are loaded later,
 * and apply the same look.
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
