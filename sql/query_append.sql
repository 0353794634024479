-- query_append.sql - statements of a block's transaction.

-- block_insert
INSERT INTO block(height, hash, size, tx_cnt, log_cnt, header, proposal,
                  decision)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- body_insert
INSERT INTO body(seq, bytes) VALUES (?1, ?2);

-- receipt_insert
INSERT INTO receipt(seq, bytes) VALUES (?1, ?2);

-- diff_insert
INSERT INTO diff(seq, bytes) VALUES (?1, ?2);

-- met_insert
INSERT INTO met(seq, bytes) VALUES (?1, ?2);

-- code_insert
INSERT OR IGNORE INTO code(hash, code) VALUES (?1, ?2);

-- block_cut
DELETE FROM block WHERE height > ?1;

-- body_cut
DELETE FROM body WHERE seq >= ?1;

-- receipt_cut
DELETE FROM receipt WHERE seq >= ?1;

-- diff_cut
DELETE FROM diff WHERE seq >= ?1;

-- begin
BEGIN IMMEDIATE;

-- commit
COMMIT;

-- rollback
ROLLBACK;

-- standing_put
UPDATE standing SET head = ?1, flushed = ?2, oldest_state = ?3,
                    oldest_body = ?4, fresh = ?5
WHERE id = 1;
