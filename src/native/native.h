/* native.h - the native functions: pure C behind the ABI at 0x..1100 to
** 0x..1106 (0x..1107 is module/beacon.c).  They hold nothing and take every
** kind of call, DELEGATECALL too.
**
** A function is a module (module/module.h) of one table, X.def, and one C
** function a method.  What a call costs stands in the table's gas and in the
** module's byte_gas, a price of each byte of call data; a method charges the
** rest itself before it does the work.  Malformed arguments cost the table's
** gas too.  Every price is held against 100 Mgas/s by tests/bench.
**
** Nothing here depends on the machine: integers only, no library whose answers
** differ between versions, memory of the call's arena. */
#ifndef NATIVE_NATIVE_H
#define NATIVE_NATIVE_H
#include "module/module.h"

enum { NATIVE_TEXT_MAX = 65536 }; /* bytes that JSON and String take or give */

extern const struct module_def native_json, native_string, native_decimal,
    native_rsa, native_scrypt, native_ed25519, native_merkle;
#endif
