// Lists that follow what they show: a row whose entry is as before stays the element it was,
// so that what is opened stays open and what has the focus keeps it.

const known = new WeakMap(); // Of each list: key to what was shown, and its row.

// Shows `entries` in a list, in their order. `keyOf` tells which entry is which, `make` makes
// the row of a new or changed one.
export function show(list, entries, keyOf, make) {
  const before = known.get(list) ?? new Map();
  const after = new Map();
  let place = list.firstElementChild;
  for (const entry of entries) {
    const key = keyOf(entry);
    const said = JSON.stringify(entry);
    const old = before.get(key);
    const row = old?.said === said ? old.row : make(entry);
    after.set(key, { said, row });
    if (row === place) place = place.nextElementSibling;
    else list.insertBefore(row, place);
  }
  known.set(list, after);
  const kept = new Set([...after.values()].map(({ row }) => row));
  for (const row of [...list.children]) if (!kept.has(row)) row.remove();
}
