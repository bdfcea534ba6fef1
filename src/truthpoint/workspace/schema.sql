-- One row: which life of the workspace this is, and its counts.
CREATE TABLE life (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  life INTEGER NOT NULL,
  started_at REAL NOT NULL,
  people INTEGER NOT NULL DEFAULT 0,
  events INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE person (
  person INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT UNIQUE,
  email TEXT UNIQUE,
  cio_id TEXT NOT NULL UNIQUE
) STRICT;
-- `value` is JSON; null: removed at `at_s`, remembered so that older news does not bring it back.
CREATE TABLE attribute (
  person INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT,
  at_s INTEGER NOT NULL,
  changed_s INTEGER NOT NULL,
  PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
-- Ids of events ever applied in this life.
CREATE TABLE event (event_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
-- `data` is JSON; null: the attributes of log item (`seq`, `item`).
CREATE TABLE activity (
  activity INTEGER PRIMARY KEY AUTOINCREMENT,
  person INTEGER,
  identifiers TEXT,
  type TEXT NOT NULL,
  name TEXT,
  at_s INTEGER NOT NULL,
  processed_at REAL NOT NULL,
  data TEXT,
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL
) STRICT;
CREATE INDEX activity_by_person ON activity (person);
CREATE TABLE log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  status INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  fault TEXT
) STRICT;
CREATE TABLE log_item (
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (seq, item)
) STRICT;
