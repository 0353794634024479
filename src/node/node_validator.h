/* node_validator.h - the validator whose file this is. */
#ifndef NODE_NODE_VALIDATOR_H
#define NODE_NODE_VALIDATOR_H
#include "base/base.h"

/* As the file says, beside a running node too.  ERR_USAGE: a chain without
** validators. */
struct node_validator {
  u8 key[33];           /* compressed public key of consensus */
  addr20 operator_addr;
  u64 power, total;     /* 0: the chain does not know this key */
  u64 last_signed;      /* height */
  char home[1024];      /* where the file is at home */
  bool fenced;          /* and is not now, so that it signs nothing */
  struct errmsg why;
};
err node_validator_read(struct node_validator *out, const char *db_path,
                        struct errmsg *msg) MUST_USE;
#endif
