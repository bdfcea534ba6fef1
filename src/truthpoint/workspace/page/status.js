// What stands above every view: how much there is, whether the workspace answers, and notices.

import { at } from "./dom.js";
import * as words from "./words.js";

let life = null; // Of the workspace; null: it has not answered yet.

export function showState(state, word) {
  const place = at("state");
  if (place.dataset.state === state && place.textContent === word) return;
  place.dataset.state = state;
  place.textContent = word;
}

// Counts as an answer tells them; a life other than before is a reset.
export function showCounts(answer) {
  for (const name of ["people", "events", "requests"]) {
    at(name).textContent = words.plainCount(answer[name]);
  }
  at("life").hidden = false;
  at("life").textContent = ` · life ${answer.life}`;
  if (life !== null && life !== answer.life) showReset(answer.life);
  life = answer.life;
}

function showReset(newLife) {
  const noticed = words.clock(Date.now() / 1000, new Date());
  at("reset-what").textContent = `The workspace was reset at ${noticed}: life ${newLife} begins.`;
  at("reset").hidden = false;
}

// `status`: what was answered instead; null: nothing was.
export function showUnreachable(status) {
  showState("unreachable", "Not connected");
  at("unreachable-what").textContent =
    status === null
      ? "The local workspace does not answer."
      : `The local workspace answers with ${status} instead of what was asked.`;
  at("unreachable-do").hidden = status !== null;
  at("unreachable").hidden = false;
  document.body.classList.add("stale");
}

export function showReached() {
  at("unreachable").hidden = true;
  document.body.classList.remove("stale");
}

export function isReached() {
  return at("unreachable").hidden;
}
