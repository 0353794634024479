-- schema_001.sql - the tables of one CyberMiles file (application_id "CMIL",
-- user_version STORE_SCHEMA of src/store/store.h, raised with every change
-- here).  What they hold and which of them trail behind the head
-- is told in src/store/store.h; the bytes of their blobs by those who write
-- them: src/node/node_bytes.c (chunks, rows), src/store/store_run.c (pages).

-- One row: where the parts of the file stand.  head -1: no chain yet.  fresh:
-- the runs in use of fresh_page, the oldest first.
CREATE TABLE standing(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  head INTEGER NOT NULL,
  flushed INTEGER NOT NULL,
  oldest_state INTEGER NOT NULL,
  oldest_body INTEGER NOT NULL,
  fresh BLOB NOT NULL
);
INSERT INTO standing VALUES (1, -1, -1, 0, 0, x'');

CREATE TABLE meta(
  name TEXT PRIMARY KEY,
  val BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE keystore(
  id INTEGER PRIMARY KEY,
  addr BLOB NOT NULL UNIQUE,
  json BLOB NOT NULL
);

-- What a key may sign: rights as above; daily: wei a day, and what of it was
-- spent on which day, as 32 bytes; allow: addresses, 20 bytes each.
CREATE TABLE key_policy(
  addr BLOB PRIMARY KEY,
  rights TEXT NOT NULL,
  daily BLOB NOT NULL,
  allow BLOB NOT NULL,
  unlock_s INTEGER NOT NULL,
  day INTEGER NOT NULL,
  spent BLOB NOT NULL
) WITHOUT ROWID;

-- Who may use the dashboard; where they are logged in (token: SHA-256 of the
-- cookie's); the tokens of their programs; what was done.  Passwords in PHC
-- form; code: SHA-256 of a one-time code; totp: the key of the second factor;
-- recovery: SHA-256 of each code that is left; an empty blob: none.  rights:
-- names of src/node/right.def.
CREATE TABLE user(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  language TEXT NOT NULL,
  code BLOB NOT NULL,
  code_until_ms INTEGER NOT NULL,
  totp BLOB NOT NULL,
  totp_step INTEGER NOT NULL,
  recovery BLOB NOT NULL
);
CREATE TABLE login(
  token BLOB PRIMARY KEY,
  user INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE token(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  name TEXT NOT NULL,
  rights TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  used_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
);
CREATE TRIGGER user_gone AFTER DELETE ON user BEGIN
  DELETE FROM login WHERE user = old.id;
  DELETE FROM token WHERE user = old.id;
END;
CREATE TABLE audit(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  address TEXT NOT NULL,
  event TEXT NOT NULL,
  detail TEXT NOT NULL
);

-- Who is told of events (src/store/store_notify.h), and what.
CREATE TABLE hook(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  target TEXT NOT NULL,
  secret TEXT NOT NULL,
  filter TEXT NOT NULL,
  active INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  height INTEGER NOT NULL
);
CREATE TABLE delivery(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hook INTEGER NOT NULL,
  height INTEGER NOT NULL,
  event TEXT NOT NULL,
  state INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  status INTEGER NOT NULL,
  made_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  tried_ms INTEGER NOT NULL,
  answer TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX delivery_due ON delivery(hook, state, due_ms);

-- Transactions that wait for a block, in order of arrival.
CREATE TABLE pool(
  id INTEGER PRIMARY KEY,
  arrival_ms INTEGER NOT NULL,
  raw BLOB NOT NULL
);

-- Appended, by integer key.
CREATE TABLE block(
  height INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  size INTEGER NOT NULL,
  tx_cnt INTEGER NOT NULL,
  log_cnt INTEGER NOT NULL,
  header BLOB NOT NULL,
  proposal BLOB NOT NULL,
  decision BLOB NOT NULL
);
CREATE TABLE body(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE receipt(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE diff(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE met(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE code(hash BLOB PRIMARY KEY, code BLOB NOT NULL);

-- Keyed: the newest value only, but for what stands in fresh_page, in front of
-- them (src/store/store_fresh.c).  The lower nodes of the tries stand among the
-- leaves, the upper ones by themselves.
CREATE TABLE account(key BLOB PRIMARY KEY, val BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE slot(key BLOB PRIMARY KEY, val BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE node(key BLOB PRIMARY KEY, val BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE fresh_page(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);

-- Index runs.  state: 0 in use, 1 being written, 2 to be deleted.
CREATE TABLE run(
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  cnt INTEGER NOT NULL
);
CREATE TABLE run_page(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
