// Questions to the workspace. Each of them is one request, and none waits for ever.

import { parse } from "./words.js";

const PATIENCE_MS = 10_000;

// Why there is no answer to use: the status answered instead; null: nothing was answered.
export class Unanswered extends Error {
  constructor(status) {
    super("the workspace did not answer");
    this.status = status;
  }
}

// What a path of the control API answers; of a 404, its errors. Parameters that are null are
// left out.
export async function ask(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null);
  let status = null;
  try {
    const response = await fetch(`${path}?${new URLSearchParams(given)}`, {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.ok || response.status === 404) return parse(await response.text());
    status = response.status;
  } catch {
    // The network's reasons differ from browser to browser; what to do is the same.
  }
  throw new Unanswered(status);
}
