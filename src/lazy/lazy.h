/* Libraries of others that are opened when they are first used. Recording needs the C library alone, and stays quick to
 * load: what draws, sends, serves and exports is opened by the first call that draws, sends, serves or exports.
 *
 * A group of libraries (X-macro below) has
 *   - a header lazy/NAME.h in place of the library's own. It lists the functions that we use, and gives each of them
 *     another symbol, afmon_lazy_FUNCTION, so that calls are written as ever;
 *   - a source lazy/NAME.c with these symbols: in libafmon.so each jumps to where its function was found, in libafmon.a
 * to the function itself;
 *   - a companion of libafmon.so, afmon/NAME.so beside it, which is linked with the libraries (src/afmon/). So the
 * dynamic linker finds them, and whoever packs or lists what libafmon needs sees them.
 *
 * Before the first call of a group's functions, afmon_lazy_open() must have returned AFMON_OK: the jumps lead nowhere
 * until then. In libafmon.a, which has no companions, it always does. */
#ifndef AFMON_LAZY_LAZY_H
#define AFMON_LAZY_LAZY_H

#include <afmon/afmon.h>

#ifdef AFMON_HAVE_PARQUET
#define AFMON_LAZY_WITH_PARQUET(X) X(PARQUET, parquet, "Parquet exports")
#else
#define AFMON_LAZY_WITH_PARQUET(X)
#endif

/* X(NAME, name, what needs it) */
#define AFMON_LAZY_GROUPS(X)                                                                                           \
    X(CHARTS, charts, "charts")                                                                                        \
    X(CURL, curl, "sending by HTTP")                                                                                   \
    X(EXCEL, excel, "Excel exports")                                                                                   \
    X(HTTP, http, "an HTTP server")                                                                                    \
    X(JSON, json, "reading JSON")                                                                                      \
    AFMON_LAZY_WITH_PARQUET(X)                                                                                         \
    X(YAML, yaml, "reading YAML")

enum afmon_lazy_group {
#define AFMON_LAZY_NUMBER(NAME, name, what) AFMON_LAZY_##NAME,
    AFMON_LAZY_GROUPS(AFMON_LAZY_NUMBER)
#undef AFMON_LAZY_NUMBER
        AFMON_LAZY_GROUP_COUNT
};

/* Opens a group's libraries, once. Where they are not there: AFMON_E_SYSTEM, and the error names what needs them and
 * what is missing; a later call tries again. Any thread. */
afmon_status afmon_lazy_open(enum afmon_lazy_group group, afmon_error *error);

/* For the headers, before they include the library's own. */
#define AFMON_LAZY_PRAGMA(text) _Pragma(#text)
#ifdef __ELF__
#define AFMON_LAZY_RENAME(function) AFMON_LAZY_PRAGMA(redefine_extname function afmon_lazy_##function)
#else
#define AFMON_LAZY_RENAME(function) /* the jumps are ELF's; elsewhere the functions are called as they are */
#endif

#endif
