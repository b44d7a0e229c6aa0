/* What can be told of a run folder without reading its files. */
#ifndef AFMON_RUN_LOOK_H
#define AFMON_RUN_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct afmon_look {
    bool there;
    uint64_t bytes;      /* of its metrics files and logs */
    uint64_t files;      /* how many these are */
    bool samples;        /* a metrics file is not empty */
    int64_t modified_ns; /* wall time of the last change to one of them; without any, to the folder */
    size_t living;       /* processes that write into it */
    char refused[120];   /* what a file of it is that is not read, because it is no regular file; "": none */
};

void afmon_look_at_folder(const char *folder, struct afmon_look *look);

#endif
