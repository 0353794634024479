/* cmd_rpc.c - the command  rpc METHOD [PARAM...] : asks a running node and
** prints the result as indented JSON.  It is asked at --url, or over the socket
** that --ipcpath names, else at the HTTP port as `run` would open it.
**
** Each PARAM that is JSON (a number, true, {...}, [...], "...") goes as it
** is, anything else as a string: so neither 0x-numbers nor tags need quotes.
** A single PARAM that is an array, with nothing after it, is the whole list
** of parameters, as one pastes it from a document.
*/
#include <stdio.h>

#include "cmd/cmd.h"
#include "codec/json.h"
#include "rpc/rpc.h"
#include "rpc/rpc_client.h"
#include "rpc/rpc_ipc.h"

#define CMD_RPC_MAX (256u << 20)
#define CMD_RPC_NO_METHOD (-32601)

void cmd_rpc_help(void) {
  const struct rpc_method_info *m;
  printf("\nA PARAM is JSON, or else taken as a text; one PARAM that is an array "
         "is the whole list.\n\n"
         "  cybermiles rpc eth_blockNumber\n"
         "  cybermiles rpc eth_getBlockByNumber latest false\n"
         "  cybermiles rpc eth_getLogs '{\"fromBlock\":\"0x1\"}'\n\n"
         "Methods of this node:\n");
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    printf("  %s%s%s\n", m->name, m->params,
           m->access == RPC_PUBLIC ? "" : "  (Unix socket: --ipcpath)");
  }
}

/* One parameter: JSON, or a string. */
static void cmd_rpc_param(struct jsonw *w, const char *text) {
  json_t *j = json_read(slice_str(text), NULL);
  if (j) {
    jsonw_raw(w, slice_str(text));
    json_decref(j);
  } else {
    jsonw_str(w, text);
  }
}

static void cmd_rpc_request(struct buf *out, const char *method, char **param,
                            int cnt) {
  struct jsonw w;
  json_t *list = cnt == 1 ? json_read(slice_str(param[0]), NULL) : NULL;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "jsonrpc", "2.0");
  jsonw_kv_u64(&w, "id", 1);
  jsonw_kv_str(&w, "method", method);
  jsonw_key(&w, "params");
  if (json_is_array(list)) {
    jsonw_raw(&w, slice_str(param[0]));
  } else {
    jsonw_arr(&w);
    for (int i = 0; i < cnt; i++) cmd_rpc_param(&w, param[i]);
    jsonw_arr_end(&w);
  }
  jsonw_obj_end(&w);
  if (list) json_decref(list);
}

static void cmd_rpc_print(FILE *to, const json_t *j) {
  json_dumpf(j, to, JSON_INDENT(2) | JSON_ENCODE_ANY);
  fputc('\n', to);
}

/* What may have been meant, for a method that the node does not have. */
static void cmd_rpc_hint(const char *method) {
  const struct rpc_method_info *m;
  const char *near = NULL;
  u32 best = 5;
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    u32 d = cmd_distance(method, m->name);
    if (d == 0 && m->access != RPC_PUBLIC) {
      fprintf(stderr, "(it is answered over the Unix socket alone: --ipcpath)\n");
      return;
    }
    if (d && d < best) best = d, near = m->name;
  }
  if (near) fprintf(stderr, "(did you mean %s?)\n", near);
}

/* Prints what came back. */
static int cmd_rpc_show(slice reply, const char *method) {
  struct errmsg msg = {.text = ""};
  json_t *j = json_read(reply, &msg);
  const json_t *error = json_object_get(j, "error");
  const json_t *result = json_object_get(j, "result");
  int code = EXIT_FAILED;
  if (error) {
    const char *text = json_string_value(json_object_get(error, "message"));
    json_int_t number = json_integer_value(json_object_get(error, "code"));
    fprintf(stderr, "cybermiles: error %lld: %s\n", (long long)number,
            text ? text : "");
    const json_t *data = json_object_get(error, "data");
    if (data) cmd_rpc_print(stderr, data);
    if (number == CMD_RPC_NO_METHOD) cmd_rpc_hint(method);
  } else if (result) {
    cmd_rpc_print(stdout, result);
    code = EXIT_DONE;
  } else {
    fprintf(stderr, "cybermiles: the answer is no JSON-RPC reply\n");
  }
  if (j) json_decref(j);
  return code;
}

/* The port as `run` opens it with these settings, seen from this machine. */
static void cmd_rpc_url(char out[128], const struct cmd *c) {
  const char *addr = c->cfg.http_addr ? c->cfg.http_addr : "127.0.0.1";
  if (strcmp(addr, "0.0.0.0") == 0) addr = "127.0.0.1";
  if (strcmp(addr, "::") == 0) addr = "::1";
  bool six = strchr(addr, ':') != NULL;
  snprintf(out, 128, "http://%s%.64s%s:%u", six ? "[" : "", addr,
           six ? "]" : "", (unsigned)c->cfg.http_port);
}

static err cmd_rpc_ask(struct buf *reply, const struct cmd *c, slice request,
                       struct errmsg *msg) {
  char path[4096], url[128];
  struct rpc_ipc_client client;
  u32 ms = (u32)c->cfg.timeout * 1000;
  if (!c->cfg.url &&
      (!c->cfg.http || c->origin[CMD_FLAG_ipc_path] == CMD_OPTION)) {
    TRY(cmd_ipc_path(path, sizeof path, c, msg));
    TRY(rpc_ipc_open(&client, path, msg));
    err e = rpc_ipc_ask(&client, reply, request, CMD_RPC_MAX, ms, NULL, NULL,
                        msg);
    rpc_ipc_close(&client);
    return e;
  }
  cmd_rpc_url(url, c);
  return rpc_client_post(reply, c->cfg.url ? c->cfg.url : url, request,
                         CMD_RPC_MAX, ms, msg);
}

int cmd_rpc(struct cmd *c) {
  struct errmsg msg = {.text = ""};
  struct buf request, reply;
  if (c->cfg.timeout == 0 || c->cfg.timeout > 86400) {
    err_say(&msg, ERR_USAGE, "--timeout must be 1 to 86400");
    return cmd_fail(ERR_USAGE, &msg);
  }
  buf_init(&request, 0);
  buf_init(&reply, 0);
  cmd_rpc_request(&request, c->arg[0], c->arg + 1, (int)c->arg_cnt - 1);
  err e = cmd_rpc_ask(&reply, c, buf_slice(&request), &msg);
  int code = e < 0 ? cmd_fail(e == ERR_USAGE ? e : ERR_IO, &msg)
                   : cmd_rpc_show(buf_slice(&reply), c->arg[0]);
  mem_wipe(request.ptr, request.len);
  buf_fini(&request);
  buf_fini(&reply);
  return code;
}

#undef CMD_RPC_MAX
#undef CMD_RPC_NO_METHOD
