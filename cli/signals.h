/* What the command inherits of the program that starts it. */
#ifndef AFMON_CLI_SIGNALS_H
#define AFMON_CLI_SIGNALS_H

#include <signal.h>

/* Blocks the signals that ask a command to end (SIGINT, SIGTERM, SIGHUP, and one more where it is not 0), so that it
 * may wait for them; *ends gets them. One that was ignored when the command started (nohup, a job in the background of
 * a script) or blocked stays so, and is not in *ends. Before other threads are started. */
void cli_block_ending_signals(sigset_t *ends, int one_more);

/* Takes the numbers 0 to 2 where they are closed, lest a file that is opened later gets one of them and what is printed
 * goes into it. Reading and printing fail there as they did before. At the very start. */
void cli_hold_standard_files(void);

#endif
