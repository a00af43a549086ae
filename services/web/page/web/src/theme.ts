/** Before the first paint: the theme that this browser has chosen, so that nothing flashes. */
try {
  const chosen = localStorage.getItem("padfleet.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
