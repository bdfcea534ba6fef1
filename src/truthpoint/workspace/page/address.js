// The part of the address behind `#`: which view is meant, of what.
//
//   #/activity?filter=id:42     #/people?search=ana     #/people/42     #/requests/7

const VIEWS = { activity: "activity", people: "people", requests: "requests" };
const ONE_OF = { people: "person", requests: "request" };

// What a hash names, as `{view, name, query}`; view `unknown`: nothing that this page has.
export function read(hash) {
  const [path, query = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  const [first, ...others] = path.split("/").filter(Boolean);
  const told = { name: "", query: new URLSearchParams(query) };
  if (first === undefined) return { ...told, view: "activity" };
  if (others.length === 0) return { ...told, view: VIEWS[first] ?? "unknown" };
  if (others.length > 1) return { ...told, view: "unknown" };
  try {
    return { ...told, view: ONE_OF[first] ?? "unknown", name: decodeURIComponent(others[0]) };
  } catch {
    return { ...told, view: "unknown" };
  }
}

function splitOnce(text, mark) {
  const place = text.indexOf(mark);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== "");
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

export function activity(filter = "") {
  return withQuery("#/activity", { filter });
}

export function people(search = "", before = null) {
  return withQuery("#/people", { search, before });
}

export function requests(status = "", before = null) {
  return withQuery("#/requests", { status, before });
}

export function request(seq, item = null) {
  return withQuery(`#/requests/${seq}`, { item });
}

// A person by one identifier; the kind of it is said.
export function person(kind, value) {
  const text = kind === "cio_id" && !value.startsWith("cio_") ? `cio_${value}` : value;
  return personNamed(text, kind);
}

// A person as an address named them: by a kind of identifier, or by any (null).
export function personNamed(name, idType, before = null) {
  return withQuery(`#/people/${encodeURIComponent(name)}`, { id_type: idType, before });
}
