/**
 * Applies the theme that this browser has chosen before the first paint, so that the page does not
 * flash.
 */
try {
  const chosen = localStorage.getItem("padfleet.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
} catch {
  // Storage may be forbidden. The page then uses the system's theme.
}

// If the page's script is not loaded or fails to parse, only this script can tell the user.
addEventListener(
  "error",
  ({ target }) => {
    const missing =
      target instanceof HTMLScriptElement ||
      (target instanceof HTMLLinkElement && target.rel === "stylesheet");
    if (!missing && document.body?.dataset["begun"] !== undefined) return;
    const say = (): void => {
      const notice = document.getElementById("not-loaded");
      if (notice !== null) notice.hidden = false;
    };
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", say);
    else say();
  },
  true,
);
