-- query_proj.sql - statements of projections and content that are not made from
-- a table's description (src/store/store_table.h).  Conditions for lists begin
-- with part_, rows that they are among with among_.

-- proj_create
CREATE TABLE IF NOT EXISTS projection(
  module TEXT PRIMARY KEY,
  height INTEGER NOT NULL,
  block_hash BLOB NOT NULL,
  schema INTEGER NOT NULL
) WITHOUT ROWID;

-- content_create
CREATE TABLE IF NOT EXISTS content(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  added INTEGER NOT NULL,
  until INTEGER,
  bytes BLOB NOT NULL
);

-- proj_head_get
SELECT height, block_hash, schema FROM projection WHERE module = ?1;

-- proj_head_put
INSERT INTO projection(module, height, block_hash, schema)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT(module) DO UPDATE SET height = excluded.height,
  block_hash = excluded.block_hash, schema = excluded.schema;

-- proj_ref_put
INSERT OR REPLACE INTO content_ref(hash, module, kind, id, height)
VALUES (?1, ?2, ?3, ?4, ?5);

-- proj_ref_list
SELECT kind, id FROM content_ref WHERE hash = ?1 AND kind > 0;

-- proj_ref_any
SELECT 1 FROM content_ref WHERE hash = ?1 LIMIT 1;

-- proj_ref_create
CREATE TABLE IF NOT EXISTS content_ref(
  hash BLOB NOT NULL,
  module INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  id INTEGER NOT NULL,
  height INTEGER NOT NULL,
  PRIMARY KEY(hash, module, kind, id)
) WITHOUT ROWID;

-- proj_ref_clear
DELETE FROM content_ref WHERE module = ?1;

-- proj_event_create
CREATE TABLE IF NOT EXISTS commerce_event(
  module INTEGER NOT NULL,
  type INTEGER NOT NULL,
  key BLOB NOT NULL,
  height INTEGER NOT NULL,
  log INTEGER NOT NULL,
  source INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY(module, type, key, height, log)
) WITHOUT ROWID;

-- proj_event_clear
DELETE FROM commerce_event WHERE source = ?1;

-- proj_event_put
INSERT OR REPLACE INTO commerce_event(module, type, key, height, log, source,
                                      place)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- proj_event_list
SELECT height, log, place FROM commerce_event
WHERE module = ?1 AND type = ?2 AND key = ?3
ORDER BY height DESC, log DESC LIMIT ?4;

-- content_get
SELECT type, size, until, bytes FROM content WHERE hash = ?1;

-- content_stat
SELECT type, size, until FROM content WHERE hash = ?1;

-- content_put
INSERT INTO content(hash, type, size, added, until, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT(hash) DO UPDATE SET
  until = CASE WHEN excluded.until IS NULL OR until IS NULL THEN NULL
               ELSE max(until, excluded.until) END;

-- content_hold
UPDATE content SET until = NULL WHERE hash = ?1 AND until IS NOT NULL;

-- content_clean
DELETE FROM content WHERE id IN
(SELECT id FROM content WHERE until < ?1 LIMIT 64);

-- content_index
CREATE INDEX IF NOT EXISTS content_until ON content(until)
WHERE until IS NOT NULL;

-- content_waiting
SELECT count(*), coalesce(sum(size), 0) FROM content WHERE until IS NOT NULL;

-- fts_market_put
INSERT OR REPLACE INTO market_fts(rowid, title, body, tags, variant_text)
SELECT id, ?3, ?4, ?5, ?6 FROM market_listing WHERE id = ?1 AND doc = ?2;

-- fts_market_title
UPDATE market_listing SET title = ?3, doc_ok = ?3 IS NOT NULL
WHERE id = ?1 AND doc = ?2;

-- fts_market_clear
DELETE FROM market_fts WHERE rowid = ?1;

-- fts_order_put
INSERT OR REPLACE INTO order_fts(rowid, note)
SELECT id, ?3 FROM order_order WHERE id = ?1 AND doc = ?2;

-- fts_order_title
UPDATE order_order SET doc_ok = ?3 IS NOT NULL
WHERE id = ?1 AND doc = ?2 AND doc_ok <> (?3 IS NOT NULL);

-- fts_order_clear
DELETE FROM order_fts WHERE rowid = ?1;

-- fts_platform_put
INSERT OR REPLACE INTO platform_fts(rowid, name, about)
SELECT id, ?3, ?4 FROM platform_platform WHERE id = ?1 AND doc = ?2;

-- fts_platform_title
UPDATE platform_platform SET title = ?3, doc_ok = ?3 IS NOT NULL
WHERE id = ?1 AND doc = ?2;

-- fts_platform_clear
DELETE FROM platform_fts WHERE rowid = ?1;

-- fts_identity_put
INSERT OR REPLACE INTO id_fts(rowid, handle, display)
SELECT rowid, handle, ?3 FROM id_identity WHERE rowid = ?1 AND doc = ?2;

-- fts_identity_title
UPDATE id_identity SET title = ?3, doc_ok = ?3 IS NOT NULL
WHERE rowid = ?1 AND doc = ?2;

-- fts_identity_clear
INSERT OR REPLACE INTO id_fts(rowid, handle, display)
SELECT rowid, handle, '' FROM id_identity WHERE rowid = ?1;

-- row_of_identity
SELECT rowid FROM id_identity WHERE anchor = ?1;

-- id_operator_epoch
DELETE FROM id_operator WHERE anchor = ?1 AND EXISTS
(SELECT 1 FROM id_identity WHERE anchor = ?1 AND epoch <> ?2);

-- id_rep_score
UPDATE id_rep SET
  rating = (14000 + 100 * coalesce(review_sum, 0)) /
           (40 + coalesce(review_weight, 0)),
  score = max(0, min(1000,
    2 * ((14000 + 100 * coalesce(review_sum, 0)) /
         (40 + coalesce(review_weight, 0)))
    - 40 * coalesce(disputes_lost, 0) - 15 * coalesce(seller_cancels, 0)
    - 100 * coalesce(sanctions, 0)))
WHERE party = ?1;

-- review_listing
UPDATE market_listing SET (rating_w, rating_sum) =
  (SELECT coalesce(sum(weight), 0), coalesce(sum(weight * stars), 0)
   FROM market_review WHERE listing = ?1 AND side = 1)
WHERE id = ?1;

-- review_rating
UPDATE market_listing SET rating =
  CASE WHEN rating_w > 0 THEN 100 * rating_sum / rating_w ELSE 0 END
WHERE id = ?1;

-- listing_in_stock
UPDATE market_listing AS l SET in_stock = l.in_stock = 0
WHERE l.id = ?1 AND l.in_stock <> EXISTS(SELECT 1 FROM market_variant AS v
  WHERE v.listing = l.id AND v.active <> 0 AND v.stock > 0);

-- listing_stock
SELECT coalesce(max(stock) = 4294967295, 0),
  coalesce(sum(CASE WHEN stock < 4294967295 THEN stock ELSE 0 END), 0),
  count(*)
FROM market_variant WHERE listing = ?1 AND active <> 0;

-- part_zone
(t.ship_table = 0 OR EXISTS(SELECT 1 FROM market_ship_zone AS z
 WHERE z.ship_table = t.ship_table AND z.code IN (?, ?, '*')));

-- platform_mode
SELECT mode FROM platform_platform WHERE id = ?1 AND state = 1;

-- part_platform_all
/* All but what it took off or has to decide, what is out and was not let in, and
** restricted categories that its mask does not name. */
(SELECT CASE (SELECT state FROM platform_post AS p
              WHERE p.listing = t.id AND p.platform = s.id)
 WHEN 2 THEN 1 WHEN 3 THEN 0 WHEN 1 THEN 0 ELSE
   NOT EXISTS(SELECT 1 FROM platform_opt_out AS o
              WHERE o.listing = t.id AND o."out" <> 0) AND
   NOT EXISTS(SELECT 1 FROM platform_category AS c
              WHERE c.code = t.category AND c.category_flags & 1 AND
                    NOT s.restricted_mask >> (c.code & 63) & 1) END
 FROM platform_platform AS s WHERE s.id = ?);

-- among_posted
SELECT p.listing AS rowid FROM platform_platform AS s
JOIN platform_post AS p ON p.platform = s.id AND p.state = 2
WHERE s.id = ? AND s.state = 1;

-- post_listing
/* The listing of a post. */
SELECT state, title FROM market_listing WHERE id = ?1;

-- listing_closed
/* A closed listing's posts are removed, as the module has it when it next looks
** at them; whatever it tells of them before. */
CREATE TRIGGER IF NOT EXISTS listing_closed AFTER UPDATE OF state
ON market_listing WHEN new.state = 4 AND old.state <> 4 BEGIN
  UPDATE platform_post SET state = 4 WHERE listing = new.id AND state <> 4;
END;

-- post_new_of_closed
CREATE TRIGGER IF NOT EXISTS post_new_of_closed AFTER INSERT ON platform_post
WHEN new.state <> 4 AND
  (SELECT state FROM market_listing WHERE id = new.listing) = 4
BEGIN
  UPDATE platform_post SET state = 4 WHERE rowid = new.rowid;
END;

-- post_of_closed
CREATE TRIGGER IF NOT EXISTS post_of_closed AFTER UPDATE OF state
ON platform_post WHEN new.state <> 4 AND
  (SELECT state FROM market_listing WHERE id = new.listing) = 4
BEGIN
  UPDATE platform_post SET state = 4 WHERE rowid = new.rowid;
END;

-- part_platform_category
(CASE t.mode WHEN 0 THEN EXISTS(
   SELECT 1 FROM market_listing AS l
   WHERE l.category = ? AND l.state = 1
     AND CASE (SELECT p.state FROM platform_post AS p
               WHERE p.listing = l.id AND p.platform = t.id)
         WHEN 2 THEN 1 WHEN 3 THEN 0 WHEN 1 THEN 0 ELSE
           NOT EXISTS(SELECT 1 FROM platform_opt_out AS o
                      WHERE o.listing = l.id AND o."out" <> 0) AND
           NOT EXISTS(SELECT 1 FROM platform_category AS c
                      WHERE c.code = l.category AND c.category_flags & 1 AND
                            NOT t.restricted_mask >> (c.code & 63) & 1) END)
 ELSE EXISTS(
   SELECT 1 FROM platform_post AS p JOIN market_listing AS l
     ON l.id = p.listing
   WHERE p.platform = t.id AND p.state = 2 AND l.category = ?
     AND l.state = 1) END);

-- among_line
SELECT "order" AS rowid FROM order_line WHERE listing = ?;

-- part_order_words
/* Words of a listing that it is of, of its note, of a party's names, each as
** far as a person reads; or its number. */
t.id IN(
  SELECT ? UNION
  SELECT l."order" FROM order_line AS l WHERE l.listing IN
   (SELECT rowid FROM market_fts WHERE market_fts MATCH ?
    ORDER BY rowid DESC LIMIT 1000) UNION
  SELECT rowid FROM order_fts WHERE order_fts MATCH ? UNION
  SELECT o.id FROM order_order AS o WHERE o.buyer IN
   (SELECT i.anchor FROM id_fts AS f JOIN id_identity AS i ON i.rowid = f.rowid
    WHERE id_fts MATCH ? LIMIT 1000) UNION
  SELECT o.id FROM order_order AS o WHERE o.seller IN
   (SELECT i.anchor FROM id_fts AS f JOIN id_identity AS i ON i.rowid = f.rowid
    WHERE id_fts MATCH ? LIMIT 1000));

-- part_order_party
t.id IN(SELECT o.id FROM order_order AS o WHERE o.buyer = ? UNION
        SELECT o.id FROM order_order AS o WHERE o.seller = ?);

-- part_schema
EXISTS(SELECT 1 FROM id_issuer_schema AS s
       WHERE s.issuer = t.issuer AND s.schema = ?);

-- court_seats_ever
SELECT count(*) FROM court_seat WHERE juror = ?1;

-- part_category
(t.categories >> (? & 63) & 1);

-- part_language
/* One of its sixteen codes of two letters. */
(CAST(? AS BLOB) IN (
   substr(t.languages, 1, 2), substr(t.languages, 3, 2),
   substr(t.languages, 5, 2), substr(t.languages, 7, 2),
   substr(t.languages, 9, 2), substr(t.languages, 11, 2),
   substr(t.languages, 13, 2), substr(t.languages, 15, 2),
   substr(t.languages, 17, 2), substr(t.languages, 19, 2),
   substr(t.languages, 21, 2), substr(t.languages, 23, 2),
   substr(t.languages, 25, 2), substr(t.languages, 27, 2),
   substr(t.languages, 29, 2), substr(t.languages, 31, 2)));

-- part_with
(t."from" = ? OR t."to" = ?);

-- market_threads
SELECT "order", "from", "to", content, max(time),
  CASE WHEN "from" = ?1 THEN "to" ELSE "from" END AS partner, height, count(*)
FROM market_message WHERE "from" = ?1 OR "to" = ?1
GROUP BY "order", partner ORDER BY max(rowid) DESC LIMIT ?2;

-- market_counts
SELECT
 (SELECT count(*) FROM market_listing AS l
  WHERE l.created_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR l.seller = ?3)),
 (SELECT count(*) FROM market_listing AS l
  WHERE l.state = 1 AND (?3 IS NULL OR l.seller = ?3)),
 (SELECT count(*) FROM market_review AS r
  WHERE r.time BETWEEN ?1 AND ?2 AND r.side = 1
  AND (?3 IS NULL OR r.subject = ?3)),
 (SELECT coalesce(sum(stars), 0) FROM market_review AS r
  WHERE r.time BETWEEN ?1 AND ?2 AND r.side = 1
  AND (?3 IS NULL OR r.subject = ?3)),
 count(*), coalesce(sum(state = 8), 0), coalesce(sum(state = 9), 0),
 coalesce(sum(state = 7), 0)
FROM order_order AS o
WHERE o.created_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR o.seller = ?3)
  AND (?4 IS NULL OR o.platform = ?4);

-- market_volume
SELECT token, count(*), m_sum(total), m_sum(released), m_sum(refunded),
  m_sum(fee_paid)
FROM order_order AS o
WHERE o.created_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR o.seller = ?3)
  AND (?4 IS NULL OR o.platform = ?4)
GROUP BY token ORDER BY 2 DESC LIMIT 200;

-- order_tally_new
/* Tallies: what orders, listings and reviews come to, by the day on which they
** were made; kept by the tables themselves, whatever changes them. */
CREATE TRIGGER IF NOT EXISTS order_tally_new AFTER INSERT ON order_order BEGIN
  INSERT INTO order_tally(day, state, token, orders, total, released, refunded,
                          fees)
  VALUES (new.created_at / 86400, new.state, new.token, 1,
          m_add(new.total, ''), m_add(new.released, ''),
          m_add(new.refunded, ''), m_add(new.fee_paid, ''))
  ON CONFLICT(day, state, token) DO UPDATE SET orders = orders + 1,
    total = m_add(total, excluded.total),
    released = m_add(released, excluded.released),
    refunded = m_add(refunded, excluded.refunded),
    fees = m_add(fees, excluded.fees);
END;

-- order_tally_change
CREATE TRIGGER IF NOT EXISTS order_tally_change
AFTER UPDATE OF state, token, total, released, refunded, fee_paid, created_at
ON order_order
WHEN (old.state, old.token, old.total, old.released, old.refunded, old.fee_paid,
      old.created_at) IS NOT
     (new.state, new.token, new.total, new.released, new.refunded, new.fee_paid,
      new.created_at)
BEGIN
  UPDATE order_tally SET orders = orders - 1, total = m_sub(total, old.total),
    released = m_sub(released, old.released),
    refunded = m_sub(refunded, old.refunded), fees = m_sub(fees, old.fee_paid)
  WHERE day = old.created_at / 86400 AND state = old.state
    AND token = old.token;
  INSERT INTO order_tally(day, state, token, orders, total, released, refunded,
                          fees)
  VALUES (new.created_at / 86400, new.state, new.token, 1,
          m_add(new.total, ''), m_add(new.released, ''),
          m_add(new.refunded, ''), m_add(new.fee_paid, ''))
  ON CONFLICT(day, state, token) DO UPDATE SET orders = orders + 1,
    total = m_add(total, excluded.total),
    released = m_add(released, excluded.released),
    refunded = m_add(refunded, excluded.refunded),
    fees = m_add(fees, excluded.fees);
END;

-- listing_tally_new
CREATE TRIGGER IF NOT EXISTS listing_tally_new AFTER INSERT ON market_listing
BEGIN
  INSERT INTO market_tally(day, state, cnt)
  VALUES (new.created_at / 86400, new.state, 1)
  ON CONFLICT(day, state) DO UPDATE SET cnt = cnt + 1;
END;

-- listing_tally_change
CREATE TRIGGER IF NOT EXISTS listing_tally_change
AFTER UPDATE OF state, created_at ON market_listing
WHEN (old.state, old.created_at) IS NOT (new.state, new.created_at)
BEGIN
  UPDATE market_tally SET cnt = cnt - 1
  WHERE day = old.created_at / 86400 AND state = old.state;
  INSERT INTO market_tally(day, state, cnt)
  VALUES (new.created_at / 86400, new.state, 1)
  ON CONFLICT(day, state) DO UPDATE SET cnt = cnt + 1;
END;

-- review_tally_new
/* Of buyers' reviews; their state is -1. */
CREATE TRIGGER IF NOT EXISTS review_tally_new AFTER INSERT ON market_review
WHEN new.side = 1
BEGIN
  INSERT INTO market_tally(day, state, cnt, stars)
  VALUES (new.time / 86400, -1, 1, new.stars)
  ON CONFLICT(day, state) DO UPDATE SET cnt = cnt + 1,
    stars = stars + excluded.stars;
END;

-- review_tally_change
CREATE TRIGGER IF NOT EXISTS review_tally_change
AFTER UPDATE OF stars, time ON market_review
WHEN new.side = 1 AND (old.stars, old.time) IS NOT (new.stars, new.time)
BEGIN
  UPDATE market_tally SET cnt = cnt - 1, stars = stars - old.stars
  WHERE day = old.time / 86400 AND state = -1;
  INSERT INTO market_tally(day, state, cnt, stars)
  VALUES (new.time / 86400, -1, 1, new.stars)
  ON CONFLICT(day, state) DO UPDATE SET cnt = cnt + 1,
    stars = stars + excluded.stars;
END;

-- market_counts_all
/* As market_counts of everybody from ?1 to ?2: whole days by their tallies, the
** two ends by what happened in them. */
WITH at(first, behind, a, b) AS
 (SELECT (?1 + 86399) / 86400, (?2 + 1) / 86400,
    min(?2, (?1 + 86399) / 86400 * 86400 - 1),
    max((?1 + 86399) / 86400, (?2 + 1) / 86400) * 86400)
SELECT l.n, (SELECT coalesce(sum(cnt), 0) FROM market_tally WHERE state = 1),
  r.n, r.stars, o.n, o.completed, o.cancelled, o.disputed
FROM
 (SELECT coalesce(sum(n), 0) AS n FROM
   (SELECT cnt AS n FROM at, market_tally
    WHERE day BETWEEN first AND behind - 1 AND state >= 0 UNION ALL
    SELECT 1 FROM at, market_listing
    WHERE state IN (0, 1, 2, 3, 4, 5, 6, 7) AND created_at BETWEEN ?1 AND a
    UNION ALL
    SELECT 1 FROM at, market_listing
    WHERE state IN (0, 1, 2, 3, 4, 5, 6, 7) AND created_at BETWEEN b AND ?2))
 AS l,
 (SELECT coalesce(sum(n), 0) AS n, coalesce(sum(s), 0) AS stars FROM
   (SELECT cnt AS n, stars AS s FROM at, market_tally
    WHERE day BETWEEN first AND behind - 1 AND state = -1 UNION ALL
    SELECT 1, stars FROM at, market_review
    WHERE side = 1 AND time BETWEEN ?1 AND a UNION ALL
    SELECT 1, stars FROM at, market_review
    WHERE side = 1 AND time BETWEEN b AND ?2))
 AS r,
 (SELECT coalesce(sum(n), 0) AS n,
    coalesce(sum(CASE state WHEN 8 THEN n END), 0) AS completed,
    coalesce(sum(CASE state WHEN 9 THEN n END), 0) AS cancelled,
    coalesce(sum(CASE state WHEN 7 THEN n END), 0) AS disputed FROM
   (SELECT state, orders AS n FROM at, order_tally
    WHERE day BETWEEN first AND behind - 1 UNION ALL
    SELECT state, 1 FROM at, order_order
    WHERE created_at BETWEEN ?1 AND a UNION ALL
    SELECT state, 1 FROM at, order_order WHERE created_at BETWEEN b AND ?2))
 AS o;

-- market_volume_all
WITH at(first, behind, a, b) AS
 (SELECT (?1 + 86399) / 86400, (?2 + 1) / 86400,
    min(?2, (?1 + 86399) / 86400 * 86400 - 1),
    max((?1 + 86399) / 86400, (?2 + 1) / 86400) * 86400)
SELECT token, sum(n), m_sum(total), m_sum(released), m_sum(refunded),
  m_sum(fees)
FROM (SELECT token, orders AS n, total, released, refunded, fees
      FROM at, order_tally
      WHERE day BETWEEN first AND behind - 1 AND orders > 0 UNION ALL
      SELECT token, 1, total, released, refunded, fee_paid FROM at, order_order
      WHERE created_at BETWEEN ?1 AND a UNION ALL
      SELECT token, 1, total, released, refunded, fee_paid FROM at, order_order
      WHERE created_at BETWEEN b AND ?2)
GROUP BY token ORDER BY 2 DESC LIMIT 200;

-- order_summary
/* By day, week (from Monday) or month, as ?5 says. */
SELECT CASE ?5
    WHEN 'day' THEN created_at / 86400 * 86400
    WHEN 'week' THEN (created_at + 259200) / 604800 * 604800 - 259200
    ELSE CAST(strftime('%s', created_at, 'unixepoch', 'start of month')
              AS INTEGER) END AS since,
  token, count(*), m_sum(total), m_sum(released), m_sum(refunded),
  m_sum(refunded_later), m_sum(fee_paid), m_sum(tax)
FROM order_order WHERE seller = ?1 AND created_at BETWEEN ?2 AND ?3
GROUP BY since, token ORDER BY since DESC, token LIMIT ?4;

-- order_states
/* What orders of a time come to, by state and money: those that ?1 sold, that
** ?2 bought; nobody is NULL. */
SELECT state, token, count(*), m_sum(total), m_sum(held), m_sum(released),
  m_sum(refunded)
FROM (SELECT * FROM order_order
      WHERE seller = ?1 AND created_at BETWEEN ?3 AND ?4
      UNION ALL
      SELECT * FROM order_order
      WHERE buyer = ?2 AND created_at BETWEEN ?3 AND ?4)
GROUP BY state, token ORDER BY state, token LIMIT ?5;

-- order_customers
/* A seller's buyers, the last who ordered first (?2: 0) or who ordered most (1),
** after the one with the mark ?3 and the address ?4; of ?6 alone, or of those
** whose names have the words ?7. */
SELECT c.buyer, c.n, c.first_at, c.last_at, c.last_order,
  (SELECT coalesce(i.title, nullif(i.handle, '')) FROM id_identity AS i
   WHERE i.anchor = c.buyer),
  (SELECT r.rating FROM id_rep AS r WHERE r.party = c.buyer),
  (SELECT r.score FROM id_rep AS r WHERE r.party = c.buyer), c.mark
FROM (SELECT buyer, count(*) AS n, min(created_at) AS first_at,
        max(created_at) AS last_at, max(id) AS last_order,
        CASE ?2 WHEN 1 THEN count(*) ELSE max(created_at) END AS mark
      FROM order_order WHERE seller = ?1 AND (?6 IS NULL OR buyer = ?6)
        AND (?7 IS NULL OR buyer IN
         (SELECT i.anchor FROM id_fts AS f
          JOIN id_identity AS i ON i.rowid = f.rowid
          WHERE id_fts MATCH ?7 LIMIT 1000))
      GROUP BY buyer) AS c
WHERE (c.mark, c.buyer) < (?3, ?4)
ORDER BY c.mark DESC, c.buyer DESC LIMIT ?5;

-- order_spent
SELECT token, count(*), m_sum(total), m_sum(refunded), m_sum(refunded_later)
FROM order_order WHERE seller = ?1 AND buyer = ?2
GROUP BY token ORDER BY 2 DESC, token LIMIT ?3;

-- order_lines_of
SELECT l.* FROM order_line AS l JOIN order_order AS o ON o.id = l."order"
WHERE o.seller = ?1 AND o.created_at BETWEEN ?2 AND ?3
ORDER BY l."order", l.n LIMIT ?4;

-- platform_income
SELECT token, count(*), m_sum(platform_fee), m_sum(fee_paid), m_sum(total)
FROM order_order WHERE platform = ?1 AND created_at BETWEEN ?2 AND ?3
GROUP BY token ORDER BY 2 DESC LIMIT 200;

-- fts_mediator_put
INSERT OR REPLACE INTO mediation_fts(rowid, profile)
SELECT rowid, ?3 FROM mediation_mediator WHERE rowid = ?1 AND doc = ?2;

-- fts_mediator_title
UPDATE mediation_mediator SET title = ?3, doc_ok = ?3 IS NOT NULL
WHERE rowid = ?1 AND doc = ?2;

-- fts_mediator_clear
DELETE FROM mediation_fts WHERE rowid = ?1;

-- row_of_mediator
SELECT rowid FROM mediation_mediator WHERE party = ?1;

-- fts_court_put
/* Grounds, reasons and rule come of several documents: all are read anew when
** one of them comes or goes. */
INSERT OR REPLACE INTO court_fts(rowid, grounds, reasons, rule)
SELECT c.id,
  coalesce((SELECT json_extract(CAST(k.bytes AS TEXT), '$.text')
            FROM content AS k WHERE k.hash = c.doc
            AND k.type = 'application/json'), ''),
  coalesce((SELECT group_concat(t, ' ') FROM
    (SELECT json_extract(CAST(k.bytes AS TEXT), '$.text') AS t
     FROM court_seat AS s JOIN content AS k ON k.hash = s.reasons
     WHERE s.case_id = c.id AND k.type = 'application/json'
     ORDER BY s.round, s.seat)), ''),
  coalesce((SELECT json_extract(CAST(k.bytes AS TEXT), '$.text')
            FROM court_rule AS r JOIN content AS k ON k.hash = r.doc
            WHERE r.id = c.rule AND k.type = 'application/json'),
           (SELECT rule FROM court_fts WHERE rowid = c.id), '')
FROM court_case AS c WHERE c.id = ?1
  AND ?2 IS NOT NULL AND ?3 IS NOT NULL;

-- fts_court_title
UPDATE court_case SET title = ?3, doc_ok = ?3 IS NOT NULL
WHERE id = ?1 AND doc = ?2;

-- fts_court_clear
INSERT OR REPLACE INTO court_fts(rowid, grounds, reasons, rule)
SELECT c.id,
  coalesce((SELECT json_extract(CAST(k.bytes AS TEXT), '$.text')
            FROM content AS k WHERE k.hash = c.doc
            AND k.type = 'application/json'), ''),
  coalesce((SELECT group_concat(t, ' ') FROM
    (SELECT json_extract(CAST(k.bytes AS TEXT), '$.text') AS t
     FROM court_seat AS s JOIN content AS k ON k.hash = s.reasons
     WHERE s.case_id = c.id AND k.type = 'application/json'
     ORDER BY s.round, s.seat)), ''),
  coalesce((SELECT json_extract(CAST(k.bytes AS TEXT), '$.text')
            FROM court_rule AS r JOIN content AS k ON k.hash = r.doc
            WHERE r.id = c.rule AND k.type = 'application/json'),
           (SELECT rule FROM court_fts WHERE rowid = c.id), '')
FROM court_case AS c WHERE c.id = ?1;

-- court_first_rule
UPDATE court_fts SET rule = ?2 WHERE rowid = ?1 AND NOT EXISTS
(SELECT 1 FROM court_rule AS r JOIN court_case AS c ON r.id = c.rule
 WHERE c.id = ?1);

-- part_juror
EXISTS(SELECT 1 FROM court_seat AS s WHERE s.case_id = t.id AND s.juror = ?);

-- order_parties
SELECT buyer, seller FROM order_order WHERE id = ?1;

-- market_parties
SELECT seller FROM market_listing WHERE id = ?1;

-- metric_orders
SELECT state, sum(orders) FROM order_tally GROUP BY state;

-- metric_disputes
SELECT count(*) FROM mediation_case WHERE deadline > 0;
