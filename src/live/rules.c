/* Which rules a run is judged by: those that were given, those that its own log names, or the built-in ones. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/live_internal.h"
#include "model/rules_of_log.h"

#define HEAD_BYTES (INT64_C(256) << 10) /* run records stand where a log begins */
#define SKETCH_BYTES ((size_t)10 << 20) /* of all sketches but those of charts */
#define ITEMS_MAX 131072 /* that are told apart: about 14 MB; beyond, further ones are left out, and that is told */
#define GIVEN_PERIOD_NS AFMON_NS_PER_S

static bool is_other(const struct afmon_live *live, const struct afmon_run_log *log)
{
    return log->rules != NULL && (live->rules_text == NULL || strcmp(live->rules_text, log->rules) != 0);
}

static bool take(struct afmon_live *live, const struct afmon_run_log *log)
{
    char *text = strdup(log->rules);
    if (text == NULL)
        return false;
    free(live->rules_text);
    live->rules_text = text;
    return true;
}

afmon_status afmon_live_look_for_rules(struct afmon_live *live, const char *path)
{
    struct afmon_run_log head = {0};
    if (live->rules_given || live->rules_text != NULL)
        return AFMON_OK;
    afmon_status status = afmon_run_log_file(&head, path, 0, HEAD_BYTES, NULL, NULL, NULL);
    if (status == AFMON_OK && is_other(live, &head)) {
        live->stale |= live->sample_count > 0;
        status = take(live, &head) ? AFMON_OK : AFMON_E_NO_MEMORY;
        afmon_model_free(live->model);
        live->model = status == AFMON_OK ? afmon_live_make_model(live) : NULL;
        if (live->model == NULL)
            status = AFMON_E_NO_MEMORY;
        live->table->model = live->model;
        afmon_feed_forget(live->feed);
    }
    afmon_run_log_free(&head);
    return status == AFMON_E_NO_MEMORY ? status : AFMON_OK;
}

void afmon_live_compare_rules(struct afmon_live *live)
{
    if (!live->rules_given && is_other(live, &live->run_log))
        live->stale |= take(live, &live->run_log);
}

struct afmon_model *afmon_live_make_model(const struct afmon_live *live)
{
    struct afmon_model_options options = {.lately = true, .sketch_bytes = SKETCH_BYTES, .items = ITEMS_MAX};
    afmon_rules of_log = {0};
    struct afmon_run_log log = {.rules = live->rules_text,
                                .rules_length = live->rules_text != NULL ? strlen(live->rules_text) : 0};
    if (live->rules_given) {
        options.rules = live->rules.rules;
        options.rule_count = live->rules.count;
        options.period_ns = GIVEN_PERIOD_NS;
        options.replay = true;
    } else {
        if (afmon_rules_of_log(&log, &of_log) != AFMON_OK)
            return NULL;
        options.rules = of_log.rules;
        options.rule_count = of_log.count;
    }
    struct afmon_model *model = afmon_model_new(&options);
    afmon_rules_free(&of_log);
    return model;
}
