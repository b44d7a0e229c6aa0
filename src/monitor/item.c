/* Items: what calls are made for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/fields.h"
#include "catalog/item_id.h"
#include "catalog/metrics.h"
#include "ingest/item.h"
#include "monitor/core.h"
#include "monitor/item_attempts.h"

#define FIELDS_MAX 5 /* of item_time: kind, outcome, why, attempts, id */

static void free_item(afmon_item *item)
{
    if (item == NULL)
        return;
    free(item->kind);
    free(item);
}

static afmon_item *new_item(afmon_monitor *monitor, const char *kind, const afmon_field *id)
{
    size_t size = afmon_fields_packed_size(id, 1);
    afmon_item *item = size != SIZE_MAX ? calloc(1, sizeof *item + size) : NULL;
    if (item == NULL)
        return NULL;
    item->monitor = monitor;
    item->began_ns = afmon_boot_ns();
    item->took_s = NAN;
    atomic_init(&item->attempt, 1);
    item->kind = strdup(kind);
    item->packed_length = (uint32_t)size;
    afmon_fields_pack(item->packed, id, 1);
    if (item->kind != NULL)
        return item;
    free_item(item);
    return NULL;
}

/* NULL: it is closed, or cannot be had. */
static struct afmon_core *core_of(afmon_monitor *monitor)
{
    afmon_status status;
    return afmon_core_here(monitor, &status);
}

static afmon_status begin(afmon_monitor *monitor, const char *kind, const afmon_field *id, afmon_item **item)
{
    if (item != NULL)
        *item = NULL;
    if (monitor == NULL || kind == NULL || *kind == '\0' || item == NULL)
        return AFMON_E_ARGUMENT;
    *item = new_item(monitor, kind, id);
    if (*item == NULL)
        return AFMON_E_NO_MEMORY;
    struct afmon_core *core = core_of(monitor);
    if (core != NULL)
        afmon_item_watch_begins(&core->items);
    const afmon_field fields[] = {afmon_string("kind", kind), *id};
    return afmon_record_metric(monitor, afmon_metric_name(AFMON_METRIC_ITEM_STARTED), 1, fields, 2);
}

afmon_status afmon_item_begin(afmon_monitor *monitor, const char *kind, const char *id, afmon_item **item)
{
    if (item != NULL)
        *item = NULL;
    if (id == NULL || *id == '\0' || strnlen(id, AFMON_ITEM_ID_MAX + 1) > AFMON_ITEM_ID_MAX)
        return AFMON_E_ARGUMENT;
    const afmon_field field = afmon_string(AFMON_ITEM_KEY, id);
    return begin(monitor, kind, &field, item);
}

afmon_status afmon_item_begin_number(afmon_monitor *monitor, const char *kind, int64_t id, afmon_item **item)
{
    const afmon_field field = afmon_int(AFMON_ITEM_KEY, id);
    return begin(monitor, kind, &field, item);
}

uint32_t afmon_item_retry(afmon_item *item)
{
    if (item == NULL)
        return 0;
    uint32_t attempt = atomic_fetch_add_explicit(&item->attempt, 1, memory_order_relaxed) + 1;
    afmon_item_attempt_begins(item, attempt);
    return attempt;
}

void afmon_item_took(afmon_item *item, double seconds)
{
    if (item != NULL)
        item->took_s = seconds;
}

/* why: the key and the text of what is behind the outcome; no text: it is not given. */
static afmon_status end(afmon_item *item, const char *outcome, const char *key, const char *why)
{
    if (item == NULL)
        return AFMON_OK;
    uint32_t attempts = atomic_load_explicit(&item->attempt, memory_order_relaxed);
    double seconds =
        isnan(item->took_s) ? (double)(afmon_boot_ns() - item->began_ns) / (double)AFMON_NS_PER_S : item->took_s;
    afmon_field fields[FIELDS_MAX];
    size_t count = 0;
    fields[count++] = afmon_string("kind", item->kind);
    fields[count++] = afmon_string("outcome", outcome);
    if (why != NULL && *why != '\0')
        fields[count++] = afmon_string(key, why);
    fields[count++] = afmon_int("attempts", attempts);
    fields[count++] = afmon_item_field(item);
    afmon_status status =
        afmon_record_metric(item->monitor, afmon_metric_name(AFMON_METRIC_ITEM_TIME), seconds, fields, count);
    struct afmon_core *core = core_of(item->monitor);
    if (core != NULL)
        afmon_item_watch_ends(&core->items, (double)(afmon_boot_ns() - item->began_ns) / (double)AFMON_NS_PER_S);
    free_item(item);
    return status;
}

afmon_status afmon_item_accept(afmon_item *item)
{
    return end(item, "accepted", NULL, NULL);
}

afmon_status afmon_item_reject(afmon_item *item, const char *reason)
{
    return end(item, "rejected", "reason", reason);
}

afmon_status afmon_item_fail(afmon_item *item, const char *error_type)
{
    return end(item, "failed", "error_type", error_type);
}

void afmon_item_drop(afmon_item *item)
{
    free_item(item);
}
