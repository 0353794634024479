-- query_flush.sql - bringing keyed tables up to a height, and pruning.

-- account_put
INSERT INTO account(key, val) VALUES (?1, ?2)
ON CONFLICT(key) DO UPDATE SET val = excluded.val;

-- account_del
DELETE FROM account WHERE key = ?1;

-- slot_put
INSERT INTO slot(key, val) VALUES (?1, ?2)
ON CONFLICT(key) DO UPDATE SET val = excluded.val;

-- slot_del
DELETE FROM slot WHERE key = ?1;

-- node_put
INSERT INTO node(key, val) VALUES (?1, ?2)
ON CONFLICT(key) DO UPDATE SET val = excluded.val;

-- node_del
DELETE FROM node WHERE key = ?1;

-- fresh_insert
INSERT INTO fresh_page(id, bytes) VALUES (?1, ?2);

-- fresh_read
SELECT bytes FROM fresh_page WHERE id = ?1;

-- fresh_first
SELECT min(id) FROM fresh_page WHERE id >= ?1 AND id <= ?2;

-- fresh_clear
DELETE FROM fresh_page WHERE id >= ?1 AND id <= ?2;

-- account_wipe
DELETE FROM account;

-- slot_wipe
DELETE FROM slot;

-- node_wipe
DELETE FROM node;

-- diff_clear
DELETE FROM diff WHERE seq IN
(SELECT seq FROM diff WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3);

-- body_clear
DELETE FROM body WHERE seq IN
(SELECT seq FROM body WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3);

-- receipt_clear
DELETE FROM receipt WHERE seq IN
(SELECT seq FROM receipt WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3);

-- met_clear
DELETE FROM met WHERE seq IN
(SELECT seq FROM met WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3);
