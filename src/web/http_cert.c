/* http_cert.c - certificates by mbedTLS; see http_cert.h.
**
** The extension subjectAltName (RFC 5280, 4.2.1.6) is written here, because
** mbedTLS 2.28 has no call for it: a SEQUENCE of [2] IA5String names and [7]
** addresses of 4 or 16 bytes.  So is extendedKeyUsage: serverAuth.
*/
#include "web/http_cert.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>
#include <net/if.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "node/node.h"

#define CERT_DER_MAX 16384u
#define CERT_SAN_MAX 12288u
#define CERT_DAY_MS 86400000ull
#define CERT_CA_DAYS 3650u
#define CERT_LEAF_DAYS 390u

int http_cert_random(void *ctx, unsigned char *out, size_t len) {
  (void)ctx;
  node_random(out, len);
  return 0;
}

void http_cert_init(struct http_cert *c) {
  memset(c, 0, sizeof *c);
  buf_init(&c->chain, 0);
  buf_init(&c->key, 0);
}

void http_cert_fini(struct http_cert *c) {
  if (c->key.ptr) mem_wipe(c->key.ptr, c->key.len);
  buf_fini(&c->key);
  buf_fini(&c->chain);
}

/*------------------------------------------------------------------ names */

static void cert_add_name(struct http_cert_names *n, const char *name) {
  size_t len = strlen(name);
  if (len == 0 || len > 253 || n->name_cnt == HTTP_CERT_NAME_MAX) return;
  if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-._") != len) {
    return;
  }
  for (u32 i = 0; i < n->name_cnt; i++) {
    if (strcasecmp(n->name[i], name) == 0) return;
  }
  memcpy(n->name[n->name_cnt++], name, len + 1);
}

static void cert_add_ip(struct http_cert_names *n, const void *ip, u32 len) {
  if (n->ip_cnt == HTTP_CERT_NAME_MAX) return;
  for (u32 i = 0; i < n->ip_cnt; i++) {
    if (n->ip[i].len == len && memcmp(n->ip[i].b, ip, len) == 0) return;
  }
  memcpy(n->ip[n->ip_cnt].b, ip, len);
  n->ip[n->ip_cnt++].len = len;
}

static void cert_add_interfaces(struct http_cert_names *n) {
  struct ifaddrs *list = NULL;
  if (getifaddrs(&list) != 0) return;
  for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
    if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)) continue;
    if (i->ifa_addr->sa_family == AF_INET) {
      struct sockaddr_in in;
      memcpy(&in, i->ifa_addr, sizeof in);
      cert_add_ip(n, &in.sin_addr, 4);
    } else if (i->ifa_addr->sa_family == AF_INET6) {
      struct sockaddr_in6 in6;
      memcpy(&in6, i->ifa_addr, sizeof in6);
      if (!IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr)) {
        cert_add_ip(n, &in6.sin6_addr, 16);
      }
    }
  }
  freeifaddrs(list);
}

void http_cert_names(struct http_cert_names *out, const char *vhosts) {
  static const u8 lo4[4] = {127, 0, 0, 1}, lo6[16] = {[15] = 1};
  char host[256] = "", local[300];
  memset(out, 0, sizeof *out);
  cert_add_name(out, "localhost");
  if (gethostname(host, sizeof host - 1) == 0 && host[0]) {
    cert_add_name(out, host);
    host[strcspn(host, ".")] = 0;
    snprintf(local, sizeof local, "%s.local", host);
    cert_add_name(out, local);
  }
  for (const char *p = vhosts ? vhosts : ""; *p;) {
    char name[256];
    u8 ip[16];
    p += strspn(p, ", ");
    size_t len = strcspn(p, ", ");
    if (len && len < sizeof name) {
      memcpy(name, p, len);
      name[len] = 0;
      if (inet_pton(AF_INET, name, ip) == 1) cert_add_ip(out, ip, 4);
      else if (inet_pton(AF_INET6, name, ip) == 1) cert_add_ip(out, ip, 16);
      else cert_add_name(out, name);
    }
    p += len;
  }
  cert_add_ip(out, lo4, 4);
  cert_add_ip(out, lo6, 16);
  cert_add_interfaces(out);
}

bool http_cert_names_equal(const struct http_cert_names *a,
                           const struct http_cert_names *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

/* The extension's value, at the end of space; its length or an error. */
static int cert_write_san(u8 *space, size_t size,
                          const struct http_cert_names *n) {
  u8 *p = space + size;
  int len = 0, ret;
  for (u32 i = n->ip_cnt; i-- > 0;) {
    MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_raw_buffer(
        &p, space, n->ip[i].b, n->ip[i].len));
    MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_len(&p, space, n->ip[i].len));
    MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_tag(
        &p, space, MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7));
  }
  for (u32 i = n->name_cnt; i-- > 0;) {
    size_t k = strlen(n->name[i]);
    MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_raw_buffer(
        &p, space, (const u8 *)n->name[i], k));
    MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_len(&p, space, k));
    MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_tag(
        &p, space, MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2));
  }
  MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_len(&p, space, (size_t)len));
  MBEDTLS_ASN1_CHK_ADD(len, mbedtls_asn1_write_tag(
      &p, space, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
  return len;
}

/*----------------------------------------------------------------- making */

static int cert_parse_key(mbedtls_pk_context *pk, slice key) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_pk_parse_key(pk, key.ptr, key.len, NULL, 0, http_cert_random,
                              NULL);
#else
  return mbedtls_pk_parse_key(pk, key.ptr, key.len, NULL, 0);
#endif
}

static int cert_check_pair(const mbedtls_pk_context *pub,
                           const mbedtls_pk_context *key) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_pk_check_pair(pub, key, http_cert_random, NULL);
#else
  return mbedtls_pk_check_pair(pub, key);
#endif
}

static int cert_make_key(mbedtls_pk_context *pk, struct buf *der) {
  u8 bytes[512];
  int n = mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (n == 0) {
    n = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*pk),
                            http_cert_random, NULL);
  }
  if (n == 0) n = mbedtls_pk_write_key_der(pk, bytes, sizeof bytes);
  if (n > 0) buf_put(der, bytes + sizeof bytes - n, (size_t)n);
  mem_wipe(bytes, sizeof bytes);
  return n > 0 ? 0 : n;
}

err http_cert_key(struct buf *der) {
  mbedtls_pk_context pk;
  mbedtls_pk_init(&pk);
  int e = cert_make_key(&pk, der);
  mbedtls_pk_free(&pk);
  return e ? ERR_IO : ERR_OK;
}

static int cert_set_serial(mbedtls_x509write_cert *w) {
  u8 serial[16];
  node_random(serial, sizeof serial);
  serial[0] = (u8)((serial[0] & 0x7f) | 0x40); /* positive, full length */
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
  return mbedtls_x509write_crt_set_serial_raw(w, serial, sizeof serial);
#else
  mbedtls_mpi n;
  mbedtls_mpi_init(&n);
  int e = mbedtls_mpi_read_binary(&n, serial, sizeof serial);
  if (e == 0) e = mbedtls_x509write_crt_set_serial(w, &n);
  mbedtls_mpi_free(&n);
  return e;
#endif
}

static int cert_set_validity(mbedtls_x509write_cert *w, u64 from_ms,
                             u64 to_ms) {
  char text[2][16];
  const u64 at[2] = {from_ms, to_ms};
  for (u32 i = 0; i < 2; i++) {
    struct tm tm;
    time_t t = (time_t)(at[i] / 1000);
    if (!gmtime_r(&t, &tm) || !strftime(text[i], 16, "%Y%m%d%H%M%S", &tm)) {
      return MBEDTLS_ERR_X509_INVALID_DATE;
    }
  }
  return mbedtls_x509write_crt_set_validity(w, text[0], text[1]);
}

static int cert_set_leaf(mbedtls_x509write_cert *w,
                         const struct http_cert_names *names) {
  static const u8 server_auth[] = {0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1};
  u8 *san = mem_alloc(CERT_SAN_MAX);
  int n = cert_write_san(san, CERT_SAN_MAX, names);
  int e = n < 0 ? n : mbedtls_x509write_crt_set_extension(
      w, MBEDTLS_OID_SUBJECT_ALT_NAME,
      MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
      san + CERT_SAN_MAX - n, (size_t)n);
  mem_free(san);
  if (e == 0) {
    e = mbedtls_x509write_crt_set_extension(
        w, MBEDTLS_OID_EXTENDED_KEY_USAGE,
        MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0, server_auth,
        sizeof server_auth);
  }
  return e ? e : mbedtls_x509write_crt_set_key_usage(
                     w, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
}

err http_cert_csr(struct buf *der, slice key,
                  const struct http_cert_names *names) {
  u8 *space = mem_alloc(CERT_SAN_MAX), *out = mem_alloc(CERT_DER_MAX);
  mbedtls_x509write_csr w;
  mbedtls_pk_context pk;
  mbedtls_pk_init(&pk);
  mbedtls_x509write_csr_init(&w);
  int n = cert_write_san(space, CERT_SAN_MAX, names);
  int e = n < 0 ? n : cert_parse_key(&pk, key);
  mbedtls_x509write_csr_set_md_alg(&w, MBEDTLS_MD_SHA256);
  mbedtls_x509write_csr_set_key(&w, &pk);
  if (e == 0) {
    e = mbedtls_x509write_csr_set_extension(
        &w, MBEDTLS_OID_SUBJECT_ALT_NAME,
        MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        0,
#endif
        space + CERT_SAN_MAX - n, (size_t)n);
  }
  if (e == 0)
    e = mbedtls_x509write_csr_der(&w, out, CERT_DER_MAX, http_cert_random,
                                  NULL);
  if (e > 0) buf_put(der, out + CERT_DER_MAX - e, (size_t)e);
  mbedtls_x509write_csr_free(&w);
  mbedtls_pk_free(&pk);
  mem_free(space);
  mem_free(out);
  return e > 0 ? ERR_OK : ERR_IO;
}

/* names NULL: an authority, signed by itself. */
static int cert_write(struct buf *der, mbedtls_pk_context *key,
                      mbedtls_pk_context *issuer, const char *subject,
                      const char *by, const struct http_cert_names *names,
                      u64 now_ms) {
  mbedtls_x509write_cert w;
  u8 *space = mem_alloc(CERT_DER_MAX);
  u32 days = names ? CERT_LEAF_DAYS : CERT_CA_DAYS;
  mbedtls_x509write_crt_init(&w);
  mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&w, key);
  mbedtls_x509write_crt_set_issuer_key(&w, issuer);
  int e = cert_set_serial(&w);
  if (e == 0) e = mbedtls_x509write_crt_set_subject_name(&w, subject);
  if (e == 0) e = mbedtls_x509write_crt_set_issuer_name(&w, by);
  /* Clocks of phones may be behind. */
  if (e == 0) {
    e = cert_set_validity(&w, now_ms - CERT_DAY_MS,
                          now_ms + days * CERT_DAY_MS);
  }
  if (e == 0) {
    e = mbedtls_x509write_crt_set_basic_constraints(&w, !names, names ? -1 : 0);
  }
  if (e == 0) e = mbedtls_x509write_crt_set_subject_key_identifier(&w);
  if (e == 0) e = mbedtls_x509write_crt_set_authority_key_identifier(&w);
  if (e == 0) {
    e = names ? cert_set_leaf(&w, names)
              : mbedtls_x509write_crt_set_key_usage(
                    &w, MBEDTLS_X509_KU_KEY_CERT_SIGN |
                            MBEDTLS_X509_KU_CRL_SIGN);
  }
  if (e == 0) {
    e = mbedtls_x509write_crt_der(&w, space, CERT_DER_MAX, http_cert_random,
                                  NULL);
  }
  if (e > 0) buf_put(der, space + CERT_DER_MAX - e, (size_t)e);
  mbedtls_x509write_crt_free(&w);
  mem_free(space);
  return e > 0 ? 0 : e;
}

err http_ca_make(struct http_ca *out, u64 now_ms) {
  mbedtls_pk_context key;
  char name[96];
  u8 tag[4];
  node_random(tag, sizeof tag);
  /* A name of its own: two nodes' authorities on one phone stay apart. */
  snprintf(name, sizeof name, "CN=CyberMiles local authority %02x%02x%02x%02x",
           tag[0], tag[1], tag[2], tag[3]);
  buf_init(&out->cert, 0);
  buf_init(&out->key, 0);
  mbedtls_pk_init(&key);
  int e = cert_make_key(&key, &out->key);
  if (e == 0) e = cert_write(&out->cert, &key, &key, name, name, NULL, now_ms);
  mbedtls_pk_free(&key);
  return e ? ERR_INPUT : ERR_OK;
}

static u64 cert_time_ms(const mbedtls_x509_time *t) {
  struct tm tm = {.tm_year = t->year - 1900, .tm_mon = t->mon - 1,
                  .tm_mday = t->day, .tm_hour = t->hour, .tm_min = t->min,
                  .tm_sec = t->sec};
  time_t at = timegm(&tm);
  return at < 0 ? 0 : (u64)at * 1000;
}

/* The authority's parts read; 0, or an error. */
static int cert_open_ca(const struct http_ca *ca, mbedtls_x509_crt *crt,
                        mbedtls_pk_context *key) {
  int e = mbedtls_x509_crt_parse_der(crt, ca->cert.ptr, ca->cert.len);
  if (e == 0) e = cert_parse_key(key, buf_slice(&ca->key));
  return e ? e : cert_check_pair(&crt->pk, key);
}

err http_ca_check(const struct http_ca *ca, u64 now_ms) {
  mbedtls_x509_crt crt;
  mbedtls_pk_context key;
  mbedtls_x509_crt_init(&crt);
  mbedtls_pk_init(&key);
  int e = cert_open_ca(ca, &crt, &key);
  bool ended = e == 0 && cert_time_ms(&crt.valid_to) <
                             now_ms + CERT_LEAF_DAYS * CERT_DAY_MS;
  mbedtls_x509_crt_free(&crt);
  mbedtls_pk_free(&key);
  return e || ended ? ERR_INPUT : ERR_OK;
}

static void cert_put_pem(struct buf *out, slice der) {
  size_t cap = der.len * 2 + 128, len = 0;
  u8 *text = mem_alloc(cap);
  int e = mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
                                   "-----END CERTIFICATE-----\n", der.ptr,
                                   der.len, text, cap, &len);
  MUST(e == 0);
  buf_put_str(out, (const char *)text);
  mem_free(text);
}

err http_ca_sign(const struct http_ca *ca, struct http_cert *out,
                 const struct http_cert_names *names, u64 now_ms) {
  mbedtls_x509_crt crt;
  mbedtls_pk_context key, own;
  struct buf der;
  char by[256];
  buf_init(&der, 0);
  mbedtls_x509_crt_init(&crt);
  mbedtls_pk_init(&key);
  mbedtls_pk_init(&own);
  int e = cert_open_ca(ca, &crt, &key);
  if (e == 0 && mbedtls_x509_dn_gets(by, sizeof by, &crt.subject) < 0) e = -1;
  if (e == 0) e = cert_make_key(&own, &out->key);
  if (e == 0) {
    e = cert_write(&der, &own, &key, "CN=CyberMiles node", by, names, now_ms);
  }
  if (e == 0) {
    cert_put_pem(&out->chain, buf_slice(&der));
    out->until_ms = now_ms + CERT_LEAF_DAYS * CERT_DAY_MS;
  }
  mbedtls_x509_crt_free(&crt);
  mbedtls_pk_free(&key);
  mbedtls_pk_free(&own);
  buf_fini(&der);
  return e ? ERR_INPUT : ERR_OK;
}

void http_ca_pem(struct buf *out, const struct http_ca *ca) {
  cert_put_pem(out, buf_slice(&ca->cert));
}

void http_ca_fingerprint(char out[96], const struct http_ca *ca) {
  u8 digest[32];
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  int e = mbedtls_sha256(ca->cert.ptr, ca->cert.len, digest, 0);
#else
  int e = mbedtls_sha256_ret(ca->cert.ptr, ca->cert.len, digest, 0);
#endif
  MUST(e == 0);
  for (u32 i = 0; i < 32; i++) {
    snprintf(out + 3 * i, 4, "%02X%s", digest[i], i < 31 ? ":" : "");
  }
}

/*------------------------------------------------------------------ files */

static err cert_read_file(struct buf *out, const char *path, const char *flag,
                          struct errmsg *msg) {
  FILE *f = fopen(path, "rb");
  if (!f) {
    return err_say(msg, ERR_USAGE, "%s: cannot read %s: %m", flag, path);
  }
  u8 *p = buf_room(out, HTTP_CERT_FILE_MAX);
  MUST(p);
  size_t n = fread(p, 1, HTTP_CERT_FILE_MAX, f);
  bool whole = feof(f) && !ferror(f);
  fclose(f);
  out->len += n;
  if (whole) return ERR_OK;
  return err_say(msg, ERR_USAGE, "%s: %s is larger than %u bytes, or no file",
                 flag, path, HTTP_CERT_FILE_MAX);
}

static err cert_bad_key(int e, const char *path, struct errmsg *msg) {
  if (e == MBEDTLS_ERR_PK_PASSWORD_REQUIRED ||
      e == MBEDTLS_ERR_PK_PASSWORD_MISMATCH) {
    return err_say(msg, ERR_USAGE, "--ui.tls.key: %s is under a passphrase: "
                   "take it off with openssl pkey -in %s -out key.pem", path,
                   path);
  }
  return err_say(msg, ERR_USAGE, "--ui.tls.key: %s holds no private key in "
                 "PEM form (-----BEGIN PRIVATE KEY-----)", path);
}

static err cert_check_times(const mbedtls_x509_crt *crt, const char *path,
                            u64 now_ms, struct errmsg *msg) {
  const mbedtls_x509_time *from = &crt->valid_from, *to = &crt->valid_to;
  if (cert_time_ms(to) < now_ms) {
    return err_say(msg, ERR_USAGE, "--ui.tls.cert: %s ended on %04d-%02d-%02d: "
                   "put a renewed certificate there, then start again or send "
                   "the node SIGHUP", path, to->year, to->mon, to->day);
  }
  if (cert_time_ms(from) > now_ms + CERT_DAY_MS) {
    return err_say(msg, ERR_USAGE, "--ui.tls.cert: %s begins on "
                   "%04d-%02d-%02d: is this machine's clock right?", path,
                   from->year, from->mon, from->day);
  }
  return ERR_OK;
}

static err cert_check_files(struct http_cert *c, mbedtls_x509_crt *crt,
                            mbedtls_pk_context *key, const char *cert_path,
                            const char *key_path, u64 now_ms,
                            struct errmsg *msg) {
  /* The parsers take PEM only with its NUL counted. */
  (void)buf_cstr(&c->chain);
  (void)buf_cstr(&c->key);
  if (mbedtls_x509_crt_parse(crt, c->chain.ptr, c->chain.len + 1) != 0) {
    return err_say(msg, ERR_USAGE, "--ui.tls.cert: %s holds no certificate in "
                   "PEM form (-----BEGIN CERTIFICATE-----), or a broken one",
                   cert_path);
  }
  int e = cert_parse_key(key, slice_of(c->key.ptr, c->key.len + 1));
  if (e) return cert_bad_key(e, key_path, msg);
  if (cert_check_pair(&crt->pk, key) != 0) {
    return err_say(msg, ERR_USAGE, "%s is not the key of %s: give the two that "
                   "were issued together (the server's certificate comes "
                   "first in its file)", key_path, cert_path);
  }
  c->until_ms = cert_time_ms(&crt->valid_to);
  return cert_check_times(crt, cert_path, now_ms, msg);
}

err http_cert_load(struct http_cert *out, const char *cert_path,
                   const char *key_path, u64 now_ms, struct errmsg *msg) {
  mbedtls_x509_crt crt;
  mbedtls_pk_context key;
  if (!cert_path || !cert_path[0] || !key_path || !key_path[0]) {
    return err_say(msg, ERR_USAGE, "--ui.tls files wants --ui.tls.cert FILE "
                   "and --ui.tls.key FILE, both in PEM form");
  }
  TRY(cert_read_file(&out->chain, cert_path, "--ui.tls.cert", msg));
  TRY(cert_read_file(&out->key, key_path, "--ui.tls.key", msg));
  mbedtls_x509_crt_init(&crt);
  mbedtls_pk_init(&key);
  err e = cert_check_files(out, &crt, &key, cert_path, key_path, now_ms, msg);
  mbedtls_x509_crt_free(&crt);
  mbedtls_pk_free(&key);
  return e;
}

err http_cert_judge(struct http_cert *c, u64 now_ms) {
  mbedtls_x509_crt crt;
  mbedtls_pk_context key;
  mbedtls_x509_crt_init(&crt);
  mbedtls_pk_init(&key);
  (void)buf_cstr(&c->chain); /* the parser takes PEM only with its NUL */
  int e = mbedtls_x509_crt_parse(&crt, c->chain.ptr, c->chain.len + 1);
  if (e == 0) e = cert_parse_key(&key, buf_slice(&c->key));
  if (e == 0) e = cert_check_pair(&crt.pk, &key);
  if (e == 0) c->from_ms = cert_time_ms(&crt.valid_from);
  if (e == 0) c->until_ms = cert_time_ms(&crt.valid_to);
  mbedtls_x509_crt_free(&crt);
  mbedtls_pk_free(&key);
  return e == 0 && c->until_ms > now_ms ? ERR_OK : ERR_INPUT;
}

#undef CERT_DER_MAX
#undef CERT_SAN_MAX
#undef CERT_DAY_MS
#undef CERT_CA_DAYS
#undef CERT_LEAF_DAYS
