/* What a model's answer says that it used, in the spellings of many providers, as afmon counts it. Include
 * <afmon/afmon.h>, which says what holds for all functions. */
#ifndef AFMON_USAGE_H
#define AFMON_USAGE_H

#include <afmon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tokens of one call, and its price where the provider tells it. What is not told is not given, which is not zero. */
typedef struct afmon_usage {
    afmon_number prompt;      /* the whole prompt, with what a cache had and with what was written to one */
    afmon_number completion;  /* all that was generated, with reasoning */
    afmon_number total;       /* as the provider tells it */
    afmon_number cached;      /* of the prompt: read from a cache */
    afmon_number cache_write; /* of the prompt: written to a cache */
    afmon_number reasoning;   /* of the completion */
    afmon_number cost_usd;    /* US dollars, as the provider tells them */
} afmon_usage;

typedef enum afmon_usage_kind {
    AFMON_USAGE_OTHER = 0,
    AFMON_USAGE_NUMBER = 1,
    AFMON_USAGE_TEXT = 2,
    AFMON_USAGE_TRUE = 3
} afmon_usage_kind;

/* How to look into an answer, which any JSON library may have parsed. Values are that library's own, and need to last
 * as long as the call that they were asked for in. */
typedef struct afmon_usage_reader {
    /* A member of an object; of an array its first element, where the name is "0". NULL: there is none, or `value` is
     * neither. */
    const void *(*member)(void *user, const void *value, const char *name);
    /* What a value is: a number is put into *number, a text (NUL at its end) into *text. */
    afmon_usage_kind (*look)(void *user, const void *value, double *number, const char **text);
    void *user;
} afmon_usage_reader;

/* Reads one usage object. Providers differ in whether they count cached tokens among those of the prompt, and reasoning
 * among those of the completion: where they tell a total, it decides. Counts may be numbers or texts of digits. False:
 * it tells no tokens, or is NULL. Any thread. */
AFMON_API bool afmon_usage_read(const afmon_usage_reader *reader, const void *object, afmon_usage *usage);

/* The same of a whole answer, or of an event of a stream, which has the usage in one of many places. */
AFMON_API bool afmon_usage_find(const afmon_usage_reader *reader, const void *answer, afmon_usage *usage);

/* What a later event of the same stream tells replaces what earlier ones told. Any thread. */
AFMON_API void afmon_usage_update(afmon_usage *usage, const afmon_usage *later);

/* The total: as told, else the sum of prompt and completion where both are known. Any thread. */
AFMON_API afmon_number afmon_usage_total(const afmon_usage *usage);

#ifdef __cplusplus
}
#endif

#endif
