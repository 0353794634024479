/* cmd_rpc.c - the command  rpc METHOD [PARAM...] : asks a running node and
** prints the result as indented JSON.
**
** Each PARAM that is JSON (a number, true, {...}, [...], "...") goes as it
** is, anything else as a string: so neither 0x-numbers nor tags need quotes.
** A single PARAM that is an array, with nothing after it, is the whole list
** of parameters, as one pastes it from a document.
*/
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "rpc/rpc.h"
#include "rpc/rpc_client.h"

#define CMD_RPC_URL "http://127.0.0.1:8545"
#define CMD_RPC_MAX (256u << 20)

static int cmd_rpc_usage(FILE *to) {
  fprintf(to,
          "usage: cybermiles rpc [--http.port N | --url URL] [--timeout "
          "SECONDS] METHOD [PARAM...]\n\n"
          "Asks the node at URL (" CMD_RPC_URL ") and prints the result.  A "
          "PARAM is JSON,\nor else taken as a string; one PARAM that is an "
          "array is the whole list.\n\n"
          "  cybermiles rpc eth_blockNumber\n"
          "  cybermiles rpc eth_getBlockByNumber latest false\n"
          "  cybermiles rpc eth_getLogs '{\"fromBlock\":\"0x1\"}'\n\n"
          "Methods of this node:\n");
  const struct rpc_method_info *m;
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    fprintf(to, "  %s%s\n", m->name, m->params);
  }
  return to == stderr ? 2 : 0;
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

/* Prints what came back: 0, or 1 for an error. */
static int cmd_rpc_show(slice reply) {
  struct errmsg msg = {.text = ""};
  json_t *j = json_read(reply, &msg);
  const json_t *error = json_object_get(j, "error");
  const json_t *result = json_object_get(j, "result");
  int code = 1;
  if (error) {
    const char *text = json_string_value(json_object_get(error, "message"));
    fprintf(stderr, "cybermiles: error %lld: %s\n",
            (long long)json_integer_value(json_object_get(error, "code")),
            text ? text : "");
    const json_t *data = json_object_get(error, "data");
    if (data) cmd_rpc_print(stderr, data);
  } else if (result) {
    cmd_rpc_print(stdout, result);
    code = 0;
  } else {
    fprintf(stderr, "cybermiles: the answer is no JSON-RPC reply\n");
  }
  if (j) json_decref(j);
  return code;
}

int cmd_rpc(int argc, char **argv) {
  const char *url = CMD_RPC_URL;
  char local[64];
  unsigned long timeout_s = 30;
  int i = 1;
  for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
    bool has_value = i + 1 < argc;
    if (strcmp(argv[i], "--help") == 0) return cmd_rpc_usage(stdout);
    if (strcmp(argv[i], "--url") == 0 && has_value) {
      url = argv[++i];
    } else if (strcmp(argv[i], "--http.port") == 0 && has_value) {
      snprintf(local, sizeof local, "http://127.0.0.1:%.40s", argv[++i]);
      url = local;
    } else if (strcmp(argv[i], "--timeout") == 0 && has_value) {
      timeout_s = strtoul(argv[++i], NULL, 10);
      if (timeout_s == 0 || timeout_s > 86400) return cmd_rpc_usage(stderr);
    } else {
      return cmd_rpc_usage(stderr);
    }
  }
  if (i >= argc) return cmd_rpc_usage(stderr);
  struct errmsg msg = {.text = ""};
  struct buf request, reply;
  buf_init(&request, 0);
  buf_init(&reply, 0);
  cmd_rpc_request(&request, argv[i], argv + i + 1, argc - i - 1);
  err e = rpc_client_post(&reply, url, buf_slice(&request), CMD_RPC_MAX,
                          (u32)timeout_s * 1000, &msg);
  int code = 1;
  if (e < 0) {
    fprintf(stderr, "cybermiles: %s\n", msg.text);
    if (e == ERR_USAGE) code = 2;
  } else {
    code = cmd_rpc_show(buf_slice(&reply));
  }
  buf_fini(&request);
  buf_fini(&reply);
  return code;
}

#undef CMD_RPC_URL
#undef CMD_RPC_MAX
