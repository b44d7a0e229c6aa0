/* Parquet, by carquet: one table of all metrics. Two passes over the samples: one for the keys and their types, one for
 * the rows, which go to the library in batches. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lazy/parquet.h"

#include "base/micros.h"
#include "base/status.h"
#include "base/target.h"
#include "export/rows.h"
#include "export/format.h"
#include "export/titles.h"

#define GROUP_ROWS ((size_t)16 * AFMON_ROWS_MAX) /* of a row group */
#define GROUP_BYTES ((size_t)64 << 20)
#define DICTIONARY_BYTES (INT64_C(1) << 20) /* a column whose texts do not fit is written plain */
#define ZSTD_LEVEL 1

enum { METRIC, TIMESTAMP, VALUE, OWN_COLUMNS };

struct parquet {
    struct afmon_export_job *job;
    struct afmon_export_columns columns;
    struct afmon_rows batch;
    struct afmon_target target;
    FILE *file;
    carquet_schema_t *schema;
    carquet_writer_t *writer;
    carquet_byte_array_t *texts; /* of one column of the batch, as the library wants them */
    size_t group_rows;           /* in the row group that is open */
    size_t group_bytes;          /* about so many, not encoded */
};

/* ---- Errors ---- */

static afmon_status fail(struct parquet *parquet, carquet_status_t refused)
{
    afmon_error *error = parquet->job->error;
    if (refused == CARQUET_ERROR_OUT_OF_MEMORY)
        return afmon_fail_memory(error);
    if (refused == CARQUET_ERROR_FILE_WRITE && errno != 0)
        return afmon_fail_os(error, errno, "writing %s", parquet->target.path);
    return afmon_fail(error, AFMON_E_SYSTEM, "writing %s: %s", parquet->target.path, carquet_status_string(refused));
}

/* ---- The schema ---- */

static carquet_status_t add_column(struct parquet *parquet, const char *name, enum afmon_column_kind kind,
                                   carquet_field_repetition_t repetition)
{
    static const carquet_physical_type_t types[] = {
        [AFMON_COLUMN_TEXT] = CARQUET_PHYSICAL_BYTE_ARRAY,
        [AFMON_COLUMN_INT] = CARQUET_PHYSICAL_INT64,
        [AFMON_COLUMN_DOUBLE] = CARQUET_PHYSICAL_DOUBLE,
        [AFMON_COLUMN_BOOL] = CARQUET_PHYSICAL_BOOLEAN,
    };
    static const carquet_logical_type_t text = {.id = CARQUET_LOGICAL_STRING};
    return carquet_schema_add_column(parquet->schema, name, types[kind], kind == AFMON_COLUMN_TEXT ? &text : NULL,
                                     repetition, 0, 0);
}

static carquet_status_t add_own_columns(struct parquet *parquet)
{
    carquet_logical_type_t time = {.id = CARQUET_LOGICAL_TIMESTAMP};
    time.params.timestamp.unit = CARQUET_TIME_UNIT_MICROS;
    time.params.timestamp.is_adjusted_to_utc = true;
    carquet_status_t refused = add_column(parquet, "metric_name", AFMON_COLUMN_TEXT, CARQUET_REPETITION_REQUIRED);
    if (refused == CARQUET_OK)
        refused = carquet_schema_add_column(parquet->schema, "timestamp", CARQUET_PHYSICAL_INT64, &time,
                                            CARQUET_REPETITION_REQUIRED, 0, 0);
    return refused == CARQUET_OK ? add_column(parquet, "value", AFMON_COLUMN_DOUBLE, CARQUET_REPETITION_OPTIONAL)
                                 : refused;
}

static carquet_status_t add_keys(struct parquet *parquet)
{
    char **titles = afmon_column_titles(&parquet->columns);
    carquet_status_t refused = titles == NULL ? CARQUET_ERROR_OUT_OF_MEMORY : CARQUET_OK;
    for (size_t i = 0; i < parquet->columns.count && refused == CARQUET_OK; i++)
        refused =
            add_column(parquet, titles[i], afmon_column_kind(parquet->columns.list[i]), CARQUET_REPETITION_OPTIONAL);
    afmon_free_column_titles(titles, parquet->columns.count);
    return refused;
}

static afmon_status make_schema(struct parquet *parquet)
{
    parquet->schema = carquet_schema_create(NULL);
    if (parquet->schema == NULL)
        return afmon_fail_memory(parquet->job->error);
    carquet_status_t refused = add_own_columns(parquet);
    if (refused == CARQUET_OK)
        refused = add_keys(parquet);
    return refused == CARQUET_OK ? AFMON_OK : fail(parquet, refused);
}

static afmon_status make_batch(struct parquet *parquet)
{
    struct afmon_rows *batch = &parquet->batch;
    bool good = afmon_rows_begin(batch, OWN_COLUMNS + parquet->columns.count) &&
                afmon_rows_set_kind(batch, METRIC, AFMON_COLUMN_TEXT) &&
                afmon_rows_set_kind(batch, TIMESTAMP, AFMON_COLUMN_INT) &&
                afmon_rows_set_kind(batch, VALUE, AFMON_COLUMN_DOUBLE);
    for (size_t i = 0; i < parquet->columns.count && good; i++)
        good = afmon_rows_set_kind(batch, OWN_COLUMNS + i, afmon_column_kind(parquet->columns.list[i]));
    parquet->texts = malloc(AFMON_ROWS_MAX * sizeof *parquet->texts);
    return good && parquet->texts != NULL ? AFMON_OK : afmon_fail_memory(parquet->job->error);
}

/* ---- The writer ---- */

/* The run's folder, by its name alone: paths are nobody's business. */
static carquet_status_t name_the_run(struct parquet *parquet)
{
    const afmon_view *view = parquet->job->view;
    char path[PATH_MAX];
    if (view->source_count == 0 || realpath(view->sources[0].path, path) == NULL)
        return CARQUET_OK;
    return carquet_writer_add_metadata(parquet->writer, "afmon.run", basename(dirname(path)));
}

static carquet_status_t set_up(struct parquet *parquet)
{
    carquet_status_t refused = carquet_writer_add_metadata(parquet->writer, "afmon.version", AFMON_VERSION);
    if (refused == CARQUET_OK)
        refused = name_the_run(parquet);
    for (size_t i = 0; i < parquet->batch.column_count && refused == CARQUET_OK; i++) {
        if (parquet->batch.columns[i].kind == AFMON_COLUMN_TEXT)
            refused = carquet_writer_set_column_encoding(parquet->writer, (int32_t)i, CARQUET_ENCODING_RLE_DICTIONARY);
    }
    return refused;
}

static afmon_status open_file(struct parquet *parquet)
{
    int fd = afmon_target_open(&parquet->target, parquet->job->error);
    if (fd < 0)
        return AFMON_E_SYSTEM;
    parquet->file = fdopen(fd, "wb");
    if (parquet->file != NULL)
        return AFMON_OK;
    int refused = errno;
    close(fd);
    return afmon_fail_os(parquet->job->error, refused, "writing %s", parquet->target.path);
}

static bool has_long_text(const struct parquet *parquet)
{
    for (size_t i = 0; i < parquet->columns.count; i++)
        if (parquet->columns.list[i]->has_long)
            return true;
    return false;
}

static afmon_status open_writer(struct parquet *parquet)
{
    carquet_writer_options_t options;
    carquet_writer_options_init(&options);
    options.compression = CARQUET_COMPRESSION_ZSTD;
    options.compression_level = ZSTD_LEVEL;
    /* It ends a group, too, at each batch in which a column has nothing but nulls (its estimate of the bytes takes an
     * addition of 0 for an overflow): we end them ourselves. */
    options.row_group_size = INT64_MAX;
    options.dictionary_page_size = DICTIONARY_BYTES;
    /* It writes the least and the greatest text of a page into its header, whole and not compressed, and can be told
     * only for all columns that it shall not. */
    options.write_statistics = !has_long_text(parquet);
    options.created_by = "afmon " AFMON_VERSION;
    options.async_io = false; /* no threads but those that we start */
    carquet_error_t why = {0};
    errno = 0;
    parquet->writer = carquet_writer_create_file(parquet->file, parquet->schema, &options, &why);
    carquet_status_t refused = parquet->writer == NULL ? why.code : set_up(parquet);
    return refused == CARQUET_OK ? AFMON_OK : fail(parquet, refused);
}

/* ---- Rows ---- */

/* The values of a column as the library takes them. */
static const void *values_of(struct parquet *parquet, const struct afmon_rows_column *column)
{
    if (column->kind != AFMON_COLUMN_TEXT)
        return column->values.any;
    uint8_t *base = (uint8_t *)parquet->batch.text.data;
    for (size_t i = 0; i < column->count; i++) {
        const struct afmon_rows_text *text = &column->values.texts[i];
        parquet->texts[i] =
            (carquet_byte_array_t){.data = base == NULL ? NULL : base + text->at, .length = (int32_t)text->length};
    }
    return parquet->texts;
}

static afmon_status write_batch(struct parquet *parquet)
{
    struct afmon_rows *batch = &parquet->batch;
    carquet_status_t refused = CARQUET_OK;
    errno = 0;
    for (size_t i = 0; i < batch->column_count && refused == CARQUET_OK && batch->rows > 0; i++) {
        const struct afmon_rows_column *column = &batch->columns[i];
        bool required = i == METRIC || i == TIMESTAMP;
        refused = carquet_writer_write_batch(parquet->writer, (int32_t)i, values_of(parquet, column),
                                             (int64_t)batch->rows, required ? NULL : column->levels, NULL);
    }
    parquet->group_rows += batch->rows;
    parquet->group_bytes += batch->text.length + batch->rows * batch->column_count * sizeof(double);
    if (refused == CARQUET_OK && (parquet->group_rows >= GROUP_ROWS || parquet->group_bytes >= GROUP_BYTES)) {
        refused = carquet_writer_new_row_group(parquet->writer);
        parquet->group_rows = 0;
        parquet->group_bytes = 0;
    }
    afmon_rows_clear(batch);
    return refused == CARQUET_OK ? AFMON_OK : fail(parquet, refused);
}

static afmon_status learn(void *user, size_t place, const afmon_sample *sample)
{
    struct parquet *parquet = user;
    (void)place;
    return afmon_columns_learn(&parquet->columns, sample) ? AFMON_OK : afmon_fail_memory(parquet->job->error);
}

static afmon_status take_row(void *user, size_t place, const afmon_sample *sample)
{
    struct parquet *parquet = user;
    struct afmon_rows *batch = &parquet->batch;
    (void)place;
    afmon_rows_add_text(batch, METRIC, sample->metric, sample->metric_length);
    afmon_rows_add_int(batch, TIMESTAMP, afmon_ns_to_us(sample->timestamp_ns));
    afmon_rows_add_double(batch, VALUE, sample->value);
    afmon_columns_lay_out(&parquet->columns, sample);
    for (size_t i = 0; i < parquet->columns.count; i++)
        afmon_rows_add_field(batch, OWN_COLUMNS + i, parquet->columns.cells[i]);
    if (!afmon_rows_end_row(batch))
        return afmon_fail_memory(parquet->job->error);
    return afmon_rows_is_full(batch) ? write_batch(parquet) : AFMON_OK;
}

/* ---- The file ---- */

static afmon_status close_writer(struct parquet *parquet)
{
    errno = 0;
    carquet_status_t refused = carquet_writer_close(parquet->writer); /* gone, whatever it says */
    parquet->writer = NULL;
    if (refused != CARQUET_OK)
        return fail(parquet, refused);
    /* It does not look at its last flush. */
    bool good = fflush(parquet->file) == 0 && ferror(parquet->file) == 0;
    return good ? AFMON_OK : fail(parquet, CARQUET_ERROR_FILE_WRITE);
}

static afmon_status write_table(struct parquet *parquet)
{
    afmon_status status = afmon_export_learn(parquet->job, learn, parquet);
    if (status == AFMON_OK)
        status = make_schema(parquet);
    if (status == AFMON_OK)
        status = make_batch(parquet);
    if (status == AFMON_OK)
        status = open_file(parquet);
    if (status == AFMON_OK)
        status = open_writer(parquet);
    if (status == AFMON_OK)
        status = afmon_export_each(parquet->job, take_row, parquet);
    if (status == AFMON_OK)
        status = write_batch(parquet);
    return status == AFMON_OK ? close_writer(parquet) : status;
}

static afmon_status close_file(struct parquet *parquet, afmon_status status)
{
    if (parquet->file == NULL || fclose(parquet->file) == 0 || status != AFMON_OK)
        return status;
    return afmon_fail_os(parquet->job->error, errno, "writing %s", parquet->target.path);
}

static void end(struct parquet *parquet)
{
    free(parquet->texts);
    afmon_rows_free(&parquet->batch);
    afmon_columns_free(&parquet->columns);
    if (parquet->schema != NULL)
        carquet_schema_free(parquet->schema);
    afmon_target_drop(&parquet->target);
}

static afmon_status to_path(struct afmon_export_job *job, const char *path)
{
    struct parquet parquet = {.job = job};
    afmon_status status = afmon_lazy_open(AFMON_LAZY_PARQUET, job->error);
    if (status == AFMON_OK)
        status = afmon_target_begin(&parquet.target, path, job->error);
    if (status == AFMON_OK)
        status = write_table(&parquet);
    if (parquet.writer != NULL)
        carquet_writer_abort(parquet.writer);
    status = close_file(&parquet, status);
    if (status == AFMON_OK)
        status = afmon_target_finish(&parquet.target, job->error);
    end(&parquet);
    return status;
}

const struct afmon_export_format afmon_export_parquet = {.name = "parquet", .passes = 2, .to_path = to_path};
