#include <stdlib.h>
#include <string.h>

#include "meters/internal.h"

struct afmon_meters *afmon_meters_new(void)
{
    struct afmon_meters *meters = calloc(1, sizeof *meters);
    if (meters == NULL)
        return NULL;
    meters->call = &meters->own;
    meters->counts = &meters->table;
    if (afmon_meter_table_init(&meters->table) && afmon_meter_table_init(&meters->bare) &&
        pthread_mutex_init(&meters->lock, NULL) == 0)
        return meters;
    free(meters->table.slots);
    free(meters->bare.slots);
    free(meters);
    return NULL;
}

void afmon_meters_free(struct afmon_meters *meters)
{
    if (meters == NULL)
        return;
    afmon_meter_table_free(&meters->table);
    afmon_meter_table_free(&meters->bare);
    pthread_mutex_destroy(&meters->lock);
    free(meters);
}

void afmon_meters_add(struct afmon_meters *meters, const afmon_sample *sample)
{
    struct afmon_meter_labels labels;
    afmon_meter_labels_of(&labels, sample);
    pthread_mutex_lock(&meters->lock);
    afmon_meter_add(meters, sample, &labels);
    pthread_mutex_unlock(&meters->lock);
}

struct afmon_meter_call *afmon_meter_call_new(void)
{
    return calloc(1, sizeof(struct afmon_meter_call));
}

void afmon_meters_add_from(struct afmon_meters *meters, struct afmon_meter_call *call, const afmon_sample *sample,
                           const struct afmon_meter_labels *labels)
{
    pthread_mutex_lock(&meters->lock);
    meters->call = call;
    afmon_meter_add(meters, sample, labels);
    meters->call = &meters->own;
    pthread_mutex_unlock(&meters->lock);
}

void afmon_meters_settle_call(struct afmon_meters *meters, struct afmon_meter_call *call)
{
    pthread_mutex_lock(&meters->lock);
    meters->call = call;
    afmon_meter_settle(meters);
    meters->call = &meters->own;
    pthread_mutex_unlock(&meters->lock);
}

void afmon_meters_settle(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    afmon_meter_settle(meters);
    pthread_mutex_unlock(&meters->lock);
}

/* ---- alerts ---- */

void afmon_meters_set_alerts(struct afmon_meters *meters, const afmon_alert *alerts, size_t alert_count)
{
    pthread_mutex_lock(&meters->lock);
    for (struct afmon_meter_series *at = meters->table.lists[AFMON_INSTRUMENT_ALERT_ACTIVE].first; at != NULL;
         at = at->next)
        at->meter.value = 0;
    for (size_t i = 0; i < alert_count; i++) {
        const char *level = afmon_level_name(alerts[i].level);
        struct afmon_label_text values[] = {{alerts[i].name, strnlen(alerts[i].name, sizeof alerts[i].name)},
                                            {level, strlen(level)}};
        afmon_meter_count(meters, AFMON_INSTRUMENT_ALERTS, values, 1);
        struct afmon_meter_series *active = afmon_meter_series_of(meters, AFMON_INSTRUMENT_ALERT_ACTIVE, values);
        if (active != NULL)
            active->meter.value = 1;
    }
    pthread_mutex_unlock(&meters->lock);
}

/* ---- reading ---- */

static bool each_in(const struct afmon_meter_list *list, bool (*visit)(void *user, const struct afmon_meter *meter),
                    void *user)
{
    bool going = true;
    for (struct afmon_meter_series *at = list->first; at != NULL && going; at = at->next)
        going = visit(user, &at->meter);
    return going;
}

/* The errors of an error_rate without zeros are the failures among the generations. */
static bool each_failure(struct afmon_meters *meters, bool (*visit)(void *user, const struct afmon_meter *meter),
                         void *user)
{
    bool going = true;
    const struct afmon_meter_series *at = meters->table.lists[AFMON_INSTRUMENT_GENERATIONS].first;
    for (; at != NULL && going; at = at->next) {
        const struct afmon_meter errors = {.instrument = &afmon_instruments[AFMON_INSTRUMENT_GENERATION_ERRORS],
                                           .values = {at->meter.values[1]},
                                           .value = at->meter.value};
        if (strcmp(at->meter.values[0], "failure") == 0)
            going = visit(user, &errors);
    }
    return going;
}

/* No label set is in both lists where both are visited: all but attempts that were tried again make it tracked. */
static bool each_of(struct afmon_meters *meters, size_t id, bool (*visit)(void *user, const struct afmon_meter *meter),
                    void *user)
{
    if (id == AFMON_INSTRUMENT_GENERATION_ERRORS && afmon_errors_lack_zeros(&meters->outcomes))
        return each_failure(meters, visit, user);
    return each_in(&meters->table.lists[id], visit, user) &&
           (meters->tracked[id] || each_in(&meters->bare.lists[id], visit, user));
}

void afmon_meters_each(struct afmon_meters *meters, bool (*visit)(void *user, const struct afmon_meter *meter),
                       void *user)
{
    bool going = true;
    pthread_mutex_lock(&meters->lock);
    for (size_t i = 0; i < AFMON_INSTRUMENTS && going; i++)
        going = each_of(meters, i, visit, user);
    pthread_mutex_unlock(&meters->lock);
}

void afmon_meters_each_of(struct afmon_meters *meters, enum afmon_instrument_id id,
                          bool (*visit)(void *user, const struct afmon_meter *meter), void *user)
{
    pthread_mutex_lock(&meters->lock);
    (void)each_of(meters, id, visit, user);
    pthread_mutex_unlock(&meters->lock);
}

uint64_t afmon_meters_samples(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    uint64_t samples = meters->samples;
    pthread_mutex_unlock(&meters->lock);
    return samples;
}

size_t afmon_meters_count(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    size_t all = meters->table.count;
    for (size_t id = 0; id < AFMON_INSTRUMENTS; id++)
        all += meters->tracked[id] ? 0 : meters->bare.lists[id].count;
    pthread_mutex_unlock(&meters->lock);
    return all;
}

static size_t bytes_of(const struct afmon_meter_table *table)
{
    size_t bytes = table->slot_count * sizeof *table->slots;
    for (size_t i = 0; i < AFMON_INSTRUMENTS; i++)
        for (const struct afmon_meter_series *at = table->lists[i].first; at != NULL; at = at->next) {
            const struct afmon_bounds *bounds = at->meter.instrument->bounds;
            bytes += sizeof *at + at->key_length + (bounds != NULL ? bounds->count + 1 : 0) * sizeof at->buckets[0];
        }
    return bytes;
}

size_t afmon_meters_bytes(struct afmon_meters *meters)
{
    pthread_mutex_lock(&meters->lock);
    size_t bytes = sizeof *meters + bytes_of(&meters->table) + bytes_of(&meters->bare);
    pthread_mutex_unlock(&meters->lock);
    return bytes;
}
