-- State and outbox: written by the worker, and by an operator's replay and discard.

-- Single values: `lease`, `position`, `next_person`, `next_operation`, `binding`, `rollups`,
-- `pause_revision`, `pace`, `secret`; `expired` is the record up to which bytes that name nobody
-- are forgotten, `expired_records` how many that were; `untidy` is 1 while pages of the files may
-- hold something that was forgotten.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('lease', 0), ('position', 0), ('next_person', 1), ('next_operation', 1),
  ('pause_revision', 0);

-- The last record of each decision, to notice a journal that was set back.
CREATE TABLE mark (
  record INTEGER PRIMARY KEY,
  digest BLOB NOT NULL
) STRICT;

-- `address` is the `identifiers` by which Customer.io knows them, as JSON; `refusal` is why the
-- last identify of our making was refused for good.
CREATE TABLE person (
  person INTEGER PRIMARY KEY,
  canonical_id TEXT UNIQUE,
  address TEXT NOT NULL,
  standing INTEGER NOT NULL DEFAULT 0,
  identified INTEGER NOT NULL DEFAULT 0,
  refusal TEXT NOT NULL DEFAULT ''
) STRICT;

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

-- Names of events, so that the rows of the ledger stay compact.
CREATE TABLE event (
  event INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- The ledger grows for ever: clustered by event and natural key.
CREATE TABLE ledger (
  event INTEGER NOT NULL,
  key TEXT NOT NULL,
  person INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  record INTEGER NOT NULL,
  operation INTEGER NOT NULL,
  compare BLOB NOT NULL,
  correlation TEXT,
  contributions TEXT NOT NULL,
  PRIMARY KEY (event, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_person ON ledger (person);

CREATE TABLE operation (
  id INTEGER PRIMARY KEY,
  person INTEGER NOT NULL,
  record INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  action TEXT NOT NULL,
  event INTEGER,
  name TEXT NOT NULL,
  event_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  barrier INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  settled_at_ms INTEGER,
  reason TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT '',
  tie TEXT,
  expires_at_ms INTEGER NOT NULL DEFAULT 0,
  not_before_ms INTEGER NOT NULL DEFAULT 0,
  own INTEGER NOT NULL DEFAULT 1,
  attributes BLOB NOT NULL
) STRICT;

CREATE INDEX operation_person ON operation (person, id);
CREATE INDEX operation_record ON operation (record);
CREATE INDEX operation_event ON operation (event, id) WHERE event IS NOT NULL;
CREATE INDEX operation_tie ON operation (event, tie) WHERE tie IS NOT NULL;
CREATE INDEX operation_late ON operation (event)
  WHERE state = 2 AND event IS NOT NULL AND settled_at_ms - at_ms > 259200000;
CREATE INDEX operation_ended ON operation (state, id) WHERE state >= 3;

-- Who waits with something to send: one row a person. `head` is their first open operation,
-- or, where `only_totals` wait, the one that changed these last; `critical_until` is their
-- last critical operation that is open, 0 without one. Whoever is away has no row, or one
-- that says what came meanwhile (`away` is 1). `failures` are those of their turns in a row. Whom a pause holds is set aside (`away` is 2)
-- by the lease that finds it, so that leasing looks past them, until a pause is lifted.
CREATE TABLE queue (
  person INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  head INTEGER NOT NULL,
  critical_until INTEGER NOT NULL DEFAULT 0,
  only_totals INTEGER NOT NULL DEFAULT 0,
  away INTEGER NOT NULL DEFAULT 0,
  not_before_ms INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX queue_due ON queue (lane, head) WHERE away = 0;
CREATE INDEX queue_postponed ON queue (not_before_ms) WHERE not_before_ms > 0;

-- What is on its way: one row a lease, until the last of its turns is settled. `turns` is a
-- JSON array of [person, [operations], time of the totals or 0, head]. A leased operation is
-- still 0 (ready) in its own row: that it is leased, this says.
CREATE TABLE lease (
  lease INTEGER PRIMARY KEY,
  turns TEXT NOT NULL
) STRICT;

-- Totals are a slot a person: the latest value counts. `due_ms` is when the first of what waits
-- in them waits no longer.
CREATE TABLE totals (
  person INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  sent_version INTEGER NOT NULL DEFAULT 0,
  changed_by INTEGER NOT NULL,
  wire_at_s INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  due_ms INTEGER,
  amounts TEXT NOT NULL
) STRICT;

CREATE INDEX totals_due ON totals (due_ms) WHERE due_ms IS NOT NULL;

-- Outcomes of records without an operation of their own.
CREATE TABLE verdict (
  record INTEGER PRIMARY KEY,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  event INTEGER,
  person INTEGER,
  key TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX verdict_person ON verdict (person) WHERE person IS NOT NULL;
CREATE INDEX verdict_key ON verdict (event, key) WHERE key <> '';
CREATE INDEX verdict_event ON verdict (event, record);
CREATE INDEX verdict_outcome ON verdict (outcome, reason, record);

CREATE TABLE finding (
  record INTEGER PRIMARY KEY,
  findings TEXT NOT NULL
) STRICT;

-- Quarantined records that an operator wants decided again, in the order of asking.
CREATE TABLE replay (
  request INTEGER PRIMARY KEY AUTOINCREMENT,
  record INTEGER NOT NULL UNIQUE
) STRICT;

-- What an operator has paused: `kind` is all, lane, event or person, `name` which one.
CREATE TABLE pause (
  pause INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  UNIQUE (kind, name)
) STRICT;
