/* mnemonic.c - the words of BIP-39, in English: a key that can be written down.
**
** 128 to 256 random bits, a multiple of 32, are followed by a checksum: the
** first bit of their SHA-256 for each 32 of them.  Eleven bits at a time, from
** the first, are the number of a word: 12 to 24 words.  crypto_mnemonic_seed
** makes the seed of them; Ethereum's wallets have the account n at
** m/44'/60'/0'/0/n (BIP-44).
**
** What people type is taken with any blanks between the words and in any case;
** a word that is none is told by its place, since the checksum only says that
** something is wrong. */
#include <stdio.h>

#include "crypto/hash.h"
#include "crypto/keystore.h"

enum { MNEMONIC_WORDS = 2048, MNEMONIC_WORD_BITS = 11, MNEMONIC_LETTERS = 8 };

static const char mnemonic_words[MNEMONIC_WORDS][MNEMONIC_LETTERS + 1] = {
#include "crypto/mnemonic_words.inc"
};

/* Bits from of data, the first one the highest of data[0]. */
static u32 mnemonic_bits(const u8 *data, u32 from) {
  u32 v = 0;
  for (u32 i = from; i < from + MNEMONIC_WORD_BITS; i++)
    v = v << 1 | (data[i / 8] >> (7 - i % 8) & 1u);
  return v;
}

err crypto_mnemonic_make(char out[CRYPTO_MNEMONIC_SIZE], const u8 *entropy,
                         size_t len) {
  u8 data[33], sum[32];
  size_t n = 0;
  if (len < 16 || len > 32 || len % 4) return ERR_INPUT;
  memcpy(data, entropy, len);
  crypto_sha256(sum, entropy, len);
  data[len] = sum[0];
  u32 cnt = (u32)len * 3 / 4;
  for (u32 i = 0; i < cnt; i++)
    n += (size_t)snprintf(out + n, CRYPTO_MNEMONIC_SIZE - n, "%s%s",
                          i ? " " : "",
                          mnemonic_words[mnemonic_bits(data,
                                                       i * MNEMONIC_WORD_BITS)]);
  mem_wipe(data, sizeof data);
  mem_wipe(sum, sizeof sum);
  return ERR_OK;
}

/* The number of a word, or MNEMONIC_WORDS. */
static u32 mnemonic_find(const char *word) {
  u32 lo = 0, hi = MNEMONIC_WORDS;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    int d = strcmp(word, mnemonic_words[mid]);
    if (d == 0) return mid;
    if (d < 0) hi = mid; else lo = mid + 1;
  }
  return MNEMONIC_WORDS;
}

/* The next word in lower case, cut at what no word has; false: no more. */
static bool mnemonic_next(char word[MNEMONIC_LETTERS + 2], slice *text) {
  size_t n = 0;
  while (text->len && text->ptr[0] <= ' ') text->ptr++, text->len--;
  if (!text->len) return false;
  for (; text->len && text->ptr[0] > ' '; text->ptr++, text->len--) {
    u8 c = text->ptr[0];
    if (n <= MNEMONIC_LETTERS)
      word[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  word[n] = 0;
  return true;
}

err crypto_mnemonic_read(char out[CRYPTO_MNEMONIC_SIZE], slice text,
                         struct errmsg *msg) {
  static const char count[] = "12, 15, 18, 21 or 24 words are wanted";
  u8 data[33] = {0}, sum[32];
  char word[MNEMONIC_LETTERS + 2];
  u32 cnt = 0, bit = 0;
  for (; mnemonic_next(word, &text); cnt++) {
    if (cnt == 24) return err_say(msg, ERR_INPUT, "%s", count);
    u32 number = mnemonic_find(word);
    if (number == MNEMONIC_WORDS)
      return err_say(msg, ERR_INPUT, "word %u is none of BIP-39's English list",
                     cnt + 1);
    for (u32 i = MNEMONIC_WORD_BITS; i-- > 0; bit++)
      data[bit / 8] |= (u8)((number >> i & 1) << (7 - bit % 8));
  }
  if (cnt < 12 || cnt % 3) return err_say(msg, ERR_INPUT, "%s", count);
  size_t len = cnt * 4 / 3;
  u8 mask = (u8)(0xff << (8 - cnt / 3));
  crypto_sha256(sum, data, len);
  err e = (sum[0] ^ data[len]) & mask
              ? err_say(msg, ERR_INPUT, "the words do not fit together: one is "
                        "another, or they are in another order")
              : crypto_mnemonic_make(out, data, len);
  mem_wipe(data, sizeof data);
  mem_wipe(sum, sizeof sum);
  mem_wipe(word, sizeof word);
  return e;
}

err crypto_mnemonic_key(u8 key[32], const char *mnemonic, u32 index) {
  u8 seed[64];
  char path[40];
  snprintf(path, sizeof path, "m/44'/60'/0'/0/%u", index);
  err e = crypto_mnemonic_seed(seed, mnemonic, "");
  if (e == ERR_OK) e = crypto_hd_derive(key, seed, sizeof seed, path);
  mem_wipe(seed, sizeof seed);
  return e;
}
