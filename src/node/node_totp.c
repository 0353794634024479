/* node_totp.c - see node_totp.h. */
#include "node/node_totp.h"

#include <mbedtls/md.h>
#include <stdio.h>

#include "crypto/hash.h"
#include "node/node.h"

#define TOTP_DIGITS 6
#define TOTP_MODULUS 1000000u
#define TOTP_SLACK 1u /* steps before and after */

static const char totp_base32[] = "abcdefghijklmnopqrstuvwxyz234567";

u32 node_totp_code(const u8 key[STORE_TOTP_MAX], u64 step) {
  u8 text[8], mac[20];
  store_be64(text, step);
  int bad = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), key,
                            STORE_TOTP_MAX, text, sizeof text, mac);
  MUST(!bad);
  u32 word = load_be32(mac + (mac[19] & 15)) & 0x7fffffffu;
  mem_wipe(mac, sizeof mac);
  return word % TOTP_MODULUS;
}

/* Six digits, spaces between allowed; false when it is something else. */
static bool totp_read(u32 *out, const char *text) {
  u32 n = 0, digits = 0;
  for (; *text; text++) {
    if (*text == ' ') continue;
    if (*text < '0' || *text > '9' || ++digits > TOTP_DIGITS) return false;
    n = n * 10 + (u32)(*text - '0');
  }
  *out = n;
  return digits == TOTP_DIGITS;
}

/* Its hash, however it was typed; false when it is none. */
static bool totp_recovery_hash(u8 out[32], const char *text) {
  char plain[10];
  size_t n = 0;
  for (; *text; text++) {
    char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
    if (c == '-' || c == ' ') continue;
    if (n == sizeof plain || !strchr(totp_base32, c)) return false;
    plain[n++] = c;
  }
  if (n != sizeof plain) return false;
  crypto_sha256(out, plain, sizeof plain);
  mem_wipe(plain, sizeof plain);
  return true;
}

static bool totp_take_recovery(struct store_user *u, const char *text) {
  u8 hash[32];
  if (!totp_recovery_hash(hash, text)) return false;
  for (u32 i = 0; i < u->recovery_cnt; i++) {
    if (memcmp(u->recovery[i], hash, 32) != 0) continue;
    memmove(u->recovery[i], u->recovery[--u->recovery_cnt], 32);
    return true;
  }
  return false;
}

bool node_totp_take(struct store_user *u, const char *text, u64 now_ms) {
  u64 now = now_ms / 1000 / NODE_TOTP_STEP_S;
  u32 code;
  if (!u->has_totp) return false;
  if (!totp_read(&code, text)) return totp_take_recovery(u, text);
  for (u64 step = now - TOTP_SLACK; step <= now + TOTP_SLACK; step++) {
    if (step <= u->totp_step || node_totp_code(u->totp, step) != code) continue;
    u->totp_step = step;
    return true;
  }
  return false;
}

void node_totp_key_text(char out[33], const u8 key[STORE_TOTP_MAX]) {
  for (u32 i = 0; i < 32; i++) { /* 5 bits each */
    u32 bit = 5 * i;
    u32 two = (u32)key[bit / 8] << 8 |
              (bit / 8 + 1 < STORE_TOTP_MAX ? key[bit / 8 + 1] : 0);
    char c = totp_base32[two >> (11 - bit % 8) & 31];
    out[i] = c >= 'a' ? (char)(c - 32) : c;
  }
  out[32] = 0;
}

void node_recovery_make(struct store_user *u,
                        char out[STORE_RECOVERY_MAX][NODE_RECOVERY_TEXT]) {
  for (u32 i = 0; i < STORE_RECOVERY_MAX; i++) {
    u8 r[10];
    node_random(r, sizeof r);
    for (u32 k = 0; k < 10; k++) out[i][k + (k >= 5)] = totp_base32[r[k] % 32];
    out[i][5] = '-';
    out[i][11] = 0;
    MUST(totp_recovery_hash(u->recovery[i], out[i]));
  }
  u->recovery_cnt = STORE_RECOVERY_MAX;
}

#undef TOTP_DIGITS
#undef TOTP_MODULUS
#undef TOTP_SLACK
