/* Names of metrics, made into names of files or sheets: allowed there, short enough, and unlike each other even where
 * case does not count. */
#ifndef AFMON_EXPORT_NAMES_H
#define AFMON_EXPORT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "export/text.h"

struct afmon_name_rules {
    const char *forbidden; /* ASCII characters that become '_'; control characters always do */
    const char *reserved;  /* a name that is not allowed, whatever its case; NULL: none */
    size_t limit;          /* longest name, in units */
    afmon_text_units units;
    bool trim_quotes; /* no apostrophe first or last */
};

extern const struct afmon_name_rules afmon_sheet_names; /* Excel: 31 UTF-16 code units */
extern const struct afmon_name_rules afmon_file_names;  /* the part of a file's name that tells the metric */

struct afmon_raw_name {
    const char *text;
    size_t length;
};

/* A fresh list of fresh names, one for each: the same where that is allowed. NULL: no memory. */
char **afmon_safe_names(const struct afmon_raw_name *raw, size_t count, const struct afmon_name_rules *rules);
void afmon_free_names(char **names, size_t count);

#endif
