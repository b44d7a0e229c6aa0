/* CSV (RFC 4180): a file per metric, or one long table. Two passes over the samples, however many metrics there are:
 * one for the keys, one for the rows, with a buffer a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "export/columns.h"
#include "export/format.h"
#include "export/names.h"
#include "base/target.h"
#include "export/text.h"

#define PIECE ((size_t)1 << 16)       /* a file's rows are written when there is so much of them */
#define ALL_PIECES ((size_t)64 << 20) /* all files' rows are, when there is so much of them together */
#define LINE_LIMIT ((size_t)1 << 30)

struct table {
    struct afmon_export_columns columns;
    struct afmon_buffer rows;
    size_t counted;             /* bytes of rows that are in csv.waiting */
    struct afmon_target target; /* path NULL: goes to the descriptor */
};

struct csv {
    struct afmon_export_job *job;
    struct table *tables; /* by place; a long table: one */
    size_t table_count;
    bool is_long;
    int fd;
    size_t waiting;      /* bytes in all rows */
    afmon_status status; /* of what was written in the middle of a row */
    struct afmon_buffer text;
    struct afmon_timestamp_cache cache;
};

static afmon_status write_rows(struct csv *csv, struct table *table);

/* ---- Cells ---- */

/* A spreadsheet runs a text that begins so as a formula. */
static bool would_run(const char *text, size_t length)
{
    return length > 0 && memchr("=+-@\t\r", text[0], 6) != NULL;
}

static bool needs_quotes(const char *text, size_t length)
{
    if (length == 0)
        return true; /* an empty text is not a missing one */
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r')
            return true;
    }
    return text[0] == ' ' || text[length - 1] == ' ';
}

static void add_quoted(struct afmon_buffer *out, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const char *quote = memchr(text + at, '"', length - at);
        size_t part = quote == NULL ? length - at : (size_t)(quote - (text + at)) + 1;
        afmon_buffer_add(out, text + at, part);
        if (quote != NULL)
            afmon_buffer_add_char(out, '"');
        at += part;
    }
}

/* In pieces, for a text may be a whole conversation. */
static void add_clean(struct csv *csv, struct table *table, const char *text, size_t length, bool quoted)
{
    struct afmon_buffer *clean = &csv->text;
    struct afmon_buffer *out = &table->rows;
    while (length > 0 && csv->status == AFMON_OK) {
        size_t piece = length <= PIECE ? length : afmon_text_fitting(text, length, afmon_units_bytes, PIECE);
        afmon_buffer_clear(clean);
        afmon_buffer_add_clean(clean, text, piece);
        out->failed = out->failed || clean->failed;
        if (quoted)
            add_quoted(out, clean->data, clean->length);
        else
            afmon_buffer_add(out, clean->data, clean->length);
        text += piece;
        length -= piece;
        if (length > 0)
            csv->status = write_rows(csv, table);
    }
}

static void add_text_cell(struct csv *csv, struct table *table, const char *prefix, const char *text, size_t length)
{
    struct afmon_buffer *out = &table->rows;
    bool quoted = needs_quotes(text, length);
    if (quoted)
        afmon_buffer_add_char(out, '"');
    if (*prefix == '\0' && would_run(text, length))
        afmon_buffer_add_char(out, '\'');
    afmon_buffer_add_text(out, prefix);
    add_clean(csv, table, text, length, quoted);
    if (quoted)
        afmon_buffer_add_char(out, '"');
}

static void add_number(struct afmon_buffer *out, double value)
{
    char number[AFMON_NUMBER_SIZE];
    if (isfinite(value)) /* what is not is an empty cell */
        afmon_buffer_add(out, number, afmon_format_double(number, value));
}

static void add_field(struct csv *csv, struct table *table, const afmon_field *field)
{
    struct afmon_buffer *out = &table->rows;
    char number[AFMON_NUMBER_SIZE];
    switch (field->type) {
    case AFMON_NULL:
        break;
    case AFMON_STRING:
    case AFMON_JSON:
        add_text_cell(csv, table, "", field->as.text.data, field->as.text.length);
        break;
    case AFMON_INT:
        afmon_buffer_add(out, number, afmon_format_int(number, field->as.integer));
        break;
    case AFMON_DOUBLE:
        add_number(out, field->as.number);
        break;
    case AFMON_BOOL:
        afmon_buffer_add_text(out, field->as.boolean ? "true" : "false");
        break;
    }
}

/* ---- Rows ---- */

static void add_titles(struct csv *csv, struct table *table)
{
    struct afmon_buffer *out = &table->rows;
    afmon_buffer_add_text(out, csv->is_long ? "metric,timestamp,value" : "timestamp,value");
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct afmon_export_column *column = table->columns.list[i];
        afmon_buffer_add_char(out, ',');
        add_text_cell(csv, table, afmon_column_prefix(column), column->key, column->length);
    }
    afmon_buffer_add_text(out, "\r\n");
}

static void add_row(struct csv *csv, struct table *table, const afmon_sample *sample)
{
    char timestamp[AFMON_TIMESTAMP_SIZE];
    struct afmon_buffer *out = &table->rows;
    if (csv->is_long) {
        add_text_cell(csv, table, "", sample->metric, sample->metric_length);
        afmon_buffer_add_char(out, ',');
    }
    afmon_buffer_add(out, timestamp, afmon_format_timestamp_cached(&csv->cache, timestamp, sample->timestamp_ns));
    afmon_buffer_add_char(out, ',');
    add_number(out, sample->value);
    afmon_columns_lay_out(&table->columns, sample);
    for (size_t i = 0; i < table->columns.count; i++) {
        afmon_buffer_add_char(out, ',');
        if (table->columns.cells[i] != NULL)
            add_field(csv, table, table->columns.cells[i]);
    }
    afmon_buffer_add_text(out, "\r\n");
}

/* ---- Output ---- */

static void count_waiting(struct csv *csv, struct table *table)
{
    csv->waiting += table->rows.length - table->counted;
    table->counted = table->rows.length;
}

static afmon_status write_rows(struct csv *csv, struct table *table)
{
    struct afmon_buffer *rows = &table->rows;
    if (rows->failed)
        return afmon_fail_memory(csv->job->error);
    afmon_status status = AFMON_OK;
    if (table->target.path != NULL) {
        status = afmon_target_append(&table->target, rows->data, rows->length, csv->job->error);
    } else {
        int refused = afmon_write_all(csv->fd, rows->data, rows->length, NULL);
        if (refused != 0)
            status = afmon_fail_os(csv->job->error, refused, "writing the samples");
    }
    csv->waiting -= table->counted;
    table->counted = 0;
    if (csv->table_count > ALL_PIECES / PIECE)
        afmon_buffer_free(rows); /* that many empty ones are too much to keep */
    else
        afmon_buffer_clear(rows);
    return status;
}

static afmon_status write_all_rows(struct csv *csv)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < csv->table_count && status == AFMON_OK; i++) {
        if (csv->tables[i].rows.length > 0 || csv->tables[i].rows.failed)
            status = write_rows(csv, &csv->tables[i]);
    }
    return status;
}

static struct table *table_at(struct csv *csv, size_t place)
{
    return &csv->tables[csv->is_long ? 0 : place];
}

static afmon_status learn(void *user, size_t place, const afmon_sample *sample)
{
    struct csv *csv = user;
    return afmon_columns_learn(&table_at(csv, place)->columns, sample) ? AFMON_OK : afmon_fail_memory(csv->job->error);
}

static afmon_status take_row(void *user, size_t place, const afmon_sample *sample)
{
    struct csv *csv = user;
    struct table *table = table_at(csv, place);
    add_row(csv, table, sample);
    count_waiting(csv, table);
    if (csv->status != AFMON_OK)
        return csv->status;
    if (table->rows.length >= PIECE || table->rows.failed)
        return write_rows(csv, table);
    return csv->waiting >= ALL_PIECES ? write_all_rows(csv) : AFMON_OK;
}

static afmon_status write_tables(struct csv *csv)
{
    afmon_status status = afmon_export_learn(csv->job, learn, csv);
    for (size_t i = 0; i < csv->table_count && status == AFMON_OK; i++) {
        add_titles(csv, &csv->tables[i]);
        count_waiting(csv, &csv->tables[i]);
        status = csv->status;
    }
    if (status == AFMON_OK)
        status = afmon_export_each(csv->job, take_row, csv);
    return status == AFMON_OK ? write_all_rows(csv) : status;
}

/* ---- Files ---- */

/* STEM_METRIC.csv for path STEM.csv. NULL: no memory. */
static char *path_of(const char *path, const char *metric)
{
    size_t length = strlen(path);
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    if (dot != NULL && dot > (slash == NULL ? path : slash + 1))
        length = (size_t)(dot - path);
    char *whole = malloc(length + strlen(metric) + sizeof "_.csv");
    if (whole != NULL)
        sprintf(whole, "%.*s_%s.csv", (int)length, path, metric);
    return whole;
}

static afmon_status begin_files(struct csv *csv, const char *path)
{
    struct afmon_export_job *job = csv->job;
    char **names = afmon_export_names(job, &afmon_file_names);
    if (names == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < job->series_count && status == AFMON_OK; i++) {
        char *file = path_of(path, names[i]);
        status =
            file == NULL ? afmon_fail_memory(job->error) : afmon_target_begin(&csv->tables[i].target, file, job->error);
        free(file);
    }
    afmon_free_names(names, job->series_count);
    return status;
}

static afmon_status finish_files(struct csv *csv)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < csv->table_count && status == AFMON_OK; i++)
        status = afmon_target_finish(&csv->tables[i].target, csv->job->error);
    return status;
}

static afmon_status begin(struct csv *csv, size_t tables)
{
    afmon_buffer_init(&csv->text, LINE_LIMIT);
    csv->tables = calloc(tables + 1, sizeof *csv->tables);
    if (csv->tables == NULL)
        return afmon_fail_memory(csv->job->error);
    csv->table_count = tables;
    for (size_t i = 0; i < tables; i++)
        afmon_buffer_init(&csv->tables[i].rows, LINE_LIMIT);
    return AFMON_OK;
}

static void end(struct csv *csv)
{
    for (size_t i = 0; i < csv->table_count; i++) {
        afmon_target_drop(&csv->tables[i].target);
        afmon_buffer_free(&csv->tables[i].rows);
        afmon_columns_free(&csv->tables[i].columns);
    }
    free(csv->tables);
    afmon_buffer_free(&csv->text);
}

static afmon_status to_path(struct afmon_export_job *job, const char *path)
{
    struct csv csv = {.job = job, .fd = -1};
    afmon_status status = begin(&csv, job->series_count);
    if (status == AFMON_OK)
        status = begin_files(&csv, path);
    if (status == AFMON_OK)
        status = write_tables(&csv);
    if (status == AFMON_OK)
        status = finish_files(&csv);
    end(&csv);
    return status;
}

static afmon_status to_descriptor(struct afmon_export_job *job, int fd)
{
    struct csv csv = {.job = job, .is_long = true, .fd = fd};
    afmon_status status = begin(&csv, 1);
    if (status == AFMON_OK)
        status = write_tables(&csv);
    end(&csv);
    return status;
}

const struct afmon_export_format afmon_export_csv = {
    .name = "csv", .passes = 2, .to_path = to_path, .to_descriptor = to_descriptor};
