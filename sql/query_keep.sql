-- query_keep.sql - settings, keys, waiting transactions.

-- meta_put
INSERT INTO meta(name, val) VALUES (?1, ?2)
ON CONFLICT(name) DO UPDATE SET val = excluded.val;

-- meta_del
DELETE FROM meta WHERE name = ?1;

-- meta_get
SELECT val FROM meta WHERE name = ?1;

-- key_put
INSERT INTO keystore(addr, json) VALUES (?1, ?2)
ON CONFLICT(addr) DO UPDATE SET json = excluded.json;

-- key_del
DELETE FROM keystore WHERE addr = ?1;

-- key_get
SELECT json FROM keystore WHERE addr = ?1;

-- key_list
SELECT addr FROM keystore ORDER BY id;

-- key_policy_get
SELECT rights, daily, allow, unlock_s, day, spent FROM key_policy
WHERE addr = ?1;

-- key_policy_put
INSERT INTO key_policy(addr, rights, daily, allow, unlock_s, day, spent)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT(addr) DO UPDATE SET rights = excluded.rights,
  daily = excluded.daily, allow = excluded.allow,
  unlock_s = excluded.unlock_s, day = excluded.day, spent = excluded.spent;

-- pool_put
INSERT OR REPLACE INTO pool(id, arrival_ms, raw) VALUES (?1, ?2, ?3);

-- pool_del
DELETE FROM pool WHERE id = ?1;

-- pool_scan
SELECT id, arrival_ms, raw FROM pool ORDER BY id;
