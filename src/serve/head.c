/* What the list of runs and the picture of one have in common. */
#include <math.h>

#include "base/json_write.h"
#include "serve/picture.h"

void afmon_picture_write_head(struct afmon_json *json, const struct afmon_picture *picture)
{
    const struct afmon_run_facts_shown *facts = &picture->facts;
    afmon_json_string(json, "id", picture->id);
    afmon_json_string(json, "name", picture->name);
    afmon_json_string(json, "folder", picture->folder);
    afmon_json_raw(json, "about", picture->about);
    afmon_json_string(json, "state", facts->state);
    afmon_json_rounded(json, "loaded", facts->loaded);
    afmon_json_string(json, "verdict", facts->verdict);
    afmon_json_time(json, "first_ms", facts->first_ns);
    afmon_json_time(json, "last_ms", facts->last_ns);
    afmon_json_time(json, "modified_ms", facts->modified_ns);
    afmon_json_int(json, "samples", (int64_t)facts->samples);
    afmon_json_count(json, "items", facts->items);
    afmon_json_count(json, "items_failed", facts->items_failed);
    afmon_json_count(json, "calls", facts->calls);
    afmon_json_count(json, "calls_failed", facts->calls_failed);
    afmon_json_count(json, "items_accepted", facts->items_accepted);
    afmon_json_rounded(json, "latency_p50_s", facts->verdict != NULL ? facts->latency_p50_s : (double)NAN);
    afmon_json_rounded(json, "cost_usd", facts->verdict != NULL ? facts->cost_usd : (double)NAN);
    afmon_json_rounded(json, "score", facts->verdict != NULL ? facts->score : (double)NAN);
    afmon_json_string(json, "problem", picture->problem);
}
