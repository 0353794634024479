/* node_totp.h - the second factor: time-based one-time codes (RFC 6238 on
** RFC 4226: HMAC-SHA-1, steps of 30 s, six digits, what authenticator programs
** know) and recovery codes.
**
** A code counts in its step, the one before and the one after (clocks differ),
** and once: a step at or before the newest one taken is refused.  A recovery
** code is 10 characters of base 32 (50 random bits) of which the SHA-256 is
** kept; it is used up.
*/
#ifndef NODE_NODE_TOTP_H
#define NODE_NODE_TOTP_H
#include "store/store_user.h"

#define NODE_TOTP_STEP_S 30u
#define NODE_RECOVERY_TEXT 12 /* "abcde-fghij" */

u32 node_totp_code(const u8 key[STORE_TOTP_MAX], u64 step);
/* True when text is a code of u's second factor at that time, or one of its
** recovery codes: u is changed and to be kept before the answer is given. */
bool node_totp_take(struct store_user *u, const char *text, u64 now_ms);
/* The key in base 32, as authenticator programs are given it. */
void node_totp_key_text(char out[33], const u8 key[STORE_TOTP_MAX]);
/* New recovery codes: u has their hashes. */
void node_recovery_make(struct store_user *u,
                        char out[STORE_RECOVERY_MAX][NODE_RECOVERY_TEXT]);
#endif
