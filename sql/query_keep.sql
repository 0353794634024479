-- query_keep.sql - settings and keys.

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
