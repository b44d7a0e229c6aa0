/* Where samples that have left memory can be read again: the metrics files of a run, in the order in which their
 * samples were appended to the store. The k-th sample of a series in the sources (skipping nothing) is the k-th that
 * was appended to the store. */
#ifndef AFMON_STORE_SOURCE_H
#define AFMON_STORE_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct afmon_source {
    char *path;  /* owned */
    off_t begin; /* first byte that belongs to the run, at a line's start */
    off_t end;   /* byte after the last one */
    /* What follows there after a recovery: of a killed process, in a folder that cannot be written. With an end of 0
     * the file need not be there. NULL: nothing; owned. */
    char *text;
    size_t text_length;
};

#endif
