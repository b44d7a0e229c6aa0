/* Numbers of a generation that follow its record where they were given, and have a metric each. To add one: a member of
 * afmon_generation, a row of the catalogue of metrics, and a row here. */
#ifndef AFMON_INGEST_NUMBERS_H
#define AFMON_INGEST_NUMBERS_H

#include <stdint.h>

#include <afmon/afmon.h>

/* X(member of afmon_generation, metric of the catalogue, flag of the record)
 *
 * Flags are on disk (struct afmon_record_generation), and numbers stand in the order of the rows. */
#define AFMON_CALL_NUMBER_MAP(X)                                                                                       \
    X(cached_token_count, CACHED, 0x40)                                                                                \
    X(reasoning_token_count, REASONING, 0x80)                                                                          \
    X(cache_write_token_count, CACHE_WRITE, 0x100)                                                                     \
    X(time_to_first_token, FIRST_TOKEN, 0x200)                                                                         \
    X(output_tokens_per_second, OUTPUT_SPEED, 0x400)                                                                   \
    X(cost_usd, COST, 0x800)

#define AFMON_AS_ONE(...) +1
enum { AFMON_CALL_NUMBERS = 0 AFMON_CALL_NUMBER_MAP(AFMON_AS_ONE) };
#undef AFMON_AS_ONE

/* Those that a call has. */
struct afmon_call_numbers {
    double values[AFMON_CALL_NUMBERS];
    uint32_t count;
    uint16_t flags;
};
void afmon_call_numbers_of(const afmon_generation *call, struct afmon_call_numbers *out);

/* How many numbers a record with these flags has. */
uint32_t afmon_call_numbers_count(uint16_t flags);

/* The name of the metric of a record's index'th number. Static text. */
const char *afmon_call_number_name(uint16_t flags, uint32_t index);

#endif
