-- query_notify.sql - hooks and their deliveries (src/notify).

-- hook_list
SELECT id, kind, target, secret, filter, active, created_ms, height FROM hook
ORDER BY id;

-- hook_add
INSERT INTO hook(kind, target, secret, filter, active, created_ms, height)
VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- hook_change
UPDATE hook SET kind = ?2, target = ?3, secret = ?4, filter = ?5, active = ?6
WHERE id = ?1;

-- hook_height
UPDATE hook SET height = ?1 WHERE height < ?1;

-- hook_del
DELETE FROM hook WHERE id = ?1;

-- delivery_del
DELETE FROM delivery WHERE hook = ?1;

-- delivery_add
INSERT INTO delivery(hook, height, event, state, tries, status, made_ms,
  due_ms, tried_ms, answer, body)
VALUES (?1, ?2, ?3, ?7, 0, 0, ?4, ?5, 0, ?8, ?6);

-- delivery_put
UPDATE delivery SET state = ?2, tries = ?3, status = ?4, due_ms = ?5,
  tried_ms = ?6, answer = ?7
WHERE id = ?1;

-- delivery_get
SELECT id, hook, height, event, state, tries, status, made_ms, due_ms,
  tried_ms, answer, body
FROM delivery WHERE id = ?1;

-- delivery_next
SELECT id, hook, height, event, state, tries, status, made_ms, due_ms,
  tried_ms, answer, body
FROM delivery WHERE state = 0 AND hook = ?1 ORDER BY due_ms, id LIMIT 1;

-- delivery_list
SELECT id, hook, height, event, state, tries, status, made_ms, due_ms,
  tried_ms, answer
FROM delivery WHERE hook = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3;

-- delivery_waiting
SELECT count(*) FROM delivery WHERE state = 0 AND hook = ?1;

-- delivery_trim
DELETE FROM delivery WHERE state > 0 AND id <= (
  SELECT id FROM delivery WHERE state > 0 ORDER BY id DESC LIMIT 1 OFFSET ?1);
