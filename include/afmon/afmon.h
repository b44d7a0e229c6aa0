/* afmon: monitoring of LLM generation. The public API of libafmon.
 *
 * A generator opens one afmon_monitor, records into it from any number of threads, and closes it. What it
 * recorded lies in the run folder as metrics.jsonl and afterimage.log, and can be asked for while the run goes on
 * (afmon_get_metrics and its neighbours) or afterwards (afmon_view_open).
 *
 * Conventions that hold for every function here:
 *  - Times are nanoseconds since the Unix epoch, UTC, in names ending in _ns; durations are seconds, in names
 *    ending in _s.
 *  - Text is UTF-8. Bytes that are not become U+FFFD where text is written. Input texts are copied: the caller
 *    keeps what it passed.
 *  - A function that can fail returns an afmon_status; where there is more to say it fills an afmon_error, which
 *    may be NULL.
 *  - Options begin with their size, which their _init sets. A program that was built with an older header is taken,
 *    and what its options lack has its default; options of a newer header are refused (AFMON_E_ARGUMENT).
 *  - The library never prints, never exits, never changes signal handlers or the locale.
 *  - "Any thread" means: from any number of threads at once, but not from a signal handler.
 */
#ifndef AFMON_AFMON_H
#define AFMON_AFMON_H

#include <afmon/base.h>
#include <afmon/metrics.h>
#include <afmon/usage.h>
#include <afmon/alerts.h>
#include <afmon/send.h>
#include <afmon/record.h>
#include <afmon/budget.h>
#include <afmon/view.h>
#include <afmon/summary.h>
#include <afmon/items.h>
#include <afmon/compare.h>
#include <afmon/live.h>
#include <afmon/runs.h>
#include <afmon/draw.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AFMON_VERSION_MAJOR 0
#define AFMON_VERSION_MINOR 1
#define AFMON_VERSION_PATCH 0
/* "MAJOR.MINOR.PATCH" */
#define AFMON_VERSION AFMON_VERSION_TEXT(AFMON_VERSION_MAJOR, AFMON_VERSION_MINOR, AFMON_VERSION_PATCH)
#define AFMON_VERSION_TEXT(major, minor, patch) AFMON_VERSION_JOIN(major, minor, patch)
#define AFMON_VERSION_JOIN(major, minor, patch) #major "." #minor "." #patch

/* The version of the library that is linked, as "MAJOR.MINOR.PATCH". Static text. Any thread. */
AFMON_API const char *afmon_version(void);

#ifdef __cplusplus
}
#endif

#endif
