// Rows of a person's timeline: what happened in words, and what came with it.

import * as address from "./address.js";
import { ask, Unanswered } from "./asking.js";
import { block, chip, element, facts, link, moment, outside } from "./dom.js";
import * as words from "./words.js";

// What each type of activity is called, and how it went.
const TYPES = {
  profile_create: { title: "Profile created" },
  attribute_change: { title: "Attributes changed" },
  page: { kind: "page" },
  screen: { kind: "screen" },
  event: { kind: "event" },
  failed_attribute_change: { title: "Change refused", chip: { word: "No effect", tone: "bad" } },
  failed_event: { title: "Event refused", chip: { word: "No effect", tone: "bad" } },
  skipped_update: { title: "Older news left out", chip: { word: "No effect", tone: "warn" } },
  device_change: { title: "Devices changed" },
  profile_merge: { title: "Another profile merged into this one" },
  anon_merge: { title: "Anonymous events became theirs" },
};

const NAMES_TOLD = 3;

const APART_SECONDS = 60; // From what happened to its arrival; from then on both are shown.

export function timelineRow(entry) {
  const type = TYPES[entry.type] ?? { title: entry.type };
  const chips = [];
  if (type.kind !== undefined && type.kind !== "event") chips.push({ word: type.kind, tone: "calm" });
  if (type.chip !== undefined) chips.push(type.chip);
  const apart = Math.abs(words.asNumber(entry.processed_at) - words.asNumber(entry.at));
  if (apart >= APART_SECONDS) {
    chips.push({ word: `happened ${words.clock(entry.at, new Date())}`, tone: "calm" });
  }
  const line = element(
    "summary",
    { className: "line" },
    moment(entry.processed_at),
    title(entry, type),
    element("span", { className: "brief" }, brief(entry)),
    element("span", { className: "chips" }, ...chips.map(chip)),
  );
  const details = element("details", {}, line);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(inside(entry));
  });
  return element("li", { className: "row" }, details);
}

function title(entry, type) {
  if (type.kind === undefined) return element("span", { className: "what action" }, type.title);
  return outside(entry.name || "(no name)", "what");
}

// The gist of an entry, as far as one line tells it.
function brief(entry) {
  const data = entry.data;
  if (data === null) return `${words.bytes(entry.data_bytes)} of data`;
  if (entry.type === "attribute_change") return changed(data);
  if (entry.type === "failed_attribute_change" || entry.type === "failed_event") {
    return outside(data.reason ?? "");
  }
  if (entry.type === "skipped_update") return outside(few(data.attributes ?? []));
  if (entry.type === "profile_merge") return outside(everyone(data.secondary));
  if (entry.type === "anon_merge") return words.count(words.asNumber(data.events), "event");
  if (entry.type === "device_change") {
    return outside(data.added ? `${data.added.platform} added` : "one removed");
  }
  if (entry.type === "profile_create") return "";
  return outside(few(Object.entries(data).map(([name, value]) => `${name} ${words.plain(value)}`)));
}

function changed(data) {
  const names = Object.keys(data);
  if (names.length !== 1) return outside(few(names));
  const { from, to } = data[names[0]];
  const before = from === null ? "" : `${words.plain(from)} → `;
  return outside(`${words.spelt(names[0])}: ${before}${shown(to)}`);
}

function shown(value) {
  return value === null ? "removed" : words.plain(value);
}

function few(names) {
  const told = names.slice(0, NAMES_TOLD).map(words.spelt).join(", ");
  const more = names.length - NAMES_TOLD;
  return more > 0 ? `${told} and ${words.plainCount(more)} more` : told;
}

function everyone(identifiers) {
  return Object.entries(identifiers ?? {})
    .filter(([, value]) => value !== null)
    .map(([kind, value]) => `${kind} ${words.plain(value)}`)
    .join(", ");
}

// -------------------------------------------------------------------- opened

function inside(entry) {
  const place = element("div", {});
  showData(place, entry);
  const told = facts([
    ["Happened", happened(entry)],
    ["Event id", entry.event_id && outside(entry.event_id, "code")],
    ["Campaigns", words.campaigns(entry.would_trigger)],
    ["Sent by", link(address.request(entry.request), `Request ${words.plainCount(entry.request)}`)],
  ]);
  return element("div", { className: "inside" }, told, place);
}

function happened(entry) {
  const told = words.timeInWords({ timestamp: entry.at, timestamp_replaced: false }, entry.processed_at);
  return element("span", {}, outside(told), element("span", { className: "code iso" }, words.iso(entry.at)));
}

function showData(place, entry) {
  if (entry.data === null) place.replaceChildren(large(place, entry));
  else if (entry.type === "attribute_change") place.replaceChildren(changes(entry.data));
  else if (Object.keys(entry.data).length === 0) place.replaceChildren(element("p", { className: "bare" }, "Without data."));
  else place.replaceChildren(block(words.pretty(entry.data), "Data"));
}

function large(place, entry) {
  const button = element("button", { type: "button" }, `Show the data (${words.bytes(entry.data_bytes)})`);
  button.addEventListener("click", async () => {
    try {
      const whole = await ask(`/local/activities/${entry.activity}`);
      if (whole.errors === undefined) showData(place, whole);
      else button.replaceWith(element("p", { className: "bare" }, "It belonged to a life that ended."));
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      button.textContent = "The local workspace did not answer: try again";
    }
    if (!button.isConnected) place.querySelector("pre, dl")?.focus();
  });
  return button;
}

function changes(data) {
  const pairs = Object.entries(data).map(([name, { from, to }]) => [
    element("dt", {}, outside(name)),
    element(
      "span",
      {},
      from === null ? null : element("del", {}, outside(words.plain(from))),
      from === null ? null : " ",
      to === null ? element("em", {}, "removed") : outside(words.plain(to)),
    ),
  ]);
  return facts(pairs, "facts changes");
}
