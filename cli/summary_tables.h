/* The tables of the summary. Each prints nothing where there is nothing to show. */
#ifndef AFMON_CLI_SUMMARY_TABLES_H
#define AFMON_CLI_SUMMARY_TABLES_H

#include <afmon/afmon.h>

#include "cli/alert_board.h"
#include "cli/cli.h"

void summary_metrics(const cli_screen *screen, afmon_view *view);
void summary_tokens(const cli_screen *screen, afmon_view *view);
void summary_errors(const cli_screen *screen, afmon_view *view);
void summary_alerts(const cli_screen *screen, alert_board *board);

#endif
