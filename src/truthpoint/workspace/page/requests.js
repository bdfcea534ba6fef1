// Requests: what was asked of Customer.io's APIs and what was answered, the newest first.

import * as address from "./address.js";
import { at, chip, element, link, moment, outside, soft } from "./dom.js";
import { Follower } from "./follower.js";
import { showPaging } from "./paging.js";
import * as rows from "./rows.js";
import * as words from "./words.js";

const follower = new Follower();

export const requestsView = { tab: "requests", open, look: (isHeld) => follower.look(isHeld) };

function open(asked) {
  const status = asked.query.get("status") ?? "";
  const before = asked.query.get("before");
  showChoices(status);
  follower.begin({
    path: "/local/requests",
    query: { status: status === "" ? null : status, before },
    show: (answer) => show(answer, status, before),
  });
  return "Requests";
}

// The ways to choose among requests; one that is asked for by its number stands among them.
function showChoices(status) {
  const choices = [["", "All"], ["failures", "Failures"]];
  if (status !== "" && status !== "failures") choices.push([status, `Answered ${status}`]);
  const links = choices.map(([value, word]) => {
    const made = link(address.requests(value), word);
    if (value === status) made.setAttribute("aria-current", "true");
    return made;
  });
  at("requests-choices").replaceChildren(...links);
}

function show(answer, status, before) {
  const isNone = answer.found.length === 0;
  rows.show(at("requests-rows"), answer.found, (entry) => entry.seq, row);
  at("requests-table").hidden = isNone;
  at("requests-empty").hidden = !isNone || answer.requests > 0;
  at("requests-no-match").hidden = !isNone || answer.requests === 0;
  const older = answer.next === null ? null : address.requests(status, answer.next);
  showPaging(at("requests-paging"), before === null ? null : address.requests(status), older);
}

function row(entry) {
  const to = link(address.request(entry.seq), outside(`${entry.method} ${entry.path}`));
  to.className = "whole path";
  const fault = entry.fault === null ? null : chip({ word: `fault: ${entry.fault}`, tone: "calm" });
  return element(
    "tr",
    {},
    element("td", { className: "time" }, moment(entry.at)),
    element("th", { scope: "row", className: "first" }, to),
    element(
      "td",
      { className: "answer" },
      element("span", { className: "chips" }, chip(words.answerOf(entry)), fault),
    ),
    items(entry.item_count),
    element("td", { className: "number" }, entry.took_ms === null ? soft("–") : words.took(entry.took_ms)),
    element("td", { className: "client" }, entry.client === "" ? soft("not named") : outside(entry.client)),
  );
}

function items(count) {
  const cell = element("td", { className: "number items" }, words.plainCount(count));
  cell.dataset.count = count;
  return cell;
}
