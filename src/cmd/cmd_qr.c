/* cmd_qr.c - see cmd_qr.h.
**
** A symbol is made in this order: the patterns that are always there (three
** finders with their margins, the two lines of alternating modules, from version
** 2 on one alignment pattern, the format word and the dark module beside it),
** then the bits of data and correction, two columns at a time from the right,
** up and down in turn, each inverted where row + column is even (mask 0).
**
** Data: mode 4 (bytes) in 4 bits, length in 8, the bytes, 4 zero bits, then
** 0xec and 0x11 in turn up to the version's count.  Correction: the remainder
** by the generator over GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
*/
#include "cmd/cmd_qr.h"

#define QR_FORMAT 0x77c4u /* level L, mask 0, BCH and its mask applied */
#define QR_EC_MAX 26u
#define QR_ALL_MAX 134u
#define QR_MARGIN 2

/* Bytes of data and of correction, by version. */
static const struct qr_size { u8 data, ec; } QR_SIZE[] = {
    {19, 7}, {34, 10}, {55, 15}, {80, 20}, {108, 26}};

struct qr_draft {
  struct cmd_qr *q;
  bool fixed[CMD_QR_SIDE][CMD_QR_SIDE]; /* no data goes there */
};

static u8 qr_mul(u8 a, u8 b) {
  u32 r = 0;
  for (u32 x = a; b; b >>= 1, x <<= 1) {
    if (x & 0x100) x ^= 0x11d;
    if (b & 1) r ^= x;
  }
  return (u8)r;
}

/* The remainder of data by the generator of degree n, into out[n]. */
static void qr_correct(u8 *out, u32 n, const u8 *data, u32 len) {
  u8 gen[QR_EC_MAX + 1] = {1}; /* gen[0]: of the highest power */
  u8 root = 1;
  for (u32 i = 0; i < n; i++, root = qr_mul(root, 2)) {
    for (u32 k = i + 1; k > 0; k--) gen[k] ^= qr_mul(gen[k - 1], root);
  }
  memset(out, 0, n);
  for (u32 i = 0; i < len; i++) {
    u8 f = data[i] ^ out[0];
    memmove(out, out + 1, n - 1);
    out[n - 1] = 0;
    for (u32 k = 0; k < n; k++) out[k] ^= qr_mul(gen[k + 1], f);
  }
}

static void qr_set(struct qr_draft *d, u32 row, u32 col, bool dark) {
  d->q->dark[row][col] = dark;
  d->fixed[row][col] = true;
}

/* Rings around a middle: dark where the distance is not one of light's bits. */
static void qr_rings(struct qr_draft *d, int row, int col, int radius,
                     u32 light) {
  int side = (int)d->q->side;
  for (int y = -radius; y <= radius; y++) {
    for (int x = -radius; x <= radius; x++) {
      int ay = y < 0 ? -y : y, ax = x < 0 ? -x : x;
      if (row + y < 0 || row + y >= side || col + x < 0 || col + x >= side) {
        continue;
      }
      qr_set(d, (u32)(row + y), (u32)(col + x),
             !(light >> (ay > ax ? ay : ax) & 1));
    }
  }
}

static void qr_patterns(struct qr_draft *d, u32 version) {
  u32 side = d->q->side;
  int far = (int)side - 4;
  for (u32 i = 0; i < side; i++) {
    qr_set(d, 6, i, i % 2 == 0);
    qr_set(d, i, 6, i % 2 == 0);
  }
  qr_rings(d, 3, 3, 4, 1u << 2 | 1u << 4); /* with its margin */
  qr_rings(d, 3, far, 4, 1u << 2 | 1u << 4);
  qr_rings(d, far, 3, 4, 1u << 2 | 1u << 4);
  if (version > 1) qr_rings(d, far - 3, far - 3, 2, 1u << 1);
}

/* Bit i of the format word, twice; bit 0 is the last. */
static void qr_format(struct qr_draft *d) {
  u32 side = d->q->side;
  for (u32 i = 0; i < 15; i++) {
    bool bit = QR_FORMAT >> i & 1;
    u32 near = i < 6 ? i : i < 8 ? i + 1 : i == 8 ? 7 : 14 - i;
    if (i < 8) qr_set(d, near, 8, bit);
    else qr_set(d, 8, near, bit);
    if (i < 8) qr_set(d, 8, side - 1 - i, bit);
    else qr_set(d, side - 15 + i, 8, bit);
  }
  qr_set(d, side - 8, 8, true);
}

static void qr_fill(struct qr_draft *d, const u8 *bytes, u32 cnt) {
  u32 side = d->q->side, bit = 0;
  bool up = true;
  for (int right = (int)side - 1; right > 0; right -= 2, up = !up) {
    if (right == 6) right--; /* the column of the timing line */
    for (u32 i = 0; i < side; i++) {
      u32 row = up ? side - 1 - i : i;
      for (u32 k = 0; k < 2; k++) {
        u32 col = (u32)right - k;
        if (d->fixed[row][col]) continue;
        bool on = bit < cnt * 8 && bytes[bit / 8] >> (7 - bit % 8) & 1;
        d->q->dark[row][col] = on ^ ((row + col) % 2 == 0);
        bit++;
      }
    }
  }
}

bool cmd_qr_make(struct cmd_qr *q, const char *text) {
  size_t len = strlen(text);
  u32 v = 0;
  while (v < ARRAY_LEN(QR_SIZE) && len + 2 > QR_SIZE[v].data) v++;
  if (v == ARRAY_LEN(QR_SIZE)) return false;
  const struct qr_size *size = &QR_SIZE[v];
  u8 all[QR_ALL_MAX] = {(u8)(0x40 | len >> 4), (u8)(len << 4)};
  for (size_t i = 0; i < len; i++) {
    all[i + 1] |= (u8)text[i] >> 4;
    all[i + 2] = (u8)(text[i] << 4);
  }
  for (u32 i = (u32)len + 2, k = 0; i < size->data; i++, k++) {
    all[i] = k % 2 ? 0x11 : 0xec;
  }
  qr_correct(all + size->data, size->ec, all, size->data);
  *q = (struct cmd_qr){.side = 21 + 4 * v};
  struct qr_draft d = {.q = q};
  qr_patterns(&d, v + 1);
  qr_format(&d);
  qr_fill(&d, all, size->data + size->ec);
  return true;
}

static bool qr_at(const struct cmd_qr *q, int row, int col) {
  return row >= 0 && col >= 0 && row < (int)q->side && col < (int)q->side &&
         q->dark[row][col];
}

void cmd_qr_print(FILE *f, const struct cmd_qr *q) {
  static const char *const half[] = {" ", "\u2584", "\u2580", "\u2588"};
  int end = (int)q->side + QR_MARGIN;
  for (int row = -QR_MARGIN; row < end; row += 2) {
    fputs("  \033[30;107m", f);
    for (int col = -QR_MARGIN; col < end; col++) {
      fputs(half[qr_at(q, row, col) * 2 + qr_at(q, row + 1, col)], f);
    }
    fputs("\033[0m\n", f);
  }
}

#undef QR_FORMAT
#undef QR_EC_MAX
#undef QR_ALL_MAX
#undef QR_MARGIN
