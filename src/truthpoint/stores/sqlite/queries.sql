-- name: append
INSERT INTO record (source, record_id, captured_at_ms, contract, body)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (source, record_id) DO NOTHING
RETURNING record;

-- name: earlier
SELECT record, body FROM record WHERE source = ? AND record_id = ?;

-- name: records_after
SELECT record, source, record_id, captured_at_ms, contract, body
FROM record WHERE record > ? ORDER BY record LIMIT ?;

-- name: numbers_after
SELECT record FROM record WHERE record > ? ORDER BY record LIMIT ?;

-- name: record_name
SELECT source, record_id FROM record WHERE record = ?;

-- name: lift_records
UPDATE record SET record = -record WHERE record > ?;

-- name: drop_records
UPDATE record SET record = ? - record WHERE record < 0;

-- name: raise_sequence
UPDATE sqlite_sequence SET
  seq = max(?, (SELECT coalesce(max(record), 0) FROM record)) WHERE name = 'record';

-- name: add_mark
INSERT OR REPLACE INTO mark (record, digest) VALUES (?, ?);

-- name: forget_marks
DELETE FROM mark WHERE record <= ?;

-- name: forget_lost_marks
DELETE FROM mark WHERE record > ?;

-- name: marks
SELECT record, digest FROM mark ORDER BY record DESC;

-- name: last_record
SELECT coalesce(max(record), 0) FROM record;

-- name: record_from
SELECT record, captured_at_ms FROM record WHERE record >= ? ORDER BY record LIMIT 1;

-- name: record_by_number
SELECT record, source, record_id, captured_at_ms, contract, body FROM record WHERE record = ?;

-- name: count_records
SELECT count(*) FROM record;

-- name: count_records_after
SELECT count(*) FROM record WHERE record > ?;

-- name: replay_requests
SELECT record FROM replay ORDER BY request LIMIT ?;

-- name: people_by_id
SELECT p.person, p.canonical_id, p.address, p.standing, p.identified
FROM json_each(?) AS asked CROSS JOIN person AS p ON p.canonical_id = asked.value;

-- name: people_by_key
SELECT p.person, p.canonical_id, p.address, p.standing, p.identified
FROM json_each(?) AS asked CROSS JOIN person AS p ON p.person = asked.value;

-- name: links_by_identifier
SELECT l.kind, l.value, l.person, l.grade, l.from_ms, l.last_ms, l.until_ms
FROM json_each(?) AS asked CROSS JOIN link AS l
  ON l.kind = json_extract(asked.value, '$[0]') AND l.value = json_extract(asked.value, '$[1]');

-- name: links_by_person
SELECT l.kind, l.value, l.person, l.grade, l.from_ms, l.last_ms, l.until_ms
FROM json_each(?) AS asked CROSS JOIN link AS l ON l.person = asked.value;

-- name: write_link
INSERT OR REPLACE INTO link (kind, value, person, grade, from_ms, last_ms, until_ms)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: profiles_by_person
SELECT p.person, p.content
FROM json_each(?) AS asked CROSS JOIN profile AS p ON p.person = asked.value;

-- name: write_profile
INSERT OR REPLACE INTO profile (person, content) VALUES (?, ?);

-- name: ledger_by_person
SELECT l.event, l.key, l.person, l.at_ms, l.record, l.operation, l.compare, l.correlation,
  l.contributions
FROM json_each(?) AS asked CROSS JOIN ledger AS l ON l.person = asked.value;

-- name: correct_ledger
UPDATE ledger SET person = ?, at_ms = ?, record = ?, operation = ?, compare = ?, correlation = ?,
  contributions = ?
WHERE event = ? AND key = ?;

-- name: latest_start
SELECT attributes FROM operation WHERE event = ? AND tie = ? ORDER BY id DESC LIMIT 1;

-- name: write_closing
INSERT INTO closing (event, tie, until_ms) VALUES (?, ?, ?)
ON CONFLICT (event, tie) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms);

-- name: closed_until
SELECT max(until_ms) FROM closing WHERE event = ? AND tie IN (?, ?);

-- name: closings_of_person
SELECT event, until_ms FROM closing WHERE tie = ?;

-- name: forget_closings
DELETE FROM closing WHERE tie = ?;

-- name: add_hold
INSERT OR REPLACE INTO hold (kind, value, record, until_ms) VALUES (?, ?, ?, ?);

-- name: forget_hold
DELETE FROM hold WHERE record = ?;

-- name: release_by_links
INSERT INTO replay (record)
SELECT DISTINCT h.record FROM json_each(?) AS asked CROSS JOIN hold AS h
  ON h.kind = json_extract(asked.value, '$[0]') AND h.value = json_extract(asked.value, '$[1]')
WHERE true ORDER BY h.record
ON CONFLICT (record) DO NOTHING;

-- name: is_hold_due
SELECT 1 FROM hold WHERE until_ms <= ?
  AND record NOT IN (SELECT record FROM replay) LIMIT 1;

-- name: release_due
INSERT INTO replay (record) SELECT record FROM hold WHERE until_ms <= ? ORDER BY record
ON CONFLICT (record) DO NOTHING;

-- name: said
SELECT source, event, count, last_ms FROM said;

-- name: add_said
INSERT INTO said (source, event, count, last_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (source, event) DO UPDATE SET
  count = count + excluded.count, last_ms = max(last_ms, excluded.last_ms);

-- name: tombstones
SELECT DISTINCT t.digest, t.person
FROM json_each(?) AS asked CROSS JOIN tombstone AS named ON named.digest = asked.value
CROSS JOIN tombstone AS t ON t.person = named.person;

-- name: any_tombstone
SELECT 1 FROM tombstone LIMIT 1;

-- name: add_tombstone
INSERT OR REPLACE INTO tombstone (digest, person) VALUES (?, ?);

-- name: lift_tombstone
DELETE FROM tombstone WHERE digest = ?;

-- name: join_operations
UPDATE operation SET person = ? WHERE person = ?;

-- name: supersede_identifies
UPDATE operation SET address = '', barrier = 1, expires_at_ms = 1
WHERE person = ? AND action = 'identify' AND state IN (0, 3);

-- name: join_ledger
UPDATE ledger SET person = ? WHERE person = ?;

-- name: join_verdicts
UPDATE verdict SET person = ? WHERE person = ?;

-- name: forget_links
DELETE FROM link WHERE person = ?;

-- name: forget_profile
DELETE FROM profile WHERE person = ?;

-- name: forget_totals
DELETE FROM totals WHERE person = ?;

-- name: forget_person
DELETE FROM person WHERE person = ?;

-- name: set_address
UPDATE person SET address = ? WHERE person = ?;

-- name: ledger_by_key
SELECT l.key, l.person, l.at_ms, l.record, l.operation, l.compare, l.correlation, l.contributions
FROM json_each(?) AS asked CROSS JOIN ledger AS l ON l.event = ? AND l.key = asked.value;

-- name: totals_by_person
SELECT t.person, t.version, t.sent_version, t.changed_by, t.wire_at_s, t.reason, t.amounts
FROM json_each(?) AS asked CROSS JOIN totals AS t ON t.person = asked.value;

-- name: totals_overdue
SELECT person, version, sent_version, changed_by, wire_at_s, reason, amounts
FROM totals WHERE due_ms <= ? ORDER BY due_ms, person LIMIT ?;

-- name: people_after
SELECT person, canonical_id, address, standing, identified
FROM person WHERE person > ? ORDER BY person LIMIT ?;

-- name: add_event_name
INSERT INTO event (name) VALUES (?) ON CONFLICT (name) DO NOTHING;

-- name: event_names
SELECT name, event FROM event;

-- name: write_person
INSERT INTO person (person, canonical_id, address, standing, identified) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (person) DO UPDATE SET
  canonical_id = excluded.canonical_id, identified = excluded.identified,
  standing = CASE excluded.standing WHEN 4 THEN 4 ELSE standing END;

-- name: write_ledger
INSERT INTO ledger
  (event, key, person, at_ms, record, operation, compare, correlation, contributions)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: write_operation
INSERT INTO operation
  (id, person, record, lane, action, event, name, event_id, at_ms, barrier, address, tie,
   expires_at_ms, not_before_ms, own, attributes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: write_totals
INSERT INTO totals (person, version, changed_by, wire_at_s, due_ms, amounts)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (person) DO UPDATE SET
  version = excluded.version, changed_by = excluded.changed_by,
  wire_at_s = max(wire_at_s, excluded.wire_at_s), due_ms = excluded.due_ms,
  amounts = excluded.amounts;

-- name: add_scrub
INSERT OR IGNORE INTO scrub (record) VALUES (?);

-- name: write_verdict
INSERT INTO verdict (record, outcome, reason, event, person, key) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (record) DO UPDATE SET
  outcome = excluded.outcome, reason = excluded.reason, event = excluded.event,
  person = excluded.person, key = excluded.key;

-- name: write_findings
INSERT INTO finding (record, findings) VALUES (?, ?)
ON CONFLICT (record) DO UPDATE SET
  findings = rtrim(findings, ']') || ',' || ltrim(excluded.findings, '[');

-- name: forget_replay
DELETE FROM replay WHERE record = ?;

-- name: forget_verdict
DELETE FROM verdict WHERE record = ?;

-- name: forget_findings
DELETE FROM finding WHERE record = ?;

-- name: get_meta
SELECT value FROM meta WHERE name = ?;

-- name: set_meta
INSERT INTO meta (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: due
SELECT q.person, q.head, q.critical_until, q.failures, p.canonical_id, p.standing, p.refusal,
  p.address, t.version, t.sent_version, t.changed_by, t.wire_at_s, t.reason, t.amounts
FROM queue AS q CROSS JOIN person AS p ON p.person = q.person
LEFT JOIN totals AS t ON t.person = q.person
WHERE q.away = 0 AND q.lane BETWEEN ? AND ? AND q.lane <> ?
  AND q.not_before_ms NOT BETWEEN ? AND ?
ORDER BY q.lane, q.head LIMIT ?;

-- name: first_operations
SELECT o.id, o.person, o.record, o.lane, o.action, o.event, o.name, o.event_id, o.at_ms,
  o.attributes, o.barrier, o.attempts, o.address, o.tie, o.expires_at_ms, o.not_before_ms, o.own
FROM json_each(?) AS asked CROSS JOIN operation AS o
  ON o.person = CAST(asked.key AS INTEGER) AND o.id >= asked.value AND o.state = 0
LIMIT ?;

-- name: ready_operations
SELECT id, person, record, lane, action, event, name, event_id, at_ms, attributes, barrier,
  attempts, address, tie, expires_at_ms, not_before_ms, own
FROM operation WHERE person = ? AND id >= ? AND state = 0 ORDER BY id LIMIT ?;

-- name: write_queue
INSERT INTO queue (person, lane, head, critical_until, only_totals, away)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (person) DO UPDATE SET
  lane = min(lane, excluded.lane),
  head = CASE
    WHEN only_totals THEN excluded.head
    WHEN excluded.only_totals THEN head
    ELSE min(head, excluded.head) END,
  critical_until = max(critical_until, excluded.critical_until),
  only_totals = min(only_totals, excluded.only_totals),
  away = CASE away WHEN 1 THEN 1 ELSE excluded.away END;

-- name: hide
UPDATE queue SET away = 1 WHERE person = ?;

-- name: set_aside
UPDATE queue SET away = 2 WHERE person = ?;

-- name: bring_back
UPDATE queue SET away = 0 WHERE away = 2;

-- name: pauses
SELECT kind, name, since_ms FROM pause ORDER BY pause;

-- name: paused_people
SELECT p.person FROM pause AS s CROSS JOIN person AS p ON p.canonical_id = s.name
WHERE s.kind = 'person'
UNION SELECT l.person FROM pause AS s CROSS JOIN link AS l ON l.kind = 'id' AND l.value = s.name
WHERE s.kind = 'person';

-- name: add_pause
INSERT INTO pause (kind, name, since_ms) VALUES (?, ?, ?) ON CONFLICT (kind, name) DO NOTHING;

-- name: lift_pause
DELETE FROM pause WHERE kind = ? AND name = ?;

-- name: show
UPDATE queue SET away = 0 WHERE away = 1;

-- name: put_queue
INSERT OR REPLACE INTO queue
  (person, lane, head, critical_until, only_totals, away, not_before_ms, failures)
VALUES (?, ?, ?, ?, ?, 0, ?, ?);

-- name: leave_queue
DELETE FROM queue WHERE person = ?;

-- name: add_lease
INSERT INTO lease (turns) VALUES (?);

-- name: change_lease
UPDATE lease SET turns = ? WHERE lease = ?;

-- name: end_lease
DELETE FROM lease WHERE lease = ?;

-- name: leases
SELECT lease, turns FROM lease;

-- name: end_operation
UPDATE operation SET state = ?, reason = ?, settled_at_ms = ?, attempts = attempts + ?
WHERE id = ? AND state = 0;

-- name: move_operation
UPDATE operation SET state = ?, reason = ?, settled_at_ms = ? WHERE id = ? AND state = ?;

-- name: count_attempt
UPDATE operation SET attempts = attempts + 1 WHERE id = ? AND state = 0;

-- name: tell_totals_again
UPDATE totals SET version = max(version, sent_version) + 1, changed_by = max(changed_by, ?)
WHERE person = ?;

-- name: settle_totals
UPDATE totals SET sent_version = max(sent_version, ?), wire_at_s = max(wire_at_s, ?),
  reason = coalesce(?, reason)
WHERE person = ?;

-- name: standing_in_line
WITH line AS MATERIALIZED (
  SELECT p.person AS person, p.standing AS standing, t.version AS version,
    t.sent_version AS sent_version, t.changed_by AS changed_by, q.person IS NOT NULL AS stands,
    max(coalesce(q.critical_until, 0), json_extract(asked.value, '$[2]')) AS before,
    (SELECT o.id FROM operation AS o
     WHERE o.person = p.person AND o.state = 0
       AND o.id >= min(json_extract(asked.value, '$[1]'), coalesce(q.head, 9223372036854775807))
     ORDER BY o.id LIMIT 1) AS head
  FROM json_each(?) AS asked
  CROSS JOIN person AS p ON p.person = json_extract(asked.value, '$[0]')
  LEFT JOIN totals AS t ON t.person = p.person
  LEFT JOIN queue AS q ON q.person = p.person)
SELECT person, standing, version, sent_version, changed_by, stands, head,
  CASE WHEN before < head THEN 0 ELSE coalesce(
    (SELECT o.id FROM operation AS o
     WHERE o.person = line.person AND o.id BETWEEN line.head AND line.before
       AND o.state = 0 AND o.lane = 0
     ORDER BY o.id DESC LIMIT 1), 0) END
FROM line;

-- name: count_open
WITH heads (person, head) AS (
  SELECT person, min(head) FROM (
    SELECT person, head FROM queue WHERE NOT only_totals
    UNION ALL
    SELECT json_extract(t.value, '$[0]'), json_extract(t.value, '$[3]')
    FROM lease AS l, json_each(l.turns) AS t)
  GROUP BY person)
SELECT count(*) FROM heads AS h
CROSS JOIN operation AS o ON o.person = h.person AND o.id >= h.head AND o.state = 0;

-- name: count_leased
SELECT coalesce(sum(json_array_length(t.value, '$[1]')), 0)
FROM lease AS l, json_each(l.turns) AS t;

-- name: oldest_open
SELECT o.at_ms FROM (
  SELECT head FROM queue WHERE NOT only_totals
  UNION ALL
  SELECT json_extract(t.value, '$[3]') FROM lease AS l, json_each(l.turns) AS t) AS h
CROSS JOIN operation AS o ON o.id = h.head AND o.state = 0
ORDER BY o.id LIMIT 1;

-- name: due_person
SELECT q.person, q.head, q.critical_until, q.failures, p.canonical_id, p.standing, p.refusal,
  p.address, t.version, t.sent_version, t.changed_by, t.wire_at_s, t.reason, t.amounts
FROM queue AS q CROSS JOIN person AS p ON p.person = q.person
LEFT JOIN totals AS t ON t.person = q.person
WHERE q.person = ?;

-- name: held_by_another
SELECT 1 FROM link
WHERE kind = ? AND value = ? AND person <> ? AND grade = 0 AND until_ms IS NULL LIMIT 1;

-- name: set_standing
UPDATE person SET standing = ?, refusal = ? WHERE person = ? AND standing <> 4;

-- name: standing
SELECT standing FROM person WHERE person = ?;

-- name: next_due
SELECT min(not_before_ms) FROM queue WHERE not_before_ms > 0 AND away = 0;

-- name: next_due_unpaused
SELECT min(q.not_before_ms) FROM queue AS q
WHERE q.not_before_ms > 0 AND q.away = 0 AND q.lane BETWEEN ? AND ? AND q.lane <> ?
  AND q.person NOT IN (
    SELECT p.person FROM pause AS s CROSS JOIN person AS p ON p.canonical_id = s.name
    WHERE s.kind = 'person'
    UNION SELECT l.person FROM pause AS s CROSS JOIN link AS l
      ON l.kind = 'id' AND l.value = s.name
    WHERE s.kind = 'person')
  AND NOT EXISTS (
    SELECT 1 FROM pause AS s CROSS JOIN event AS e ON e.name = s.name
    WHERE s.kind = 'event' AND e.event = (
      SELECT o.event FROM operation AS o
      WHERE o.person = q.person AND o.id >= q.head AND o.state = 0 ORDER BY o.id LIMIT 1));

-- name: lanes
WITH line (person, head) AS (
  SELECT person, min(head) FROM (
    SELECT person, head FROM queue WHERE NOT only_totals
    UNION ALL
    SELECT json_extract(t.value, '$[0]'), json_extract(t.value, '$[3]')
    FROM lease AS l, json_each(l.turns) AS t)
  GROUP BY person),
standing (lane, first) AS (
  SELECT min(o.lane), min(o.id) FROM line CROSS JOIN operation AS o
    ON o.person = line.person AND o.id >= line.head AND o.state = 0
  GROUP BY line.person)
SELECT lane, count(*), min(first) FROM standing GROUP BY lane;

-- name: record_of_operation
SELECT record, at_ms FROM operation WHERE id = ?;

-- name: count_verdicts
SELECT outcome, reason, count(*) FROM verdict
WHERE record NOT IN (SELECT record FROM replay) GROUP BY outcome, reason;

-- name: count_replays
SELECT count(*) FROM replay;

-- name: count_people
SELECT count(*),
  count(CASE WHEN canonical_id IS NULL AND substr(address, 1, 9) = '{"email":' THEN 1 END),
  count(CASE WHEN canonical_id IS NULL AND substr(address, 1, 16) = '{"anonymous_id":' THEN 1 END)
FROM person WHERE standing <> 4;

-- name: count_not_owned
SELECT e.name, count(*) FROM verdict AS v CROSS JOIN event AS e ON e.event = v.event
WHERE v.outcome = 'withheld' AND v.reason = 'not_owner' GROUP BY v.event ORDER BY e.name;

-- name: count_withheld
SELECT reason, count(*) FROM operation WHERE state = 4 AND state >= 3
GROUP BY reason ORDER BY reason;

-- name: count_late
SELECT e.name, count(*) FROM operation AS o CROSS JOIN event AS e ON e.event = o.event
WHERE o.state = 2 AND o.event IS NOT NULL AND o.settled_at_ms - o.at_ms > 259200000
GROUP BY o.event ORDER BY e.name;

-- name: count_ended
SELECT state, count(*) FROM operation WHERE state >= 3 GROUP BY state;

-- name: person_by_id
SELECT person, canonical_id, address, standing, identified FROM person WHERE canonical_id = ?;

-- name: links_by_value
WITH RECURSIVE kinds (kind) AS (
  SELECT min(kind) FROM link
  UNION ALL
  SELECT (SELECT min(l.kind) FROM link AS l WHERE l.kind > kinds.kind) FROM kinds
  WHERE kinds.kind IS NOT NULL)
SELECT l.kind, l.value, l.person, l.grade, l.from_ms, l.last_ms, l.until_ms
FROM kinds CROSS JOIN json_each(?) AS asked CROSS JOIN link AS l
  ON l.kind = kinds.kind AND l.value = asked.value;

-- name: held_by_value
SELECT DISTINCT record FROM hold
WHERE value IN (SELECT value FROM json_each(?)) AND record NOT IN (SELECT record FROM replay)
ORDER BY record LIMIT ?;

-- name: hold_of_record
SELECT kind, until_ms FROM hold WHERE record = ? ORDER BY kind;

-- name: operations_of_person
SELECT record FROM operation WHERE person = ? ORDER BY id DESC LIMIT ?;

-- name: verdicts_of_person
SELECT record FROM verdict WHERE person = ? ORDER BY record DESC LIMIT ?;

-- name: claims_by_first
SELECT record FROM ledger WHERE event = ? AND key >= ? AND key < ? ORDER BY record DESC LIMIT ?;

-- name: claims_by_later
SELECT record FROM ledger AS l WHERE event = ? AND instr(key, ?) > 0
  AND EXISTS (SELECT 1 FROM json_each(l.key) AS part WHERE part.value = ?)
ORDER BY record DESC LIMIT ?;

-- name: repeats_by_first
SELECT record FROM verdict WHERE event = ? AND key >= ? AND key < ? AND key <> ''
ORDER BY record DESC LIMIT ?;

-- name: repeats_by_later
SELECT record FROM verdict AS v WHERE event = ? AND key <> '' AND instr(key, ?) > 0
  AND EXISTS (SELECT 1 FROM json_each(v.key) AS part WHERE part.value = ?)
ORDER BY record DESC LIMIT ?;

-- name: operations_of_event
SELECT record FROM operation WHERE event = ? ORDER BY id DESC LIMIT ?;

-- name: latest_operations
SELECT record FROM operation WHERE event IS NOT NULL ORDER BY id DESC LIMIT ?;

-- name: verdicts_of_event
SELECT record FROM verdict WHERE event = ? ORDER BY record DESC LIMIT ?;

-- name: latest_verdicts
SELECT record FROM verdict WHERE event IS NOT NULL ORDER BY record DESC LIMIT ?;

-- name: quarantined
SELECT record FROM verdict
WHERE outcome = 'quarantined' AND record NOT IN (SELECT record FROM replay)
ORDER BY record LIMIT ?;

-- name: held
SELECT record FROM verdict
WHERE outcome = 'held' AND record NOT IN (SELECT record FROM replay)
ORDER BY record LIMIT ?;

-- name: dead
SELECT id, record FROM operation WHERE state = 3 AND state >= 3 ORDER BY id LIMIT ?;

-- name: operation_by_id
SELECT o.id, o.action, e.name, o.event_id, o.at_ms, o.state, o.attempts, o.settled_at_ms, o.reason
FROM operation AS o LEFT JOIN event AS e ON e.event = o.event WHERE o.id = ?;

-- name: story_of_operation
SELECT person, event, tie, expires_at_ms, not_before_ms FROM operation WHERE id = ?;

-- name: claims_of_person
SELECT l.record, e.name, l.key FROM ledger AS l CROSS JOIN event AS e ON e.event = l.event
WHERE l.person = ?;

-- name: key_of_verdict
SELECT key FROM verdict WHERE record = ? AND key <> '';

-- name: closer
SELECT o.record, e.name
FROM ledger AS l CROSS JOIN operation AS o ON o.id = l.operation
CROSS JOIN event AS e ON e.event = o.event
WHERE l.person = ? AND l.correlation IS ? AND o.event <> ? AND o.barrier
  AND l.at_ms BETWEEN ? AND (SELECT until_ms FROM closing WHERE event = ? AND tie = ?)
ORDER BY o.expires_at_ms > 0, l.at_ms DESC LIMIT 1;

-- name: closes
SELECT 1 FROM (
  SELECT o.barrier, o.expires_at_ms FROM event AS e CROSS JOIN operation AS o ON o.event = e.event
  WHERE e.name = ? ORDER BY o.id DESC LIMIT 1)
WHERE barrier AND expires_at_ms = 0;

-- name: operation_of_record
SELECT o.id, o.action, e.name, o.event_id, o.at_ms, o.state, o.attempts, o.settled_at_ms, o.reason
FROM operation AS o LEFT JOIN event AS e ON e.event = o.event WHERE o.record = ? AND o.own;

-- name: verdict_of_record
SELECT v.outcome, v.reason, e.name FROM verdict AS v
LEFT JOIN event AS e ON e.event = v.event WHERE v.record = ?;

-- name: repeated_by_record
SELECT l.record, p.canonical_id FROM verdict AS v
CROSS JOIN ledger AS l ON l.event = v.event AND l.key = v.key
CROSS JOIN person AS p ON p.person = l.person
WHERE v.record = ? AND v.key <> '';

-- name: findings_of_record
SELECT findings FROM finding WHERE record = ?;

-- name: is_replayed
SELECT 1 FROM replay WHERE record = ?;

-- name: ask_replay
INSERT INTO replay (record) VALUES (?) ON CONFLICT (record) DO NOTHING;

-- name: dead_operations
SELECT id, person, lane, reason, action, address FROM operation
WHERE record = ? AND state = 3 ORDER BY id;

-- name: dead_without_identify
SELECT record FROM operation
WHERE person = ? AND state = 3
    AND (reason = 'no_identify' OR instr(reason, 'no_identify: ') = 1);

-- name: discard_verdict
UPDATE verdict SET outcome = 'withheld', reason = 'discarded'
WHERE record = ? AND outcome = ?;
