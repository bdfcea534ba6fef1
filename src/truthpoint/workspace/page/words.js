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
  pending: {
    word: "Pending",
    tone: "calm",
    says: "It was answered and takes effect a little later, as at Customer.io.",
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

const PHRASES = {
  200: "OK",
  207: "In part",
  301: "Moved",
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  413: "Too large",
  429: "Too many",
  500: "Server error",
  501: "Not built",
  502: "Bad gateway",
  503: "Unavailable",
};

// Identifiers in the order of trust; any other kind comes last.
const KINDS = ["id", "email", "cio_id"];

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dateFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
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

// JSON over several lines. Signs that turn the direction of writing around are spelt out, as
// JSON allows: they would hide what is there.
export function pretty(value) {
  return spelt(JSON.stringify(value, null, 2));
}

// The same in one line; a text without its quotes.
export function plain(value) {
  return typeof value === "string" ? spelt(value) : spelt(JSON.stringify(value) ?? "");
}

export function spelt(text) {
  return text.replace(
    /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

// Text as JSON over several lines where it is JSON, and as it is where it is not.
export function prettyText(text) {
  try {
    return pretty(parse(text));
  } catch {
    return spelt(text);
  }
}

export function bytes(number) {
  if (number < 1_000) return count(number, "byte");
  return number < 1_000_000
    ? `${(number / 1_000).toFixed(1)} kB`
    : `${(number / 1_000_000).toFixed(1)} MB`;
}

export function took(milliseconds) {
  const ms = asNumber(milliseconds);
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
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

// The local time of day, with the day before it where that is not `today`, and the year where
// it is another.
export function clock(seconds, today) {
  const date = asDate(seconds);
  if (date === null) return "";
  const time = clockFormat.format(date);
  if (date.toDateString() === today.toDateString()) return time;
  const isThisYear = date.getFullYear() === today.getFullYear();
  return `${(isThisYear ? dayFormat : dateFormat).format(date)} ${time}`;
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

export function isKindOfPerson(kind) {
  return KINDS.includes(kind);
}

// Whether an event can start campaigns, in words; null: it is no event that took effect.
export function campaigns(wouldTrigger) {
  if (wouldTrigger === null) return null;
  return wouldTrigger
    ? "It is young enough to start campaigns."
    : "It is too old to start campaigns.";
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
  return entry.item_count === 0 && remarks(entry).length === 0;
}

// The answer to a request in two words or less, as `{word, tone}`.
export function answerOf(entry) {
  if (!entry.answered) return { word: "No answer", tone: "bad" };
  const phrase = PHRASES[entry.status];
  const word = phrase === undefined ? `${entry.status}` : `${entry.status} ${phrase}`;
  if (entry.status === 207) return { word, tone: "warn" };
  return { word, tone: entry.status >= 200 && entry.status < 300 ? "good" : "bad" };
}
