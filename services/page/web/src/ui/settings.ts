/** Sharing, and how this browser shows pads. */
import type { Pad } from "padfleet-client";

import { say, write } from "../words/page.js";
import { announce, byId, recall, remember } from "./dom.js";
import { showLanguages } from "./languages.js";
import type { Wishes } from "./wishes.js";

function applyTheme(theme: string): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

async function copy(text: string, button: HTMLElement): Promise<void> {
  const before = button.dataset["words"] ?? "copy";
  try {
    await navigator.clipboard.writeText(text);
    write(button, "copied");
    announce(say("link-copied"));
  } catch {
    // Only pages from https or this machine may; the link is there to be copied by hand.
    write(button, "copy-refused");
  }
  setTimeout(() => write(button, before), 2000);
}

/**
 * A checkbox that sets a class on the page, and is remembered. What the address wishes comes before
 * that, for this page alone.
 */
function option(id: string, className: string, inverted: boolean, wish: boolean | null): void {
  const box = byId<HTMLInputElement>(id);
  const apply = (): void =>
    void document.body.classList.toggle(className, box.checked !== inverted);
  const kept = recall(id);
  if (wish !== null) box.checked = wish;
  else if (kept !== null) box.checked = kept === "yes";
  box.addEventListener("change", () => {
    remember(id, box.checked ? "yes" : "no");
    apply();
  });
  apply();
}

export function showSettings(pad: Pad, wishes: Wishes): void {
  const dialog = byId<HTMLDialogElement>("settings");
  byId("settings-button").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  const here = location.href.replace(/[?#].*/, "");
  const readLink = new URL(encodeURIComponent(pad.vars.readOnlyId), here).href;
  byId<HTMLInputElement>("link").value = here;
  byId<HTMLInputElement>("read-link").value = readLink;
  byId("reading").hidden = pad.readOnly;
  for (const button of dialog.querySelectorAll<HTMLElement>("[data-copy]")) {
    const field = byId<HTMLInputElement>(button.dataset["copy"] ?? "");
    button.addEventListener("click", () => {
      field.select();
      void copy(field.value, button);
    });
  }
  byId("invite").addEventListener("click", (event) => {
    void copy(here, event.currentTarget as HTMLElement);
  });

  const theme = recall("theme") ?? "auto";
  for (const radio of dialog.querySelectorAll<HTMLInputElement>("input[name=theme]")) {
    radio.checked = radio.value === theme;
    radio.addEventListener("change", () => {
      remember("theme", radio.value);
      applyTheme(radio.value);
    });
  }
  showLanguages();
  option("show-colors", "plain", true, wishes.colors);
  option("show-mono", "mono", false, wishes.mono);
}
