/** Shows the people who are on the pad. */
import type { Pad, Person } from "padfleet-client";

import { authorClass, colorAuthors } from "../editor/colors.js";
import { onLanguage, say, write } from "../words/page.js";
import { byId, make, remember } from "./dom.js";
import { longHex } from "./wishes.js";

const FACES = 4;

function initials(name: string | null): string {
  const words = (name ?? "").trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return (
    letters
      .map((word) => Array.from(word ?? "")[0] ?? "")
      .join("")
      .toUpperCase() || "?"
  );
}

function face(person: Person): HTMLElement {
  const element = make("span", `face ${authorClass(person.id)}`);
  // shown by the style sheet, so that they are not read out
  element.dataset["initials"] = initials(person.name);
  return element;
}

export function showPeople(pad: Pad): void {
  const name = byId<HTMLInputElement>("my-name");
  const color = byId<HTMLInputElement>("my-color");
  const me = pad.vars.userId;

  const show = (): void => {
    colorAuthors(pad.people.everybody.values());
    const here = [...pad.people.present.values()];
    const others = here.filter(({ id }) => id !== me);
    others.sort((a, b) => (a.name ?? "\uffff").localeCompare(b.name ?? "\uffff"));
    const own = here.filter(({ id }) => id === me);
    byId("faces").replaceChildren(...[...own, ...others].slice(0, FACES).map(face));
    byId("people-count").textContent = String(here.length);
    write(byId("people-button"), "people-button", { count: here.length });
    byId("others").replaceChildren(
      ...others.map((person) => {
        const nameless = person.name === null ? "nameless" : "";
        const words = make("bdi", nameless, person.name ?? say("anonymous"));
        return make("li", "", face(person), words);
      }),
    );
    byId("others").hidden = others.length === 0;
    byId("alone").hidden = others.length > 0;
    const mine = pad.people.everybody.get(me);
    if (mine === undefined) return;
    if (document.activeElement !== name) name.value = mine.name ?? "";
    if (document.activeElement !== color) color.value = longHex(mine.color);
  };

  const introduce = (): void => {
    const wanted = name.value.trim();
    remember("name", wanted);
    remember("color", color.value);
    if (pad.status.state !== "ended") pad.introduce(wanted, color.value);
  };

  name.addEventListener("change", introduce);
  color.addEventListener("change", introduce);
  byId("me").addEventListener("submit", (event) => {
    event.preventDefault();
    name.blur();
  });
  pad.on("people", show);
  onLanguage(show);
  show();
}
