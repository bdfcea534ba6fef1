// Where a reader was on each page of the history: going back leads to the same place.

const places = new Map(); // Number of the history's entry to its distance from the top.
let current = 0;
let last = 0;

history.scrollRestoration = "manual";

// To be called when another entry of the history is shown; returns where the reader was on
// it, in pixels from the top; null: it is new.
export function enter() {
  const given = history.state?.place;
  if (given !== undefined && places.has(given)) {
    current = given;
    return places.get(given);
  }
  last = Math.max(last, given ?? 0) + 1;
  current = last;
  history.replaceState({ place: current }, "");
  places.set(current, 0);
  return null;
}

// Another address for the entry that is shown, without a new one.
export function rename(hash) {
  history.replaceState(history.state, "", hash);
}

addEventListener("scroll", () => places.set(current, scrollY), { passive: true });
