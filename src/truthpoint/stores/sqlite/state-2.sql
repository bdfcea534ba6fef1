-- From version 1 of the state to version 2: pauses.
INSERT INTO meta VALUES ('pause_revision', 0);

CREATE TABLE pause (
  pause INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  UNIQUE (kind, name)
) STRICT;
