/* Handles: names and metadata resolved once. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "catalog/bare.h"
#include "catalog/fields.h"
#include "monitor/core.h"

/* Gives the handle a number in the core of this process. */
static afmon_status define(struct afmon_core *core, afmon_metric *metric)
{
    if (core->has_session && core->session.serial != core->hub.serial)
        return AFMON_E_UNWRITABLE; /* a new session that has not got the definitions of before yet */
    uint32_t number = core->definitions + 1;
    struct afmon_defined_entry *entry = afmon_defined_add(&core->defined, number);
    if (entry == NULL)
        return AFMON_E_NO_MEMORY;
    *entry = (struct afmon_defined_entry){.name = metric->name,
                                          .name_length = metric->name_length,
                                          .packed = metric->packed,
                                          .packed_length = metric->packed_length};
    if (core->has_session) {
        struct afmon_quiet quiet;
        afmon_quiet_begin(&quiet);
        afmon_status status = afmon_session_define(&core->session, metric->name, metric->name_length, metric->packed,
                                                   metric->packed_length, &number);
        afmon_quiet_end(&quiet);
        if (status != AFMON_OK)
            return status;
    }
    core->definitions = number;
    atomic_store_explicit(&metric->definition, number, memory_order_relaxed);
    atomic_store_explicit(&metric->serial, core->hub.serial, memory_order_release);
    return AFMON_OK;
}

afmon_status afmon_handle_bind(afmon_metric *metric)
{
    afmon_status status;
    struct afmon_core *core = afmon_core_here(metric->monitor, &status);
    if (core == NULL || status != AFMON_OK)
        return status;
    if (atomic_load_explicit(&metric->serial, memory_order_acquire) == core->hub.serial)
        return AFMON_OK;
    pthread_mutex_lock(&core->define_lock);
    if (atomic_load_explicit(&metric->serial, memory_order_acquire) != core->hub.serial)
        status = define(core, metric);
    pthread_mutex_unlock(&core->define_lock);
    return status;
}

static void free_handle(afmon_metric *metric)
{
    if (metric == NULL)
        return;
    free(metric->name);
    free(metric->packed);
    free(metric->fields);
    free(metric);
}

/* The fields of a handle, pointing into its packed bytes. */
static void unpack(afmon_metric *metric)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(metric->packed, metric->packed_length);
    while (afmon_field_walk_next(&walk, &metric->fields[metric->field_count]))
        metric->field_count++;
}

static afmon_metric *make_handle(afmon_monitor *monitor, const char *name, const unsigned char *packed,
                                 size_t packed_length, size_t field_count, uint64_t hash)
{
    afmon_metric *metric = calloc(1, sizeof *metric);
    if (metric == NULL)
        return NULL;
    metric->page = &monitor->page->process;
    metric->monitor = monitor;
    metric->hash = hash;
    metric->name_length = strlen(name);
    metric->name = strdup(name);
    metric->packed_length = packed_length;
    metric->packed = malloc(packed_length + 1);
    metric->fields = calloc(field_count + 1, sizeof *metric->fields);
    if (metric->name == NULL || metric->packed == NULL || metric->fields == NULL) {
        free_handle(metric);
        return NULL;
    }
    if (packed_length > 0)
        memcpy(metric->packed, packed, packed_length);
    unpack(metric);
    return metric;
}

static afmon_metric *find(afmon_metric *metric, const char *name, size_t name_length, const unsigned char *packed,
                          size_t packed_length, uint64_t hash)
{
    while (metric != NULL && (metric->hash != hash || metric->name_length != name_length ||
                              metric->packed_length != packed_length || memcmp(metric->name, name, name_length) != 0 ||
                              (packed_length > 0 && memcmp(metric->packed, packed, packed_length) != 0)))
        metric = metric->next;
    return metric;
}

static afmon_status find_or_make(afmon_monitor *monitor, const char *name, const unsigned char *packed,
                                 size_t packed_length, size_t field_count, afmon_metric **out)
{
    size_t name_length = strlen(name);
    uint64_t hash = afmon_hash(afmon_hash(0, packed, packed_length), name, name_length);
    afmon_metric *_Atomic *bucket = &monitor->handles[hash % AFMON_HANDLE_BUCKETS];
    pthread_mutex_lock(&monitor->page->handles);
    afmon_metric *first = atomic_load_explicit(bucket, memory_order_acquire);
    *out = find(first, name, name_length, packed, packed_length, hash);
    if (*out == NULL) {
        *out = make_handle(monitor, name, packed, packed_length, field_count, hash);
        if (*out != NULL) {
            (*out)->next = first;
            atomic_store_explicit(bucket, *out, memory_order_release);
        }
    }
    pthread_mutex_unlock(&monitor->page->handles);
    return *out == NULL ? AFMON_E_NO_MEMORY : AFMON_OK;
}

afmon_status afmon_metric_resolve(afmon_monitor *monitor, const char *name, const afmon_field *fields, size_t count,
                                  afmon_metric **metric)
{
    if (monitor == NULL || name == NULL || metric == NULL || (fields == NULL && count > 0))
        return AFMON_E_ARGUMENT;
    *metric = NULL;
    struct afmon_draft draft;
    afmon_draft_metric(&draft, name, strlen(name), 0, fields, count);
    if (draft.bad)
        return AFMON_E_ARGUMENT;
    if (draft.length == 0)
        return AFMON_E_TOO_BIG;
    const afmon_field mark = afmon_bare_mark();
    size_t length = draft.fields_length;
    unsigned char *packed = malloc(length + afmon_fields_packed_size(&mark, 1));
    if (packed == NULL)
        return AFMON_E_NO_MEMORY;
    unsigned char *end = afmon_fields_pack(packed, fields, count);
    bool marked = afmon_metric_is_derived(name, strlen(name)) && !afmon_packed_is_retried(packed, length);
    if (marked) {
        afmon_fields_pack(end, &mark, 1);
        length += afmon_fields_packed_size(&mark, 1);
    }
    afmon_status status = find_or_make(monitor, name, packed, length, count + (marked ? 1 : 0), metric);
    free(packed);
    if (status != AFMON_OK)
        return status;
    status = afmon_handle_bind(*metric);
    /* without a number the handle still records, by its name */
    return status == AFMON_E_UNWRITABLE ? AFMON_OK : status;
}
