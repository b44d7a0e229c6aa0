/* Which series a chart has. */
#include <string.h>

#include "plot/chart.h"

static bool is_in_window(struct afmon_chart_job *job, const struct afmon_view_series *series)
{
    int64_t first = 0;
    int64_t last = 0;
    if (!afmon_view_series_times(series, job->options->window, &first, &last))
        return false;
    job->first_us = job->track_count == 0 || first < job->first_us ? first : job->first_us;
    job->last_us = job->track_count == 0 || last > job->last_us ? last : job->last_us;
    return true;
}

double afmon_track_value(const struct afmon_track *track, double value)
{
    return track->by_outcomes ? afmon_error_of_outcome(value) : value;
}

bool afmon_chart_add_track(struct afmon_chart_job *job, const char *name, const char *label, unsigned ink)
{
    const struct afmon_view_series *series = NULL;
    bool by_outcomes;
    if (afmon_view_find_told(job->view, name, &series, &by_outcomes) != AFMON_OK || series == NULL)
        return false;
    if (job->track_count == AFMON_CHART_TRACKS_MAX) {
        job->left_out++;
        return false;
    }
    if (!is_in_window(job, series))
        return false;
    struct afmon_track *track = &job->tracks[job->track_count];
    track->series = series;
    track->by_outcomes = by_outcomes;
    afmon_label_clean(track->label, label, strlen(label));
    track->ink = ink < AFMON_INKS ? ink : (unsigned)AFMON_INK_SERIES + job->track_count % AFMON_SERIES_INKS;
    job->track_count++;
    return true;
}
