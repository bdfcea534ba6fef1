// People: who there is, the newest profile first, and the search among them.

import * as address from "./address.js";
import { at, element, link, moment, outside, soft } from "./dom.js";
import { Follower } from "./follower.js";
import { showPaging } from "./paging.js";
import * as places from "./places.js";
import * as rows from "./rows.js";
import * as words from "./words.js";

const PAUSE_MS = 200; // After the last letter, before it is searched.

const field = at("people-search");
const follower = new Follower();

let before = null;

export const peopleView = {
  tab: "people",
  open,
  look: (isHeld) => follower.look(isHeld),
  changed() {}, // Called when another search is to be read.
};

function open(asked) {
  field.value = asked.query.get("search") ?? "";
  before = asked.query.get("before");
  begin();
  return "People";
}

function begin() {
  clearTimeout(timer);
  const search = field.value.trim();
  follower.begin({
    path: "/local/people",
    query: { search: search === "" ? null : search, before },
    show: (answer) => show(answer, search),
  });
}

function show(answer, search) {
  const isSearched = search !== "";
  const isNone = answer.found.length === 0 && before === null;
  rows.show(at("people-rows"), answer.found, (person) => person.cio_id, row);
  at("people-table").hidden = answer.found.length === 0;
  at("people-empty").hidden = !isNone || isSearched;
  at("people-no-match").hidden = !isNone || !isSearched;
  at("people-searched").replaceChildren(outside(search));
  showSuppressed(answer.suppressed);
  at("people-shown").textContent = isSearched && !isNone ? told(answer) : "";
  const older = answer.next === null ? null : address.people(search, answer.next);
  showPaging(at("people-paging"), before === null ? null : address.people(search), older);
}

function told(answer) {
  const found = answer.found.length;
  if (before !== null) return `${words.plainCount(found)} more`;
  return answer.next === null
    ? words.count(found, "person found", "people found")
    : `The newest ${words.plainCount(found)} of those found`;
}

function row(person) {
  const named = person.id ?? person.email ?? `cio_${person.cio_id}`;
  const kind = person.id !== null ? "id" : person.email !== null ? "email" : "cio_id";
  const shown = person.id === null ? soft("no id") : outside(person.id, "value");
  const to = link(address.person(kind, named), shown);
  to.className = "whole";
  to.ariaLabel = named;
  return element(
    "tr",
    {},
    element("th", { scope: "row", className: "first" }, to),
    cell("Email", person.email === null ? soft("no email") : outside(person.email)),
    cell("Created", time(person.created_at)),
    cell("Last activity", time(person.last_activity_at)),
  );
}

// `label` stands before the value where the table has no room for a head.
function cell(label, content) {
  const made = element("td", {}, content);
  made.dataset.label = label;
  return made;
}

function time(seconds) {
  return seconds === null ? soft("unknown") : moment(seconds);
}

function showSuppressed(suppressed) {
  const place = at("people-suppressed");
  place.hidden = suppressed.length === 0;
  const told = suppressed.map((each) => {
    const [[kind, value]] = Object.entries(each);
    return element("span", {}, outside(kind, "kind"), " ", outside(value, "value"), " ");
  });
  place.replaceChildren(
    element("p", {}, element("strong", {}, "Suppressed: "), ...told,
      "is blocked. What is sent for it is answered like a success and has no effect."),
  );
}

// -------------------------------------------------------------------- wiring

let timer = 0;

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    before = null;
    places.rename(address.people(field.value.trim()));
    begin();
    peopleView.changed();
  }, PAUSE_MS);
});
at("people-clear").addEventListener("click", () => {
  field.value = "";
  field.dispatchEvent(new Event("input"));
  field.focus();
});
