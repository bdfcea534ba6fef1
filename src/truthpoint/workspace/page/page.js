// The page of the local workspace: what arrives, as it arrives.
//
// Whatever comes from the log is written as text, never as markup: an event may be called
// `<script>`. The newest rows are kept, the others are let go.

import * as words from "./words.js";

const KEPT_ROWS = 500;
const REQUESTS_AT_ONCE = 200;
const PAUSE_MS = 1_000;
const PATIENCE_MS = 10_000;

const at = (id) => document.getElementById(id);
const activity = at("activity");
const filter = at("filter");

let life = null; // Of the workspace; null: it has not answered yet.
let seen = 0; // The last entry of the log that is listed, or was let go.
let isPaused = false;
let isBehind = false; // The log is longer than one answer: go on with its newest part.
let resetAt = null; // When a new life was noticed.

// ------------------------------------------------------------------ elements

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Text from outside: its direction of writing does not reach its neighbours.
function outside(text, className = "") {
  return element("bdi", { className, textContent: text });
}

function chip({ word, tone }) {
  return element("span", { className: `chip ${tone}` }, outside(word));
}

function moment(seconds) {
  const iso = words.iso(seconds);
  return element("time", {
    dateTime: iso,
    title: iso,
    textContent: words.clock(seconds, new Date()),
  });
}

function whom(person) {
  if (person === null) return element("span", { className: "person nobody" }, "nobody named");
  return element(
    "span",
    { className: "person" },
    outside(person.kind, "kind"),
    " ",
    outside(person.value, "value"),
  );
}

// ---------------------------------------------------------------------- rows

function rowsOf(entry) {
  if (entry.items.length === 0) return [requestRow(entry)];
  return entry.items.map((item) => itemRow(entry, item)).reverse();
}

// A request without items: one line, and nothing more to tell.
function requestRow(entry) {
  const path = `${entry.method} ${entry.path}`;
  const line = element(
    "div",
    { className: "line" },
    moment(entry.at),
    element("span", { className: "person nobody" }, "request"),
    outside(path, "what path"),
    element("span", { className: "chips" }, ...words.remarks(entry).map(chip)),
  );
  const row = element("li", { className: words.isQuiet(entry) ? "row quiet" : "row" }, line);
  row.text = [path, ...words.remarks(entry).map((each) => each.word)].join("\n").toLowerCase();
  return row;
}

function itemRow(entry, item) {
  const person = words.person(item);
  const effect = words.effect(item);
  const chips = [effect, ...words.remarks(entry, item)];
  const isIdentify = item.name === null;
  const line = element(
    "summary",
    { className: "line" },
    moment(entry.at),
    whom(person),
    outside(words.what(item), isIdentify ? "what action" : "what"),
    element("span", { className: "chips" }, ...chips.map(chip)),
  );
  const details = element("details", {}, line);
  // Most rows are never opened: what is inside is made when it is asked for.
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(inside(entry, item));
  });
  const row = element("li", { className: "row" }, details);
  const told = [words.what(item), item.action, item.reason, entry.path, person?.kind];
  row.text = [person?.value, ...told, ...chips.map((each) => each.word)].join("\n").toLowerCase();
  return row;
}

function inside(entry, item) {
  const person = words.person(item);
  const facts = [
    ["Effect", words.effect(item).says],
    ["Why", why(item)],
    ["Person", person && everyIdentifier(item, person)],
    ["Event id", item.event_id && outside(item.event_id, "code")],
    ["Time", outside(words.timeInWords(item, entry.at))],
    ["Campaigns", campaigns(item)],
    ["Request", request(entry, item)],
  ];
  const list = element("dl", { className: "facts" });
  for (const [term, told] of facts) {
    if (!told) continue;
    list.append(element("div", {}, element("dt", {}, term), element("dd", {}, told)));
  }
  const isBare = Object.keys(item.attributes ?? {}).length === 0;
  const attributes = isBare
    ? element("p", { className: "bare" }, "Sent without attributes.")
    : element("pre", { tabIndex: 0, textContent: words.pretty(item.attributes) });
  attributes.setAttribute("aria-label", "Attributes");
  return element("div", { className: "inside" }, list, attributes);
}

function why(item) {
  if (item.reason === null) return null;
  const place = item.field ? [outside(item.field, "code"), ": "] : [];
  const reason = element("span", { className: "reason" }, " (", outside(item.reason), ")");
  return element("span", {}, ...place, outside(item.message ?? ""), reason);
}

function everyIdentifier(item, person) {
  const told = element("span", {});
  for (const [kind, value] of Object.entries(item.identifiers)) {
    const shown = typeof value === "string" ? value : words.pretty(value);
    told.append(outside(kind, "kind"), " ", outside(shown, "code"), " ");
  }
  const only = element("button", { type: "button" }, "Only this person");
  only.addEventListener("click", () => setFilter(person.value));
  told.append(only);
  return told;
}

function campaigns(item) {
  if (item.would_trigger === null) return null;
  return item.would_trigger
    ? "It is young enough to start campaigns."
    : "It is too old to start campaigns.";
}

function request(entry, item) {
  const place = entry.items.length > 1 ? `, item ${item.index + 1} of ${entry.items.length}` : "";
  const answer = entry.answered ? `answered ${entry.status}` : "the connection was cut instead of an answer";
  const size = words.count(item.bytes, "byte");
  return element(
    "span",
    {},
    `Number ${words.plainCount(entry.seq)}${place}: `,
    outside(`${entry.method} ${entry.path}`, "code"),
    `, ${size}, ${answer}`,
  );
}

// ---------------------------------------------------------------------- list

function list(entries, isFresh) {
  const made = document.createDocumentFragment();
  for (const entry of [...entries].reverse()) {
    if (made.childElementCount > KEPT_ROWS) break;
    for (const row of rowsOf(entry)) {
      if (isFresh) row.classList.add("fresh");
      made.append(row);
    }
  }
  activity.prepend(made);
  while (activity.childElementCount > KEPT_ROWS) activity.lastElementChild.remove();
}

// Between what is listed and what comes next, requests were left out.
function listGap(missing) {
  if (missing < 1 || activity.childElementCount === 0) return;
  const told = `${words.count(missing, "request")} not listed: they arrived faster than this page follows.`;
  const row = element("li", { className: "gap" }, told);
  row.text = "";
  activity.prepend(row);
}

function sift() {
  const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let rows = 0;
  let matching = 0;
  for (const row of activity.children) {
    const fits = wanted.every((word) => row.text.includes(word));
    row.hidden = !fits;
    if (row.text) {
      rows += 1;
      matching += fits ? 1 : 0;
    }
  }
  const isSifted = wanted.length > 0;
  at("empty").hidden = life === null || rows > 0;
  at("no-match").hidden = !isSifted || rows === 0 || matching > 0;
  at("shown").textContent = isSifted && rows > 0
    ? `${words.plainCount(matching)} of ${words.count(rows, "row")}`
    : "";
}

function setFilter(text) {
  filter.value = text;
  sift();
  filter.focus();
}

// --------------------------------------------------------------------- state

function showState(state, word) {
  const place = at("state");
  if (place.dataset.state === state && place.textContent === word) return;
  place.dataset.state = state;
  place.textContent = word;
}

function showCounts(answer) {
  for (const name of ["people", "events", "requests"]) {
    at(name).textContent = words.plainCount(answer[name]);
  }
  at("life").hidden = false;
  at("life").textContent = ` · life ${answer.life}`;
}

function showUnreachable(what) {
  showState("unreachable", "Not connected");
  at("unreachable-what").textContent = what;
  const box = at("unreachable");
  if (!box.hidden) return;
  box.hidden = false;
  document.body.classList.add("stale");
}

function showReached() {
  at("unreachable").hidden = true;
  document.body.classList.remove("stale");
}

function beginLife(answer) {
  if (life !== null) {
    resetAt = words.clock(Date.now() / 1000, new Date());
    at("reset-what").textContent = `The workspace was reset at ${resetAt}: life ${answer.life} begins.`;
    at("reset").hidden = false;
  }
  life = answer.life;
  seen = 0;
  isBehind = true;
  activity.replaceChildren();
}

// ------------------------------------------------------------------- polling

async function ask(query) {
  const response = await fetch(`/local/log?${new URLSearchParams(query)}`, {
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) throw new Refusal(response.status);
  return words.parse(await response.text());
}

class Refusal extends Error {
  constructor(status) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

function follow() {
  const isStart = life === null || isBehind;
  if (isPaused && life !== null) return { newest: 1, limit: 1 };
  return isStart ? { newest: 1, limit: REQUESTS_AT_ONCE } : { after: seen, limit: REQUESTS_AT_ONCE };
}

async function look() {
  const wasPaused = isPaused && life !== null;
  const wasFirst = life === null;
  const query = follow();
  const answer = await ask(query);
  showReached();
  showCounts(answer);
  if (answer.life !== life) {
    beginLife(answer);
    // Asked for under another life, it may be less than all of the new one.
    if (!("newest" in query) || query.limit === 1) return true;
  }
  if (wasPaused) {
    const waiting = Math.max(0, (answer.log.at(-1)?.seq ?? seen) - seen);
    showState("paused", waiting ? `Paused, ${words.count(waiting, "new request")}` : "Paused");
    sift();
    return false;
  }
  const entries = answer.log.filter((entry) => entry.seq > seen);
  if (entries.length > 0) {
    if (seen > 0) listGap(entries[0].seq - seen - 1);
    list(entries, !wasFirst);
    seen = entries.at(-1).seq;
  }
  isBehind = "after" in query && answer.log.length >= REQUESTS_AT_ONCE;
  if (!isPaused) showState("live", "Live");
  sift();
  return isBehind;
}

let timer = 0;
let isLooking = false;
let isWanted = false; // Somebody asked for a look while one was under way.

async function poll() {
  clearTimeout(timer);
  if (isLooking) {
    isWanted = true;
    return;
  }
  isLooking = true;
  let isMore = false;
  try {
    isMore = await look();
  } catch (error) {
    showUnreachable(
      error instanceof Refusal
        ? `The local workspace answers with ${error.status}.`
        : "The local workspace does not answer.",
    );
  }
  isLooking = false;
  const isSoon = isMore || isWanted;
  isWanted = false;
  timer = setTimeout(poll, isSoon ? 0 : PAUSE_MS);
}

// -------------------------------------------------------------------- wiring

at("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  at("pause").textContent = isPaused ? "Resume" : "Pause";
  if (at("unreachable").hidden) showState(isPaused ? "paused" : "live", isPaused ? "Paused" : "Live");
  poll();
});
at("reset-close").addEventListener("click", () => {
  at("reset").hidden = true;
  filter.focus();
});
at("clear").addEventListener("click", () => setFilter(""));
filter.addEventListener("input", sift);
document.addEventListener("keydown", (event) => {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "/" && isPlain && document.activeElement !== filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape" && document.activeElement === filter) {
    setFilter("");
  }
});

at("unreachable-do").textContent =
  "Start it with `truthpoint up` or `truthpoint workspace`; this page goes on by itself when it is back.";
at("address").textContent = location.origin;
at("kept").textContent = words.plainCount(KEPT_ROWS);
poll();
