// Follows what is told of one address: reads it once, and again after something happened.
//
// At each look one request is made: either for the counts, or for one of the readings.

import { ask } from "./asking.js";

export class Follower {
  #readings = [];
  #waiting = [];
  #mark = null; // The counts when the reading began that is shown.
  #listed = 0;
  #isFirst = true;
  #turn = 0;

  // Begins with another address. A reading is `{path, query, show}`; when `show` returns false
  // there is nothing for the readings behind it.
  begin(...readings) {
    this.#readings = readings;
    this.#waiting = [...readings];
    this.#mark = null;
    this.#isFirst = true;
    this.#turn += 1;
  }

  // Makes one request; returns what it told, how many requests there were when what is shown
  // was read, and whether more is to be read at once. A held page reads nothing anew.
  async look(isHeld) {
    const turn = this.#turn;
    if (this.#waiting.length === 0 || (isHeld && !this.#isFirst)) return this.#count();
    const reading = this.#waiting[0];
    const answer = await ask(reading.path, reading.query);
    if (turn !== this.#turn) return { answer, listed: this.#listed, isMore: true };
    if (this.#waiting.length === this.#readings.length && answer.life !== undefined) {
      this.#keep(answer);
    }
    this.#waiting.shift();
    if (reading.show(answer) === false) this.#waiting = [];
    const isMore = this.#isFirst && this.#waiting.length > 0;
    this.#isFirst = isMore;
    return { answer, listed: this.#listed, isMore };
  }

  async #count() {
    const turn = this.#turn;
    const answer = await ask("/local/requests", { limit: 1 });
    const isOther = markOf(answer) !== this.#mark;
    // What waits is read at the next looks; until then the mark stays that of what is shown.
    if (turn === this.#turn && isOther && this.#waiting.length === 0) {
      this.#waiting = [...this.#readings];
      // A reading that answers 404 tells no counts.
      this.#mark = markOf(answer);
    }
    return { answer, listed: this.#listed, isMore: false };
  }

  #keep(answer) {
    this.#mark = markOf(answer);
    this.#listed = answer.requests;
  }
}

function markOf({ life, people, events, requests }) {
  return JSON.stringify([life, people, events, requests]);
}
