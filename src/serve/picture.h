/* A run as the JSON that the page draws (docs/api.md, "A run"). */
#ifndef AFMON_SERVE_PICTURE_H
#define AFMON_SERVE_PICTURE_H

#include <afmon/afmon.h>

#include "base/buffer.h"

struct afmon_json;

/* What the overview says of a run, too. */
struct afmon_run_facts_shown {
    const char *state;   /* static text */
    const char *verdict; /* static text; NULL: not known yet */
    double loaded;       /* part of the run that this tells of, 0..1 */
    int64_t first_ns;
    int64_t last_ns;
    int64_t modified_ns; /* of its files */
    uint64_t samples;
    uint64_t items; /* finished */
    uint64_t items_failed;
    uint64_t calls;
    uint64_t calls_failed;
    uint64_t items_accepted;
    double latency_p50_s; /* of calls; NaN: not known, as the next two */
    double cost_usd;
    double score; /* mean of the score with the most values */
};

struct afmon_picture {
    const char *id;
    const char *name;
    const char *folder;
    const char *problem; /* NULL: none */
    const char *about;   /* what people call it, as JSON; NULL: not known yet */
    struct afmon_run_facts_shown facts;
};

/* Fills facts from a follower; summary is what it sums up to. */
void afmon_picture_facts(const afmon_live_info *info, const afmon_run_summary *summary,
                         struct afmon_run_facts_shown *facts);

/* The facts, member by member, of the object that is open. */
void afmon_picture_write_head(struct afmon_json *json, const struct afmon_picture *picture);

/* Adds one object to out, without a line break in it. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_picture_write(afmon_live *live, const afmon_run_summary *summary,
                                 const struct afmon_picture *picture, struct afmon_buffer *out);

/* charts.c, tables.c: the parts of it. */
afmon_status afmon_picture_charts(afmon_live *live, const afmon_live_info *info, struct afmon_json *json);
afmon_status afmon_picture_rates(afmon_live *live, struct afmon_json *json);

#endif
