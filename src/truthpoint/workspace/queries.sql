-- name: begin_life
INSERT INTO life (only, life, started_at) VALUES (1, ?, ?);

-- name: life
SELECT life, started_at, people, events, requests FROM life;

-- name: count
UPDATE life SET people = people + ?, events = events + ?, requests = requests + 1;

-- name: person_by_id
SELECT person, id, email, cio_id FROM person WHERE id = ?;

-- name: person_by_email
SELECT person, id, email, cio_id FROM person WHERE email = ?;

-- name: person_by_cio_id
SELECT person, id, email, cio_id FROM person WHERE cio_id = ?;

-- name: add_person
INSERT INTO person (id, email, cio_id) VALUES (?, ?, ?);

-- name: set_id
UPDATE person SET id = ? WHERE person = ?;

-- name: set_email
UPDATE person SET email = ? WHERE person = ?;

-- name: attributes
SELECT name, value, at_s, changed_s FROM attribute WHERE person = ?;

-- name: put_attribute
INSERT INTO attribute (person, name, value, at_s, changed_s) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (person, name) DO UPDATE
SET value = excluded.value, at_s = excluded.at_s, changed_s = excluded.changed_s;

-- name: claim_event_id
INSERT INTO event (event_id) VALUES (?) ON CONFLICT (event_id) DO NOTHING;

-- name: add_activity
INSERT INTO activity (person, identifiers, type, name, at_s, processed_at, data, seq, item)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: activities
SELECT a.activity, a.identifiers, a.type, a.name, a.at_s, a.processed_at, a.data, a.seq, a.item,
  p.id, p.email, p.cio_id
FROM activity AS a LEFT JOIN person AS p ON p.person = a.person
WHERE a.activity < :start AND (:type IS NULL OR a.type = :type)
  AND (:name IS NULL OR a.name = :name) AND a.at_s >= :oldest
ORDER BY a.activity DESC LIMIT :limit;

-- name: activities_of_person
SELECT a.activity, a.identifiers, a.type, a.name, a.at_s, a.processed_at, a.data, a.seq, a.item,
  p.id, p.email, p.cio_id
FROM activity AS a LEFT JOIN person AS p ON p.person = a.person
WHERE a.person = :person AND a.activity < :start AND (:type IS NULL OR a.type = :type)
  AND (:name IS NULL OR a.name = :name) AND a.at_s >= :oldest
ORDER BY a.activity DESC LIMIT :limit;

-- name: open_request
INSERT INTO log (at, method, path, bytes, status, answered) VALUES (?, ?, ?, ?, 0, 0);

-- name: close_request
UPDATE log SET status = ?, answered = ?, fault = ? WHERE seq = ?;

-- name: add_item
INSERT INTO log_item (seq, item, body) VALUES (?, ?, ?);

-- name: item
SELECT body FROM log_item WHERE seq = ? AND item = ?;

-- name: items
SELECT body FROM log_item WHERE seq = ? ORDER BY item;

-- name: requests_after
SELECT seq, at, method, path, bytes, status, answered, fault FROM log
WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: requests_newest
SELECT seq, at, method, path, bytes, status, answered, fault FROM log
WHERE seq > ? ORDER BY seq DESC LIMIT ?;

-- name: forget_life
DELETE FROM life;

-- name: forget_people
DELETE FROM person;

-- name: forget_attributes
DELETE FROM attribute;

-- name: forget_events
DELETE FROM event;

-- name: forget_activities
DELETE FROM activity;

-- name: forget_log
DELETE FROM log;

-- name: forget_items
DELETE FROM log_item;
