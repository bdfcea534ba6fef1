// One request: who asked what, what became of its items, its body and its answer.

import * as address from "./address.js";
import { why } from "./activity-rows.js";
import { at, block, chip, element, facts, link, moment, outside } from "./dom.js";
import { Follower } from "./follower.js";
import * as rows from "./rows.js";
import * as words from "./words.js";

const follower = new Follower();

export const requestView = { tab: "requests", open, look: (isHeld) => follower.look(isHeld) };

function open(asked) {
  at("request-found").hidden = true;
  at("request-none").hidden = true;
  at("request-title").replaceChildren(`Request ${asked.name}`);
  follower.begin({
    path: `/local/requests/${encodeURIComponent(asked.name)}`,
    query: { item: asked.query.get("item") },
    show,
  });
  return `Request ${asked.name}`;
}

function show(answer) {
  const isFound = answer.request !== undefined;
  at("request-found").hidden = !isFound;
  at("request-none").hidden = isFound;
  if (!isFound) return;
  const request = answer.request;
  showBeside(answer);
  showItems(answer);
  const place = at("request-found");
  // A request does not change; what became of its items can.
  const said = JSON.stringify(request);
  if (place.said === said) return;
  place.said = said;
  at("request-title").replaceChildren(outside(`${request.method} ${request.path}`));
  at("request-facts").replaceChildren(head(request));
  at("request-body").replaceChildren(...body(request, "body"));
  at("request-answer").replaceChildren(...headers(request), ...body(request, "answer"));
}

function showBeside(answer) {
  for (const which of ["older", "newer"]) {
    const to = at(`request-${which}`);
    to.hidden = answer[which] === null;
    to.href = answer[which] === null ? "#/requests" : address.request(answer[which]);
  }
}

function head(request) {
  const fault = request.fault === null ? null : chip({ word: request.fault, tone: "calm" });
  return facts([
    ["Answer", element("span", { className: "chips" }, chip(words.answerOf(request)), sameAnswer(request))],
    ["Fault", fault],
    ["Came", when(request.at)],
    ["Took", request.took_ms === null ? null : words.took(request.took_ms)],
    ["Size", words.bytes(request.bytes)],
    ["Client", request.client === "" ? null : outside(request.client)],
    ["Asked with", request.query === "" ? null : outside(readable(request.query), "code")],
    ["Number", words.plainCount(request.seq)],
  ]);
}

function sameAnswer(request) {
  return request.answered ? link(address.requests(`${request.status}`), "All with this answer") : null;
}

function when(seconds) {
  return element("span", {}, moment(seconds), element("span", { className: "code iso" }, words.iso(seconds)));
}

function readable(query) {
  return [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).join("  ");
}

// --------------------------------------------------------------------- items

function showItems(answer) {
  const total = answer.request.item_count;
  at("request-items-part").hidden = total === 0;
  rows.show(at("request-items"), answer.items, (item) => item.index, itemRow);
  const first = answer.first_item;
  const last = first + answer.items.length;
  at("request-items-shown").textContent =
    total > answer.items.length
      ? `${words.plainCount(first + 1)} to ${words.plainCount(last)} of ${words.plainCount(total)}`
      : words.count(total, "item");
  const seq = answer.request.seq;
  const size = Math.max(answer.items.length, 100);
  const links = [];
  if (first > 0) links.push(link(address.request(seq, Math.max(0, first - size) || null), "Earlier items"));
  if (last < total) links.push(link(address.request(seq, last), "Later items"));
  const paging = at("request-items-paging");
  const said = JSON.stringify([seq, first, last, total]);
  if (paging.said === said) return;
  paging.said = said;
  paging.hidden = links.length === 0;
  paging.replaceChildren(...links);
}

function itemRow(item) {
  const person = words.person(item);
  const isProfile = person !== null && words.isKindOfPerson(person.kind);
  const named = person === null ? null : [outside(person.kind, "kind"), " ", outside(person.value, "value")];
  const whom = isProfile
    ? link(address.person(person.kind, person.value), ...named)
    : element("span", { className: person === null ? "nobody" : "" }, ...(named ?? ["nobody named"]));
  whom.classList.add("person");
  const reason = why(item);
  return element(
    "li",
    { className: "row" },
    element(
      "div",
      { className: "line" },
      element("span", { className: "number soft" }, words.plainCount(item.index + 1)),
      whom,
      outside(words.what(item), item.name === null ? "what action" : "what"),
      element("span", { className: "chips" }, chip(words.effect(item))),
      reason === null ? null : element("p", { className: "reason" }, reason),
    ),
  );
}

// -------------------------------------------------------------------- bodies

function body(request, part) {
  const told = request[part];
  if (told === null) return [bare("Not kept any longer: the bodies of the newest requests are.")];
  if (part === "answer" && !request.answered) return [bare("It never left: the connection was cut. It would have been:"), ...shown(request, part)];
  return shown(request, part);
}

function shown(request, part) {
  const told = request[part];
  if (told.bytes === 0) return [bare("Empty.")];
  const text = told.is_whole ? words.prettyText(told.text) : words.spelt(told.text);
  const raw = link(`/local/requests/${request.seq}/${part}`, "As it was sent");
  const notes = [words.bytes(told.bytes)];
  if (!told.is_whole) notes.push("the beginning is shown");
  if (!told.is_utf8) notes.push("not UTF-8: what cannot be read is shown as \ufffd");
  const note = element("p", { className: "bare" }, `${notes.join(", ")}. `, raw);
  return [block(text, part === "body" ? "Body" : "Answer"), note];
}

// Headers beyond those of every answer: what a fault sent along.
function headers(request) {
  const pairs = Object.entries(request.answer_headers)
    .filter(([name]) => !["content-type", "cache-control"].includes(name.toLowerCase()))
    .map(([name, value]) => [element("dt", {}, outside(name)), outside(value, "code")]);
  return pairs.length === 0 ? [] : [facts(pairs)];
}

function bare(text) {
  return element("p", { className: "bare" }, text);
}
