/* What a format has to bring: one file with one of these, and one line in the table of export.c. */
#ifndef AFMON_EXPORT_FORMAT_H
#define AFMON_EXPORT_FORMAT_H

#include <afmon/afmon.h>

#include "export/names.h"
#include "store/view_internal.h"

/* One export. The series are those that were asked for, in order of their names. */
struct afmon_export_job {
    afmon_view *view;
    const afmon_export_options *options;
    const struct afmon_view_series **series;
    size_t series_count;
    uint32_t *place; /* by series of the view: its place in `series`, UINT32_MAX where it is not there */
    uint64_t done;   /* samples that were visited */
    uint64_t total;  /* that will be */
    afmon_error *error;
};

struct afmon_export_format {
    const char *name;
    unsigned passes; /* over the samples */
    afmon_status (*to_path)(struct afmon_export_job *job, const char *path);
    afmon_status (*to_descriptor)(struct afmon_export_job *job, int fd); /* NULL: it cannot */
};

extern const struct afmon_export_format afmon_export_json;
extern const struct afmon_export_format afmon_export_csv;
extern const struct afmon_export_format afmon_export_excel;
extern const struct afmon_export_format afmon_export_parquet; /* where AFMON_HAVE_PARQUET is defined */

/* What an export begins and ends with: which series it is of. afmon_export_end in every case. */
afmon_status afmon_export_take_options(afmon_export_options *options, const afmon_export_options *given,
                                       afmon_error *error);
afmon_status afmon_export_begin(struct afmon_export_job *job, unsigned passes);
void afmon_export_end(struct afmon_export_job *job);

/* True where the series is one of the job's. */
bool afmon_export_takes(const struct afmon_export_job *job, const struct afmon_view_series *series);

/* By place, a safe name for each series (afmon_free_names). NULL, and the error is filled: no memory. */
char **afmon_export_names(const struct afmon_export_job *job, const struct afmon_name_rules *rules);

/* The first of two passes, for the metadata keys and the types of their values: at least one sample of each metadata
 * set of each series is visited, whose value and time tell nothing. */
afmon_status afmon_export_learn(struct afmon_export_job *job,
                                afmon_status (*visit)(void *user, size_t place, const afmon_sample *sample),
                                void *user);

/* Visits every sample of the job in one pass, with the place of its series. Other statuses than AFMON_OK end it. */
afmon_status afmon_export_each(struct afmon_export_job *job,
                               afmon_status (*visit)(void *user, size_t place, const afmon_sample *sample), void *user);

/* Counts samples, and asks now and then whether to go on: AFMON_E_CANCELLED where not. */
afmon_status afmon_export_tick(struct afmon_export_job *job, uint64_t samples);

#endif
