-- query_read.sql - what readers ask; each is one seek.

-- read_begin
BEGIN;

-- read_end
COMMIT;

-- standing_get
SELECT head, flushed, oldest_state, oldest_body, fresh FROM standing WHERE id = 1;

-- block_get
SELECT hash, size, tx_cnt, log_cnt, header FROM block WHERE height = ?1;

-- block_hash
SELECT hash FROM block WHERE height = ?1;

-- proposal_get
SELECT proposal, decision FROM block WHERE height = ?1;

-- body_get
SELECT seq, bytes FROM body WHERE seq >= ?1 AND seq <= ?2
ORDER BY seq DESC LIMIT 1;

-- receipt_get
SELECT seq, bytes FROM receipt WHERE seq >= ?1 AND seq <= ?2
ORDER BY seq DESC LIMIT 1;

-- diff_get
SELECT seq, bytes FROM diff WHERE seq >= ?1 AND seq <= ?2
ORDER BY seq DESC LIMIT 1;

-- met_get
SELECT seq, bytes FROM met WHERE seq >= ?1 AND seq <= ?2
ORDER BY seq DESC LIMIT 1;

-- body_scan
SELECT seq, bytes FROM body WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq;

-- receipt_scan
SELECT seq, bytes FROM receipt WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq;

-- diff_scan
SELECT seq, bytes FROM diff WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq;

-- met_scan
SELECT seq, bytes FROM met WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq;

-- account_get
SELECT val FROM account WHERE key = ?1;

-- slot_get
SELECT val FROM slot WHERE key = ?1;

-- node_get
SELECT val FROM node WHERE key = ?1;

-- account_scan
SELECT key, val FROM account WHERE key >= ?1 ORDER BY key;

-- slot_scan
SELECT key, val FROM slot WHERE key >= ?1 ORDER BY key;

-- node_scan
SELECT key, val FROM node WHERE key >= ?1 ORDER BY key;

-- code_get
SELECT code FROM code WHERE hash = ?1;

-- integrity
PRAGMA integrity_check(1);
