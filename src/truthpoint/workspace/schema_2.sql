-- What version 2 adds to version 1; a file of version 1 gets it when it is opened.
-- `body` is JSON: what is known of the device, its token aside.
CREATE TABLE device (
  person INTEGER NOT NULL,
  token TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (person, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_token ON device (token);
-- Identifiers that are blocked; those of one person share a number.
CREATE TABLE suppressed (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  together INTEGER NOT NULL,
  PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
-- Events of nobody yet. Their data is that of log item (`seq`, `item`).
CREATE TABLE anonymous (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  anonymous_id TEXT NOT NULL,
  type TEXT NOT NULL,
  name TEXT,
  at_s INTEGER NOT NULL,
  received_at REAL NOT NULL,
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL
) STRICT;
CREATE INDEX anonymous_by_id ON anonymous (anonymous_id);
-- Whose an anonymous id is, and until when its events are theirs as they come.
CREATE TABLE anonymous_owner (
  anonymous_id TEXT PRIMARY KEY,
  person INTEGER NOT NULL,
  until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX anonymous_owner_by_person ON anonymous_owner (person);
-- At most one row: how the clock differs from the machine's; `standing_at`: it stands still.
CREATE TABLE clock (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  ahead_seconds REAL NOT NULL,
  standing_at REAL
) STRICT;
-- Requests that are answered and not yet applied; `refused` is JSON: items the answer refused.
CREATE TABLE waiting (
  seq INTEGER PRIMARY KEY,
  due_at REAL NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  body BLOB NOT NULL,
  refused TEXT NOT NULL
) STRICT
