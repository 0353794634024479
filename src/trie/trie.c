/* trie.c - the persistent trie's batch update.
**
** A branch edge of the stored form leads to what Ethereum has there: nothing,
** a leaf, a branch, or an extension and a branch.  The update goes down from
** the root edge with the sorted changes, splitting them by nibble:
**   - an empty edge grows the trie of the changes;
**   - a leaf edge grows the trie of the changes and its own leaf;
**   - a branch edge hands each child its changes, or, where changes leave its
**     path before the branch, becomes a new branch at that place.
** On the way up a branch left with one child gives way to it (the child's
** edge starts earlier), one left with none vanishes.  Only edges that changed
** or whose start moved get a new reference; a leaf's value is asked only then,
** and an untouched branch is loaded only when its edge moved, to hash it.
**
** Structure and hashing are apart: new nodes are put in lists, all leaves in
** one and branches by depth, and when all is in place the leaves are hashed,
** then the branches from the deepest up, many at a time, each with its
** extension.  Many tries are updated together this way (trie_update_all), so
** that small ones share batches.
**
** With a par, small tries are dealt out in groups and a large one is cut at
** its first nibble into 16 parts.  Each task has its own arena; the room for
** what it stores is set apart in the caller's arena in between, from an upper
** bound that is exact but for embedded nodes.
**
** Invariants: a path is stored or deleted at most once an update; nothing is
** said about nodes that did not change.  Recursion is at most 65 deep.
*/
#include "trie/trie.h"

#include "crypto/keccak.h"
#include "trie/trie_node.h"

#define TRIE_SPLIT_MIN 256u  /* changes from which a trie is cut in 16 */
#define TRIE_TASK_MIN 128u   /* changes a task should have at least */
#define TRIE_TASK_CHUNK (64u << 10)

/* The piece of one trie that one task works on: the whole of it, the part
** under one first nibble, or what joins those parts. */
struct trie_part {
  struct trie_job *job;
  struct trie_edge edge;
  u32 at;                       /* where edge starts */
  u32 kids_before;              /* of what joins: trie_kids_mask as loaded */
  const struct trie_change *change;
  size_t cnt;
  struct trie_node_put *put;    /* put_cnt of them, bytes of room behind */
  size_t put_cnt, put_fill, bytes;
  u8 *room;
};

struct trie_leaf_new {
  struct trie_leaf_new *next;
  const u8 *key;
  slice val;
  u8 from;
  struct trie_ref ref;
};
struct trie_branch_new {
  struct trie_branch_new *next; /* of the same depth */
  struct trie_part *part;
  const u8 *path;
  u8 from, depth, leaves;       /* leaves: as trie_edge has it */
  bool is_moved;                /* as stored, only its edge starts elsewhere */
  u16 mask;
  struct trie_ref ref;
  struct trie_edge edge[];
};
struct trie_gone {
  struct trie_gone *next;
  struct trie_part *part;
  const u8 *path;
  u8 depth;
};

struct trie_task {
  struct arena a;
  struct trie_part *part;
  size_t part_cnt;
  struct trie_leaf_new *leaf;
  struct trie_branch_new *branch[TRIE_KEY_NIBBLES];
  struct trie_gone *gone;
  err e;
};

/*------------------------------------------------------------- new nodes */

static struct trie_leaf_new *trie_leaf_make(struct trie_task *t,
                                            const u8 *key, slice val,
                                            u32 from) {
  struct trie_leaf_new *n = arena_alloc(&t->a, sizeof *n);
  n->key = key;
  n->val = val;
  n->from = (u8)from;
  n->next = t->leaf;
  t->leaf = n;
  return n;
}

static void trie_edge_of_leaf(struct trie_edge *e, struct trie_leaf_new *n) {
  *e = (struct trie_edge){.kind = TRIE_LEAF, .to = TRIE_KEY_NIBBLES,
                          .tail = n->key, .node = n};
}

/* A branch at depth with the children kid has; path: any key through it. */
static struct trie_branch_new *trie_branch_make(struct trie_task *t,
                                                struct trie_part *part,
                                                const u8 *path, u32 from,
                                                u32 depth,
                                                const struct trie_edge *kid) {
  u32 mask = 0;
  for (u32 i = 0; i < 16; i++) {
    if (kid[i].kind != TRIE_EMPTY) mask |= 1u << i;
  }
  u32 cnt = (u32)__builtin_popcount(mask);
  struct trie_branch_new *n =
      arena_alloc(&t->a, sizeof *n + cnt * sizeof n->edge[0]);
  n->part = part;
  n->path = path;
  n->from = (u8)from;
  n->depth = (u8)depth;
  n->mask = (u16)mask;
  n->leaves = trie_edges_leaves(kid, 16);
  for (u32 i = 0, at = 0; i < 16; i++) {
    if (mask >> i & 1) n->edge[at++] = kid[i];
  }
  n->next = t->branch[depth];
  t->branch[depth] = n;
  return n;
}

static void trie_edge_of_branch(struct trie_edge *e,
                                struct trie_branch_new *n) {
  *e = (struct trie_edge){.kind = TRIE_BRANCH, .to = n->depth,
                          .tail = n->path, .node = n};
}

/* A changed branch is to be stored: counts the room. */
static void trie_part_put_branch(struct trie_part *p,
                                 const struct trie_branch_new *n) {
  p->put_cnt++;
  p->bytes += n->depth + TRIE_RECORD_HEAD;
  u32 cnt = (u32)__builtin_popcount(n->mask);
  for (u32 i = 0; i < cnt; i++) {
    p->bytes += trie_record_edge_max(&n->edge[i], n->depth);
  }
}

static void trie_part_drop_branch(struct trie_task *t, struct trie_part *p,
                                  const u8 *path, u32 depth) {
  struct trie_gone *g = arena_alloc(&t->a, sizeof *g);
  *g = (struct trie_gone){t->gone, p, path, (u8)depth};
  t->gone = g;
  p->put_cnt++;
  p->bytes += depth;
}

/*------------------------------------------------------ moving and joining */

/* The edge (not empty) now starts at `at`; path is its whole path. */
static err trie_edge_move(struct trie_task *t, struct trie_part *p,
                          struct trie_edge *e, const u8 *path, u32 at) {
  if (e->node) {
    if (e->kind == TRIE_LEAF) {
      ((struct trie_leaf_new *)e->node)->from = (u8)at;
    } else {
      ((struct trie_branch_new *)e->node)->from = (u8)at;
    }
    return ERR_OK;
  }
  const struct trie_source *src = p->job->src;
  if (e->kind == TRIE_LEAF) {
    slice val;
    hash32 key;
    memcpy(key.b, path, 32);
    TRY(src->leaf(src->ctx, &val, &key));
    if (val.len == 0) return ERR_CORRUPT;
    trie_edge_of_leaf(e, trie_leaf_make(t, path, val, at));
    return ERR_OK;
  }
  struct trie_edge kid[16];
  TRY(trie_branch_load(kid, src, path, e->to, e->leaves));
  struct trie_branch_new *n = trie_branch_make(t, p, path, at, e->to, kid);
  n->is_moved = true;
  trie_edge_of_branch(e, n);
  return ERR_OK;
}

/* The whole path of an edge that starts at `at`, in the arena; key gives the
** nibbles before that. */
static const u8 *trie_path_make(struct trie_task *t, const struct trie_edge *e,
                                const u8 *key, u32 at) {
  u8 *path = arena_alloc(&t->a, 32);
  trie_edge_path(path, e, key, at);
  return path;
}

/* What is at depth after its children were updated, as an edge from `at`:
** nothing, the only child, or a branch.  key: any key through there. */
static err trie_edge_join(struct trie_task *t, struct trie_part *p,
                          struct trie_edge *out, u32 at, u32 depth,
                          struct trie_edge *kid, const u8 *key) {
  u32 cnt = 0, last = 0;
  for (u32 i = 0; i < 16; i++) {
    if (kid[i].kind == TRIE_EMPTY) continue;
    cnt++;
    last = i;
  }
  if (cnt == 0) {
    memset(out, 0, sizeof *out);
    return ERR_OK;
  }
  if (cnt > 1) {
    struct trie_branch_new *n = trie_branch_make(t, p, key, at, depth, kid);
    trie_part_put_branch(p, n);
    trie_edge_of_branch(out, n);
    return ERR_OK;
  }
  u8 through[32];
  memcpy(through, key, 32);
  u32 shift = depth & 1 ? 0 : 4;
  through[depth / 2] =
      (u8)((through[depth / 2] & ~(15u << shift)) | last << shift);
  *out = kid[last];
  const u8 *path = trie_path_make(t, out, through, depth + 1);
  TRY(trie_edge_move(t, p, out, path, at));
  out->tail = path;
  out->tail_at = 0;
  return ERR_OK;
}

/*---------------------------------------------------------------- growing */

struct trie_item { /* a leaf to be */
  const u8 *key;
  slice val;
};

static void trie_edge_grow(struct trie_task *t, struct trie_part *p,
                           struct trie_edge *out, u32 at,
                           const struct trie_item *item, size_t cnt) {
  memset(out, 0, sizeof *out);
  if (cnt == 0) return;
  if (cnt == 1) {
    trie_edge_of_leaf(out, trie_leaf_make(t, item->key, item->val, at));
    return;
  }
  u32 depth = trie_nibble_diff(item[0].key, item[cnt - 1].key, at,
                               TRIE_KEY_NIBBLES);
  MUST(depth < TRIE_KEY_NIBBLES);
  struct trie_edge kid[16];
  size_t lo = 0;
  for (u32 i = 0; i < 16; i++) {
    size_t hi = lo;
    while (hi < cnt && trie_nibble(item[hi].key, depth) == i) hi++;
    trie_edge_grow(t, p, &kid[i], depth + 1, item + lo, hi - lo);
    lo = hi;
  }
  struct trie_branch_new *n =
      trie_branch_make(t, p, item->key, at, depth, kid);
  trie_part_put_branch(p, n);
  trie_edge_of_branch(out, n);
}

/* Grows an edge from the changes that are no deletions and, if kept is not
** NULL, a leaf that was there (its key is in no change). */
static err trie_edge_regrow(struct trie_task *t, struct trie_part *p,
                            struct trie_edge *e, u32 at,
                            const struct trie_change *c, size_t cnt,
                            const u8 *kept) {
  struct trie_item *item = arena_alloc_raw(&t->a, (cnt + 1) * sizeof *item);
  slice kept_val = slice_of(NULL, 0);
  size_t n = 0;
  if (kept) {
    hash32 key;
    memcpy(key.b, kept, 32);
    TRY(p->job->src->leaf(p->job->src->ctx, &kept_val, &key));
    if (kept_val.len == 0) return ERR_CORRUPT;
  }
  for (size_t i = 0; i < cnt; i++) {
    if (c[i].val.len == 0) continue;
    if (kept && memcmp(kept, c[i].key.b, 32) < 0) {
      item[n++] = (struct trie_item){kept, kept_val};
      kept = NULL;
    }
    item[n++] = (struct trie_item){c[i].key.b, c[i].val};
  }
  if (kept) item[n++] = (struct trie_item){kept, kept_val};
  trie_edge_grow(t, p, e, at, item, n);
  return ERR_OK;
}

/*--------------------------------------------------------------- updating */

static err trie_edge_update(struct trie_task *t, struct trie_part *p,
                            struct trie_edge *e, u32 at,
                            const struct trie_change *c, size_t cnt);

static err trie_leaf_update(struct trie_task *t, struct trie_part *p,
                            struct trie_edge *e, u32 at,
                            const struct trie_change *c, size_t cnt) {
  const u8 *key = trie_path_make(t, e, c->key.b, at);
  bool hit = false, live = false;
  for (size_t i = 0; i < cnt; i++) {
    if (memcmp(key, c[i].key.b, 32) == 0) hit = true;
    if (c[i].val.len) live = true;
  }
  if (!hit && !live) return ERR_OK;
  return trie_edge_regrow(t, p, e, at, c, cnt, hit ? NULL : key);
}

/* Hands each of 16 children at depth + 1 its changes. */
static err trie_kids_update(struct trie_task *t, struct trie_part *p,
                            struct trie_edge *kid, u32 depth,
                            const struct trie_change *c, size_t cnt) {
  size_t lo = 0;
  while (lo < cnt) {
    u32 nib = trie_nibble(c[lo].key.b, depth);
    size_t hi = lo + 1;
    while (hi < cnt && trie_nibble(c[hi].key.b, depth) == nib) hi++;
    TRY(trie_edge_update(t, p, &kid[nib], depth + 1, c + lo, hi - lo));
    lo = hi;
  }
  return ERR_OK;
}

static u32 trie_kids_mask(const struct trie_edge *kid) {
  u32 mask = 0;
  for (u32 i = 0; i < 16; i++) {
    if (kid[i].kind != TRIE_EMPTY) mask |= 1u << i;
    if (kid[i].node) mask |= 1u << 16; /* something is new */
  }
  return mask;
}

/* The changes all go through the branch itself. */
static err trie_branch_update(struct trie_task *t, struct trie_part *p,
                              struct trie_edge *e, u32 at,
                              const struct trie_change *c, size_t cnt) {
  u32 depth = e->to;
  const u8 *key = c->key.b;
  struct trie_edge kid[16];
  TRY(trie_branch_load(kid, p->job->src, key, depth, e->leaves));
  u32 before = trie_kids_mask(kid);
  TRY(trie_kids_update(t, p, kid, depth, c, cnt));
  if (trie_kids_mask(kid) == before) return ERR_OK;
  TRY(trie_edge_join(t, p, e, at, depth, kid, key));
  if (e->kind != TRIE_BRANCH || e->to != depth) {
    trie_part_drop_branch(t, p, key, depth);
  }
  return ERR_OK;
}

/* Some change ends the extension at depth: a branch comes to stand there, one
** child of which is what the edge led to. */
static err trie_ext_split(struct trie_task *t, struct trie_part *p,
                          struct trie_edge *e, u32 at, u32 depth,
                          const struct trie_change *c, size_t cnt) {
  struct trie_edge kid[16], old = *e;
  memset(kid, 0, sizeof kid);
  u32 nib = trie_nibble(e->tail, depth - 2u * e->tail_at);
  struct trie_edge *rest = &kid[nib];
  *rest = old;
  TRY(trie_kids_update(t, p, kid, depth, c, cnt));
  if (rest->kind != TRIE_EMPTY && !rest->node) {
    const u8 *path = trie_path_make(t, &old, c->key.b, at);
    TRY(trie_edge_move(t, p, rest, path, depth + 1));
  }
  return trie_edge_join(t, p, e, at, depth, kid, c->key.b);
}

static u32 trie_edge_diff(const struct trie_edge *e, const hash32 *key,
                          u32 at) {
  if (at >= e->to) return e->to;
  u32 skip = 2u * e->tail_at;
  return skip + trie_nibble_diff(e->tail, key->b + e->tail_at, at - skip,
                                 e->to - skip);
}

static err trie_edge_update(struct trie_task *t, struct trie_part *p,
                            struct trie_edge *e, u32 at,
                            const struct trie_change *c, size_t cnt) {
  if (cnt == 0) return ERR_OK;
  if (e->kind == TRIE_EMPTY) return trie_edge_regrow(t, p, e, at, c, cnt, NULL);
  if (e->kind == TRIE_LEAF) return trie_leaf_update(t, p, e, at, c, cnt);
  /* Deletions that leave the path change nothing; the first place where
  ** something else leaves it is where a branch must be. */
  u32 depth = e->to;
  if (at == depth) return trie_branch_update(t, p, e, at, c, cnt);
  for (size_t i = 0; i < cnt; i++) {
    if (c[i].val.len == 0) continue;
    u32 diff = trie_edge_diff(e, &c[i].key, at);
    if (diff < depth) depth = diff;
  }
  size_t lo = 0, hi = cnt;
  while (lo < hi && trie_edge_diff(e, &c[lo].key, at) < depth) lo++;
  while (hi > lo && trie_edge_diff(e, &c[hi - 1].key, at) < depth) hi--;
  if (lo == hi) return ERR_OK;
  if (depth < e->to) {
    return trie_ext_split(t, p, e, at, depth, c + lo, hi - lo);
  }
  return trie_branch_update(t, p, e, at, c + lo, hi - lo);
}

u8 trie_edges_leaves(const struct trie_edge *edge, u32 cnt) {
  u32 sum = 0;
  for (u32 i = 0; i < cnt; i++) {
    const struct trie_edge *e = &edge[i];
    if (e->kind == TRIE_EMPTY) continue;
    const struct trie_branch_new *n = e->kind == TRIE_BRANCH ? e->node : NULL;
    u32 leaves = e->kind == TRIE_LEAF ? 1 : n ? n->leaves : e->leaves;
    if (!leaves) return 0;
    sum += leaves;
  }
  return sum > UINT8_MAX ? 0 : (u8)sum;
}

/*---------------------------------------------------------------- hashing */

static struct trie_ref_view trie_edge_ref(const struct trie_edge *e) {
  if (!e->node) return (struct trie_ref_view){e->ref, e->ref_len};
  const struct trie_ref *r =
      e->kind == TRIE_LEAF ? &((const struct trie_leaf_new *)e->node)->ref
                           : &((const struct trie_branch_new *)e->node)->ref;
  return (struct trie_ref_view){r->b, r->len};
}

static void trie_hash_leaves(struct trie_task *t, struct trie_hasher *h) {
  for (struct trie_leaf_new *n = t->leaf; n; n = n->next) {
    u8 *out =
        trie_hasher_room(h, trie_leaf_len(n->from, TRIE_KEY_NIBBLES, n->val));
    size_t len = trie_leaf_put(out, n->key, n->from, TRIE_KEY_NIBBLES, n->val);
    trie_hasher_add(h, &n->ref, len, n->from == 0);
  }
  trie_hasher_flush(h);
}

static void trie_hash_depth(struct trie_task *t, struct trie_hasher *h,
                            u32 depth) {
  const slice none = slice_of(NULL, 0);
  for (struct trie_branch_new *n = t->branch[depth]; n; n = n->next) {
    struct trie_ref_view ref[16];
    for (u32 i = 0, at = 0; i < 16; i++) {
      ref[i] = n->mask >> i & 1 ? trie_edge_ref(&n->edge[at++])
                                : (struct trie_ref_view){NULL, 0};
    }
    u8 *out = trie_hasher_room(h, trie_branch_len(ref, none));
    size_t len = trie_branch_put(out, ref, none);
    trie_hasher_add(h, &n->ref, len, depth == 0);
  }
  trie_hasher_flush(h);
  for (struct trie_branch_new *n = t->branch[depth]; n; n = n->next) {
    if (n->from == depth) continue;
    u8 *out = trie_hasher_room(h, trie_ext_len(n->from, depth, n->ref.len));
    size_t len =
        trie_ext_put(out, n->path, n->from, depth, n->ref.b, n->ref.len);
    trie_hasher_add(h, &n->ref, len, n->from == 0);
  }
  trie_hasher_flush(h);
}

/*---------------------------------------------------------------- storing */

static struct trie_node_put *trie_part_put(struct trie_part *p, const u8 *path,
                                           u32 depth) {
  MUST(p->put_fill < p->put_cnt);
  struct trie_node_put *put = &p->put[p->put_fill++];
  put->path = p->room;
  put->path_len = depth;
  put->node = slice_of(NULL, 0);
  for (u32 i = 0; i < depth; i++) *p->room++ = (u8)trie_nibble(path, i);
  return put;
}

static void trie_task_store(struct trie_task *t) {
  for (const struct trie_gone *g = t->gone; g; g = g->next) {
    trie_part_put(g->part, g->path, g->depth);
  }
  for (u32 depth = 0; depth < TRIE_KEY_NIBBLES; depth++) {
    for (const struct trie_branch_new *n = t->branch[depth]; n; n = n->next) {
      if (n->is_moved) continue;
      struct trie_ref_view ref[16];
      u32 cnt = (u32)__builtin_popcount(n->mask);
      for (u32 i = 0; i < cnt; i++) ref[i] = trie_edge_ref(&n->edge[i]);
      struct trie_node_put *put = trie_part_put(n->part, n->path, depth);
      size_t len =
          trie_record_put(n->part->room, n->edge, n->mask, depth, ref);
      put->node = slice_of(n->part->room, len);
      n->part->room += len;
    }
  }
}

/*------------------------------------------------------------------ tasks */

static err trie_part_load_root(struct trie_part *p) {
  struct trie_job *j = p->job;
  TRY(trie_root_load(&p->edge, j->src));
  j->was_empty = p->edge.kind == TRIE_EMPTY;
  j->root_before = CRYPTO_KECCAK_RLP_NIL;
  if (!j->was_empty) memcpy(j->root_before.b, p->edge.ref, 32);
  return ERR_OK;
}

/* First half: the new structure of every part. */
static void trie_task_shape(void *arg, u32 i) {
  struct trie_task *t = (struct trie_task *)arg + i;
  for (size_t j = 0; j < t->part_cnt && t->e == ERR_OK; j++) {
    struct trie_part *p = &t->part[j];
    if (p->at == 0) t->e = trie_part_load_root(p);
    if (t->e != ERR_OK) break;
    t->e = trie_edge_update(t, p, &p->edge, p->at, p->change, p->cnt);
  }
}

/* Second half: hashes and records. */
static void trie_task_finish(void *arg, u32 i) {
  struct trie_task *t = (struct trie_task *)arg + i;
  struct trie_hasher h;
  trie_hasher_init(&h, &t->a);
  trie_hash_leaves(t, &h);
  for (u32 depth = TRIE_KEY_NIBBLES; depth-- > 0;) {
    if (t->branch[depth]) trie_hash_depth(t, &h, depth);
  }
  trie_task_store(t);
}

struct trie_plan {
  struct trie_part *part; /* in tasks' order; then one top for each cut trie */
  struct trie_task *task; /* the last is the tops' */
  size_t part_cnt, top_cnt, task_cnt;
};

static bool trie_job_cuts(const struct trie_job *j, const struct par *par) {
  return par && par->worker_cnt > 1 && j->cnt >= TRIE_SPLIT_MIN;
}

/* A large trie: its root's 16 children are parts of their own.  Cut only when
** the root is a branch or empty, else it stays one part. */
static err trie_plan_cut(struct trie_plan *pl, struct trie_job *j,
                         struct trie_part *top) {
  struct trie_edge kid[16];
  top->job = j;
  TRY(trie_part_load_root(top));
  j->is_cut = j->was_empty || (top->edge.kind == TRIE_BRANCH &&
                               top->edge.to == 0);
  if (!j->is_cut) return ERR_OK;
  memset(kid, 0, sizeof kid);
  if (!j->was_empty)
    TRY(trie_branch_load(kid, j->src, j->change->key.b, 0, top->edge.leaves));
  top->kids_before = trie_kids_mask(kid);
  size_t lo = 0;
  for (u32 i = 0; i < 16; i++) {
    size_t hi = lo;
    while (hi < j->cnt && trie_nibble(j->change[hi].key.b, 0) == i) hi++;
    struct trie_part *p = &pl->part[pl->part_cnt++];
    *p = (struct trie_part){.job = j, .edge = kid[i], .at = 1,
                            .change = j->change + lo, .cnt = hi - lo};
    struct trie_task *t = &pl->task[pl->task_cnt++];
    t->part = p;
    t->part_cnt = 1;
    lo = hi;
  }
  pl->top_cnt++;
  return ERR_OK;
}

/* Parts of whole tries, grouped into tasks of enough changes. */
static void trie_plan_group(struct trie_plan *pl, struct trie_job *job,
                            size_t job_cnt, const struct par *par) {
  struct trie_task *t = NULL;
  size_t load = 0;
  for (size_t i = 0; i < job_cnt; i++) {
    struct trie_job *j = &job[i];
    if (j->is_cut) continue;
    struct trie_part *p = &pl->part[pl->part_cnt++];
    *p = (struct trie_part){.job = j, .change = j->change, .cnt = j->cnt};
    if (!t || (par && load >= TRIE_TASK_MIN)) {
      t = &pl->task[pl->task_cnt++];
      t->part = p;
      load = 0;
    }
    t->part_cnt++;
    load += j->cnt;
  }
}

static err trie_plan_make(struct trie_plan *pl, struct trie_job *job,
                          size_t job_cnt, const struct par *par,
                          struct arena *a) {
  size_t cuts = 0;
  for (size_t i = 0; i < job_cnt; i++) {
    for (size_t k = 1; k < job[i].cnt; k++) {
      MUST(hash32_cmp(&job[i].change[k - 1].key, &job[i].change[k].key) < 0);
    }
    job[i].is_cut = false;
    job[i].out = (struct trie_result){.root = CRYPTO_KECCAK_RLP_NIL};
    cuts += trie_job_cuts(&job[i], par);
  }
  size_t part_max = cuts * 16 + job_cnt, task_max = part_max + 1;
  pl->part = arena_array(a, struct trie_part, part_max + cuts);
  pl->task = arena_array(a, struct trie_task, task_max);
  MUST(pl->part && pl->task);
  struct trie_part *top = pl->part + part_max;
  for (size_t i = 0; i < job_cnt; i++) {
    if (!trie_job_cuts(&job[i], par)) continue;
    TRY(trie_plan_cut(pl, &job[i], &top[pl->top_cnt]));
  }
  trie_plan_group(pl, job, job_cnt, par);
  struct trie_task *t = &pl->task[pl->task_cnt];
  t->part = top;
  t->part_cnt = pl->top_cnt;
  return ERR_OK;
}

/* Joins the 16 parts of each cut trie under its top part. */
static err trie_plan_join(struct trie_plan *pl) {
  struct trie_task *t = &pl->task[pl->task_cnt];
  for (size_t i = 0; i < t->part_cnt; i++) {
    struct trie_part *top = &t->part[i];
    struct trie_edge kid[16];
    const u8 *key = top->job->change->key.b;
    for (u32 k = 0; k < 16; k++) kid[k] = pl->part[i * 16 + k].edge;
    if (trie_kids_mask(kid) == top->kids_before) continue;
    TRY(trie_edge_join(t, top, &top->edge, 0, 0, kid, key));
    bool is_there = top->edge.kind == TRIE_BRANCH && top->edge.to == 0;
    if (!top->job->was_empty && !is_there) {
      trie_part_drop_branch(t, top, key, 0);
    }
  }
  return ERR_OK;
}

/* Room in the caller's arena for what each part stores; a job's are together,
** with one more for its root edge. */
static void trie_part_room(struct trie_part *p, struct arena *a) {
  struct trie_result *out = &p->job->out;
  p->put = out->put + out->put_cnt;
  out->put_cnt += p->put_cnt;
  p->room = arena_alloc_raw(a, p->bytes);
  MUST(p->room);
}

static void trie_plan_room(struct trie_plan *pl, struct trie_job *job,
                           size_t job_cnt, struct arena *a) {
  const struct trie_task *tops = &pl->task[pl->task_cnt];
  for (size_t i = 0; i < pl->part_cnt; i++) {
    pl->part[i].job->out.put_cnt += pl->part[i].put_cnt;
  }
  for (size_t i = 0; i < tops->part_cnt; i++) {
    tops->part[i].job->out.put_cnt += tops->part[i].put_cnt;
  }
  for (size_t i = 0; i < job_cnt; i++) {
    struct trie_result *out = &job[i].out;
    out->put = arena_alloc_raw(a, (out->put_cnt + 1) * sizeof *out->put);
    MUST(out->put);
    out->put_cnt = 0;
  }
  for (size_t i = 0; i < pl->part_cnt; i++) trie_part_room(&pl->part[i], a);
  for (size_t i = 0; i < tops->part_cnt; i++) trie_part_room(&tops->part[i], a);
}

/* A job's root, from the part that holds its root edge. */
static void trie_job_finish(const struct trie_part *p, struct arena *a) {
  struct trie_result *out = &p->job->out;
  struct trie_node_put *put = &out->put[out->put_cnt];
  *put = (struct trie_node_put){.path_len = TRIE_ROOT_EDGE};
  if (p->edge.kind == TRIE_EMPTY) {
    out->put_cnt += !p->job->was_empty;
    return;
  }
  struct trie_ref_view ref = trie_edge_ref(&p->edge);
  MUST(ref.len == 32);
  memcpy(out->root.b, ref.ptr, 32);
  if (!p->edge.node) return;
  u8 *room = arena_alloc_raw(a, TRIE_RECORD_ROOT_MAX);
  MUST(room);
  put->node = slice_of(room, trie_record_root_put(room, &p->edge, &out->root));
  out->put_cnt++;
}

err trie_update_all(struct trie_job *job, size_t job_cnt,
                    const struct par *par, struct arena *a) {
  struct trie_plan pl = {.task_cnt = 0};
  struct arena own;
  arena_init(&own, TRIE_TASK_CHUNK, 0);
  err e = trie_plan_make(&pl, job, job_cnt, par, &own);
  if (e != ERR_OK) goto done;
  for (size_t i = 0; i <= pl.task_cnt; i++) {
    arena_init(&pl.task[i].a, TRIE_TASK_CHUNK, 0);
  }
  struct trie_task *tops = &pl.task[pl.task_cnt];
  par_run(par, trie_task_shape, pl.task, (u32)pl.task_cnt);
  for (size_t i = 0; i < pl.task_cnt && e == ERR_OK; i++) e = pl.task[i].e;
  if (e == ERR_OK) e = trie_plan_join(&pl);
  if (e == ERR_OK) {
    trie_plan_room(&pl, job, job_cnt, a);
    par_run(par, trie_task_finish, pl.task, (u32)pl.task_cnt);
    trie_task_finish(tops, 0);
    for (size_t i = 0; i < pl.part_cnt; i++) {
      if (pl.part[i].at == 0) trie_job_finish(&pl.part[i], a);
    }
    for (size_t i = 0; i < tops->part_cnt; i++) {
      trie_job_finish(&tops->part[i], a);
    }
  }
  for (size_t i = 0; i <= pl.task_cnt; i++) arena_fini(&pl.task[i].a);
done:
  arena_fini(&own);
  return e;
}

err trie_update(struct trie_result *out, const struct trie_source *src,
                const struct trie_change *changes, size_t cnt,
                const struct par *par, struct arena *a) {
  struct trie_job job = {.src = src, .change = changes, .cnt = cnt};
  err e = trie_update_all(&job, 1, par, a);
  *out = job.out;
  return e;
}
