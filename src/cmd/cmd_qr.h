/* cmd_qr.h - a QR code (ISO/IEC 18004) for a terminal: what a phone is to open.
**
** Byte mode, error correction level L, versions 1 to 5 (21 to 37 modules a
** side), whose data is one Reed-Solomon block; mask 0.  That holds CMD_QR_TEXT
** bytes, more than any address of ours takes.
*/
#ifndef CMD_CMD_QR_H
#define CMD_CMD_QR_H
#include "base/base.h"
#include <stdio.h>

#define CMD_QR_SIDE 37u  /* modules of version 5 */
#define CMD_QR_TEXT 106u /* bytes that version 5 takes */

struct cmd_qr {
  u32 side;
  bool dark[CMD_QR_SIDE][CMD_QR_SIDE]; /* by row and column */
};
/* False when the text is too long. */
bool cmd_qr_make(struct cmd_qr *q, const char *text) MUST_USE;
/* Two rows of modules a line, in half blocks of UTF-8, dark on light whatever
** the terminal's colours are, with a margin of 2 modules. */
void cmd_qr_print(FILE *f, const struct cmd_qr *q);
#endif
