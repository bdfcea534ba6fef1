// The page of the local workspace: what arrives, as it arrives.
//
// Whatever comes from the log is written as text, never as markup: an event may be called
// `<script>`. The newest rows are kept, the others are let go.

import * as words from "./words.js";

const KEPT_ROWS = 500;
const REQUESTS_AT_ONCE = 200;
const PAUSE_MS = 500;
const PATIENCE_MS = 10_000;

const at = (id) => document.getElementById(id);
const activity = at("activity");
const filter = at("filter");

let life = null; // Of the workspace; null: it has not answered yet.
let seen = 0; // The last entry of the log that is listed, or was let go.
let isPaused = false;
let requestsListed = 0; // How many requests this life had when it was last listed.
let isBehind = false; // The log is longer than one answer: go on with its newest part.

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
  row.person = person === null ? null : asFilter(person);
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
    ["Time", timestamp(item, entry)],
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
    : element("pre", {
        role: "region",
        ariaLabel: "Attributes",
        tabIndex: 0,
        textContent: words.pretty(item.attributes),
      });
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
  only.addEventListener("click", () => setFilter(asFilter(person)));
  told.append(only);
  return told;
}

function timestamp(item, entry) {
  const told = element("span", {}, outside(words.timeInWords(item, entry.at)));
  const iso = words.iso(item.timestamp);
  if (iso !== "") told.append(element("span", { className: "code iso", textContent: iso }));
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

// Every word of the filter stands somewhere in a row; `id:42` means that person and no other.
function sift() {
  const whole = filter.value.toLowerCase().trim();
  const wanted = whole.split(/\s+/).filter(Boolean);
  let rows = 0;
  let matching = 0;
  for (const row of activity.children) {
    const fits =
      row.person === whole ||
      wanted.every((word) => row.person === word || row.text.includes(word));
    row.hidden = !fits;
    if (row.text) {
      rows += 1;
      matching += fits ? 1 : 0;
    }
  }
  const isSifted = wanted.length > 0;
  const isAnything = activity.querySelector(".row:not(.quiet), .gap") !== null;
  at("empty").hidden = life === null || isAnything || (isSifted && rows > 0);
  at("no-match").hidden = !isSifted || rows === 0 || matching > 0;
  at("shown").textContent = isSifted && rows > 0
    ? `${words.plainCount(matching)} of ${words.count(rows, "row")}`
    : "";
}

function asFilter(person) {
  return `${person.kind}:${person.value}`.toLowerCase().trim();
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

// `status`: what was answered instead of the log; null: nothing was.
function showUnreachable(status) {
  showState("unreachable", "Not connected");
  at("unreachable-what").textContent =
    status === null
      ? "The local workspace does not answer."
      : `The local workspace answers with ${status} instead of its log.`;
  at("unreachable-do").hidden = status !== null;
  at("unreachable").hidden = false;
  document.body.classList.add("stale");
}

function showReached() {
  at("unreachable").hidden = true;
  document.body.classList.remove("stale");
}

function beginLife(answer) {
  if (life !== null) {
    const noticed = words.clock(Date.now() / 1000, new Date());
    at("reset-what").textContent = `The workspace was reset at ${noticed}: life ${answer.life} begins.`;
    at("reset").hidden = false;
  }
  life = answer.life;
  seen = 0;
  requestsListed = 0;
  isBehind = true;
  activity.replaceChildren();
}

// ------------------------------------------------------------------- polling

// Why there is no log: the status answered instead; null: no answer at all.
class Unanswered extends Error {
  constructor(status) {
    super("the log was not answered");
    this.status = status;
  }
}

async function ask(query) {
  let status = null;
  try {
    const response = await fetch(`/local/log?${new URLSearchParams(query)}`, {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.ok) return words.parse(await response.text());
    status = response.status;
  } catch {
    // The network's reasons differ from browser to browser; what to do is the same.
  }
  throw new Unanswered(status);
}

// Asks for what comes next, and lists it; true: there is more at once.
async function look() {
  const isFirst = life === null;
  const isWhole = isFirst || isBehind; // Whatever is newest, rather than what comes after `seen`.
  const isHeld = isPaused && !isFirst; // Only the counts are of interest.
  const answer = await ask({
    ...(isWhole || isHeld ? { newest: 1 } : { after: seen }),
    limit: isHeld ? 1 : REQUESTS_AT_ONCE,
  });
  showReached();
  showCounts(answer);
  const isOtherLife = answer.life !== life;
  if (isOtherLife) beginLife(answer);
  if (isPaused && !isFirst) {
    const waiting = answer.requests - requestsListed;
    showState("paused", waiting > 0 ? `Paused, ${words.count(waiting, "new request")}` : "Paused");
    sift();
    return false;
  }
  if (isHeld || (isOtherLife && !isWhole)) return true;
  listAnswer(answer, isFirst);
  isBehind = !isWhole && answer.log.length >= REQUESTS_AT_ONCE;
  showState("live", "Live");
  return isBehind;
}

function listAnswer(answer, isFirst) {
  const entries = answer.log.filter((entry) => entry.seq > seen);
  if (entries.length > 0) {
    listGap(entries[0].seq - seen - 1);
    list(entries, !isFirst);
    seen = entries.at(-1).seq;
  }
  requestsListed = answer.requests;
  sift();
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
    if (error instanceof Unanswered) showUnreachable(error.status);
    else console.error(error);
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

at("address").textContent = location.origin;
at("kept").textContent = words.plainCount(KEPT_ROWS);
poll();
