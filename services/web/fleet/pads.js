// Lists pads as they are found, and sends an operator's commands. Texts are only inserted as
// textContent, since pads may have any name.
"use strict";

const PATIENCE = 60000;
const at = (id) => document.getElementById(id);

function make(name, content = "", classes = "") {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  element.append(...(Array.isArray(content) ? content : [content]));
  return element;
}

function press(words, what, classes = "") {
  const button = make("button", words, classes);
  button.type = "button";
  button.addEventListener("click", what);
  return button;
}

// --- Words ---------------------------------------------------------------------------------------

const number = (value) => value.toLocaleString("en");

function bytes(value) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 && unit ? 1 : 0 })} ${units[unit]}`;
}

const when = (seconds) => (seconds ? new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ") : "–");
const where = (place) => (place === "hot" ? "Redis" : "cold store");
const people = (count) => (count === 1 ? "1 session" : `${number(count)} sessions`);

// --- The list ------------------------------------------------------------------------------------

const found = new Map();
let order = null;
let up = true;
let after = "";
let lookedAt = 0;
let search = new AbortController();

function say(words, bad = false) {
  at("count").textContent = words;
  at("count").className = bad ? "bad" : "";
}

function row(pad) {
  const name = make("th", press(pad.pad, () => open(pad.pad)), "left name");
  name.scope = "row";
  return make("tr", [
    name,
    make("td", pad.sessions ? number(pad.sessions) : "–"),
    make("td", when(pad.edited), "left"),
    make("td", number(pad.head), "more"),
    make("td", bytes(pad.bytes), "more"),
    make("td", where(pad.place), "left more"),
  ]);
}

function showRows() {
  const rows = [...found.values()];
  if (order !== null) {
    const way = up ? 1 : -1;
    rows.sort((a, b) =>
      typeof a[order] === "number" ? way * (a[order] - b[order]) : way * a[order].localeCompare(b[order]),
    );
  }
  at("pads").tBodies[0].replaceChildren(...rows.map(row));
}

function sort(button) {
  up = order === button.dataset.sort ? !up : button.dataset.sort === "pad" || button.dataset.sort === "place";
  order = button.dataset.sort;
  for (const cell of at("pads").tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  button.parentElement.setAttribute("aria-sort", up ? "ascending" : "descending");
  showRows();
}

async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

// An address beside this page's, without the password that may stand in that: browsers refuse it.
const here = (address) => new URL(address, location.origin + location.pathname);

async function page(signal) {
  const asked = new URLSearchParams({ search: at("words").value, place: at("place").value, after });
  if (at("open").checked) asked.set("open", "1");
  const answer = await fetch(here(`pads/list?${asked}`), { signal, cache: "no-store" });
  if (!answer.ok) throw new Error((await told(answer)).error);
  after = "";
  for await (const line of lines(answer)) {
    if (signal.aborted) return;
    if (line.error) throw new Error(line.error);
    if (line.damaged) at("damaged").append(make("li", line.damaged, "finding bad"));
    else if (line.end) {
      after = line.after;
      lookedAt += line.looked_at;
    } else {
      const known = found.has(line.pad);
      found.set(line.pad, line);
      if (!known && order === null) at("pads").tBodies[0].append(row(line));
    }
  }
}

// Searches until there is one more page of results, or nothing is left to search.
async function look() {
  search.abort();
  search = new AbortController();
  const { signal } = search;
  const enough = found.size + 100;
  at("further").hidden = true;
  try {
    do {
      await page(signal);
      if (signal.aborted) return;
      if (order !== null) showRows();
      say(`Looking …  ${number(found.size)} found, ${number(lookedAt)} looked at`);
    } while (after && found.size < enough);
    say(found.size ? `${number(found.size)} found${after ? ", and there may be more" : ""}` : "No pads were found");
  } catch (error) {
    if (signal.aborted) return;
    say(`The list could not be made: ${error.message}`, true);
  }
  at("further").hidden = !after;
}

function begin() {
  found.clear();
  after = "";
  lookedAt = 0;
  at("damaged").replaceChildren();
  at("pads").tBodies[0].replaceChildren();
  say("Looking …");
  look();
}

// --- Asking --------------------------------------------------------------------------------------

async function told(answer) {
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const said = isJson ? await answer.json() : {};
  return answer.ok || said.error ? said : { error: `this worker answers ${answer.status}` };
}

async function ask(address, options = {}) {
  const answer = await fetch(here(address), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...options });
  const said = await told(answer);
  if (said.error) throw new Error(said.error);
  return said;
}

const send = (what) =>
  ask("pads/do", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Padfleet-Page": "fleet" },
    body: JSON.stringify(what),
  });

// --- One pad -------------------------------------------------------------------------------------

let shown = "";

function sayOfPad(words, bad = false) {
  at("pad-state").textContent = words;
  at("pad-state").className = bad ? "bad" : "";
}

function factsOf(pad) {
  return [
    ["Revision", number(pad.head)],
    ["Last edit", `${when(pad.edited)} UTC`],
    ["Size", bytes(pad.bytes)],
    ["Authors", pad.authors ? number(pad.authors) : "–"],
    ["Where", where(pad.place)],
    ["Made by", pad.creator || "–"],
  ].map(([name, value]) => make("div", [make("dt", name), make("dd", value)]));
}

const kicking = (whom) => ({ deed: "kick", keep_out_s: Number(at("keep-out").value), ...whom });

function person(one) {
  const name = one.name || "(no name)";
  const away = press("Send away", () => act(kicking({ author: one.author }), `${name} was sent away`));
  away.setAttribute("aria-label", `Send away: ${name}`);
  return make("li", [
    make("span", [make("b", name), ` ${one.reader ? "reads" : "writes"}, on ${one.worker}, `, make("code", one.author)]),
    away,
  ]);
}

function showPad(pad) {
  at("pad-name").textContent = pad.pad;
  at("facts").replaceChildren(...factsOf(pad));
  const rest = pad.people_in_all - pad.people.length;
  at("people").replaceChildren(
    ...(pad.people.length ? pad.people.map(person) : [make("li", "Nobody.")]),
    ...(rest > 0 ? [make("li", `and ${people(rest)} more`)] : []),
  );
  at("sending").hidden = !pad.people.length;
  at("link").replaceChildren(pad.read_only_id ? make("code", `/p/${pad.read_only_id}`) : "Nobody has asked for it yet.");
  at("make-link").hidden = Boolean(pad.read_only_id);
}

async function refresh() {
  const pad = await ask(`pads/pad?${new URLSearchParams({ name: shown })}`);
  if (pad.pad === shown) showPad(pad);
}

async function open(name) {
  shown = name;
  showPad({ pad: name, head: 0, edited: 0, bytes: 0, authors: 0, place: "hot", creator: "", people: [], people_in_all: 0, read_only_id: "…" });
  at("to").value = "";
  at("replace").checked = false;
  sayOfPad("Looking …");
  at("pad").showModal();
  try {
    await refresh();
    sayOfPad("");
  } catch (error) {
    sayOfPad(error.message, true);
  }
}

// Waits, because people who are sent away take a moment to leave.
const soon = () => new Promise((done) => setTimeout(done, 500));

async function act(what, words) {
  sayOfPad("Working …");
  try {
    const said = await send({ pad: shown, ...what });
    if (what.deed === "delete" || what.deed === "move") {
      at("pad").close();
      found.delete(shown);
      showRows();
      say(words);
    } else {
      if (what.deed === "kick") await soon();
      await refresh();
      sayOfPad(said.sessions === undefined ? words : `${words}: ${people(said.sessions)}`);
    }
  } catch (error) {
    sayOfPad(error.message, true);
  }
  showDone();
}

function makeSure(words, button, yes) {
  at("sure-words").textContent = words;
  at("sure-yes").textContent = button;
  at("sure-yes").onclick = () => {
    at("sure").close();
    yes();
  };
  at("sure").showModal();
}

// --- What was done -------------------------------------------------------------------------------

let earlier = "";

function entry(one) {
  const details = Object.entries(one.details).filter(([, value]) => value !== false);
  const more = details.map(([name, value]) => `${name} ${value}`).join(", ");
  return make("li", [
    make("time", one.time.replace("T", " ").replace("Z", "")),
    " ",
    make("b", one.deed),
    " ",
    make("span", one.subject, "subject"),
    more ? ` (${more})` : "",
    ` by ${one.who || "somebody"} (${one.let_in_by}, ${one.where})`,
    one.outcome === "done" ? "" : make("span", ` ${one.outcome}: ${one.why}`, "bad"),
  ]);
}

async function showDone(before = "") {
  try {
    const asked = new URLSearchParams(before ? { before } : {});
    const said = await ask(`audit?${asked}`);
    const made = said.entries.map(entry);
    if (before) at("done").append(...made);
    else at("done").replaceChildren(...(made.length ? made : [make("li", "Nothing yet.")]));
    earlier = said.before;
    at("earlier").hidden = !earlier;
  } catch (error) {
    at("done").replaceChildren(make("li", `It cannot be read: ${error.message}`, "bad"));
  }
}

// --- What is pressed -----------------------------------------------------------------------------

at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
at("place").addEventListener("change", begin);
at("open").addEventListener("change", begin);
at("further").addEventListener("click", look);
at("earlier").addEventListener("click", () => showDone(earlier));
for (const button of document.querySelectorAll("[data-sort]")) button.addEventListener("click", () => sort(button));
at("close").addEventListener("click", () => at("pad").close());
at("sure-no").addEventListener("click", () => at("sure").close());
at("kick").addEventListener("click", () => act(kicking({}), "They were sent away"));
at("make-link").addEventListener("click", () => act({ deed: "read-only link" }, "There is a link now"));
at("delete").addEventListener("click", () =>
  makeSure(`Delete the pad ${shown}, with its whole history? Only a backup brings it back.`, "Delete", () =>
    act({ deed: "delete" }, `${shown} was deleted`),
  ),
);
at("elsewhere").addEventListener("submit", (event) => {
  event.preventDefault();
  const deed = event.submitter?.value === "copy" ? "copy" : "move";
  const to = at("to").value;
  act({ deed, to, replace: at("replace").checked }, `${shown} was ${deed === "copy" ? "copied" : "renamed"} to ${to}`);
});

begin();
showDone();
