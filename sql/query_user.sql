-- query_user.sql - users of the dashboard, their logins, the audit.

-- user_list
SELECT id, name, role, password, created_ms FROM user ORDER BY id;

-- user_add
INSERT INTO user(name, role, password, created_ms) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT(name) DO NOTHING;

-- user_change
UPDATE user SET role = ?2, password = ?3 WHERE id = ?1;

-- user_del
DELETE FROM user WHERE id = ?1;

-- login_list
SELECT token, user, created_ms, seen_ms, address, agent FROM login
ORDER BY seen_ms DESC;

-- login_put
INSERT INTO login(token, user, created_ms, seen_ms, address, agent)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT(token) DO UPDATE SET seen_ms = excluded.seen_ms,
  address = excluded.address;

-- login_del
DELETE FROM login WHERE token = ?1;

-- login_del_user
DELETE FROM login WHERE user = ?1;

-- audit_list
SELECT id, at_ms, who, address, event, detail FROM audit
ORDER BY id DESC LIMIT ?1;

-- audit_add
INSERT INTO audit(at_ms, who, address, event, detail)
VALUES (?1, ?2, ?3, ?4, ?5);

-- audit_trim
DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1;
