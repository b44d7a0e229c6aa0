/* Status codes, errors, fields: what all other headers of afmon use. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_BASE_H
#define AFMON_BASE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AFMON_API __attribute__((visibility("default")))
#else
#define AFMON_API
#endif

/* ---- Status codes and errors ------------------------------------------------------------------------------ */

/* X(number, name, text). A number, once given, is never used for anything else. */
#define AFMON_STATUS_MAP(X)                                                                                            \
    X(0, OK, "success")                                                                                                \
    X(1, E_ARGUMENT, "an argument is not valid")                                                                       \
    X(2, E_NO_MEMORY, "out of memory")                                                                                 \
    X(3, E_SYSTEM, "the operating system refused")                                                                     \
    X(4, E_CLOSED, "the monitor is shut down")                                                                         \
    X(5, E_FULL, "the queue is full; the sample was dropped and counted")                                              \
    X(6, E_TOO_BIG, "the record is larger than a record may be")                                                       \
    X(7, E_TIMEOUT, "not finished in the given time")                                                                  \
    X(8, E_DEADLOCK, "called from a handler, it would wait for itself")                                                \
    X(9, E_UNKNOWN_METRIC, "no such metric")                                                                           \
    X(10, E_NO_DATA, "no samples")                                                                                     \
    X(11, E_FORMAT, "the file is not in a form that afmon reads")                                                      \
    X(12, E_CANCELLED, "cancelled")                                                                                    \
    X(13, E_UNWRITABLE, "the run folder cannot be written now; the sample was dropped and counted")                    \
    X(14, E_LIMIT, "the run has reached the limit of what it may spend")                                               \
    X(15, E_BUSY, "calls in flight hold what is left of the limit; ask again")                                         \
    X(16, E_UNPRICED, "what the call may cost cannot be said")

typedef enum afmon_status {
#define AFMON_STATUS_ENUM(number, name, text) AFMON_##name = (number),
    AFMON_STATUS_MAP(AFMON_STATUS_ENUM)
#undef AFMON_STATUS_ENUM
} afmon_status;

/* The name ("E_CLOSED") and the one-line text of a status. Static text, never NULL. Any thread. */
AFMON_API const char *afmon_status_name(afmon_status status);
AFMON_API const char *afmon_status_text(afmon_status status);

/* What went wrong, for people: the thing's name and the way out. Owned by the caller; no pointers inside. */
typedef struct afmon_error {
    afmon_status status;
    int os_error; /* errno where the operating system refused, else 0 */
    char message[504];
} afmon_error;

/* ---- Fields: metadata of samples, data of log records -------------------------------------------------------- */

typedef enum afmon_type {
    AFMON_NULL = 0,
    AFMON_STRING = 1,
    AFMON_INT = 2,
    AFMON_DOUBLE = 3,
    AFMON_BOOL = 4,
    AFMON_JSON = 5 /* text of a JSON array or object: only read back from files, or logged; see docs/formats.md */
} afmon_type;

/* One key with its value. Where a key is given twice the last value counts, at the first one's place. */
typedef struct afmon_field {
    const char *key;
    size_t key_length; /* in bytes; 0: key ends with a NUL */
    afmon_type type;
    union {
        int64_t integer;
        double number;
        bool boolean;
        struct {
            const char *data;
            size_t length;
        } text; /* AFMON_STRING and AFMON_JSON */
    } as;
} afmon_field;

/* Makers of fields. The texts are not copied until the field is recorded. text == NULL makes a null. */
AFMON_API afmon_field afmon_string(const char *key, const char *text);
AFMON_API afmon_field afmon_string_n(const char *key, const char *text, size_t length);
AFMON_API afmon_field afmon_int(const char *key, int64_t value);
AFMON_API afmon_field afmon_double(const char *key, double value);
AFMON_API afmon_field afmon_bool(const char *key, bool value);
AFMON_API afmon_field afmon_null(const char *key);

/* A number that may not have been given: (afmon_number){0} is "not given", AFMON_GIVEN(0) is zero. */
typedef struct afmon_number {
    double value;
    bool given;
} afmon_number;
#ifdef __cplusplus
#define AFMON_GIVEN(x)                                                                                                 \
    afmon_number                                                                                                       \
    {                                                                                                                  \
        (double)(x), true                                                                                              \
    }
#else
#define AFMON_GIVEN(x) ((afmon_number){.value = (double)(x), .given = true})
#endif

typedef enum afmon_level { AFMON_INFO = 0, AFMON_WARNING = 1, AFMON_ERROR = 2 } afmon_level;

/* "info", "warning" or "error". Static text. Any thread. */
AFMON_API const char *afmon_level_name(afmon_level level);

/* Takes what something writes, in order, piece by piece. Return non-zero to stop it: it then ends with
 * AFMON_E_CANCELLED. Called on the thread of the call that it was given to. */
typedef int (*afmon_write_fn)(void *user, const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
