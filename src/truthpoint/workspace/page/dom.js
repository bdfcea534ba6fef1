// Elements. Whatever comes from outside is written as text, never as markup: an event may be
// called `<script>`.

import * as words from "./words.js";

export const at = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Text from outside: its direction of writing does not reach its neighbours.
export function outside(text, className = "") {
  return element("bdi", { className, textContent: text });
}

export function soft(text) {
  return element("span", { className: "soft" }, text);
}

export function link(href, ...children) {
  return element("a", { href }, ...children);
}

export function chip({ word, tone }) {
  return element("span", { className: `chip ${tone}` }, outside(word));
}

export function moment(seconds) {
  const iso = words.iso(seconds);
  return element("time", {
    dateTime: iso,
    title: iso,
    textContent: words.clock(seconds, new Date()),
  });
}

// Text of any length that scrolls for itself, by mouse and by key.
export function block(text, label) {
  return element("pre", { role: "region", ariaLabel: label, tabIndex: 0, textContent: text });
}

// Terms and what is told of them; those of which nothing is told are left out.
export function facts(pairs, className = "facts") {
  const list = element("dl", { className });
  for (const [term, told] of pairs) {
    if (!told) continue;
    const name = typeof term === "string" ? element("dt", {}, term) : term;
    list.append(element("div", {}, name, element("dd", {}, told)));
  }
  return list;
}
