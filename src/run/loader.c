#include "run/loader.h"

#include <stdlib.h>

#include "base/status.h"
#include "run/set_cache.h"
#include "store/reader.h"

#define BATCH 256 /* the stretch in which a store likes to be fed */

struct afmon_loader {
    struct afmon_store *store;
    struct afmon_reader *reader;
    struct afmon_set_cache *cache;
    struct afmon_store_sample batch[BATCH]; /* each with a reference to its set */
    size_t count;
    struct afmon_series *series; /* of the last sample: lines of one metric often follow each other */
};

/* One file on its way in. */
struct loading {
    struct afmon_loader *loader;
    const struct afmon_load *load;
    bool no_memory;
};

struct afmon_loader *afmon_loader_new(struct afmon_store *store)
{
    struct afmon_loader *loader = calloc(1, sizeof *loader);
    if (loader == NULL)
        return NULL;
    loader->store = store;
    loader->reader = afmon_reader_new();
    loader->cache = afmon_set_cache_new();
    if (loader->reader == NULL || loader->cache == NULL) {
        afmon_loader_free(loader);
        return NULL;
    }
    return loader;
}

static void flush(struct afmon_loader *loader)
{
    afmon_store_append(loader->store, loader->batch, loader->count);
    for (size_t i = 0; i < loader->count; i++)
        if (loader->batch[i].set != NULL)
            afmon_set_release(loader->batch[i].set);
    loader->count = 0;
}

void afmon_loader_free(struct afmon_loader *loader)
{
    if (loader == NULL)
        return;
    flush(loader);
    afmon_reader_free(loader->reader);
    afmon_set_cache_free(loader->cache);
    free(loader);
}

static struct afmon_series *series_of(struct afmon_loader *loader, const char *name, size_t length)
{
    struct afmon_series *last = loader->series;
    if (last == NULL || last->name_length != length || memcmp(last->name, name, length) != 0)
        loader->series = afmon_store_series(loader->store, name, length);
    return loader->series;
}

/* Takes over the reference to set. */
static afmon_status append(struct afmon_loader *loader, const struct afmon_read_sample *sample, struct afmon_set *set,
                           struct afmon_item_place item)
{
    struct afmon_series *series = series_of(loader, sample->name, sample->name_length);
    if (series == NULL) {
        if (set != NULL)
            afmon_set_release(set);
        return AFMON_E_NO_MEMORY;
    }
    if (loader->count == BATCH)
        flush(loader);
    loader->batch[loader->count++] = (struct afmon_store_sample){
        .series = series, .set = set, .value = sample->value, .wall_us = sample->wall_us, .item = item};
    return AFMON_OK;
}

/* The sample's set with a reference in *set: NULL for no metadata. */
static afmon_status set_of(struct afmon_loader *loader, struct afmon_read_sample *sample, struct afmon_set **set)
{
    uint64_t hash = 0;
    bool cached = sample->metadata != NULL;
    *set = NULL;
    if (cached && sample->metadata_length == 0)
        return AFMON_OK;
    if (cached)
        *set = afmon_set_cache_find(loader->cache, sample->metadata, sample->metadata_length, &hash);
    if (*set != NULL)
        return AFMON_OK;
    afmon_status status = afmon_reader_packed(loader->reader, sample);
    if (status != AFMON_OK || sample->packed_length == 0)
        return status;
    *set = afmon_sets_take(afmon_store_sets(loader->store), afmon_reader_packed_in(loader->reader));
    if (*set == NULL)
        return AFMON_E_NO_MEMORY;
    if (cached)
        afmon_set_cache_put(loader->cache, sample->metadata, sample->metadata_length, hash, *set);
    return AFMON_OK;
}

static afmon_status take(struct afmon_loader *loader, struct afmon_read_sample *sample)
{
    struct afmon_set *set;
    struct afmon_item_place item = {0};
    /* The set may take over the memory that the id is in. */
    if (sample->item.length > 0 && !afmon_store_item(loader->store, &sample->item, &item))
        return AFMON_E_NO_MEMORY;
    afmon_status status = set_of(loader, sample, &set);
    return status != AFMON_OK ? status : append(loader, sample, set, item);
}

static int take_sample(void *user, const struct afmon_read_sample *read)
{
    struct loading *loading = user;
    struct afmon_read_sample sample = *read;
    afmon_status status = take(loading->loader, &sample);
    loading->no_memory |= status != AFMON_OK;
    return status != AFMON_OK;
}

static int take_problem(void *user, uint64_t line, const char *why)
{
    const struct loading *loading = user;
    afmon_problems_add(loading->load->problems, loading->load->label, line, why);
    return 0;
}

static void take_warning(void *user, uint64_t line, const char *what)
{
    const struct loading *loading = user;
    afmon_problems_add(loading->load->warnings, loading->load->label, line, what);
}

static int take_progress(void *user, uint64_t bytes)
{
    const struct afmon_load *load = ((struct loading *)user)->load;
    return load->progress != NULL ? load->progress(load->user, bytes) : 0;
}

afmon_status afmon_load_file(struct afmon_loader *loader, const struct afmon_load *load, afmon_error *error)
{
    struct loading loading = {.loader = loader, .load = load};
    struct afmon_file_visitor visitor = {.visit = take_sample,
                                         .problem = take_problem,
                                         .progress = take_progress,
                                         .warning = take_warning,
                                         .user = &loading,
                                         .text = load->source.text,
                                         .text_length = load->source.text_length,
                                         .tolerate_torn = load->tolerate_torn};
    afmon_status status =
        afmon_read_file(loader->reader, load->source.path, load->source.begin, load->source.end, &visitor, error);
    flush(loader);
    return loading.no_memory ? afmon_fail_memory(error) : status;
}

afmon_status afmon_load_line(struct afmon_loader *loader, const char *line, size_t length,
                             const struct afmon_store_sample **sample)
{
    struct afmon_read_sample read;
    const char *why;
    afmon_status status = afmon_read_line(loader->reader, line, length, &read, &why);
    if (status == AFMON_OK)
        status = take(loader, &read);
    *sample = status == AFMON_OK ? &loader->batch[loader->count - 1] : NULL;
    return status;
}

void afmon_load_settle(struct afmon_loader *loader)
{
    flush(loader);
}
