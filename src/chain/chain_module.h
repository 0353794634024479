/* chain_module.h - the native modules that this program knows, in the order of
** their bits in chain_rules.modules. */
#ifndef CHAIN_MODULE_H
#define CHAIN_MODULE_H
#include "base/buf.h"
#include "module/module.h"

enum { CHAIN_MODULE_CREDITS, CHAIN_MODULE_CNT };
extern const struct module_def *const CHAIN_MODULES[CHAIN_MODULE_CNT];
#endif
