// Shows the answer of fleet/data, every two seconds. Texts are only inserted as textContent, since
// pads may have any name.
"use strict";

const INTERVAL = 2000;
const PATIENCE = 8000;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const at = (id) => document.getElementById(id);

function make(name, content = "", classes = "") {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  element.append(...(Array.isArray(content) ? content : [content]));
  return element;
}

function draw(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// --- Words ---------------------------------------------------------------------------------------

const number = (value) =>
  value === null ? "–" : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
const share = (value) => (value === null ? "–" : `${Math.round(value * 100)} %`);
const time = (ms) => (ms === null ? "–" : ms < 10000 ? `${number(ms)} ms` : seconds(ms / 1000));

function bytes(value) {
  if (value === null) return "–";
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${number(value)} ${units[unit]}`;
}

function seconds(value) {
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 120) return `${Math.round(value)} s`;
  return value < 7200 ? `${Math.round(value / 60)} min` : `${Math.round(value / 3600)} h`;
}

// --- Parts of the page ---------------------------------------------------------------------------

const LEVELS = { bad: "Stuck", warn: "Look", note: "Note" };

function showState({ verdict, findings }) {
  const worst = findings.length === 0 || findings[0].level === "note" ? "good" : findings[0].level;
  at("state").className = worst;
  // Screen readers read it out when it changes, so it must not be set to the same text again.
  if (at("verdict").textContent !== verdict) at("verdict").textContent = verdict;
  document.title = `${worst === "good" ? "" : "! "}${verdict} | padfleet`;
  at("findings").replaceChildren(
    ...findings.map(({ level, text }) =>
      make("li", [make("b", LEVELS[level]), ` ${text}`], `finding ${level}`),
    ),
  );
}

function showTotals({ totals, processes }) {
  const count = (kind) => processes.filter((process) => process.kind === kind).length;
  const figures = [
    ["Workers ready", `${totals.workers} of ${count("worker")}`],
    ["Writers ready", `${totals.writers} of ${count("writer")}`],
    ["Sockets", number(totals.sockets)],
    ["Open pads", number(totals.pads)],
    ["Revisions/s", number(totals.revisions)],
    ["Delivered/s", number(totals.delivered)],
    ["Messages/s", number(totals.frames)],
    ["Sent/s", bytes(totals.bytes)],
    ["Round trip p95", time(totals.flow_ms)],
    ["Delivery p95", time(totals.delivery_ms)],
    ["Commit p95", time(totals.commit_ms)],
  ];
  at("totals").replaceChildren(
    ...figures.map(([name, value]) => make("div", [make("dt", name), make("dd", value)])),
  );
}

const CHARTS = [
  ["Sockets", "sockets", number],
  ["Revisions/s", "revisions", number],
  ["Messages/s", "frames", number],
  ["Sent/s", "bytes", bytes],
  ["Busiest process", "busy", share],
  ["Round trip p95", "flow_ms", time],
  ["Delivery p95", "delivery_ms", time],
];

function chart(name, values, words) {
  const known = values.filter((value) => value !== null);
  const now = known.length ? known[known.length - 1] : null;
  const most = Math.max(0, ...known);
  const text = known.length
    ? `${name}: ${words(now)} now, ${words(Math.min(...known))} to ${words(most)} in the last five minutes`
    : `${name}: nothing measured yet`;
  const svg = draw("svg", { viewBox: "0 0 300 100", preserveAspectRatio: "none", role: "img", "aria-label": text });
  svg.append(draw("line", { class: "base", x1: 0, x2: 300, y1: 99, y2: 99 }));
  const x = (index) => (index * 300) / (values.length - 1);
  const y = (value) => (most ? 97 - (90 * value) / most : 97).toFixed(1);
  // Where nothing was measured, the line has a gap.
  const runs = [[]];
  values.forEach((value, index) => {
    if (value === null) runs.push([]);
    else runs[runs.length - 1].push([x(index).toFixed(1), y(value)]);
  });
  for (const run of runs.filter((found) => found.length)) {
    const line = run.map((point) => point.join(" ")).join(" L ");
    const [first, last] = [run[0][0], run[run.length - 1][0]];
    svg.append(draw("path", { class: "area", d: `M ${first} 99 L ${line} L ${last} 99 Z` }));
    // This line has no length, and makes a single point visible as a dot.
    svg.append(draw("path", { class: "line", d: `M ${line} l 0 0` }));
  }
  const caption = make("figcaption", [make("b", name), make("span", known.length ? `${words(now)}, at most ${words(most)}` : "nothing yet")]);
  return make("figure", [caption, svg]);
}

function showCharts({ series }) {
  at("charts").replaceChildren(
    ...CHARTS.map(([name, field, words]) => chart(name, series[field], words)),
  );
}

const STATES = { ready: "good", draining: "warn", unknown: "warn", "not ready": "bad", silent: "bad" };

const rate = (field, words) => (process) => (process.rates ? words(process.rates[field]) : "–");

const COMMON = [
  ["Name", (process) => (process.node ? `${process.id} (node)` : process.id), "left name"],
  ["State", (process) => make("span", process.state, `tag ${STATES[process.state]}`), "left"],
];
const LATER = [
  ["Busy", rate("busy", share)],
  ["Loop late", (process) => time(process.delay_ms)],
  ["Up", (process) => (process.up_s ? seconds(process.up_s) : "–")],
  ["Where", (process) => process.where || "–", "left"],
  ["Version", (process) => process.version || "–", "left"],
];
const WORKERS = [
  ...COMMON,
  ["Sockets", (process) => number(process.sockets)],
  ["Pads", (process) => number(process.pads)],
  ["Delivered/s", rate("revisions", number)],
  ["Messages/s", rate("frames", number)],
  ["Sent/s", rate("bytes", bytes)],
  ["Round trip p95", (process) => time(process.flow_ms)],
  ["Delivery p95", (process) => time(process.latency_ms)],
  ...LATER,
];
const WRITERS = [
  ...COMMON,
  ["Partitions", (process) => number(process.partitions.length)],
  ["Pads", (process) => number(process.pads)],
  ["Revisions/s", rate("revisions", number)],
  ["Commit p95", (process) => time(process.latency_ms)],
  ...LATER,
];
const PADS = [
  ["Pad", (pad) => pad.name, "left name"],
  ["Users", (pad) => number(pad.users)],
  ["Revisions/s", (pad) => number(pad.rate)],
  ["Behind", (pad) => number(pad.behind)],
  ["On workers", (pad) => pad.workers.join(", "), "left"],
];

function showTable(id, columns, things, none) {
  const titles = columns.map(([title, , classes = ""]) => {
    const cell = make("th", title, classes);
    cell.scope = "col";
    return cell;
  });
  const rows = things.map((thing) =>
    make("tr", columns.map(([, words, classes = ""], index) => {
      const cell = make(index ? "td" : "th", words(thing), classes);
      if (!index) {
        cell.scope = "row";
        cell.title = cell.textContent;
      }
      return cell;
    })),
  );
  if (!rows.length) {
    const cell = make("td", none, "empty");
    cell.colSpan = columns.length;
    rows.push(make("tr", [cell]));
  }
  at(id).replaceChildren(make("thead", [make("tr", titles)]), make("tbody", rows));
}

function showPartitions({ partitions, processes }) {
  const writers = processes.filter((process) => process.kind === "writer").map(({ id }) => id);
  const letter = (id) => LETTERS[writers.indexOf(id) % LETTERS.length] ?? "?";
  at("owners").replaceChildren(
    ...writers.map((id) => make("li", [make("b", letter(id)), ` ${id}`])),
  );
  at("partitions").replaceChildren(
    ...partitions.map((partition) => {
      const { number: name, owner, owned, ownerless_s, waiting_s, unread } = partition;
      let state = owned ? letter(owner) : "no owner";
      if (ownerless_s !== null) state += ` ${seconds(ownerless_s)}`;
      if (unread) state = "not read";
      if (waiting_s !== null && waiting_s >= 2) state += `, waits ${seconds(waiting_s)}`;
      const item = make("li", [make("b", String(name)), make("span", state)]);
      item.className = !owned ? "bad" : waiting_s !== null && waiting_s >= 2 ? "warn" : "";
      item.title = `partition ${name}: ${owned ? owner : state}`;
      return item;
    }),
  );
}

function show(told) {
  showState(told);
  showTotals(told);
  showCharts(told);
  const of = (kind) => told.processes.filter((process) => process.kind === kind);
  showTable("workers", WORKERS, of("worker"), "No worker is running.");
  showTable("writers", WRITERS, of("writer"), "No writer is running.");
  showTable("pads", PADS, told.pads, "Nobody is on a pad.");
  showPartitions(told);
}

// --- Asking --------------------------------------------------------------------------------------

let shown = 0;

function trouble(text) {
  const since = shown ? `; what is shown is ${seconds((Date.now() - shown) / 1000)} old` : "";
  at("age").textContent = `${text}${since}`;
  at("age").className = "old";
  if (!shown) at("verdict").textContent = text;
}

async function ask() {
  // The page is hidden, so it does not need any data.
  if (document.hidden) return;
  try {
    // Not by the page's own address, in which the password may stand; browsers refuse that.
    const answer = await fetch(new URL("fleet/data", location.origin + location.pathname), { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
    const told = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
    if (answer.ok) {
      show(told);
      shown = Date.now();
      at("age").textContent = `as of ${new Date(told.at * 1000).toLocaleTimeString()}`;
      at("age").className = "";
    } else if (told.error) trouble(`Redis does not answer: ${told.error}`);
    else trouble(`this worker answers ${answer.status}`);
  } catch {
    trouble("this worker does not answer");
  }
}

async function goOn() {
  await ask();
  setTimeout(goOn, INTERVAL);
}

document.addEventListener("visibilitychange", ask);
goOn();
