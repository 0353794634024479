/* notify_dial.h - a connection to somebody else's server, by name or address,
** plain or by TLS: what webhooks and mail go through.
**
** Names are asked of the system's name servers (or of net->dns); TLS is 1.2,
** and the server's certificate must be good for its name by net->ca_file.
** Unless net->local, addresses of the own machine and of private networks are
** refused, whatever name they hide behind: the address that was looked at is
** the one that is connected to.  Everything ends at the deadline. */
#ifndef NOTIFY_NOTIFY_DIAL_H
#define NOTIFY_NOTIFY_DIAL_H
#include "base/base.h"

struct notify_net {
  const char *ca_file; /* PEM; NULL: the system's */
  const char *dns;     /* "ADDRESS:PORT" of a name server; NULL: the system's */
  bool local;          /* private addresses too */
};
struct notify_conn;

/* Monotonic milliseconds: what deadlines are told in. */
u64 notify_clock_ms(void);
/* ERR_NOT_FOUND: no such name; ERR_REFUSED: a private address, or a bad
** certificate; ERR_TIMEOUT; ERR_IO.  msg says which, for people. */
err notify_dial(struct notify_conn **out, const struct notify_net *net,
                const char *host, u16 port, bool tls, u64 deadline_ms,
                struct errmsg *msg) MUST_USE;
/* From here on by TLS (SMTP's STARTTLS). */
err notify_conn_secure(struct notify_conn *c, const struct notify_net *net,
                       struct errmsg *msg) MUST_USE;
err notify_conn_write(struct notify_conn *c, slice data, struct errmsg *msg)
    MUST_USE;
/* At least a byte, or *got 0: the peer has ended. */
err notify_conn_read(struct notify_conn *c, void *out, size_t max, size_t *got,
                     struct errmsg *msg) MUST_USE;
/* NULL is fine. */
void notify_conn_close(struct notify_conn *c);

/* The address (of 4 or 16 bytes) is of the own machine, a private network, or
** none that a server of the internet has (RFC 6890). */
bool notify_address_private(const u8 *addr, size_t len);
#endif
