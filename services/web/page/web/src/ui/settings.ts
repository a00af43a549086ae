/** Sharing the pad, and this browser's display settings. */
import type { Pad } from "padfleet-client";

import { say, write } from "../words/page.js";
import { opens } from "./ask.js";
import { announce, byId, recall, remember } from "./dom.js";
import { showLanguages } from "./languages.js";
import { showSharing } from "./share.js";

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
    // Only pages over https or from this machine may copy. Users can copy the link by hand.
    write(button, "copy-refused");
  }
  setTimeout(() => write(button, before), 2000);
}

export function showSettings(pad: Pad): void {
  const dialog = opens("settings-button", "settings");

  const here = location.href.replace(/[?#].*/, "");
  const readLink = new URL(encodeURIComponent(pad.vars.readOnlyId), here).href;
  byId<HTMLInputElement>("link").value = here;
  byId<HTMLInputElement>("read-link").value = readLink;
  byId("reading").hidden = pad.readOnly;
  showSharing(here, pad.readOnly ? null : readLink, document.title);
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
}
