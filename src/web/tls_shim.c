/* tls_shim.c - the GnuTLS names that the distribution's libmicrohttpd.a refers
** to, as refusals.
**
** libmicrohttpd.a is built with HTTPS by GnuTLS, whose static closure is not
** packaged, so a static program must define these names itself.  Here they
** are defined so that they fail: MHD_start_daemon with MHD_USE_TLS returns
** NULL, everything without it works as ever.  There is NO HTTPS in this file.
**
** Why refusals and not an imitation over mbedTLS: the 37 names span sessions,
** credentials, priorities and PSK, and libmicrohttpd relies on GnuTLS's exact
** return codes in between; imitating that is more code, and code worth more
** distrust, than ending TLS by mbedTLS in front and handing over the plain
** side with MHD_add_connection, as http_tls.c does: it also gives handshakes
** threads and limits of their own, and keeps plain HTTP on the same port.
**
** gnutls_global_init must succeed, since libmicrohttpd calls it from a
** constructor whether or not TLS is asked for.  No name here is ever called
** by our own code.
*/
#include <stddef.h>

#define TLS_OK 0
#define TLS_REFUSED (-1250) /* GNUTLS_E_UNIMPLEMENTED_FEATURE */

/* Sessions, credentials and the like are pointers that are never followed. */
typedef void *tls_ptr;
#define TLS_INT(name, value, ...) \
  int name(__VA_ARGS__); \
  int name(__VA_ARGS__) { return value; }
#define TLS_SIZE(name, ...) \
  ptrdiff_t name(__VA_ARGS__); \
  ptrdiff_t name(__VA_ARGS__) { return TLS_REFUSED; }
#define TLS_VOID(name, ...) \
  void name(__VA_ARGS__); \
  void name(__VA_ARGS__) {}
#define TLS_NULL(name, ...) \
  tls_ptr name(__VA_ARGS__); \
  tls_ptr name(__VA_ARGS__) { return NULL; }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

TLS_INT(gnutls_global_init, TLS_OK, void)
TLS_VOID(gnutls_global_deinit, void)

TLS_INT(gnutls_init, TLS_REFUSED, tls_ptr *s, unsigned flags)
TLS_VOID(gnutls_deinit, tls_ptr s)
TLS_INT(gnutls_handshake, TLS_REFUSED, tls_ptr s)
TLS_INT(gnutls_bye, TLS_REFUSED, tls_ptr s, int how)
TLS_SIZE(gnutls_record_recv, tls_ptr s, void *data, size_t len)
TLS_SIZE(gnutls_record_send, tls_ptr s, const void *data, size_t len)
TLS_INT(gnutls_record_get_direction, 0, tls_ptr s)
size_t gnutls_record_check_pending(tls_ptr s);
size_t gnutls_record_check_pending(tls_ptr s) { return 0; }
TLS_INT(gnutls_alpn_set_protocols, TLS_REFUSED, tls_ptr s, const void *list,
        unsigned cnt, unsigned flags)
TLS_INT(gnutls_cipher_get, 0, tls_ptr s)
TLS_INT(gnutls_protocol_get_version, 0, tls_ptr s)
TLS_NULL(gnutls_session_get_ptr, tls_ptr s)
TLS_VOID(gnutls_session_set_ptr, tls_ptr s, void *p)
TLS_VOID(gnutls_transport_set_int2, tls_ptr s, int in, int out)

TLS_INT(gnutls_priority_init, TLS_REFUSED, tls_ptr *p, const char *text,
        const char **at)
TLS_VOID(gnutls_priority_deinit, tls_ptr p)
TLS_INT(gnutls_priority_set, TLS_REFUSED, tls_ptr s, tls_ptr p)
TLS_INT(gnutls_credentials_set, TLS_REFUSED, tls_ptr s, int type, void *cred)

TLS_INT(gnutls_certificate_allocate_credentials, TLS_REFUSED, tls_ptr *c)
TLS_VOID(gnutls_certificate_free_credentials, tls_ptr c)
TLS_VOID(gnutls_certificate_server_set_request, tls_ptr s, int request)
TLS_VOID(gnutls_certificate_set_dh_params, tls_ptr c, tls_ptr dh)
TLS_VOID(gnutls_certificate_set_retrieve_function2, tls_ptr c, void *fn)
TLS_VOID(gnutls_certificate_set_retrieve_function3, tls_ptr c, void *fn)
TLS_INT(gnutls_certificate_set_x509_key_mem, TLS_REFUSED, tls_ptr c,
        const void *cert, const void *key, int format)
TLS_INT(gnutls_certificate_set_x509_key_mem2, TLS_REFUSED, tls_ptr c,
        const void *cert, const void *key, int format, const char *password,
        unsigned flags)
TLS_INT(gnutls_certificate_set_x509_trust_mem, TLS_REFUSED, tls_ptr c,
        const void *ca, int format)

TLS_INT(gnutls_dh_params_init, TLS_REFUSED, tls_ptr *dh)
TLS_VOID(gnutls_dh_params_deinit, tls_ptr dh)
TLS_INT(gnutls_dh_params_import_pkcs3, TLS_REFUSED, tls_ptr dh,
        const void *pem, int format)

TLS_INT(gnutls_psk_allocate_server_credentials, TLS_REFUSED, tls_ptr *c)
TLS_VOID(gnutls_psk_free_server_credentials, tls_ptr c)
TLS_VOID(gnutls_psk_set_server_credentials_function, tls_ptr c, void *fn)

const char *gnutls_strerror(int code);
const char *gnutls_strerror(int code) {
  return "HTTPS is not part of this build";
}

#pragma GCC diagnostic pop

static void *tls_no_malloc(size_t size) {
  (void)size;
  return NULL;
}
/* A variable, as in GnuTLS. */
extern void *(*gnutls_malloc)(size_t);
void *(*gnutls_malloc)(size_t) = tls_no_malloc;

#undef TLS_OK
#undef TLS_REFUSED
#undef TLS_INT
#undef TLS_SIZE
#undef TLS_VOID
#undef TLS_NULL
