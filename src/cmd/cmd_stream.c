/* cmd_stream.c - see cmd_stream.h.
**
** Both packers have the same shape: a buffer of the file's bytes and calls that
** move some from it to the caller's, or back.  A file is made new, never written
** over.
*/
#include "cmd/cmd_stream.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define STREAM_BUF (256u << 10)
#define STREAM_ZSTD_LEVEL 3

enum stream_kind { STREAM_PLAIN, STREAM_GZ, STREAM_ZSTD };

struct cmd_stream {
  FILE *f;
  char *path;
  enum stream_kind kind;
  bool writes, end, standard;
  u64 at, size;
  u8 buf[STREAM_BUF];
  size_t have, used;       /* reading: in buf */
  z_stream gz;
  ZSTD_DCtx *unzst;
  ZSTD_CCtx *zst;
};

static bool stream_ends(const char *path, const char *with) {
  size_t n = strlen(path), k = strlen(with);
  return n > k && strcmp(path + n - k, with) == 0;
}

static err stream_broken(const struct cmd_stream *s, struct errmsg *msg) {
  int os = errno;
  if (ferror(s->f))
    return err_say(msg, os == ENOSPC || os == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                   "%s: %s", s->path, strerror(os));
  return err_say(msg, ERR_INPUT, "%s: the packed bytes are damaged", s->path);
}

static struct cmd_stream *stream_new(const char *path, bool writes) {
  struct cmd_stream *s = mem_alloc(sizeof *s);
  s->standard = strcmp(path, "-") == 0;
  s->path = mem_strdup(!s->standard ? path
                       : writes ? "standard output" : "standard input");
  s->writes = writes;
  s->kind = stream_ends(path, ".gz") ? STREAM_GZ
            : stream_ends(path, ".zst") ? STREAM_ZSTD : STREAM_PLAIN;
  return s;
}

static void stream_free(struct cmd_stream *s) {
  if (s->kind == STREAM_GZ && s->writes) deflateEnd(&s->gz);
  if (s->kind == STREAM_GZ && !s->writes) inflateEnd(&s->gz);
  ZSTD_freeDCtx(s->unzst);
  ZSTD_freeCCtx(s->zst);
  if (s->f && !s->standard) fclose(s->f);
  mem_free(s->path);
  mem_free(s);
}

err cmd_stream_read_open(struct cmd_stream **out, const char *path,
                         struct errmsg *msg) {
  struct cmd_stream *s = stream_new(path, false);
  struct stat st;
  *out = NULL;
  s->f = s->standard ? stdin : fopen(path, "rb");
  if (!s->f) {
    err e = err_say(msg, ERR_USAGE, "cannot read %s: %s", path,
                    strerror(errno));
    stream_free(s);
    return e;
  }
  if (fstat(fileno(s->f), &st) == 0 && S_ISREG(st.st_mode))
    s->size = (u64)st.st_size;
  if (s->kind == STREAM_GZ) MUST(inflateInit2(&s->gz, 15 + 32) == Z_OK);
  if (s->kind == STREAM_ZSTD) MUST((s->unzst = ZSTD_createDCtx()) != NULL);
  *out = s;
  return ERR_OK;
}

err cmd_stream_write_open(struct cmd_stream **out, const char *path,
                          struct errmsg *msg) {
  struct cmd_stream *s = stream_new(path, true);
  *out = NULL;
  s->f = s->standard ? stdout : fopen(path, "wbx");
  if (!s->f) {
    err e = errno == EEXIST
                ? err_say(msg, ERR_EXISTS, "%s exists; name a new file", path)
                : err_say(msg, ERR_USAGE, "cannot write %s: %s", path,
                          strerror(errno));
    stream_free(s);
    return e;
  }
  if (s->kind == STREAM_GZ)
    MUST(deflateInit2(&s->gz, 6, Z_DEFLATED, 15 + 16, 8,
                      Z_DEFAULT_STRATEGY) == Z_OK);
  if (s->kind == STREAM_ZSTD) {
    MUST((s->zst = ZSTD_createCCtx()) != NULL);
    ZSTD_CCtx_setParameter(s->zst, ZSTD_c_compressionLevel, STREAM_ZSTD_LEVEL);
    ZSTD_CCtx_setParameter(s->zst, ZSTD_c_checksumFlag, 1);
  }
  *out = s;
  return ERR_OK;
}

/*---------------------------------------------------------------- reading */
static err stream_fill(struct cmd_stream *s, struct errmsg *msg) {
  if (s->used < s->have || s->end) return ERR_OK;
  s->have = fread(s->buf, 1, sizeof s->buf, s->f);
  s->used = 0;
  s->at += s->have;
  s->end = s->have == 0;
  return ferror(s->f) ? stream_broken(s, msg) : ERR_OK;
}

/* Some of it; *got 0 at the end.  A packed file may hold several parts. */
static err stream_unpack(struct cmd_stream *s, u8 *out, size_t len,
                         size_t *got, struct errmsg *msg) {
  if (s->kind == STREAM_GZ) {
    s->gz.next_in = s->buf + s->used;
    s->gz.avail_in = (uInt)(s->have - s->used);
    s->gz.next_out = out;
    s->gz.avail_out = (uInt)(len < 1u << 30 ? len : 1u << 30);
    uInt room = s->gz.avail_out;
    int rc = inflate(&s->gz, Z_NO_FLUSH);
    s->used = s->have - s->gz.avail_in;
    *got = room - s->gz.avail_out;
    if (rc == Z_STREAM_END) rc = inflateReset(&s->gz);
    return rc == Z_OK || rc == Z_BUF_ERROR ? ERR_OK : stream_broken(s, msg);
  }
  ZSTD_inBuffer in = {s->buf, s->have, s->used};
  ZSTD_outBuffer to = {out, len, 0};
  size_t rc = ZSTD_decompressStream(s->unzst, &to, &in);
  s->used = in.pos;
  *got = to.pos;
  return ZSTD_isError(rc) ? stream_broken(s, msg) : ERR_OK;
}

err cmd_stream_read(struct cmd_stream *s, void *out, size_t len, size_t *got,
                    struct errmsg *msg) {
  u8 *p = out;
  *got = 0;
  while (*got < len) {
    size_t n = 0;
    TRY(stream_fill(s, msg));
    if (s->kind == STREAM_PLAIN) {
      n = s->have - s->used < len - *got ? s->have - s->used : len - *got;
      memcpy(p + *got, s->buf + s->used, n);
      s->used += n;
    } else {
      TRY(stream_unpack(s, p + *got, len - *got, &n, msg));
    }
    *got += n;
    if (s->end && n == 0) break;
  }
  return ERR_OK;
}

/*---------------------------------------------------------------- writing */
static err stream_put(struct cmd_stream *s, const void *p, size_t len,
                      struct errmsg *msg) {
  s->at += len;
  return fwrite(p, 1, len, s->f) == len ? ERR_OK : stream_broken(s, msg);
}

static err stream_pack(struct cmd_stream *s, const void *p, size_t len,
                       bool end, struct errmsg *msg) {
  ZSTD_inBuffer in = {p, len, 0};
  s->gz.next_in = (Bytef *)p;
  s->gz.avail_in = (uInt)len;
  for (bool more = true; more;) {
    size_t n;
    if (s->kind == STREAM_GZ) {
      s->gz.next_out = s->buf;
      s->gz.avail_out = sizeof s->buf;
      int rc = deflate(&s->gz, end ? Z_FINISH : Z_NO_FLUSH);
      MUST(rc != Z_STREAM_ERROR);
      n = sizeof s->buf - s->gz.avail_out;
      more = end ? rc != Z_STREAM_END : s->gz.avail_out == 0;
    } else {
      ZSTD_outBuffer to = {s->buf, sizeof s->buf, 0};
      size_t rc = ZSTD_compressStream2(s->zst, &to, &in,
                                       end ? ZSTD_e_end : ZSTD_e_continue);
      MUST(!ZSTD_isError(rc));
      n = to.pos;
      more = end ? rc != 0 : in.pos < in.size;
    }
    TRY(stream_put(s, s->buf, n, msg));
  }
  return ERR_OK;
}

err cmd_stream_write(struct cmd_stream *s, const void *p, size_t len,
                     struct errmsg *msg) {
  MUST(len < 1u << 30);
  return s->kind == STREAM_PLAIN ? stream_put(s, p, len, msg)
                                 : stream_pack(s, p, len, false, msg);
}

u64 cmd_stream_at(const struct cmd_stream *s) { return s->at; }
u64 cmd_stream_size(const struct cmd_stream *s) { return s->size; }

err cmd_stream_close(struct cmd_stream *s, bool keep, struct errmsg *msg) {
  if (!s) return ERR_OK;
  err e = ERR_OK;
  if (s->writes && keep && s->kind != STREAM_PLAIN)
    e = stream_pack(s, NULL, 0, true, msg);
  if (s->writes && keep && !e && (fflush(s->f) != 0 ||
      (fsync(fileno(s->f)) != 0 && !s->standard)))
    e = stream_broken(s, msg);
  if (s->writes && !s->standard && (!keep || e)) unlink(s->path);
  stream_free(s);
  return e;
}
#undef STREAM_BUF
#undef STREAM_ZSTD_LEVEL
