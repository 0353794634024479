/* http_abi.c - the native modules for other programs: /abi/ lists them, to
** programs /abi/index.json; /abi/NAME.json is a module's ABI, /abi/NAME.sol
** its Solidity interface, /abi/NAME.html tells readers of its methods, their
** gas, parameters and records, /abi/NAME.info.json programs; /abi/gas.html and
** /abi/gas.json list what calls of all of them cost; any page may read them.
** They are made from the tables that dispatch the calls, anew for each request,
** from chain_cost.def and chain_text.def. */
#include "chain/chain_module.h"
#include "web/http_int.h"

static void abi_list(struct buf *b) {
  buf_put_str(b, "[");
  for (u32 i = 0; i < CHAIN_MODULE_CNT; i++)
    buf_printf(b, "%s{\"name\":\"%s\",\"address\":\"0x%040x\"}",
               i ? "," : "", chain_module_name(i), chain_module_number(i));
  buf_put_str(b, "]");
}

static const struct {
  const char *ending, *type;
  void (*make)(struct buf *b, u32 i);
} abi_texts[] = {
  {".json", "application/json", chain_module_abi},
  {".info.json", "application/json", chain_module_info},
  {".sol", "text/plain; charset=utf-8", chain_module_solidity},
  {".html", "text/html; charset=utf-8", chain_module_doc},
};

static const struct {
  const char *path, *type;
  void (*make)(struct buf *b);
} abi_pages[] = {
  {"/abi/", "text/html; charset=utf-8", chain_module_index},
  {"/abi/index.json", "application/json", abi_list},
  {"/abi/gas.html", "text/html; charset=utf-8", chain_module_costs},
  {"/abi/gas.json", "application/json", chain_module_costs_info},
};

/* The content type of what path names, written to b; NULL: nothing. */
static const char *abi_make(struct buf *b, const char *path) {
  for (u32 i = 0; i < ARRAY_LEN(abi_pages); i++) {
    if (strcmp(path, abi_pages[i].path) != 0) continue;
    abi_pages[i].make(b);
    return abi_pages[i].type;
  }
  for (u32 i = 0; i < CHAIN_MODULE_CNT; i++) {
    const char *name = chain_module_name(i), *rest = path + 5;
    size_t len = strlen(name);
    if (strncmp(rest, name, len) != 0) continue;
    for (u32 k = 0; k < ARRAY_LEN(abi_texts); k++) {
      if (strcmp(rest + len, abi_texts[k].ending) != 0) continue;
      abi_texts[k].make(b, i);
      return abi_texts[k].type;
    }
  }
  return NULL;
}

bool http_abi_wanted(const char *path) {
  return strncmp(path, "/abi/", 5) == 0;
}

enum MHD_Result http_abi_send(struct http_request *rq, const char *path) {
  struct buf b;
  u32 status = MHD_HTTP_OK;
  buf_init(&b, 0);
  const char *type = abi_make(&b, path);
  if (!type) {
    status = MHD_HTTP_NOT_FOUND;
    type = "text/plain; charset=utf-8";
    buf_put_str(&b, "no such module; /abi/ lists them\n");
  }
  struct MHD_Response *r =
      MHD_create_response_from_buffer(b.len, b.ptr, MHD_RESPMEM_MUST_COPY);
  buf_fini(&b);
  MUST(r);
  MHD_add_response_header(r, "Content-Type", type);
  MHD_add_response_header(r, "Access-Control-Allow-Origin", "*");
  MHD_add_response_header(r, "Cache-Control", "no-cache");
  http_add_security(rq, r);
  enum MHD_Result ok = MHD_queue_response(rq->conn, status, r);
  MHD_destroy_response(r);
  return ok;
}
