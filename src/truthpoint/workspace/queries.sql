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
-- As if it went well, until it is closed in the same transaction: no index changes twice.
INSERT INTO log (at, method, path, query, client, bytes, status, answered)
VALUES (?, ?, ?, ?, ?, ?, 200, 1);

-- name: close_request
UPDATE log SET status = ?, answered = ?, fault = ?, item_count = ?, took_ms = ? WHERE seq = ?;

-- name: bytes_kept
SELECT until_bytes FROM log_body ORDER BY seq DESC LIMIT 1;

-- name: keep_body
INSERT INTO log_body (seq, until_bytes, answer_headers, answer, body) VALUES (?, ?, ?, ?, ?);

-- name: oldest_body
SELECT seq, until_bytes FROM log_body ORDER BY seq LIMIT 1;

-- name: drop_body
DELETE FROM log_body WHERE seq = ?;

-- name: add_item
INSERT INTO log_item (seq, item, body) VALUES (?, ?, ?);

-- name: item
SELECT body FROM log_item WHERE seq = ? AND item = ?;

-- name: items
SELECT body FROM log_item WHERE seq = ? ORDER BY item;

-- name: requests_after
SELECT seq, at, method, path, bytes, status, answered, fault, item_count FROM log
WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: requests_newest
SELECT seq, at, method, path, bytes, status, answered, fault, item_count FROM log
WHERE seq > ? ORDER BY seq DESC LIMIT ?;

-- name: requests_before
SELECT seq, at, method, path, bytes, status, answered, fault, item_count, took_ms, client FROM log
WHERE seq < ? ORDER BY seq DESC LIMIT ?;

-- name: failures_before
SELECT seq, at, method, path, bytes, status, answered, fault, item_count, took_ms, client FROM log
WHERE (status NOT BETWEEN 200 AND 206 OR answered = 0) AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: requests_of_200_before
SELECT seq, at, method, path, bytes, status, answered, fault, item_count, took_ms, client FROM log
WHERE status = 200 AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: requests_of_status_before
SELECT seq, at, method, path, bytes, status, answered, fault, item_count, took_ms, client FROM log
WHERE status = ? AND status <> 200 AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: request
SELECT seq, at, method, path, bytes, status, answered, fault, item_count, took_ms, client FROM log
WHERE seq = ?;

-- name: query_of_request
SELECT query FROM log WHERE seq = ?;

-- name: request_beside
SELECT (SELECT max(seq) FROM log WHERE seq < :seq), (SELECT min(seq) FROM log WHERE seq > :seq);

-- name: body
SELECT answer_headers, answer, body FROM log_body WHERE seq = ?;

-- name: items_newest
SELECT body FROM log_item WHERE seq = ? ORDER BY item DESC LIMIT ?;

-- name: items_from
SELECT body FROM log_item WHERE seq = ? AND item >= ? ORDER BY item LIMIT ?;

-- name: people_before
SELECT person, id, email, cio_id FROM person WHERE person < :start
ORDER BY person DESC LIMIT :limit;

-- name: people_like_before
SELECT person, id, email, cio_id FROM person WHERE person < :start
  AND (id LIKE :like ESCAPE '\' OR email LIKE :like ESCAPE '\')
ORDER BY person DESC LIMIT :limit;

-- name: created_s
SELECT at_s FROM attribute WHERE person = ? AND name = 'cio_id';

-- name: last_activity_at
SELECT processed_at FROM activity WHERE person = ? ORDER BY activity DESC LIMIT 1;

-- name: timeline_before
SELECT activity, type, name, at_s, processed_at, data, seq, item FROM activity
WHERE person = ? AND activity < ? ORDER BY activity DESC LIMIT ?;

-- name: activity
SELECT activity, type, name, at_s, processed_at, data, seq, item FROM activity WHERE activity = ?;

-- name: anonymous_ids
SELECT anonymous_id FROM anonymous_owner WHERE person = ? ORDER BY anonymous_id LIMIT ?;

-- name: delete_person
DELETE FROM person WHERE person = ?;

-- name: delete_attributes
DELETE FROM attribute WHERE person = ?;

-- name: delete_activities
DELETE FROM activity WHERE person = ?;

-- name: move_activities
UPDATE activity SET person = ? WHERE person = ?;

-- name: devices
SELECT token, body FROM device WHERE person = ? ORDER BY token;

-- name: device
SELECT body FROM device WHERE person = ? AND token = ?;

-- name: put_device
INSERT INTO device (person, token, body) VALUES (?, ?, ?)
ON CONFLICT (person, token) DO UPDATE SET body = excluded.body;

-- name: delete_device
DELETE FROM device WHERE person = ? AND token = ?;

-- name: delete_devices
DELETE FROM device WHERE person = ?;

-- name: take_device_from_others
DELETE FROM device WHERE token = ? AND person <> ?;

-- name: move_devices
UPDATE OR IGNORE device SET person = ? WHERE person = ?;

-- name: is_suppressed
SELECT together FROM suppressed WHERE kind = ? AND value = ?;

-- name: suppress
INSERT INTO suppressed (kind, value, together) VALUES (?, ?, ?)
ON CONFLICT (kind, value) DO UPDATE SET together = excluded.together;

-- name: unsuppress
DELETE FROM suppressed WHERE kind = ? AND value = ?;

-- name: unsuppress_together
DELETE FROM suppressed WHERE together = ?;

-- name: add_anonymous
INSERT INTO anonymous (anonymous_id, type, name, at_s, received_at, seq, item)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: anonymous_events
SELECT type, name, at_s, seq, item FROM anonymous WHERE anonymous_id = ? ORDER BY number;

-- name: drop_anonymous
DELETE FROM anonymous WHERE anonymous_id = ?;

-- name: expire_anonymous
DELETE FROM anonymous WHERE received_at < ?;

-- name: anonymous_owner
SELECT person, until FROM anonymous_owner WHERE anonymous_id = ?;

-- name: put_anonymous_owner
INSERT INTO anonymous_owner (anonymous_id, person, until) VALUES (?, ?, ?)
ON CONFLICT (anonymous_id) DO UPDATE SET person = excluded.person, until = excluded.until;

-- name: move_anonymous_owner
UPDATE anonymous_owner SET person = ? WHERE person = ?;

-- name: delete_anonymous_owner
DELETE FROM anonymous_owner WHERE person = ?;

-- name: person_by_key
SELECT person, id, email, cio_id FROM person WHERE person = ?;

-- name: clock
SELECT ahead_seconds, standing_at FROM clock;

-- name: put_clock
INSERT INTO clock (only, ahead_seconds, standing_at) VALUES (1, ?, ?)
ON CONFLICT (only) DO UPDATE
SET ahead_seconds = excluded.ahead_seconds, standing_at = excluded.standing_at;

-- name: add_waiting
INSERT INTO waiting (seq, due_at, method, path, body, refused) VALUES (?, ?, ?, ?, ?, ?);

-- name: due
SELECT seq, due_at, method, path, body, refused FROM waiting WHERE due_at <= ?
ORDER BY due_at, seq;

-- name: drop_waiting
DELETE FROM waiting WHERE seq = ?;

-- name: put_item
UPDATE log_item SET body = ? WHERE seq = ? AND item = ?;

-- name: count_effects
UPDATE life SET people = people + ?, events = events + ?;

-- name: forget_devices
DELETE FROM device;

-- name: forget_suppressed
DELETE FROM suppressed;

-- name: forget_anonymous
DELETE FROM anonymous;

-- name: forget_anonymous_owners
DELETE FROM anonymous_owner;

-- name: forget_clock
DELETE FROM clock;

-- name: forget_waiting
DELETE FROM waiting;

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

-- name: forget_bodies
DELETE FROM log_body;
