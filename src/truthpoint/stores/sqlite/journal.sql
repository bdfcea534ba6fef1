-- The journal: what was accepted, append-only. Numbers never restart, also after pruning.
CREATE TABLE record (
  record INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  record_id TEXT NOT NULL,
  captured_at_ms INTEGER NOT NULL,
  contract TEXT NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (source, record_id)
) STRICT;
