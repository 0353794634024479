/* main.c - the program: everything is in cmd/. */
#include "cmd/cmd.h"

int main(int argc, char **argv) { return cmd_main(argc, argv); }
