/* Reading evicted samples back. The first `evicted.count` samples of a series in the sources are those that had left
 * memory when the view was taken; all later ones are in its chunks. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/view_internal.h"

struct recalling {
    afmon_view *view;
    const struct afmon_recall *recall;
    struct afmon_reader *reader;
    uint64_t *seen; /* by series of the view: samples that were met in the files */
    uint64_t left;  /* evicted samples that are still to come */
    const struct afmon_view_series *last;
    afmon_status status;
};

static bool is_wanted(const struct afmon_recall *recall, const struct afmon_view_series *series)
{
    if (recall->only != NULL && recall->only != series)
        return false;
    return (recall->wants == NULL || recall->wants(recall->user, series)) && afmon_view_misses(series, recall->times);
}

static bool has_name(const struct afmon_view_series *series, const struct afmon_read_sample *sample)
{
    return series != NULL && series->series->name_length == sample->name_length &&
           (sample->name_length == 0 || memcmp(series->series->name, sample->name, sample->name_length) == 0);
}

/* The series that a line is of, if it is one that is wanted. */
static const struct afmon_view_series *series_of(struct recalling *recalling, const struct afmon_read_sample *sample)
{
    const struct afmon_view_series *series = recalling->recall->only;
    if (series != NULL)
        return has_name(series, sample) ? series : NULL;
    if (has_name(recalling->last, sample))
        return recalling->last;
    recalling->status = afmon_view_find(recalling->view, sample->name, sample->name_length, &series);
    recalling->last = series;
    return series;
}

/* Returns non-zero to stop. */
static int visit(void *user, const struct afmon_read_sample *sample)
{
    struct recalling *recalling = user;
    const struct afmon_recall *recall = recalling->recall;
    const struct afmon_view_series *series = series_of(recalling, sample);
    if (series == NULL)
        return recalling->status != AFMON_OK;
    uint64_t *seen = &recalling->seen[series - recalling->view->series];
    if (*seen >= series->evicted.count)
        return 0;
    ++*seen;
    recalling->left--;
    if (sample->wall_us >= recall->times.since_us && sample->wall_us <= recall->times.until_us) {
        struct afmon_read_sample copy = *sample;
        recalling->status = recall->visit(recall->user, series, recalling->reader, &copy);
    }
    return recalling->status != AFMON_OK || recalling->left == 0;
}

static int pass_over(void *user, uint64_t line_number, const char *why)
{
    (void)user;
    (void)line_number;
    (void)why;
    return 0; /* who loaded the run has reported it */
}

static afmon_status read_sources(struct recalling *recalling, afmon_error *error)
{
    const afmon_view *view = recalling->view;
    struct afmon_file_visitor visitor = {
        .visit = visit, .problem = pass_over, .user = recalling, .tolerate_torn = true};
    for (size_t i = 0; i < view->source_count && recalling->left > 0; i++) {
        const struct afmon_source *source = &view->sources[i];
        afmon_status status =
            afmon_read_file(recalling->reader, source->path, source->begin, source->end, &visitor, error);
        if (recalling->status != AFMON_OK)
            return recalling->status;
        if (status != AFMON_OK && !(status == AFMON_E_CANCELLED && recalling->left == 0))
            return status;
    }
    return AFMON_OK;
}

/* Series that are not wanted count as seen to the end, so that their lines are passed over. */
static void plan(struct recalling *recalling)
{
    const afmon_view *view = recalling->view;
    for (size_t i = 0; i < view->series_count; i++) {
        const struct afmon_view_series *series = &view->series[i];
        if (is_wanted(recalling->recall, series))
            recalling->left += series->evicted.count;
        else
            recalling->seen[i] = series->evicted.count;
    }
}

afmon_status afmon_view_recall(afmon_view *view, struct afmon_recall *recall, afmon_error *error)
{
    struct recalling recalling = {.view = view, .recall = recall, .status = AFMON_OK};
    recalling.seen = calloc(view->series_count + 1, sizeof *recalling.seen);
    if (recalling.seen == NULL)
        return afmon_fail_memory(error);
    plan(&recalling);
    afmon_status status = AFMON_OK;
    if (recalling.left > 0 && view->source_count > 0) {
        recalling.reader = afmon_reader_new();
        status = recalling.reader == NULL ? afmon_fail_memory(error) : read_sources(&recalling, error);
        afmon_reader_free(recalling.reader);
    }
    free(recalling.seen);
    recall->missing = recalling.left;
    return status;
}

bool afmon_unpack(struct afmon_unpacked *unpacked, const void *packed, size_t length)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    unpacked->count = 0;
    while (afmon_field_walk_next(&walk, &field)) {
        if (unpacked->count == unpacked->capacity) {
            size_t capacity = unpacked->capacity * 2 + 8;
            afmon_field *fields = realloc(unpacked->fields, capacity * sizeof *fields);
            if (fields == NULL)
                return false;
            unpacked->fields = fields;
            unpacked->capacity = capacity;
        }
        unpacked->fields[unpacked->count++] = field;
    }
    return true;
}
