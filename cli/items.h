/* afmon items: how its parts print. */
#ifndef AFMON_CLI_ITEMS_H
#define AFMON_CLI_ITEMS_H

#include <afmon/afmon.h>

#include "cli/cli.h"

/* A table of items that is printed row by row. NULL: no memory; the functions below take that. */
cli_table *items_table(void);
void items_table_add(cli_table *table, const afmon_found_item *item);

/* One item: what became of it, its text where that was asked for, its calls in order. False after a message. */
bool items_print_whole(const cli_screen *screen, const afmon_found_item *item, bool with_text);

/* The text of an item: the turns of a conversation, or else its line of the data set. False after a message. */
bool items_print_text(const cli_screen *screen, const afmon_found_item *item);

#endif
