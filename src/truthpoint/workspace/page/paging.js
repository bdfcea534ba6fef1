// The links below a list that is shown page by page.

import { link } from "./dom.js";

// `newest` and `older` are addresses; null: there is no such page.
export function showPaging(place, newest, older) {
  const said = JSON.stringify([newest, older]);
  if (place.dataset.said === said) return; // What has the focus keeps it.
  place.dataset.said = said;
  const links = [];
  if (newest !== null) links.push(link(newest, "Newest"));
  if (older !== null) links.push(link(older, "Older"));
  place.hidden = links.length === 0;
  place.replaceChildren(...links);
}
