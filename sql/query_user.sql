-- query_user.sql - users of the dashboard, their logins and tokens, the audit.

-- user_list
SELECT id, name, role, password, created_ms, disabled, language, code,
  code_until_ms, totp, totp_step, recovery FROM user ORDER BY id;

-- user_add
INSERT INTO user(name, role, password, created_ms, disabled, language, code,
  code_until_ms, totp, totp_step, recovery)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT(name) DO NOTHING;

-- user_change
UPDATE OR IGNORE user SET name = ?1, role = ?2, password = ?3,
  created_ms = ?4, disabled = ?5, language = ?6, code = ?7,
  code_until_ms = ?8, totp = ?9, totp_step = ?10, recovery = ?11
WHERE id = ?12;

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

-- token_list
SELECT id, hash, user, name, rights, created_ms, used_ms, until_ms FROM token
ORDER BY id;

-- token_add
INSERT INTO token(hash, user, name, rights, created_ms, used_ms, until_ms)
VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6);

-- token_used
UPDATE token SET used_ms = max(used_ms, ?2) WHERE id = ?1;

-- token_del
DELETE FROM token WHERE id = ?1;

-- audit_list
SELECT id, at_ms, who, address, event, detail FROM audit
ORDER BY id DESC LIMIT ?1;

-- audit_add
INSERT INTO audit(at_ms, who, address, event, detail)
VALUES (?1, ?2, ?3, ?4, ?5);

-- audit_trim
DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1;
