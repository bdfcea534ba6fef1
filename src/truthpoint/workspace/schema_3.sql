-- What version 3 adds to version 2: who asked, how long it took, and what was sent and answered.
ALTER TABLE log ADD COLUMN query TEXT NOT NULL DEFAULT '';
ALTER TABLE log ADD COLUMN client TEXT NOT NULL DEFAULT '';
-- Null: not measured.
ALTER TABLE log ADD COLUMN took_ms REAL;
ALTER TABLE log ADD COLUMN item_count INTEGER NOT NULL DEFAULT 0;
UPDATE log SET item_count = (SELECT count(*) FROM log_item WHERE log_item.seq = log.seq);
CREATE INDEX log_failed ON log (seq) WHERE status NOT BETWEEN 200 AND 206 OR answered = 0;
CREATE INDEX log_by_status ON log (status, seq) WHERE status <> 200;
-- Bodies of the newest requests. `until_bytes` counts from the first body ever kept to the end
-- of this one, so that the oldest can be let go by their size.
CREATE TABLE log_body (
  seq INTEGER PRIMARY KEY,
  until_bytes INTEGER NOT NULL,
  answer_headers TEXT NOT NULL,
  answer BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT
