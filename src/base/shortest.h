/* The two things that C++'s library does better than C's: shortest, and locale-free, text of doubles. Inside base only;
 * everybody else uses base/number.h. */
#ifndef AFMON_BASE_SHORTEST_H
#define AFMON_BASE_SHORTEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AFMON_SHORTEST_SIZE 32

/* Writes a finite value with the fewest digits that read back as it, as "d.ddde-XX"; returns the length (no NUL). */
size_t afmon_shortest_text(char *out, double value);

enum afmon_shortest_result { AFMON_SHORTEST_OK, AFMON_SHORTEST_RANGE, AFMON_SHORTEST_BAD };

/* Reads the whole of text, correctly rounded. RANGE where the value is too large, or too small to be told from 0. */
enum afmon_shortest_result afmon_shortest_read(const char *text, size_t length, double *value);

#ifdef __cplusplus
}
#endif

#endif
