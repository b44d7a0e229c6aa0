/* Name, tags and note of a run: options of the monitor, members of its run record. */
#ifndef AFMON_MONITOR_ABOUT_H
#define AFMON_MONITOR_ABOUT_H

#include <afmon/afmon.h>

#include "base/buffer.h"

afmon_status afmon_about_check(const afmon_options *options, afmon_error *error);

/* Puts copies into own, which has none of the caller's texts; afmon_about_free frees them, also after a failure. False:
 * no memory. */
bool afmon_about_copy(afmon_options *own, const afmon_options *options);
void afmon_about_free(afmon_options *own);

/* The tags as an object. */
void afmon_about_write_tags(const afmon_options *options, struct afmon_buffer *out);

#endif
