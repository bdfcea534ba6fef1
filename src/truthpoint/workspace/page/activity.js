// The activity: every item of every request, as it arrives. The newest rows are kept, the
// others are let go.

import * as address from "./address.js";
import { ask } from "./asking.js";
import { itemRow, requestRow } from "./activity-rows.js";
import { at, element } from "./dom.js";
import * as places from "./places.js";
import * as words from "./words.js";

const KEPT_ROWS = 500;
const REQUESTS_AT_ONCE = 200;

const activity = at("activity");
const filter = at("filter");

let life = null; // Of the workspace; null: it has not answered yet.
let seen = 0; // The last entry of the log that is listed, or was let go.
let requestsListed = 0; // How many requests this life had when it was last listed.
let isBehind = false; // The log is longer than one answer: go on with its newest part.

export const activityView = { tab: "activity", open, look };

function open(asked) {
  filter.value = asked.query.get("filter") ?? "";
  sift();
  return "";
}

// ---------------------------------------------------------------------- list

function rowsOf(entry) {
  if (entry.items.length === 0) return [requestRow(entry)];
  return entry.items.map((item) => itemRow(entry, item, setFilter)).reverse();
}

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

function setFilter(text) {
  filter.value = text;
  filter.dispatchEvent(new Event("input"));
  filter.focus();
}

// -------------------------------------------------------------------- looking

function beginLife(answer) {
  life = answer.life;
  seen = 0;
  requestsListed = 0;
  isBehind = true;
  activity.replaceChildren();
}

// Asks for what comes next, and lists it. A held list only learns the counts.
async function look(isPaused) {
  const isFirst = life === null;
  const isWhole = isFirst || isBehind; // Whatever is newest, rather than what comes after `seen`.
  const isHeld = isPaused && !isFirst;
  const answer = await ask("/local/log", {
    ...(isWhole || isHeld ? { newest: 1 } : { after: seen }),
    limit: isHeld ? 1 : REQUESTS_AT_ONCE,
    brief: 1,
  });
  const isOtherLife = answer.life !== life;
  if (isOtherLife) beginLife(answer);
  if (isHeld) {
    sift();
    return { answer, listed: requestsListed, isMore: false };
  }
  if (isOtherLife && !isWhole) return { answer, listed: 0, isMore: true };
  listAnswer(answer, isFirst);
  isBehind = !isWhole && answer.log.length >= REQUESTS_AT_ONCE;
  return { answer, listed: requestsListed, isMore: isBehind };
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

// -------------------------------------------------------------------- wiring

filter.addEventListener("input", () => {
  places.rename(address.activity(filter.value));
  sift();
});
at("clear").addEventListener("click", () => setFilter(""));
at("address").textContent = location.origin;
at("kept").textContent = words.plainCount(KEPT_ROWS);
