/**
 * What cannot wait for the rest of the page. Before the first paint: the theme that this browser has
 * chosen, so that nothing flashes.
 */
try {
  const chosen = localStorage.getItem("padfleet.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}

// Where the page's own script does not come, or is not understood, there is nobody else to say so.
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
