/* http_tls.c - HTTPS: certificates of the port. */
#include "web/http_int.h"

err http_tls_reload(struct http *h, struct errmsg *msg) {
  if (!h->cfg.tls || strcmp(h->cfg.tls, "off") == 0) return ERR_OK;
  return err_say(msg, ERR_UNSUPPORTED, "no such --ui.tls: %s", h->cfg.tls);
}
