/* cmd_stream.h - a file of bytes in order, packed when its name says so: .gz
** by zlib, .zst by zstd; "-" is standard input or output, as it is.
*/
#ifndef CMD_CMD_STREAM_H
#define CMD_CMD_STREAM_H
#include "base/base.h"

struct cmd_stream;
err cmd_stream_read_open(struct cmd_stream **out, const char *path,
                         struct errmsg *msg) MUST_USE;
/* A new file; ERR_EXISTS. */
err cmd_stream_write_open(struct cmd_stream **out, const char *path,
                          struct errmsg *msg) MUST_USE;
/* Up to len bytes; *got less than len only at the end. */
err cmd_stream_read(struct cmd_stream *s, void *out, size_t len, size_t *got,
                    struct errmsg *msg) MUST_USE;
err cmd_stream_write(struct cmd_stream *s, const void *p, size_t len,
                     struct errmsg *msg) MUST_USE;
/* Bytes of the file itself: so far, and all when that can be known (else 0). */
u64 cmd_stream_at(const struct cmd_stream *s);
u64 cmd_stream_size(const struct cmd_stream *s);
/* Of a written file with keep: what is left is written and synced; without, the
** file is removed. */
err cmd_stream_close(struct cmd_stream *s, bool keep, struct errmsg *msg)
    MUST_USE;
#endif
