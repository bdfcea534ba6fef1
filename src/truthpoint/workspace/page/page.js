// The page of the local workspace: shows the view that the address names, and looks at the
// workspace twice a second, with one request each time.

import { activityView } from "./activity.js";
import * as address from "./address.js";
import { Unanswered } from "./asking.js";
import { at } from "./dom.js";
import { peopleView } from "./people.js";
import { personView } from "./person.js";
import * as places from "./places.js";
import { requestView } from "./request.js";
import { requestsView } from "./requests.js";
import * as status from "./status.js";
import { Follower } from "./follower.js";
import * as words from "./words.js";

const PAUSE_MS = 500;

const unknownView = { follower: new Follower(), open: () => "Not found", tab: "" };
unknownView.look = (isHeld) => unknownView.follower.look(isHeld);

const VIEWS = {
  activity: activityView,
  people: peopleView,
  person: personView,
  requests: requestsView,
  request: requestView,
  unknown: unknownView,
};

let view = null;
let isPaused = false;

// --------------------------------------------------------------------- views

function show() {
  const isStart = view === null;
  const asked = address.read(location.hash);
  const place = places.enter();
  view = VIEWS[asked.view];
  for (const [name, each] of Object.entries(VIEWS)) at(`view-${name}`).hidden = each !== view;
  for (const tab of document.querySelectorAll("#tabs a")) {
    const isHere = tab.dataset.tab === view.tab;
    if (isHere) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const title = view.open(asked);
  document.title = title === "" ? "Local workspace" : `${title} · Local workspace`;
  if (!isStart && place === null) {
    scrollTo(0, 0);
    at(`view-${asked.view}`).querySelector("h2").focus({ preventScroll: true });
  }
  wanted = place;
  poll();
}

let wanted = null; // Where to go when what is asked for is shown; null: stay.

function goToPlace() {
  if (wanted === null) return;
  scrollTo(0, wanted);
  wanted = null;
}

// ------------------------------------------------------------------- polling

async function look() {
  const asked = view;
  const { answer, listed, isMore } = await asked.look(isPaused);
  status.showReached();
  if (answer.life !== undefined) status.showCounts(answer);
  if (asked === view && !isMore) goToPlace();
  if (!isPaused) status.showState("live", "Live");
  else {
    const waiting = answer.life === undefined ? 0 : answer.requests - listed;
    status.showState("paused", waiting > 0 ? `Paused, ${words.count(waiting, "new request")}` : "Paused");
  }
  return isMore;
}

let timer = 0;
let isLooking = false;
let isWanted = false; // Somebody asked for a look while one was under way.

async function poll() {
  clearTimeout(timer);
  if (isLooking) {
    isWanted = true;
    return;
  }
  isLooking = true;
  let isMore = false;
  try {
    isMore = await look();
  } catch (error) {
    if (error instanceof Unanswered) status.showUnreachable(error.status);
    else console.error(error);
  }
  isLooking = false;
  const isSoon = isMore || isWanted;
  isWanted = false;
  timer = setTimeout(poll, isSoon ? 0 : PAUSE_MS);
}

// -------------------------------------------------------------------- wiring

at("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  at("pause").textContent = isPaused ? "Resume" : "Pause";
  if (status.isReached()) status.showState(isPaused ? "paused" : "live", isPaused ? "Paused" : "Live");
  poll();
});
at("reset-close").addEventListener("click", () => {
  at("reset").hidden = true;
  at("pause").focus();
});
document.addEventListener("keydown", (event) => {
  const field = document.querySelector(".view:not([hidden]) input[type=search]");
  if (field === null) return;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "/" && isPlain && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && document.activeElement === field) {
    field.value = "";
    field.dispatchEvent(new Event("input"));
  }
});
addEventListener("hashchange", show);
peopleView.changed = poll;
show();
