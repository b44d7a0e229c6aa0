/* Samples that a program recorded by their bare name, though a tracked call derives that name (error_rate,
 * success_rate, api_errors). They carry a mark among their metadata, and count only in windows that hold no tracked
 * sample. An attempt that was tried again ("retried" is true) is repeated by no tracked call: it is never bare. */
#ifndef AFMON_CATALOG_BARE_H
#define AFMON_CATALOG_BARE_H

#include <afmon/afmon.h>

#define AFMON_BARE_KEY "afmon_source"
#define AFMON_BARE_SOURCE "record_metric"

/* True for the name of a metric whose samples are marked where they are bare. Any thread. */
bool afmon_metric_is_derived(const char *name, size_t length);

/* The mark. */
afmon_field afmon_bare_mark(void);

/* True where metadata have the mark: of a key that comes twice the last value counts. */
bool afmon_fields_are_bare(const afmon_field *fields, size_t count);
bool afmon_packed_is_bare(const void *packed, size_t length);

/* True where metadata say that the attempt was tried again; of a key that comes twice the last value counts. */
bool afmon_fields_are_retried(const afmon_field *fields, size_t count);
bool afmon_packed_is_retried(const void *packed, size_t length);

#endif
