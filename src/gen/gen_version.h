/* gen_version.h - which sources this binary was built from.
**
** Written at build by embed.c from git (where there is one) and from the
** bytes of every source file that went in.
*/
#ifndef GEN_GEN_VERSION_H
#define GEN_GEN_VERSION_H

/* "0.1.0" */
extern const char gen_version[];
/* Commit, 12 hex digits, "-dirty" behind it when files differ; "" without
** git. */
extern const char gen_version_commit[];
/* SHA-256 over names and bytes of src/, sql/ and the bundle, 64 hex digits. */
extern const char gen_version_source[];

#endif
