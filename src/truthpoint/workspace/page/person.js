// One person: identifiers, what they are subscribed to, attributes, devices, and the timeline.

import * as address from "./address.js";
import { at, chip, element, facts, moment, outside } from "./dom.js";
import { Follower } from "./follower.js";
import { showPaging } from "./paging.js";
import * as rows from "./rows.js";
import { timelineRow } from "./timeline.js";
import * as words from "./words.js";

const KINDS = { id: "Id", email: "Email", cio_id: "Customer.io id" };

const follower = new Follower();
const narrow = matchMedia("(max-width: 50rem)");

export const personView = { tab: "people", open, look: (isHeld) => follower.look(isHeld) };

function open(asked) {
  const path = `/local/people/${encodeURIComponent(asked.name)}`;
  const idType = asked.query.get("id_type");
  const before = asked.query.get("before");
  at("person-title").replaceChildren(outside(asked.name));
  at("person-found").hidden = true;
  at("person-nobody").hidden = true;
  follower.begin(
    { path, query: { id_type: idType }, show: (answer) => showPerson(answer, asked.name) },
    {
      path: `${path}/timeline`,
      query: { id_type: idType, before },
      show: (answer) => showTimeline(answer, asked.name, idType, before),
    },
  );
  return asked.name;
}

// -------------------------------------------------------------------- person

function showPerson(answer, name) {
  const isFound = answer.person !== undefined;
  at("person-found").hidden = !isFound;
  at("person-nobody").hidden = isFound;
  if (!isFound) {
    showNobody(answer, name);
    return false;
  }
  const person = answer.person;
  at("person-title").replaceChildren(...title(person));
  once("person-identity", person, identity);
  once("person-devices", person.devices, devices);
  at("person-devices-part").hidden = person.devices.length === 0;
  showAttributes(person.attributes);
  return true;
}

// Makes a part anew only if what it shows is another.
function once(id, told, make) {
  const place = at(id);
  const said = JSON.stringify(told);
  if (place.said === said) return;
  place.said = said;
  place.replaceChildren(...make(told));
}

function title(person) {
  const named = outside(person.id ?? person.email ?? `cio_${person.cio_id}`);
  if (person.id === null || person.email === null) return [named];
  return [named, outside(person.email, "soft")];
}

function showNobody(answer, name) {
  const isSuppressed = (answer.suppressed ?? []).length > 0;
  at("nobody-name").replaceChildren(outside(name));
  at("nobody-suppressed").hidden = !isSuppressed;
  at("nobody-unknown").hidden = isSuppressed;
  at("nobody-activity").href = address.activity(name);
  at("nobody-search").href = address.people(name);
}

function identity(person) {
  const pairs = Object.entries(KINDS)
    .filter(([kind]) => person[kind] !== null)
    .map(([kind, word]) => [word, identifier(kind, person)]);
  for (const id of person.anonymous_ids) pairs.push(["Anonymous id", outside(id, "code")]);
  pairs.push(["Created", person.created_at === null ? null : moment(person.created_at)]);
  pairs.push(["Subscribed", subscription(person)]);
  for (const each of person.suppressed) {
    const [[kind, value]] = Object.entries(each);
    pairs.push(["Suppressed", element("span", {}, outside(kind, "kind"), " ", outside(value, "code"))]);
  }
  return [facts(pairs)];
}

function identifier(kind, person) {
  const value = kind === "cio_id" ? `cio_${person.cio_id}` : person[kind];
  return outside(value, "code");
}

function subscription(person) {
  const chips = [
    person.unsubscribed ? { word: "Unsubscribed", tone: "bad" } : { word: "Yes", tone: "good" },
  ];
  for (const [topic, isOn] of Object.entries(person.topics)) {
    chips.push({ word: `topic ${topic}: ${isOn ? "yes" : "no"}`, tone: isOn ? "good" : "warn" });
  }
  return element("span", { className: "chips" }, ...chips.map(chip));
}

let isSettled = false; // Whether the reader's window decided if attributes are open.

function showAttributes(attributes) {
  const part = at("person-attributes-part");
  if (!isSettled) {
    isSettled = true;
    part.open = !narrow.matches || attributes.length <= 5;
  }
  at("person-attributes-count").textContent = words.plainCount(attributes.length);
  at("person-no-attributes").hidden = attributes.length > 0;
  rows.show(at("person-attributes"), attributes, (each) => each.name, attributeRow);
}

function attributeRow({ name, value, changed_at: changed }) {
  return element(
    "div",
    {},
    element("dt", {}, outside(name)),
    element("dd", {}, outside(words.plain(value), typeof value === "string" ? "" : "code"), moment(changed)),
  );
}

function devices(given) {
  return given.map(({ id, platform, last_used: used }) =>
    element(
      "div",
      {},
      element("dt", {}, outside(platform)),
      element("dd", {}, outside(id, "code"), element("span", { className: "soft" }, "used ", moment(used))),
    ),
  );
}

// ------------------------------------------------------------------ timeline

function showTimeline(answer, name, idType, before) {
  if (answer.found === undefined) return;
  rows.show(at("timeline"), answer.found, (entry) => entry.activity, timelineRow);
  const older = answer.next === null ? null : address.personNamed(name, idType, answer.next);
  const newest = before === null ? null : address.personNamed(name, idType);
  showPaging(at("timeline-paging"), newest, older);
  at("timeline-none").hidden = answer.found.length > 0;
}
