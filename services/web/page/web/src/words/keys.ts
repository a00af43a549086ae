/** The names of keys as printed on the reader's keyboard. */

const MAC = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

const ON_MAC: Record<string, string> = { Mod: "⌘", Ctrl: "⌃", Shift: "⇧", Alt: "⌥" };

const NAMED: Record<string, string> = {
  Mod: "key-ctrl",
  Ctrl: "key-ctrl",
  Shift: "key-shift",
  Alt: "key-alt",
  Enter: "key-enter",
  Escape: "key-escape",
  Tab: "key-tab",
};

type Say = (key: string) => string;

/**
 * Returns the names of the keys of a stroke such as `Mod-Shift-x`. `say` returns the text of a
 * message.
 */
export function keyList(stroke: string, say: Say, mac = MAC): string[] {
  return stroke.split(/-(?=.)/).map((key) => {
    if (mac && key in ON_MAC) return ON_MAC[key] as string;
    const named = NAMED[key];
    return named === undefined ? key.toUpperCase() : say(named);
  });
}

/** Returns a stroke such as `Mod-Shift-x` in readable form: `Ctrl+Shift+X`, or `⌘⇧X` on a Mac. */
export function keyNames(stroke: string, say: Say, mac = MAC): string {
  return keyList(stroke, say, mac).join(mac ? "" : "+");
}
