/* One temporary file that any number of streams share. libxlsxwriter wants a file for the rows of each sheet: so a
 * workbook has as many sheets as it has metrics, whatever the limit of open files is. */
#ifndef AFMON_EXPORT_SPOOL_H
#define AFMON_EXPORT_SPOOL_H

#include <stdint.h>
#include <stdio.h>

struct afmon_spool; /* opaque; one thread */

/* Makes the file in a folder; it has no name there. NULL: errno says why. */
struct afmon_spool *afmon_spool_open(const char *folder);

/* A stream of its own, empty, for reading and writing; a write that fails is told by ferror. NULL: no memory. */
FILE *afmon_spool_stream(struct afmon_spool *spool);

/* Why the first write failed; 0: none did. */
int afmon_spool_error(const struct afmon_spool *spool);

/* Closes what is left of its streams, too: libxlsxwriter forgets those of a workbook that it cannot write. NULL is
 * fine.
 */
void afmon_spool_close(struct afmon_spool *spool);

#endif
