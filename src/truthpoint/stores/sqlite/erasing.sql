-- name: people_being_erased
SELECT person FROM person WHERE standing = 4 AND address <> '{"erased":"' || person || '"}';

-- name: is_being_erased
SELECT canonical_id FROM person
WHERE person = ? AND standing = 4 AND address <> '{"erased":"' || person || '"}';

-- name: is_unanswered
SELECT 1 FROM operation
WHERE person = ? AND (state = 0 OR (state = 3 AND action IN ('suppress', 'delete'))) LIMIT 1;

-- name: is_leased
SELECT 1 FROM lease AS l, json_each(l.turns) AS t WHERE json_extract(t.value, '$[0]') = ? LIMIT 1;

-- name: what_erased
SELECT record, action, address FROM operation
WHERE person = ? AND action IN ('suppress', 'delete') ORDER BY id;

-- name: scrub_records_of_person
INSERT OR IGNORE INTO scrub (record)
SELECT record FROM operation WHERE person = ?1 AND action NOT IN ('suppress', 'delete')
UNION SELECT record FROM verdict WHERE person = ?1;

-- name: forget_findings_of_person
DELETE FROM finding WHERE record IN (
  SELECT record FROM operation WHERE person = ?1 AND action NOT IN ('suppress', 'delete')
  UNION SELECT record FROM verdict WHERE person = ?1);

-- name: forget_holds_to_scrub
DELETE FROM hold WHERE record IN (SELECT record FROM scrub);

-- name: forget_replays_to_scrub
DELETE FROM replay WHERE record IN (SELECT record FROM scrub);

-- name: withhold_dead_of_person
UPDATE operation SET state = 4, reason = 'erased' WHERE person = ? AND state = 3;

-- name: blank_operations
UPDATE operation SET attributes = CAST('{}' AS BLOB), address = '', tie = NULL,
  reason = CASE instr(reason, ?) WHEN 0 THEN reason ELSE '' END
WHERE person = ?;

-- name: blank_ledger
UPDATE ledger SET contributions = '{}' WHERE person = ?;

-- name: blank_person
UPDATE person SET canonical_id = NULL, address = ?, refusal = '', identified = 0 WHERE person = ?;

-- name: forget_pause_of
DELETE FROM pause WHERE kind = 'person' AND (
  name = (SELECT canonical_id FROM person WHERE person = ?1)
  OR name IN (SELECT value FROM link WHERE person = ?1 AND kind = 'id'));

-- name: identifiers_held
SELECT DISTINCT kind, value FROM hold;

-- name: tombs
SELECT DISTINCT t.person FROM json_each(?) AS asked CROSS JOIN tombstone AS t
  ON t.digest = asked.value ORDER BY t.person;

-- name: unite_tombs
UPDATE tombstone SET person = ? WHERE person = ?;

-- name: add_question
INSERT INTO question (person, record, action, identifiers, due_ms) VALUES (?, ?, ?, ?, ?);

-- name: questions
SELECT question, person, record, action, identifiers, due_ms FROM question
WHERE due_ms <= ? ORDER BY due_ms, question;

-- name: next_question
SELECT min(due_ms) FROM question;

-- name: forget_question
DELETE FROM question WHERE question = ?;

-- name: forget_questions_of
DELETE FROM question WHERE person = ?;

-- name: to_scrub
SELECT record FROM scrub ORDER BY record LIMIT ?;

-- name: is_to_scrub
SELECT 1 FROM scrub WHERE record = ?;

-- name: scrubbed
DELETE FROM scrub WHERE record = ?;

-- name: empty_body
UPDATE record SET body = x'' WHERE record = ? AND body <> x'';

-- name: expire_records
INSERT OR IGNORE INTO scrub (record) SELECT record FROM verdict
WHERE record > ? AND record <= ? AND person IS NULL AND outcome <> 'held' AND reason <> 'erased'
  AND record NOT IN (SELECT record FROM replay);
