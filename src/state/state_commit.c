/* state_commit.c - from a block's difference to the state root.
**
** First the storage tries of all accounts whose slots changed, together, then
** the account trie with the new storage roots in the leaves.  A wiped account
** starts from an empty storage trie; its old nodes are deleted, but for paths
** that the new trie stores again, so that each path is named once.
**
** A trie asks for leaves it did not see change (when one must move) by hashed
** key; they are encoded here into blocks that live until the commit is done.
** Workers ask at the same time, so the list of blocks is a lock-free stack.
*/
#include "base/map.h"
#include "crypto/keccak.h"
#include "state/state.h"

struct state_leaf_block {
  struct state_leaf_block *next;
  u8 rlp[STATE_ACCOUNT_RLP_MAX];
};
struct state_commit_ctx {
  const struct state_source *src;
  struct state_leaf_block *blocks;
};
struct state_commit_trie { /* the context of one trie's source */
  struct state_commit_ctx *ctx;
  const hash32 *owner;     /* NULL: the account trie */
  bool is_empty;           /* wiped: stands for an empty trie */
};

static u8 *state_leaf_room(struct state_commit_ctx *c) {
  struct state_leaf_block *b = mem_alloc(sizeof *b);
  b->next = __atomic_load_n(&c->blocks, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&c->blocks, &b->next, b, true,
                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  return b->rlp;
}

static err state_commit_node(void *ctx, slice *out, const u8 *path,
                             u32 path_len) {
  const struct state_commit_trie *t = ctx;
  *out = slice_of(NULL, 0);
  if (t->is_empty) return ERR_OK;
  const struct state_source *src = t->ctx->src;
  return src->node(src->ctx, out, t->owner, path, path_len);
}

static err state_commit_low(void *ctx, slice *out, const u8 key[32],
                            u32 path_len) {
  const struct state_commit_trie *t = ctx;
  const struct state_source *src = t->ctx->src;
  return src->low(src->ctx, out, t->owner, key, path_len);
}

static err state_commit_leaf(void *ctx, slice *out, const hash32 *key) {
  struct state_commit_trie *t = ctx;
  const struct state_source *src = t->ctx->src;
  *out = slice_of(NULL, 0);
  if (t->owner) {
    u256 v;
    TRY(src->slot_by_hash(src->ctx, &v, t->owner, key));
    if (u256_is_zero(&v)) return ERR_CORRUPT;
    u8 *rlp = state_leaf_room(t->ctx);
    *out = slice_of(rlp, state_slot_encode(rlp, &v));
    return ERR_OK;
  }
  struct state_account acct;
  bool found;
  TRY(src->account_by_hash(src->ctx, &acct, &found, key));
  if (!found) return ERR_CORRUPT;
  u8 *rlp = state_leaf_room(t->ctx);
  *out = slice_of(rlp, state_account_encode_to(rlp, &acct));
  return ERR_OK;
}

static struct trie_source state_commit_source(struct state_commit_trie *t) {
  return (struct trie_source){
      .ctx = t, .node = state_commit_node, .leaf = state_commit_leaf,
      .low = t->ctx->src->low ? state_commit_low : NULL};
}

/*---------------------------------------------------------- storage tries */

/* One account whose storage trie changes. */
struct state_commit_job {
  struct state_diff_account *acct;
  struct state_commit_trie trie;
  struct trie_source src;
  struct trie_result old; /* deletions of a wiped trie */
};

static struct trie_change *state_commit_slots(
    const struct state_diff_account *d, struct arena *tmp) {
  struct trie_change *c = arena_alloc_raw(tmp, d->slot_cnt * sizeof *c);
  u8 *rlp = arena_alloc_raw(tmp, d->slot_cnt * 33u);
  for (u32 i = 0; i < d->slot_cnt; i++, rlp += 33) {
    const struct state_diff_slot *s = &d->slot[i];
    u32 len =
        u256_is_zero(&s->new_val) ? 0 : state_slot_encode(rlp, &s->new_val);
    c[i].key = s->key;
    c[i].val = slice_of(rlp, len);
  }
  return c;
}

static void state_commit_path_key(const struct trie_node_put *p, u8 out[65]) {
  memset(out, 0, 65);
  out[64] = p->path_len == TRIE_ROOT_EDGE ? 0xff : (u8)p->path_len;
  if (p->path_len != TRIE_ROOT_EDGE && p->path_len) {
    memcpy(out, p->path, p->path_len);
  }
}

/* Drops from a wiped trie's deletions the paths that are stored anew. */
static void state_commit_unique(struct trie_result *old,
                                const struct trie_result *now) {
  struct map seen;
  u8 key[65];
  size_t cnt = 0;
  if (now->put_cnt == 0) return;
  map_init(&seen, sizeof key, 1, 0, 0);
  for (size_t i = 0; i < now->put_cnt; i++) {
    state_commit_path_key(&now->put[i], key);
    map_put(&seen, key, NULL);
  }
  for (size_t i = 0; i < old->put_cnt; i++) {
    state_commit_path_key(&old->put[i], key);
    if (!map_get(&seen, key)) old->put[cnt++] = old->put[i];
  }
  old->put_cnt = cnt;
  map_fini(&seen);
}

static err state_commit_wipe(struct state_commit_job *j, struct arena *a) {
  struct state_commit_trie whole = j->trie;
  struct trie_source src = state_commit_source(&whole);
  j->trie.is_empty = true;
  return trie_clear(&j->old, &src, a);
}

struct state_commit_storage {
  struct state_commit_job *job;
  struct trie_job *trie;
  size_t cnt, put_cnt;
};

static err state_commit_storage_run(struct state_commit_storage *out,
                                    struct state_commit_ctx *ctx,
                                    struct state_diff *d,
                                    const struct par *par, struct arena *tmp,
                                    struct arena *a) {
  out->cnt = out->put_cnt = 0;
  out->job = arena_array(tmp, struct state_commit_job, d->account_cnt);
  out->trie = arena_array(tmp, struct trie_job, d->account_cnt);
  for (u32 i = 0; i < d->account_cnt; i++) {
    struct state_diff_account *acct = &d->account[i];
    if (acct->slot_cnt == 0 && !acct->wiped) continue;
    struct state_commit_job *j = &out->job[out->cnt];
    j->acct = acct;
    j->trie = (struct state_commit_trie){ctx, &acct->key, false};
    j->src = state_commit_source(&j->trie);
    if (acct->wiped) TRY(state_commit_wipe(j, a));
    out->trie[out->cnt++] =
        (struct trie_job){.src = &j->src,
                          .change = state_commit_slots(acct, tmp),
                          .cnt = acct->slot_cnt};
  }
  if (out->cnt) TRY(trie_update_all(out->trie, out->cnt, par, a));
  for (size_t i = 0; i < out->cnt; i++) {
    struct state_commit_job *j = &out->job[i];
    /* The account's leaf and its storage trie must tell of one state. */
    if (!j->acct->wiped && !hash32_eq(&out->trie[i].root_before,
                                      &j->acct->old_val.storage_root)) {
      return ERR_CORRUPT;
    }
    j->acct->new_val.storage_root = out->trie[i].out.root;
    state_commit_unique(&j->old, &out->trie[i].out);
    out->put_cnt += j->old.put_cnt + out->trie[i].out.put_cnt;
  }
  return ERR_OK;
}

/*----------------------------------------------------------- account trie */

static err state_commit_accounts(struct trie_result *out,
                                 struct state_commit_ctx *ctx,
                                 const struct state_diff *d,
                                 const struct par *par, struct arena *tmp,
                                 struct arena *a) {
  struct state_commit_trie t = {ctx, NULL, false};
  struct trie_source src = state_commit_source(&t);
  struct trie_change *c = arena_alloc_raw(tmp, d->account_cnt * sizeof *c);
  for (u32 i = 0; i < d->account_cnt; i++) {
    const struct state_diff_account *acct = &d->account[i];
    u8 *rlp = arena_alloc_raw(tmp, STATE_ACCOUNT_RLP_MAX);
    c[i].key = acct->key;
    c[i].val = slice_of(
        rlp, acct->exists ? state_account_encode_to(rlp, &acct->new_val) : 0);
  }
  return trie_update(out, &src, c, d->account_cnt, par, a);
}

static void state_commit_put(struct state_root *out, const hash32 *owner,
                             const struct trie_result *r) {
  for (size_t i = 0; i < r->put_cnt; i++) {
    out->put[out->put_cnt++] = (struct state_trie_put){owner, r->put[i]};
  }
}

static err state_commit_run(struct state_root *out,
                            struct state_commit_ctx *ctx, struct state_diff *d,
                            const struct par *par, struct arena *tmp,
                            struct arena *a) {
  struct state_commit_storage st;
  struct trie_result accounts;
  TRY(state_commit_storage_run(&st, ctx, d, par, tmp, a));
  TRY(state_commit_accounts(&accounts, ctx, d, par, tmp, a));
  size_t cnt = st.put_cnt + accounts.put_cnt;
  out->root = accounts.root;
  out->put_cnt = 0;
  out->put = arena_alloc_raw(a, cnt * sizeof *out->put);
  MUST(out->put);
  for (size_t i = 0; i < st.cnt; i++) {
    const hash32 *owner = &st.job[i].acct->key;
    state_commit_put(out, owner, &st.job[i].old);
    state_commit_put(out, owner, &st.trie[i].out);
  }
  state_commit_put(out, NULL, &accounts);
  return ERR_OK;
}

err state_commit(struct state_root *out, struct state_diff *d,
                 const struct state_source *src, const struct par *par,
                 struct arena *a) {
  struct state_commit_ctx ctx = {src, NULL};
  struct arena tmp;
  MUST(src->node && src->account_by_hash && src->slot_by_hash);
  arena_init(&tmp, 64u << 10, 0);
  err e = state_commit_run(out, &ctx, d, par, &tmp, a);
  arena_fini(&tmp);
  for (struct state_leaf_block *b = ctx.blocks, *next; b; b = next) {
    next = b->next;
    mem_free(b);
  }
  return e;
}
