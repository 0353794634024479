/* cmd_demo_picture.c - small pictures of goods; see cmd_demo.h.
**
** A picture is 240 x 240 pixels of a palette of 64 colours: a background that
** fades from top to bottom, a shadow, and a motif of ellipses and rounded
** boxes.  The file is a PNG (ISO/IEC 15948): IHDR, PLTE, one IDAT, IEND.  Its
** zlib stream (RFC 1950) is one deflate block (RFC 1951) of fixed codes, whose
** only matches are runs (distance 1) and repeats of the row above.
*/
#include "cmd/cmd_demo.h"

#define PIC_SIZE 240
#define PIC_ROW (PIC_SIZE + 1) /* and the filter's byte */
#define PIC_SHADES 16u         /* of each: background, motif, second, light */

/*------------------------------------------------------------------ drawing */

struct pic_shape {
  u8 motif, ink; /* 0 shadow, 1 main, 2 second, 3 light */
  u8 round;      /* of a box; 255: an ellipse */
  u8 x, y, w, h; /* centre and half of the size, of 240 */
};
#define M(motif) CMD_DEMO_##motif
static const struct pic_shape pic_shapes[] = {
  {M(BAG), 0, 255, 120, 206, 70, 10}, {M(BAG), 1, 10, 120, 126, 58, 78},
  {M(BAG), 2, 4, 120, 56, 58, 12}, {M(BAG), 3, 255, 120, 136, 36, 36},
  {M(BAG), 2, 255, 120, 136, 16, 26},
  {M(CUP), 0, 255, 120, 196, 86, 12}, {M(CUP), 1, 255, 184, 138, 30, 30},
  {M(CUP), 3, 255, 184, 138, 16, 16}, {M(CUP), 1, 40, 114, 140, 62, 48},
  {M(CUP), 2, 255, 114, 98, 58, 14}, {M(CUP), 3, 255, 120, 190, 84, 8},
  {M(POT), 0, 255, 120, 206, 76, 10}, {M(POT), 1, 255, 120, 140, 66, 62},
  {M(POT), 1, 6, 120, 84, 22, 18}, {M(POT), 2, 6, 120, 66, 12, 8},
  {M(POT), 2, 8, 40, 120, 26, 8}, {M(POT), 3, 255, 98, 118, 14, 22},
  {M(SHEET), 0, 255, 120, 214, 70, 8}, {M(SHEET), 3, 6, 120, 120, 66, 88},
  {M(SHEET), 1, 4, 120, 66, 46, 14}, {M(SHEET), 2, 3, 112, 108, 38, 5},
  {M(SHEET), 2, 3, 120, 128, 46, 5}, {M(SHEET), 2, 3, 116, 148, 42, 5},
  {M(SHEET), 2, 3, 100, 168, 26, 5},
  {M(LAMP), 0, 255, 120, 212, 64, 8}, {M(LAMP), 2, 4, 120, 150, 5, 58},
  {M(LAMP), 2, 8, 120, 206, 40, 6}, {M(LAMP), 1, 30, 120, 84, 64, 40},
  {M(LAMP), 3, 255, 120, 122, 46, 8},
  {M(CLOTH), 0, 255, 120, 204, 84, 10}, {M(CLOTH), 1, 14, 120, 128, 78, 66},
  {M(CLOTH), 2, 4, 120, 96, 78, 8}, {M(CLOTH), 3, 4, 120, 124, 78, 5},
  {M(CLOTH), 2, 4, 120, 152, 78, 8}, {M(CLOTH), 1, 8, 120, 60, 64, 10},
  {M(VASE), 0, 255, 120, 212, 60, 8}, {M(VASE), 1, 255, 120, 152, 54, 58},
  {M(VASE), 1, 8, 120, 86, 20, 30}, {M(VASE), 2, 6, 120, 58, 28, 7},
  {M(VASE), 3, 255, 104, 140, 12, 26},
  {M(BOOK), 0, 255, 120, 210, 74, 9}, {M(BOOK), 2, 6, 124, 124, 64, 84},
  {M(BOOK), 3, 4, 128, 124, 56, 80}, {M(BOOK), 1, 6, 114, 120, 62, 84},
  {M(BOOK), 3, 4, 118, 84, 36, 14}, {M(BOOK), 2, 3, 118, 140, 30, 4},
  {M(CANDLE), 0, 255, 120, 206, 64, 9}, {M(CANDLE), 1, 6, 88, 148, 20, 56},
  {M(CANDLE), 1, 6, 148, 164, 20, 40}, {M(CANDLE), 2, 2, 88, 84, 3, 10},
  {M(CANDLE), 3, 255, 88, 62, 9, 17}, {M(CANDLE), 2, 2, 148, 116, 3, 10},
  {M(CANDLE), 3, 255, 148, 94, 9, 17},
  {M(TOTE), 0, 255, 120, 210, 74, 9}, {M(TOTE), 2, 255, 120, 84, 36, 44},
  {M(TOTE), 3, 255, 120, 84, 27, 36}, {M(TOTE), 1, 8, 120, 148, 68, 60},
  {M(TOTE), 2, 4, 120, 96, 68, 6}, {M(TOTE), 3, 255, 120, 152, 24, 24},
  {M(TOTE), 1, 255, 120, 152, 15, 15},
  {M(BISCUIT), 0, 255, 120, 200, 84, 11},
  {M(BISCUIT), 2, 255, 84, 150, 46, 40},
  {M(BISCUIT), 1, 255, 158, 152, 46, 40},
  {M(BISCUIT), 1, 255, 120, 104, 46, 40}, {M(BISCUIT), 3, 255, 104, 92, 5, 5},
  {M(BISCUIT), 3, 255, 132, 88, 5, 5}, {M(BISCUIT), 3, 255, 120, 112, 5, 5},
  {M(BISCUIT), 3, 255, 98, 118, 5, 5}, {M(BISCUIT), 3, 255, 142, 112, 5, 5},
  {M(BISCUIT), 3, 255, 160, 152, 5, 5}, {M(BISCUIT), 3, 255, 182, 144, 5, 5},
  {M(BISCUIT), 3, 255, 76, 154, 5, 5},
  {M(PLATE), 0, 255, 120, 186, 90, 12}, {M(PLATE), 2, 255, 120, 150, 88, 50},
  {M(PLATE), 1, 255, 120, 138, 88, 52}, {M(PLATE), 3, 255, 120, 132, 64, 36},
  {M(PLATE), 1, 255, 120, 134, 52, 28},
  {M(TICKET), 0, 255, 120, 204, 86, 9}, {M(TICKET), 1, 12, 120, 130, 88, 58},
  {M(TICKET), 3, 4, 94, 108, 42, 7}, {M(TICKET), 3, 3, 86, 132, 34, 5},
  {M(TICKET), 3, 3, 92, 152, 40, 5}, {M(TICKET), 2, 2, 160, 130, 2, 58},
  {M(TICKET), 2, 255, 184, 130, 13, 13}, {M(TICKET), 3, 255, 184, 130, 7, 7},
  {M(MUG), 0, 255, 116, 204, 66, 9}, {M(MUG), 1, 255, 170, 134, 28, 34},
  {M(MUG), 3, 255, 170, 134, 16, 22}, {M(MUG), 1, 10, 112, 132, 52, 68},
  {M(MUG), 2, 255, 112, 68, 50, 10}, {M(MUG), 3, 4, 112, 152, 52, 8},
  {M(BULB), 0, 255, 120, 212, 40, 7}, {M(BULB), 3, 255, 120, 96, 52, 54},
  {M(BULB), 3, 8, 120, 146, 26, 18}, {M(BULB), 1, 3, 110, 104, 3, 26},
  {M(BULB), 1, 3, 130, 104, 3, 26}, {M(BULB), 1, 3, 120, 78, 12, 3},
  {M(BULB), 2, 6, 120, 178, 24, 18}, {M(BULB), 2, 4, 120, 200, 14, 6},
  {M(PEN), 0, 255, 120, 214, 60, 7}, {M(PEN), 1, 12, 120, 84, 15, 62},
  {M(PEN), 2, 3, 120, 148, 16, 5}, {M(PEN), 1, 6, 120, 170, 12, 20},
  {M(PEN), 3, 255, 120, 192, 7, 20}, {M(PEN), 2, 4, 138, 66, 3, 34},
  {M(INK), 0, 255, 120, 208, 66, 9}, {M(INK), 1, 14, 120, 152, 56, 52},
  {M(INK), 1, 6, 120, 96, 24, 10}, {M(INK), 2, 6, 120, 76, 28, 14},
  {M(INK), 3, 6, 120, 158, 38, 26}, {M(INK), 2, 3, 120, 150, 24, 4},
  {M(INK), 2, 3, 120, 166, 18, 4},
};
#undef M

static bool pic_inside(const struct pic_shape *s, int x, int y) {
  int dx = abs(x - s->x), dy = abs(y - s->y), r = s->round;
  if (r == 255) {
    return dx * dx * s->h * s->h + dy * dy * s->w * s->w <=
           s->w * s->w * s->h * s->h;
  }
  if (dx > s->w || dy > s->h) return false;
  int cx = dx - (s->w - r), cy = dy - (s->h - r);
  return cx <= 0 || cy <= 0 || cx * cx + cy * cy <= r * r;
}

/* Later shapes lie above earlier ones; the light comes from the left. */
static u8 pic_pixel(enum cmd_demo_motif motif, int x, int y) {
  u8 at = (u8)((u32)y * (PIC_SHADES - 1) / PIC_SIZE);
  for (u32 i = 0; i < ARRAY_LEN(pic_shapes); i++) {
    const struct pic_shape *s = &pic_shapes[i];
    if (s->motif != motif || !pic_inside(s, x, y)) continue;
    int across = (x - (s->x - s->w)) * (int)(PIC_SHADES - 4) / (2 * s->w + 1);
    at = s->ink == 0 ? PIC_SHADES - 1
                     : (u8)((u32)s->ink * PIC_SHADES + (u32)across);
  }
  return at;
}

/* hue in 0..1535, light and colour in 0..255. */
static void pic_colour(u8 out[3], u32 hue, u32 light, u32 colour) {
  static const u8 ramp[3] = {4, 0, 2}; /* where red, green, blue begin */
  for (u32 i = 0; i < 3; i++) {
    u32 at = (hue + ramp[i] * 256u) % 1536;
    u32 full = at < 256 ? at : at < 768 ? 255 : at < 1024 ? 1023 - at : 0;
    u32 c = light * (255 - colour) / 255 + full * colour / 255 * light / 255;
    out[i] = (u8)(c > 255 ? 255 : c);
  }
}

/* By seed, but for what has a colour by nature. */
static void pic_palette(u8 out[4 * PIC_SHADES * 3], enum cmd_demo_motif motif,
                        u32 seed) {
  static const u16 own_hue[CMD_DEMO_MOTIF_CNT] = {
    [CMD_DEMO_BISCUIT] = 880, [CMD_DEMO_CANDLE] = 810};
  u32 hue = own_hue[motif] ? own_hue[motif] : seed * 397 % 1536;
  const u32 tone[4][3] = { /* hue, light at the end, colour */
    {hue + 700, 226, 40}, {hue, 150, 150}, {hue + 260, 110, 110},
    {hue + 100, 226, 30}};
  for (u32 i = 0; i < 4 * PIC_SHADES; i++) {
    const u32 *t = tone[i / PIC_SHADES];
    u32 step = i % PIC_SHADES;
    u32 light = i < PIC_SHADES ? 250 - step * 3 : t[1] + 24 - step * 4;
    pic_colour(out + 3 * i, t[0], light > 255 ? 255 : light, t[2]);
  }
  pic_colour(out + 3 * (PIC_SHADES - 1), hue + 700, 176, 40); /* the shadow */
}

/*---------------------------------------------------------------- deflating */

struct pic_bits {
  struct buf *out;
  u32 hold, cnt;
};

static void pic_put(struct pic_bits *b, u32 v, u32 cnt) {
  b->hold |= v << b->cnt;
  for (b->cnt += cnt; b->cnt >= 8; b->cnt -= 8, b->hold >>= 8) {
    buf_put_u8(b->out, (u8)b->hold);
  }
}

/* Codes are packed from their highest bit. */
static void pic_code(struct pic_bits *b, u32 v, u32 cnt) {
  u32 r = 0;
  for (u32 i = 0; i < cnt; i++) r |= (v >> i & 1) << (cnt - 1 - i);
  pic_put(b, r, cnt);
}

static void pic_symbol(struct pic_bits *b, u32 s) {
  if (s < 144) pic_code(b, 0x30 + s, 8);
  else if (s < 256) pic_code(b, 0x190 + s - 144, 9);
  else if (s < 280) pic_code(b, s - 256, 7);
  else pic_code(b, 0xc0 + s - 280, 8);
}

/* len 3 to 258, of the bytes distance back: 1 or PIC_ROW. */
static void pic_match(struct pic_bits *b, u32 len, u32 distance) {
  if (len == 258) {
    pic_symbol(b, 285);
  } else {
    u32 l = len - 3, extra = 0;
    while (l >> extra >= 8) extra++;
    pic_symbol(b, 257 + 4 * extra + (l >> extra));
    pic_put(b, l & ((1u << extra) - 1), extra);
  }
  /* 241 - 193 is the offset in the 16th code, which begins at 193. */
  pic_code(b, distance == 1 ? 0 : 15, 5);
  if (distance != 1) pic_put(b, PIC_ROW - 193, 6);
}

static u32 pic_run(const u8 *p, u32 at, u32 cnt, u32 distance) {
  u32 n = 0;
  if (at < distance) return 0;
  while (n < 258 && at + n < cnt && p[at + n] == p[at + n - distance]) n++;
  return n;
}

static void pic_deflate(struct buf *out, const u8 *p, u32 cnt) {
  struct pic_bits b = {.out = out};
  u32 s1 = 1, s2 = 0;
  buf_put_u8(out, 0x78);
  buf_put_u8(out, 0x01);
  pic_put(&b, 3, 3); /* the last block, of fixed codes */
  for (u32 i = 0; i < cnt;) {
    u32 run = pic_run(p, i, cnt, 1), above = pic_run(p, i, cnt, PIC_ROW);
    u32 len = above > run ? above : run;
    if (len < 3) {
      pic_symbol(&b, p[i++]);
    } else {
      pic_match(&b, len, above > run ? PIC_ROW : 1);
      i += len;
    }
  }
  pic_symbol(&b, 256);
  pic_put(&b, 0, 7);
  for (u32 i = 0; i < cnt; i++) {
    s1 = (s1 + p[i]) % 65521;
    s2 = (s2 + s1) % 65521;
  }
  u8 sum[4];
  store_be32(sum, s2 << 16 | s1);
  buf_put(out, sum, 4);
}

/*---------------------------------------------------------------- the file */

static u32 pic_crc(const u8 *p, size_t len) {
  u32 crc = 0xffffffffu;
  for (size_t i = 0; i < len; i++) {
    crc ^= p[i];
    for (u32 k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

static void pic_chunk(struct buf *out, const char type[5], slice data) {
  u8 word[4];
  store_be32(word, (u32)data.len);
  buf_put(out, word, 4);
  size_t from = out->len;
  buf_put(out, type, 4);
  buf_put_slice(out, data);
  store_be32(word, pic_crc(out->ptr + from, out->len - from));
  buf_put(out, word, 4);
}

void cmd_demo_picture(struct buf *out, enum cmd_demo_motif motif, u32 seed) {
  static const u8 sign[8] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  u8 head[13] = {0, 0, 0, PIC_SIZE, 0, 0, 0, PIC_SIZE, 8, 3};
  u8 palette[4 * PIC_SHADES * 3];
  u8 *pixel = mem_alloc(PIC_SIZE * PIC_ROW);
  struct buf packed;
  buf_init(&packed, 0);
  for (int y = 0; y < PIC_SIZE; y++) {
    pixel[y * PIC_ROW] = 0;
    for (int x = 0; x < PIC_SIZE; x++) {
      pixel[y * PIC_ROW + 1 + x] = pic_pixel(motif, x, y);
    }
  }
  pic_palette(palette, motif, seed);
  pic_deflate(&packed, pixel, PIC_SIZE * PIC_ROW);
  buf_put(out, sign, sizeof sign);
  pic_chunk(out, "IHDR", slice_of(head, sizeof head));
  pic_chunk(out, "PLTE", slice_of(palette, sizeof palette));
  pic_chunk(out, "IDAT", buf_slice(&packed));
  pic_chunk(out, "IEND", slice_of(NULL, 0));
  buf_fini(&packed);
  mem_free(pixel);
}

#undef PIC_SIZE
#undef PIC_ROW
#undef PIC_SHADES
