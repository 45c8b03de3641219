// What the page does: it draws the data that stands beside it. Texts of a run reach the document
// through textContent and attributes alone, never as markup; nothing is fetched.
(() => {
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const ROW = 22, MID = 11;

// Kinds of facts, in the order in which they are shown; others come behind.
const KINDS = [
  ["alive", "Alive"], ["link", "Links"], ["monitor", "Monitors"], ["name", "Names"],
  ["handle", "Handles"], ["hold", "Held"], ["state", "State"], ["mailbox", "Mailboxes"],
  ["channel", "Channels"], ["queue", "Ready queue"], ["ready", "Ready"], ["timer", "Timers"],
  ["budget", "Budget"], ["exception", "Exceptions"], ["heap", "Kept alive by"], ["reply", "Outside"],
];
const SIGNS = [
  ["message", "message"], ["spawn", "birth"], ["link", "link, monitor, name"],
  ["exit", "end, or the news of one"], ["hold", "reference"], ["tick", "tick: gives way or waits"],
];
const KEYS = [
  ["j ↓", "next event"], ["k ↑", "previous event"], ["n", "next event of this lane"],
  ["b", "previous event of this lane"], ["Home End", "first, last event"], ["g", "the violation"],
  ["m f p", "minimal, as found, nearest passing"], ["t", "show or hide ticks"],
  ["h", "hide the lane at the cursor"], ["c", "only what led to the cursor's step"],
  ["Esc", "drop all filters"], ["d", "system, light, dark"], ["?", "these keys"],
];

const el = (name, props, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props || {})) {
    if (key === "class") node.className = value;
    else if (key in node && key !== "role") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
};
const shape = (name, attributes) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
const slug = (name) => name.replace(/ /g, "-");
const cut = (text, most) => (text.length > most ? text.slice(0, most) + "…" : text);

// What is looked at, and how. `at` is an index of the view's entries.
const now = { view: null, at: 0, ticks: true, hidden: new Set(), past: 0, theme: "" };
let rows = [];      // the rows that are shown, in order
let rowOf = new Map(); // from entry to its row
let rowsOfStep = new Map();
let marked = [];    // rows that are marked as causes

// ---- A view: lanes, lives, facts, causes -------------------------------------------------------

const path = (lane) => {
  const at = lane.lastIndexOf("#");
  return at < 0 ? [Infinity] : lane.slice(at + 1).split(".").map(Number);
};
const byPath = (a, b) => {
  const [x, y] = [path(a), path(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const [one, other] = [x[i] ?? -1, y[i] ?? -1];
    if (one !== other) return one - other;
  }
  return 0;
};

function prepare(view) {
  const lanes = [...new Set(view.entries.flatMap((e) => (e.to ? [e.who, e.to] : [e.who])))];
  view.lanes = lanes.map((lane, i) => [lane, i]).sort((a, b) => byPath(a[0], b[0]) || a[1] - b[1]).map(([lane]) => lane);
  view.place = new Map(view.lanes.map((lane, i) => [lane, i]));
  view.known = view.facts.steps.length > 0;
  // When lanes are born and die, by what the facts say of who is alive.
  view.born = view.lanes.map(() => null);
  view.died = view.lanes.map(() => null);
  view.facts.steps.forEach(([came], step) => {
    for (const at of came) {
      const fact = view.facts.all[at];
      const lane = fact.kind === "alive" ? view.place.get(fact.who) : undefined;
      if (lane === undefined) continue;
      if (view.born[lane] === null) view.born[lane] = step;
      if (fact.dead && view.died[lane] === null) view.died[lane] = step;
    }
  });
  view.there = new Map();
  view.thereAt = -1;
  view.lastOf = new Map();
  view.entries.forEach((entry, i) => view.lastOf.set(entry.step, i));
  view.worst = view.violation_step === null ? null : view.entries.length - 1;
}

// How often each fact is there after a step. A view keeps the last answer and goes on from there.
function factsAfter(view, step) {
  const turn = (at, sign) => {
    const [came, went] = view.facts.steps[at];
    for (const fact of came) view.there.set(fact, (view.there.get(fact) || 0) + sign);
    for (const fact of went) view.there.set(fact, (view.there.get(fact) || 0) - sign);
  };
  const last = Math.min(step, view.facts.steps.length - 1);
  while (view.thereAt < last) turn(++view.thereAt, 1);
  while (view.thereAt > last) turn(view.thereAt--, -1);
  for (const [fact, count] of view.there) if (!count) view.there.delete(fact);
  return new Map(view.there);
}

function pastOf(view, step) {
  const past = new Set([step]);
  const open = [step];
  while (open.length) {
    for (const cause of view.causes[open.pop() - 1] || []) {
      if (!past.has(cause)) { past.add(cause); open.push(cause); }
    }
  }
  return past;
}

// ---- The diagram -------------------------------------------------------------------------------

function isShown(view, entry, past) {
  if (!now.ticks && entry.look === "tick") return false;
  if (now.hidden.has(entry.who)) return false;
  return !past || past.has(entry.step);
}

function draw() {
  const { view } = now;
  const lanes = view.lanes.filter((lane) => !now.hidden.has(lane));
  const { apart, narrow } = spacing(lanes.length);
  const x = new Map(lanes.map((lane, i) => [lane, i * apart + apart / 2]));
  const grid = $("grid");
  grid.classList.toggle("narrow", narrow);
  grid.style.setProperty("--lanes", lanes.length * apart + "px");
  const widest = Math.max(...view.lanes.map((lane) => Math.min(24, [...lane.slice(0, 40)].length)), 4);
  grid.style.setProperty("--who", widest + 3 + "ch");
  drawHeads(lanes, apart, narrow);
  const past = now.past ? pastOf(view, now.past) : null;
  const fragment = document.createDocumentFragment();
  rows = [];
  rowOf = new Map();
  rowsOfStep = new Map();
  let stepBefore = 0;
  view.entries.forEach((entry, at) => {
    if (view.gap && at === view.gap.at) {
      fragment.append(el("div", { class: "gap", role: "row" }, el("span", { role: "gridcell" }, `⋮ ${view.gap.lines} lines are left out; the case file plays them all`)));
    }
    if (!isShown(view, entry, past)) return;
    const row = drawRow(view, entry, at, lanes, x, stepBefore);
    stepBefore = entry.step;
    rowOf.set(at, rows.length);
    rows.push({ at, row });
    if (!rowsOfStep.has(entry.step)) rowsOfStep.set(entry.step, []);
    rowsOfStep.get(entry.step).push(row);
    fragment.append(row);
  });
  $("rows").replaceChildren(fragment);
  grid.setAttribute("aria-rowcount", rows.length + 1);
}

// From lane to lane, and whether names must stand upright.
function spacing(lanes) {
  const wide = Math.min(112, Math.floor(460 / Math.max(1, lanes)));
  if (wide >= 84) return { apart: wide, narrow: false };
  return { apart: Math.max(24, Math.min(44, Math.floor(420 / lanes))), narrow: true };
}

function drawHeads(lanes, apart, narrow) {
  const heads = el("div", { class: "heads", role: "gridcell" });
  lanes.forEach((lane, i) => {
    const name = cut(lane, 200);
    const head = el("button", { type: "button", class: "head", title: `${name}: hide this lane` }, name);
    head.style.left = (narrow ? i * apart + apart / 2 - 11 : i * apart) + "px";
    head.style.width = apart + "px";
    head.addEventListener("click", () => hide(lane));
    heads.append(head);
  });
  const title = (text) => el("span", { class: "title", role: "columnheader" }, text);
  const step = title("step");
  step.classList.add("step");
  const who = title("who");
  who.classList.add("who");
  $("lanes").replaceChildren(step, heads, who, title("what"));
}

function drawRow(view, entry, at, lanes, x, stepBefore) {
  const worst = at === view.worst;
  const row = el("div", { class: `row ${entry.look}${worst ? " worst" : ""}`, role: "row", id: "e" + at });
  row.setAttribute("aria-selected", "false");
  const step = el("span", { class: "step", role: "gridcell" }, entry.step === stepBefore ? "" : String(entry.step));
  const drawn = el("span", { class: "draw" });
  drawn.setAttribute("aria-hidden", "true");
  drawn.append(drawing(view, entry, lanes, x, stepBefore));
  const text = cut(entry.text, 400);
  const what = el("span", { class: "text", role: "gridcell", title: cut(entry.text, 2000) }, el("bdi", {}, text));
  if (entry.to) what.append(el("span", { class: "to" }, " → ", el("bdi", {}, cut(entry.to, 200))));
  if (worst) what.prepend(el("span", { class: "badge" }, "✗ ", el("bdi", {}, cut(data.invariant || "violated", 60))));
  row.append(step, drawn, el("span", { class: "who", role: "gridcell", title: cut(entry.who, 2000) }, cut(entry.who, 200)), what);
  return row;
}

function drawing(view, entry, lanes, x, stepBefore) {
  const svg = shape("svg", { width: lanes.length ? x.get(lanes[lanes.length - 1]) + 12 : 0, height: ROW, class: "d-" + entry.look });
  let live = "", gone = "";
  for (const lane of lanes) {
    const [at, place] = [x.get(lane), view.place.get(lane)];
    const [born, died] = [view.born[place], view.died[place]];
    const part = (top, bottom, step) => {
      const line = `M${at} ${top}V${bottom}`;
      if (born === null || died === null || step < died) {
        if (born === null || step >= born) live += line;
      } else gone += line;
    };
    part(0, MID, Math.max(stepBefore, entry.step - 1));
    part(MID, ROW, entry.step);
  }
  if (live) svg.append(shape("path", { class: "live", d: live }));
  if (gone) svg.append(shape("path", { class: "gone", d: gone }));
  const from = x.get(entry.who), to = entry.to ? x.get(entry.to) : undefined;
  if (from !== undefined && to !== undefined && from !== to) {
    const back = to > from ? -1 : 1;
    svg.append(shape("path", { class: "arrow shaft", d: `M${from} ${MID}H${to + back * 8}` }));
    svg.append(shape("path", { class: "tip", d: `M${to + back} ${MID}l${back * 9} -4.5v9z` }));
  }
  if (from !== undefined) svg.append(sign(entry.look, from));
  return svg;
}

function sign(look, at) {
  if (look === "exit") return shape("path", { class: "arrow", d: `M${at - 4.5} ${MID - 4.5}l9 9m0 -9l-9 9` });
  if (look === "hold") return shape("circle", { class: "ring", cx: at, cy: MID, r: 4 });
  return shape("circle", { class: "dot", cx: at, cy: MID, r: look === "tick" ? 2.5 : 4 });
}

// ---- The state at the cursor -------------------------------------------------------------------

function drawState() {
  const { view } = now;
  const entry = view.entries[now.at];
  const state = $("state");
  if (!entry) return state.replaceChildren(el("p", { class: "none" }, "nothing happened"));
  const parts = [el("h2", {}, `After step ${entry.step}`)];
  const event = el("p", { class: "event" }, el("bdi", {}, cut(entry.who, 200)), "  ", el("bdi", {}, cut(entry.text, 2000)));
  if (entry.to) event.append(" → ", el("bdi", {}, cut(entry.to, 200)));
  parts.push(event);
  parts.push(drawCauses(view, entry.step));
  if (!view.known) {
    parts.push(el("p", { class: "none" }, "The state of this run was not kept; replay it to see."));
    return state.replaceChildren(...parts);
  }
  const before = rowBefore();
  const old = factsAfter(view, before === null ? 0 : view.entries[before].step);
  const there = factsAfter(view, entry.step);
  const groups = new Map();
  const put = (index, how) => {
    const fact = view.facts.all[index];
    if (!groups.has(fact.kind)) groups.set(fact.kind, []);
    groups.get(fact.kind).push({ fact, how });
  };
  for (const index of new Set([...old.keys(), ...there.keys()])) {
    const [was, is] = [old.get(index) || 0, there.get(index) || 0];
    for (let i = 0; i < Math.min(was, is); i++) put(index, "");
    for (let i = was; i < is; i++) put(index, "came");
    for (let i = is; i < was; i++) put(index, "went");
  }
  const known = KINDS.filter(([kind]) => groups.has(kind) && (kind !== "ready" || !groups.has("queue")));
  const other = [...groups.keys()].filter((kind) => !KINDS.some(([known]) => known === kind)).map((kind) => [kind, kind]);
  for (const [kind, title] of [...known, ...other]) parts.push(el("h3", {}, title), drawFacts(groups.get(kind)));
  state.replaceChildren(...parts);
}

const ORDER = { "": 0, went: 1, came: 2 };
function drawFacts(facts) {
  const dead = (fact) => (fact.kind === "alive" && fact.dead ? 1 : 0);
  facts.sort((a, b) => dead(a.fact) - dead(b.fact) || byPath(a.fact.who, b.fact.who) || ORDER[a.how] - ORDER[b.how]);
  return el("ul", {}, ...facts.map(({ fact, how }) => {
    const signs = { came: "+", went: "−" };
    const text = fact.dead && fact.kind !== "alive" ? `† ${fact.text}` : fact.text;
    const told = { came: "new: ", went: "gone: " }[how] || "";
    const item = el("li", { class: `fact ${fact.kind === "alive" ? "alive " : ""}${how}${fact.dead ? " dead" : ""}` });
    const mark = el("span", {}, signs[how] || "");
    mark.setAttribute("aria-hidden", "true");
    const spoken = told + (fact.dead && fact.kind !== "alive" ? "dead: " : "");
    const of = el("span", { class: "of", title: cut(fact.who, 2000) }, cut(fact.who, 200));
    if (spoken) of.prepend(el("span", { class: "sr" }, spoken));
    item.append(mark, of, el("span", { class: "is" }, cut(text, 2000)));
    return item;
  }));
}

function drawCauses(view, step) {
  const causes = view.causes[step - 1] || [];
  const led = el("div", { class: "led" }, causes.length ? "led to by step" : "nothing led to it");
  for (const cause of causes.slice(-12)) {
    const jump = el("button", { type: "button" }, String(cause));
    jump.addEventListener("click", () => goToStep(cause));
    led.append(jump);
  }
  return led;
}

// ---- The cursor --------------------------------------------------------------------------------

// The entry that is shown before the one at the cursor and belongs to another step.
function rowBefore() {
  const step = now.view.entries[now.at].step;
  for (let i = (rowOf.get(now.at) ?? 0) - 1; i >= 0; i--) {
    if (now.view.entries[rows[i].at].step < step) return rows[i].at;
  }
  return null;
}

// The shown entry that is nearest to one: itself, or the last before it, or the first.
function nearest(at) {
  if (rowOf.has(at)) return at;
  let best = null;
  for (const row of rows) {
    if (row.at > at) break;
    best = row.at;
  }
  return best ?? (rows.length ? rows[0].at : at);
}

function moveTo(at, quietly) {
  const old = rows[rowOf.get(now.at)];
  if (old) old.row.setAttribute("aria-selected", "false");
  now.at = nearest(at);
  const row = rows[rowOf.get(now.at)];
  if (row) {
    row.row.setAttribute("aria-selected", "true");
    $("grid").setAttribute("aria-activedescendant", row.row.id);
    if (!quietly) row.row.scrollIntoView({ block: "nearest" });
  }
  for (const mark of marked) mark.classList.remove("cause");
  const entry = now.view.entries[now.at];
  const causes = (entry && now.view.causes[entry.step - 1]) || [];
  marked = causes.flatMap((cause) => rowsOfStep.get(cause) || []);
  for (const mark of marked) mark.classList.add("cause");
  drawState();
  drawBar();
  writeLink();
}

const moveBy = (rowsOn) => {
  const at = (rowOf.get(now.at) ?? 0) + rowsOn;
  if (at >= 0 && at < rows.length) moveTo(rows[at].at);
};
function moveInLane(direction) {
  const { who } = now.view.entries[now.at];
  for (let i = (rowOf.get(now.at) ?? 0) + direction; i >= 0 && i < rows.length; i += direction) {
    const entry = now.view.entries[rows[i].at];
    if (entry.who === who || entry.to === who) return moveTo(rows[i].at);
  }
}
function goToStep(step) {
  const { view } = now;
  let at = view.lastOf.get(step);
  if (at === undefined) {
    const before = view.entries.findLastIndex((entry) => entry.step <= step);
    at = before < 0 ? 0 : before;
  }
  moveTo(at);
}
const goToWorst = () => now.view.entries.length && moveTo(now.view.worst ?? now.view.entries.length - 1);

// ---- Filters, views, theme ---------------------------------------------------------------------

function redraw() {
  draw();
  moveTo(now.at);
}
function show(view) {
  if (!view || view === now.view) return;
  now.view = view;
  now.past = 0;
  now.at = view.worst ?? view.entries.length - 1;
  redraw();
}
function hide(lane) {
  if (now.hidden.size + 1 < now.view.lanes.length) { now.hidden.add(lane); redraw(); }
}
function setPast(step) { now.past = now.past === step ? 0 : step; redraw(); }
function clear() { now.hidden.clear(); now.past = 0; now.ticks = true; redraw(); }
function setTheme(theme) {
  now.theme = theme;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  $("theme").textContent = { "": "◐ system", light: "○ light", dark: "● dark" }[theme];
}
const nextTheme = () => { setTheme({ "": "light", light: "dark", dark: "" }[now.theme]); writeLink(); };

function drawBar() {
  const { view } = now;
  for (const tab of $("views").children) {
    const is = tab.dataset.view === view.name;
    tab.setAttribute("aria-selected", String(is));
    tab.tabIndex = is ? 0 : -1;
  }
  $("ticks").checked = now.ticks;
  const step = now.past || (view.entries[now.at] || { step: 0 }).step;
  $("past").textContent = `only what led to step ${step}`;
  $("past").setAttribute("aria-pressed", String(now.past !== 0));
  $("past").disabled = !view.causes.length;
  $("worst").disabled = view.worst === null;
  $("hidden").replaceChildren(...[...now.hidden].map((lane) => {
    const chip = el("button", { type: "button", title: "Show this lane again" }, "+ " + cut(lane, 30));
    chip.addEventListener("click", () => { now.hidden.delete(lane); redraw(); });
    return chip;
  }));
  const all = view.entries.length + (view.gap ? view.gap.lines : 0);
  $("count").textContent = rows.length === all ? `${all} events` : `${rows.length} of ${all} events`;
}

// ---- Deep links: #view=minimal&step=20&ticks=0 ---------------------------------------------------

// Browsers refuse addresses that change too often, so it is written once the cursor rests.
let written = "", rests = 0;
function writeLink() {
  clearTimeout(rests);
  rests = setTimeout(writeLinkNow, 200);
}
function writeLinkNow() {
  const entry = now.view.entries[now.at];
  const link = new URLSearchParams({ view: slug(now.view.name), step: entry ? entry.step : 0 });
  if (!now.ticks) link.set("ticks", "0");
  if (now.past) link.set("past", now.past);
  const hidden = [...now.hidden].map((lane) => now.view.place.get(lane)).filter((at) => at !== undefined);
  if (hidden.length) link.set("hide", hidden.join("."));
  if (now.theme) link.set("theme", now.theme);
  written = "#" + link;
  history.replaceState(null, "", written);
}
function readLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  now.view = data.views.find((view) => slug(view.name) === link.get("view")) || now.view || data.views[0];
  now.ticks = link.get("ticks") !== "0";
  now.past = Number(link.get("past")) || 0;
  now.hidden = new Set((link.get("hide") || "").split(".").filter(Boolean).map((at) => now.view.lanes[at]).filter(Boolean));
  if (now.hidden.size >= now.view.lanes.length) now.hidden.clear();
  setTheme(["light", "dark"].includes(link.get("theme")) ? link.get("theme") : "");
  draw();
  const step = Number(link.get("step"));
  if (link.has("step") && Number.isInteger(step)) goToStep(step);
  else if (link.size) goToWorst();
  else moveTo(now.view.worst ?? 0, true);
}

// ---- What stands above -------------------------------------------------------------------------

function drawTop() {
  const name = `${data.scenario}/${data.variant}`;
  document.title = cut(`${data.invariant || "run"} · ${name}`, 120);
  $("name").textContent = cut(name, 400);
  $("invariant").textContent = cut(data.invariant || "all invariants held", 400);
  if (!data.invariant) document.querySelector(".cross").textContent = "✓";
  $("sentence").textContent = data.sentence;
  $("evidence").textContent = data.evidence;
  $("evidence").hidden = !data.evidence;
  $("notes").replaceChildren(...data.notes.map((note) => el("li", {}, note)));
  const commands = $("commands");
  for (const { what, line } of data.commands) {
    const code = el("code", { title: cut(line, 2000) }, line);
    const copy = el("button", { type: "button", title: `Copy the command: ${what}` }, "copy");
    copy.addEventListener("click", () => copyText(line, code, copy));
    commands.append(el("dt", {}, what), el("dd", {}, code), copy);
  }
  if (data.chance) drawChance(data.chance);
}

async function copyText(text, code, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "selected";
  }
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

// How likely the violation is once so many decisions are kept.
function drawChance({ points, runs, inevitable }) {
  const caption = (words) => el("figcaption", {}, words);
  $("chance").hidden = false;
  if (inevitable === 0) {
    $("chance").append(caption(`The violation comes whatever is decided: in all of ${points.length * runs} drawn runs.`));
    return;
  }
  const [W, H, L, B] = [760, 150, 40, 24];
  const last = Math.max(1, ...points.map((point) => point.kept));
  const x = (kept) => L + (kept / last) * (W - L - 10);
  const y = (chance) => 10 + (1 - chance) * (H - B - 10);
  const svg = shape("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", preserveAspectRatio: "xMinYMid meet" });
  const text = (at, to, anchor, words) => {
    const node = shape("text", { x: at, y: to, "text-anchor": anchor });
    node.textContent = words;
    svg.append(node);
  };
  svg.append(shape("path", { class: "axis", d: `M${L} ${y(0)}H${W - 10}M${L} ${y(1)}H${W - 10}`, fill: "none" }));
  text(L - 6, y(1) + 4, "end", "100 %");
  text(L - 6, y(0) + 4, "end", "0");
  text(W - 10, H - 6, "end", `${last} decisions kept`);
  text(L, H - 6, "start", "none kept");
  if (inevitable !== null) {
    svg.append(shape("path", { class: "sure", d: `M${x(inevitable)} 10V${y(0)}` }));
    const [at, anchor] = x(inevitable) < 200 ? [5, "start"] : [-5, "end"];
    text(x(inevitable) + at, y(0) - 6, anchor, `inevitable from ${inevitable} on`);
  }
  const edge = (bound) => points.map((point) => `${x(point.kept)} ${y(bound(point))}`);
  const around = [...edge((point) => point.low), ...edge((point) => point.high).reverse()];
  svg.append(shape("path", { class: "band", d: `M${around.join("L")}Z` }));
  svg.append(shape("path", { class: "curve", d: "M" + points.map((point) => `${x(point.kept)} ${y(point.chance)}`).join("L") }));
  const sure = inevitable === null ? "" : `; from decision ${inevitable} on no run escaped it`;
  svg.setAttribute("aria-label", points.map((point) => `${point.kept}: ${Math.round(point.chance * 100)} %`).join(", "));
  $("chance").append(svg, caption(`How likely the violation is, by decisions kept${sure}. ${runs} runs a point; the band holds with 95 %.`));
}

function drawLegend() {
  $("legend").append(...SIGNS.map(([look, words]) => {
    const svg = shape("svg", { width: look === "tick" ? 16 : 46, height: ROW, class: `${look} d-${look}` });
    svg.setAttribute("aria-hidden", "true");
    if (look !== "tick") svg.append(shape("path", { class: "arrow shaft", d: `M8 ${MID}H34` }), shape("path", { class: "tip", d: `M42 ${MID}l-9 -4.5v9z` }));
    svg.append(sign(look, 8));
    return el("li", {}, svg, words);
  }));
  $("legend").append(el("li", {}, "dotted lane: dead"), el("li", {}, "blue mark at the step: led directly to the cursor"));
}

function drawHelp() {
  const list = el("dl", {});
  for (const [keys, words] of KEYS) {
    list.append(el("dt", {}, ...keys.split(" ").flatMap((key) => [el("kbd", {}, key), " "])), el("dd", {}, words));
  }
  const close = el("button", { type: "button" }, "close");
  close.addEventListener("click", () => $("help").close());
  $("help").append(el("h2", {}, "Keys"), list, el("p", {}, "The address names the view, the step and the filters: copy it to point at what you see."), close);
}

// ---- Keys and clicks ---------------------------------------------------------------------------

const named = (name) => data.views.find((view) => view.name === name);
const ACTIONS = {
  j: () => moveBy(1), ArrowDown: () => moveBy(1), k: () => moveBy(-1), ArrowUp: () => moveBy(-1),
  n: () => moveInLane(1), b: () => moveInLane(-1),
  Home: () => rows.length && moveTo(rows[0].at), End: () => rows.length && moveTo(rows[rows.length - 1].at),
  g: goToWorst, m: () => show(named("minimal")), f: () => show(named("as found")), p: () => show(named("nearest passing")),
  t: () => { now.ticks = !now.ticks; redraw(); }, c: () => now.view.causes.length && setPast(now.past || now.view.entries[now.at].step),
  h: () => now.view.entries[now.at] && hide(now.view.entries[now.at].who), Escape: clear, d: nextTheme, "?": () => $("help").showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const action = Object.hasOwn(ACTIONS, event.key) ? ACTIONS[event.key] : null;
  if (!action) return;
  event.preventDefault();
  action();
});
$("rows").addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (row) moveTo(Number(row.id.slice(1)));
});
$("ticks").addEventListener("change", () => { now.ticks = $("ticks").checked; redraw(); });
$("past").addEventListener("click", ACTIONS.c);
$("worst").addEventListener("click", goToWorst);
$("theme").addEventListener("click", nextTheme);
$("keys").addEventListener("click", ACTIONS["?"]);
addEventListener("hashchange", () => { if (location.hash !== written) readLink(); });

data.views.forEach(prepare);
for (const view of data.views) {
  const tab = el("button", { type: "button", role: "tab" }, view.name);
  tab.dataset.view = view.name;
  tab.setAttribute("aria-controls", "grid");
  tab.addEventListener("click", () => show(view));
  $("views").append(tab);
}
drawTop();
drawLegend();
drawHelp();
readLink();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
