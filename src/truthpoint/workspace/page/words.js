// From entries of the request log to words. No document and no clock: what is shown of an
// entry depends on the entry alone.

export const EFFECTS = {
  applied: { word: "Applied", tone: "good", says: "It took effect." },
  duplicate: {
    word: "Duplicate",
    tone: "calm",
    says: "An event with this id arrived before. It was answered like a success and had no effect.",
  },
  refused: { word: "Refused", tone: "bad", says: "The answer carried an error for this item." },
  ignored: {
    word: "Ignored",
    tone: "warn",
    says: "It was answered like a success and had no effect: in Customer.io nobody would notice.",
  },
  not_applied: {
    word: "Not applied",
    tone: "bad",
    says: "The request as a whole failed, so this item had no effect.",
  },
};

// An identify can take effect and still lose an attribute on the way.
const PARTLY = { word: "Partly applied", tone: "warn", says: "It took effect, but not all of it." };
const UNKNOWN = { tone: "warn", says: "This page does not know this effect." };

// Identifiers in the order of trust; any other kind comes last.
const KINDS = ["id", "email", "cio_id"];

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
const countFormat = new Intl.NumberFormat("en-US");

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

// Reads JSON without rounding: a number that a binary float would print otherwise (`19.90`, or
// twenty digits) stays as written, where the browser can tell how it was written.
export function parse(text) {
  if (typeof JSON.rawJSON !== "function") return JSON.parse(text);
  return JSON.parse(text, (_key, value, context) => {
    if (typeof value !== "number" || context === undefined) return value;
    return String(value) === context.source ? value : JSON.rawJSON(context.source);
  });
}

// The number behind a value from `parse`; NaN: it is none.
export function asNumber(value) {
  if (typeof value === "number") return value;
  const isRaw = typeof JSON.isRawJSON === "function" && JSON.isRawJSON(value);
  return isRaw ? Number(value.rawJSON) : Number.NaN;
}

export function count(number, one, many = `${one}s`) {
  return `${countFormat.format(number)} ${number === 1 ? one : many}`;
}

export function plainCount(number) {
  return countFormat.format(number);
}

export function pretty(value) {
  return JSON.stringify(value, null, 2);
}

function asText(value) {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

// An instant from unix seconds; null: no calendar has it.
function asDate(seconds) {
  const date = new Date(asNumber(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? null : date;
}

export function iso(seconds) {
  return asDate(seconds)?.toISOString().replace(".000Z", "Z") ?? "";
}

// The local time of day, with the day before it where that is not `today`.
export function clock(seconds, today) {
  const date = asDate(seconds);
  if (date === null) return "";
  const time = clockFormat.format(date);
  return date.toDateString() === today.toDateString() ? time : `${dayFormat.format(date)} ${time}`;
}

function distance(seconds) {
  const [unit, length] = UNITS.find(([, each]) => seconds >= each) ?? UNITS.at(-1);
  return count(Math.round(seconds / length), unit);
}

// An item's timestamp in words, beside the time at which its request arrived.
export function timeInWords(item, arrived) {
  if (item.timestamp === null) return "none was sent";
  const seconds = asNumber(item.timestamp);
  const date = asDate(item.timestamp);
  if (date === null) return `${asText(item.timestamp)} as sent, which is no time in unix seconds`;
  const words = fullFormat.format(date);
  if (item.timestamp_replaced) {
    return `${words}: what was sent is no time that Customer.io takes, and the time of arrival took its place`;
  }
  const late = asNumber(arrived) - seconds;
  if (Math.abs(late) < 2) return `${words}, as it arrived`;
  return `${words}, ${distance(Math.abs(late))} ${late > 0 ? "before" : "after"} it arrived`;
}

export function effect(item) {
  if (item.effect === "applied" && item.reason !== null) return PARTLY;
  return EFFECTS[item.effect] ?? { ...UNKNOWN, word: asText(item.effect) };
}

// Who an item is about, as `{kind, value}`; null: it names nobody.
export function person(item) {
  const given = Object.entries(item.identifiers ?? {});
  if (given.length === 0) return null;
  const rank = ([kind]) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length);
  const [kind, value] = given.sort((one, other) => rank(one) - rank(other))[0];
  return { kind, value: asText(value) };
}

export function what(item) {
  if (item.name !== null) return item.name || "(no name)";
  return item.action ?? "(unreadable)";
}

// What is remarkable about a request, as `{word, tone}`.
export function remarks(entry, item) {
  const found = [];
  if (!entry.answered) found.push({ word: "no answer", tone: "bad" });
  else if (entry.status !== 200) {
    // A 207 is no trouble in itself: each item's effect stands beside it.
    found.push({ word: `HTTP ${entry.status}`, tone: entry.status < 400 ? "calm" : "bad" });
  }
  if (entry.fault !== null) found.push({ word: `fault: ${entry.fault}`, tone: "calm" });
  if (item?.timestamp_replaced) found.push({ word: "time replaced", tone: "warn" });
  return found;
}

// A request without items that went well: a look at the region, or a reading.
export function isQuiet(entry) {
  return entry.items.length === 0 && remarks(entry).length === 0;
}
