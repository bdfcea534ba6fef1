// Rows of the activity: an item of a request, or a request without items.

import * as address from "./address.js";
import { ask, Unanswered } from "./asking.js";
import { block, chip, element, facts, link, moment, outside } from "./dom.js";
import * as words from "./words.js";

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

// A request without items: one line, and nothing more to tell.
export function requestRow(entry) {
  const path = `${entry.method} ${entry.path}`;
  const line = element(
    "div",
    { className: "line" },
    moment(entry.at),
    element("span", { className: "person nobody" }, "request"),
    element("a", { className: "what path", href: address.request(entry.seq) }, outside(path)),
    element("span", { className: "chips" }, ...words.remarks(entry).map(chip)),
  );
  const row = element("li", { className: words.isQuiet(entry) ? "row quiet" : "row" }, line);
  row.text = [path, ...words.remarks(entry).map((each) => each.word)].join("\n").toLowerCase();
  return row;
}

// One item. `setFilter` is called with what lists its person only.
export function itemRow(entry, item, setFilter) {
  const person = words.person(item);
  const chips = [words.effect(item), ...words.remarks(entry, item)];
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
    if (details.open && details.childElementCount === 1) {
      details.append(inside(entry, item, setFilter));
    }
  });
  const row = element("li", { className: "row" }, details);
  const told = [words.what(item), item.action, item.reason, entry.path, person?.kind];
  row.person = person === null ? null : asFilter(person);
  row.text = [person?.value, ...told, ...chips.map((each) => each.word)].join("\n").toLowerCase();
  return row;
}

function asFilter(person) {
  return `${person.kind}:${person.value}`.toLowerCase().trim();
}

function inside(entry, item, setFilter) {
  const list = facts([
    ["Effect", words.effect(item).says],
    ["Why", why(item)],
    ["Person", everyIdentifier(item, setFilter)],
    ["Event id", item.event_id && outside(item.event_id, "code")],
    ["Time", timestamp(item, entry)],
    ["Campaigns", words.campaigns(item.would_trigger)],
    ["Request", request(entry, item)],
  ]);
  const place = element("div", {}, element("p", { className: "bare" }, "Reading…"));
  showAttributes(place, entry, item);
  return element("div", { className: "inside" }, list, place);
}

// The log leaves attributes out; those of a row that is opened are asked for.
async function showAttributes(place, entry, item) {
  let told;
  try {
    const whole = await ask(`/local/requests/${entry.seq}/items/${item.index}`);
    told = whole.errors === undefined ? attributes(whole) : bare("It belonged to a life that ended.");
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    told = bare("The local workspace did not answer: open the row again.");
  }
  place.replaceChildren(told);
}

function attributes(item) {
  if (Object.keys(item.attributes ?? {}).length === 0) return bare("Sent without attributes.");
  return block(words.pretty(item.attributes), "Attributes");
}

function bare(text) {
  return element("p", { className: "bare" }, text);
}

export function why(item) {
  if (item.reason === null) return null;
  const place = item.field ? [outside(item.field, "code"), ": "] : [];
  const reason = element("span", { className: "reason" }, " (", outside(item.reason), ")");
  return element("span", {}, ...place, outside(item.message ?? ""), reason);
}

function everyIdentifier(item, setFilter) {
  const person = words.person(item);
  if (person === null) return null;
  const told = element("span", { className: "identifiers" });
  for (const [kind, value] of Object.entries(item.identifiers)) {
    const shown = typeof value === "string" ? value : words.pretty(value);
    told.append(element("span", {}, outside(kind, "kind"), " ", outside(shown, "code")), " ");
  }
  const only = element("button", { type: "button" }, "Only this person");
  only.addEventListener("click", () => setFilter(asFilter(person)));
  const isProfile = words.isKindOfPerson(person.kind);
  if (isProfile) told.append(link(address.person(person.kind, person.value), "Timeline"), " ");
  told.append(only);
  return told;
}

function timestamp(item, entry) {
  const told = element("span", {}, outside(words.timeInWords(item, entry.at)));
  const iso = words.iso(item.timestamp);
  if (iso !== "") told.append(element("span", { className: "code iso", textContent: iso }));
  return told;
}

function request(entry, item) {
  const answer = entry.answered
    ? `answered ${entry.status}`
    : "the connection was cut instead of an answer";
  const place = `, item ${item.index + 1} of ${entry.item_count}`;
  return element(
    "span",
    {},
    link(address.request(entry.seq), `Number ${words.plainCount(entry.seq)}`),
    `${entry.item_count > 1 ? place : ""}: `,
    outside(`${entry.method} ${entry.path}`, "code"),
    `, ${words.bytes(item.bytes)}, ${answer}`,
  );
}
