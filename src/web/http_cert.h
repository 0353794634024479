/* http_cert.h - certificates for the port: a local authority, what it signs
** for this machine's names, and files of the operator's own.
**
** The local authority (CA) is an ECDSA P-256 key with a self-signed
** certificate for ten years, made once and kept in the node's file; browsers
** and phones trust the node once its certificate is installed.  It signs one
** certificate for the server at a time, for 390 days (less than the 398 that
** browsers take), with every name and address by which the machine is known;
** that one lives in memory and is made again at start, a month before it ends,
** and when the names change.
**
** All bytes are DER except where a file is read (PEM).  Errors say what to do.
*/
#ifndef WEB_HTTP_CERT_H
#define WEB_HTTP_CERT_H
#include "base/base.h"
#include "base/buf.h"

#define HTTP_CERT_NAME_MAX 64u   /* names, and as many addresses */
#define HTTP_CERT_FILE_MAX 262144u
#define HTTP_CERT_RENEW_MS (30ull * 86400000)

struct http_cert { /* what the port shows: a key and its chain, leaf first */
  struct buf chain; /* PEM */
  struct buf key;   /* PEM or DER */
  u64 from_ms, until_ms; /* begin and end of the leaf */
};
void http_cert_init(struct http_cert *c);
void http_cert_fini(struct http_cert *c); /* wipes the key */

struct http_ca {
  struct buf cert, key; /* DER */
};

struct http_cert_names {
  char name[HTTP_CERT_NAME_MAX][256];
  u32 name_cnt;
  struct { u8 b[16]; u32 len; } ip[HTTP_CERT_NAME_MAX];
  u32 ip_cnt;
};
/* localhost, the host's name and NAME.local, the addresses of its interfaces,
** the names of a comma list (--http.vhosts; "*" is skipped). */
void http_cert_names(struct http_cert_names *out, const char *vhosts);
bool http_cert_names_equal(const struct http_cert_names *a,
                           const struct http_cert_names *b);

err http_ca_make(struct http_ca *out, u64 now_ms) MUST_USE;
/* ERR_INPUT when they are no such pair, or at their end. */
err http_ca_check(const struct http_ca *ca, u64 now_ms) MUST_USE;
err http_ca_sign(const struct http_ca *ca, struct http_cert *out,
                 const struct http_cert_names *names, u64 now_ms) MUST_USE;
/* The certificate as PEM; its SHA-256 as "AB:CD:…" (96 bytes with the NUL). */
void http_ca_pem(struct buf *out, const struct http_ca *ca);
void http_ca_fingerprint(char out[96], const struct http_ca *ca);

/* A chain and its key from files in PEM.  Refused, with ERR_USAGE and words:
** missing or unreadable files, no certificate or key in them, a key under a
** passphrase, a key of another certificate, one that has ended or not begun. */
err http_cert_load(struct http_cert *out, const char *cert_path,
                   const char *key_path, u64 now_ms, struct errmsg *msg)
    MUST_USE;

/* A chain in PEM and a key in DER from elsewhere: from_ms and until_ms, or ERR_INPUT when
** they are no pair or have ended. */
err http_cert_judge(struct http_cert *c, u64 now_ms) MUST_USE;
/* A new P-256 key; the request for a certificate of it (PKCS #10), in DER. */
err http_cert_key(struct buf *der) MUST_USE;
err http_cert_csr(struct buf *der, slice key,
                  const struct http_cert_names *names) MUST_USE;

/* Randomness for mbedTLS. */
int http_cert_random(void *ctx, unsigned char *out, size_t len);
#endif
