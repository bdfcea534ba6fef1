-- From version 3 of the state to version 4: people without an id, links, profiles, holds, closed
-- starts, ownership, tombstones.
CREATE TABLE person_4 (
  person INTEGER PRIMARY KEY,
  canonical_id TEXT UNIQUE,
  address TEXT NOT NULL,
  standing INTEGER NOT NULL DEFAULT 0,
  identified INTEGER NOT NULL DEFAULT 0,
  refusal TEXT NOT NULL DEFAULT ''
) STRICT;

INSERT INTO person_4 SELECT person, canonical_id, json_object('id', canonical_id), standing,
  identified, refusal FROM person;
DROP TABLE person;
ALTER TABLE person_4 RENAME TO person;

ALTER TABLE operation ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE operation ADD COLUMN tie TEXT;
ALTER TABLE operation ADD COLUMN expires_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operation ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operation ADD COLUMN own INTEGER NOT NULL DEFAULT 1;

ALTER TABLE totals ADD COLUMN due_ms INTEGER;

CREATE INDEX totals_due ON totals (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX operation_tie ON operation (event, tie) WHERE tie IS NOT NULL;
CREATE INDEX operation_late ON operation (event)
  WHERE state = 2 AND event IS NOT NULL AND settled_at_ms - at_ms > 259200000;
CREATE INDEX ledger_person ON ledger (person);

-- Who has, or had, which identifier: one row for each and each person. `grade` is 0 asserted,
-- 1 inferred, 2 frozen.
CREATE TABLE link (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  person INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  until_ms INTEGER,
  PRIMARY KEY (kind, value, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX link_person ON link (person);

-- What is known of somebody's attributes and consents: one JSON object a person.
CREATE TABLE profile (
  person INTEGER PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;

-- Records that wait for their person: one row for each identifier that they carry.
CREATE TABLE hold (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  record INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, value, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX hold_record ON hold (record);
CREATE INDEX hold_until ON hold (until_ms);

-- Starts that are closed: those that happened up to `until_ms`. `tie` is what ties them to
-- their close, or a NUL and a person key for all of that person.
CREATE TABLE closing (
  event INTEGER NOT NULL,
  tie TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (event, tie)
) STRICT, WITHOUT ROWID;

-- What each source has said of each event, also of those it does not own.
CREATE TABLE said (
  source TEXT NOT NULL,
  event TEXT NOT NULL,
  count INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY (source, event)
) STRICT, WITHOUT ROWID;

-- Keyed digests of what named somebody who was erased; `person` ties those of one together.
CREATE TABLE tombstone (
  digest TEXT PRIMARY KEY,
  person INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstone_person ON tombstone (person);

-- Records whose bytes are to be forgotten.
CREATE TABLE scrub (
  record INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX person_erased ON person (person) WHERE standing = 4;

-- Profiles that were ended, and are asked for once: `identifiers` is a JSON array of [kind, value].
CREATE TABLE question (
  question INTEGER PRIMARY KEY AUTOINCREMENT,
  person INTEGER NOT NULL,
  record INTEGER NOT NULL,
  action TEXT NOT NULL,
  identifiers TEXT NOT NULL,
  due_ms INTEGER NOT NULL
) STRICT;
