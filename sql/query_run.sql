-- query_run.sql - index runs.

-- run_list
SELECT id, kind, state, first, last, cnt FROM run ORDER BY first, id;

-- run_insert
INSERT INTO run(id, kind, state, first, last, cnt)
VALUES (?1, ?2, 1, ?3, ?4, 0);

-- run_done
UPDATE run SET state = 0, cnt = ?2 WHERE id = ?1;

-- run_state
UPDATE run SET state = ?2 WHERE id = ?1;

-- run_drop
DELETE FROM run WHERE id = ?1;

-- run_max
SELECT max(id) FROM run;

-- page_insert
INSERT INTO run_page(id, bytes) VALUES (?1, ?2);

-- page_read
SELECT bytes FROM run_page WHERE id = ?1;

-- page_first
SELECT min(id) FROM run_page WHERE id >= ?1 AND id <= ?2;

-- page_clear
DELETE FROM run_page WHERE id >= ?1 AND id <= ?2;
