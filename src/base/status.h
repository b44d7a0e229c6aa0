/* Filling in an afmon_error. */
#ifndef AFMON_BASE_STATUS_H
#define AFMON_BASE_STATUS_H

#include <afmon/afmon.h>

/* Writes status and a formatted message into error (may be NULL) and returns status, so that a function can end with
 * `return afmon_fail(error, AFMON_E_..., "...")`. A message that is too long is cut at a character's end. */
__attribute__((format(printf, 3, 4))) afmon_status afmon_fail(afmon_error *error, afmon_status status,
                                                              const char *format, ...);

/* The same for a refused system call: status AFMON_E_SYSTEM, os_error kept, ": " and the system's text appended (by
 * strerror_r, thread-safe). ENOMEM becomes AFMON_E_NO_MEMORY. */
__attribute__((format(printf, 3, 4))) afmon_status afmon_fail_os(afmon_error *error, int os_error, const char *format,
                                                                 ...);

/* Fills error for "out of memory" and returns AFMON_E_NO_MEMORY. */
afmon_status afmon_fail_memory(afmon_error *error);

#endif
