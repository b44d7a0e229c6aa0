/* Reading samples back. The first `total` samples of a series in the sources are those that it had when the view was
 * taken: the first `evicted.count` of them had left memory then, the others are in its chunks. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/view_internal.h"

struct recalling {
    afmon_view *view;
    const struct afmon_recall *recall;
    struct afmon_recall_place *place;
    const struct afmon_view_series *last;
    afmon_status status;
};

/* How many samples of a series, from its first one on, are read back. */
static uint64_t count_of(const struct afmon_recall *recall, const struct afmon_view_series *series)
{
    return recall->all ? series->total : series->evicted.count;
}

static bool is_wanted(const struct afmon_recall *recall, const struct afmon_view_series *series)
{
    if (recall->only != NULL && recall->only != series)
        return false;
    return (recall->wants == NULL || recall->wants(recall->user, series)) &&
           (recall->all || afmon_view_misses(series, recall->times));
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
    uint64_t *seen = &recalling->place->seen[series - recalling->view->series];
    if (*seen >= count_of(recall, series))
        return 0;
    ++*seen;
    recalling->place->left--;
    if (sample->wall_us >= recall->times.since_us && sample->wall_us <= recall->times.until_us) {
        struct afmon_read_sample copy = *sample;
        recalling->status = recall->visit(recall->user, series, recalling->place->reader, &copy);
    }
    return recalling->status != AFMON_OK || recalling->place->left == 0;
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
    struct afmon_recall_place *place = recalling->place;
    struct afmon_file_visitor visitor = {
        .visit = visit, .problem = pass_over, .user = recalling, .tolerate_torn = true, .stopped_at = &place->offset};
    for (; place->source < view->source_count && place->left > 0; place->source++, place->offset = -1) {
        const struct afmon_source *source = &view->sources[place->source];
        visitor.goes_on = place->offset >= 0;
        visitor.text = source->text;
        visitor.text_length = source->text_length;
        int64_t begin = visitor.goes_on ? place->offset : source->begin;
        afmon_status status = afmon_read_file(place->reader, source->path, begin, source->end, &visitor, error);
        if (recalling->status != AFMON_OK)
            return recalling->status;
        if (status != AFMON_OK && !(status == AFMON_E_CANCELLED && place->left == 0))
            return status;
    }
    return AFMON_OK;
}

/* Series that are not wanted count as seen to the end, so that their lines are passed over. */
static void plan(const afmon_view *view, const struct afmon_recall *recall, struct afmon_recall_place *place)
{
    for (size_t i = 0; i < view->series_count; i++) {
        const struct afmon_view_series *series = &view->series[i];
        if (is_wanted(recall, series))
            place->left += count_of(recall, series);
        else
            place->seen[i] = count_of(recall, series);
    }
}

static afmon_status begin(const afmon_view *view, const struct afmon_recall *recall, struct afmon_recall_place *place,
                          afmon_error *error)
{
    place->offset = -1;
    place->seen = calloc(view->series_count + 1, sizeof *place->seen);
    if (place->seen == NULL)
        return afmon_fail_memory(error);
    plan(view, recall, place);
    if (place->left == 0 || view->source_count == 0)
        return AFMON_OK;
    place->reader = afmon_reader_new();
    return place->reader == NULL ? afmon_fail_memory(error) : AFMON_OK;
}

afmon_status afmon_view_recall_on(afmon_view *view, struct afmon_recall *recall, struct afmon_recall_place *place,
                                  afmon_error *error)
{
    struct recalling recalling = {.view = view, .recall = recall, .place = place, .status = AFMON_OK};
    afmon_status status = place->seen == NULL ? begin(view, recall, place, error) : AFMON_OK;
    if (status == AFMON_OK && place->reader != NULL)
        status = read_sources(&recalling, error);
    recall->missing = place->left;
    return status;
}

void afmon_recall_end(struct afmon_recall_place *place)
{
    afmon_reader_free(place->reader);
    free(place->seen);
    *place = (struct afmon_recall_place){0};
}

afmon_status afmon_view_recall(afmon_view *view, struct afmon_recall *recall, afmon_error *error)
{
    struct afmon_recall_place place = {0};
    afmon_status status = afmon_view_recall_on(view, recall, &place, error);
    afmon_recall_end(&place);
    return status;
}
