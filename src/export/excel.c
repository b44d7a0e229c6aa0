/* Excel: one workbook, a sheet per metric, by libxlsxwriter in constant memory: rows go to a temporary file at
 * once, which all sheets share (spool.h). */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lazy/excel.h"

#include "base/number.h"
#include "base/status.h"
#include "export/columns.h"
#include "export/excel_room.h"
#include "export/format.h"
#include "export/names.h"
#include "export/spool.h"
#include "base/target.h"
#include "export/text.h"

#define SHEET_ROWS 1048576
#define SHEET_COLUMNS 16384
#define CELL_UNITS 32767                 /* UTF-16 code units of a text */
#define EXACT_INTEGER ((int64_t)1 << 53) /* a cell's number is a double */
#define DAY_NS 86400000000000.0
#define EPOCH_DAY 25569.0 /* 1970-01-01 as Excel counts days */

struct sheet {
    struct afmon_export_columns columns;
    lxw_worksheet *worksheet;
    lxw_row_t row; /* the next one */
    unsigned part;
};

struct excel {
    struct afmon_export_job *job;
    struct afmon_target target;
    struct afmon_spool *spool;
    lxw_workbook *workbook;
    lxw_format *bold;
    lxw_format *time;
    struct sheet *sheets; /* by place */
    char **names;
    struct afmon_buffer text;
};

static afmon_status fail(const struct excel *excel, lxw_error refused)
{
    if (refused == LXW_ERROR_MEMORY_MALLOC_FAILED)
        return afmon_fail_memory(excel->job->error);
    return afmon_fail(excel->job->error, AFMON_E_SYSTEM, "writing %s: %s", excel->target.path, lxw_strerror(refused));
}

/* ---- Cells ---- */

/* As a cell takes it: well-formed, no NUL, not too long. The result is the buffer's; NULL: no memory. */
static const char *cell_text(struct excel *excel, const char *prefix, const char *text, size_t length)
{
    struct afmon_buffer *clean = &excel->text;
    size_t fitting = afmon_text_fitting(text, length, afmon_units_utf16, CELL_UNITS - strlen(prefix));
    afmon_buffer_clear(clean);
    afmon_buffer_add_text(clean, prefix);
    afmon_buffer_add_clean(clean, text, fitting);
    afmon_buffer_add_char(clean, '\0');
    return clean->failed ? NULL : clean->data;
}

static lxw_error write_text(struct excel *excel, struct sheet *sheet, lxw_col_t column, const char *text, size_t length)
{
    const char *clean = cell_text(excel, "", text, length);
    if (clean == NULL)
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    return worksheet_write_string(sheet->worksheet, sheet->row, column, clean, NULL);
}

static lxw_error write_number(struct sheet *sheet, lxw_col_t column, double value)
{
    if (!isfinite(value)) /* Excel has no such numbers: the cell stays empty */
        return LXW_NO_ERROR;
    return worksheet_write_number(sheet->worksheet, sheet->row, column, value, NULL);
}

static lxw_error write_integer(struct excel *excel, struct sheet *sheet, lxw_col_t column, int64_t value)
{
    char digits[AFMON_NUMBER_SIZE];
    if (value >= -EXACT_INTEGER && value <= EXACT_INTEGER)
        return write_number(sheet, column, (double)value);
    return write_text(excel, sheet, column, digits, afmon_format_int(digits, value));
}

static lxw_error write_field(struct excel *excel, struct sheet *sheet, lxw_col_t column, const afmon_field *field)
{
    switch (field->type) {
    case AFMON_STRING:
    case AFMON_JSON:
        return write_text(excel, sheet, column, field->as.text.data, field->as.text.length);
    case AFMON_INT:
        return write_integer(excel, sheet, column, field->as.integer);
    case AFMON_DOUBLE:
        return write_number(sheet, column, field->as.number);
    case AFMON_BOOL:
        return worksheet_write_boolean(sheet->worksheet, sheet->row, column, field->as.boolean, NULL);
    case AFMON_NULL:
        break;
    }
    return LXW_NO_ERROR;
}

/* ---- Sheets ---- */

static lxw_error write_title(struct excel *excel, struct sheet *sheet, lxw_col_t column, const char *title)
{
    return worksheet_write_string(sheet->worksheet, 0, column, title, excel->bold);
}

static lxw_error write_titles(struct excel *excel, struct sheet *sheet)
{
    lxw_worksheet *worksheet = sheet->worksheet;
    worksheet_set_column(worksheet, 0, 0, 24, NULL);
    worksheet_set_column(worksheet, 1, 1, 14, NULL);
    worksheet_freeze_panes(worksheet, 1, 0);
    lxw_error refused = write_title(excel, sheet, 0, "timestamp");
    if (refused == LXW_NO_ERROR)
        refused = write_title(excel, sheet, 1, "value");
    for (size_t i = 0; i < sheet->columns.count && refused == LXW_NO_ERROR; i++) {
        const struct afmon_export_column *key = sheet->columns.list[i];
        const char *title = cell_text(excel, afmon_column_prefix(key), key->key, key->length);
        if (title == NULL)
            return LXW_ERROR_MEMORY_MALLOC_FAILED;
        double width = (double)key->length + 4;
        lxw_col_t column = (lxw_col_t)(i + 2);
        worksheet_set_column(worksheet, column, column, width < 12 ? 12 : width > 40 ? 40 : width, NULL);
        refused = write_title(excel, sheet, column, title);
    }
    sheet->row = 1;
    return refused;
}

/* Puts a stream of the spool in the place of the file that the library has opened for the sheet's rows. */
static afmon_status spool_rows(struct excel *excel, lxw_worksheet *worksheet)
{
    FILE *stream = afmon_spool_stream(excel->spool);
    if (stream == NULL)
        return afmon_fail_memory(excel->job->error);
    fclose(worksheet->optimize_tmpfile);
    worksheet->optimize_tmpfile = worksheet->file = stream;
    return AFMON_OK;
}

static afmon_status add_sheet(struct excel *excel, struct sheet *sheet, const char *name)
{
    lxw_error refused = workbook_validate_sheet_name(excel->workbook, name);
    if (refused != LXW_NO_ERROR)
        return fail(excel, refused);
    int failure = afmon_excel_try_temporary(excel->target.folder);
    if (failure != 0)
        return afmon_fail_os(excel->job->error, failure, "writing %s: a temporary file", excel->target.path);
    sheet->worksheet = workbook_add_worksheet(excel->workbook, name);
    if (sheet->worksheet == NULL)
        return afmon_fail_memory(excel->job->error);
    sheet->part++;
    afmon_status status = spool_rows(excel, sheet->worksheet);
    if (status != AFMON_OK)
        return status;
    refused = write_titles(excel, sheet);
    return refused == LXW_NO_ERROR ? AFMON_OK : fail(excel, refused);
}

/* A full sheet goes on in a further one. */
static afmon_status add_part(struct excel *excel, struct sheet *sheet)
{
    char name[64];
    const struct afmon_view_series *series = excel->job->series[sheet - excel->sheets];
    struct afmon_raw_name raw = {series->series->name, series->series->name_length};
    struct afmon_name_rules shorter = afmon_sheet_names;
    shorter.limit -= 9; /* room for the number */
    char **cut = afmon_safe_names(&raw, 1, &shorter);
    if (cut == NULL)
        return afmon_fail_memory(excel->job->error);
    unsigned number = sheet->part + 1;
    do
        snprintf(name, sizeof name, "%.*s (%u)", 48, cut[0], number++);
    while (workbook_get_worksheet_by_name(excel->workbook, name) != NULL);
    afmon_free_names(cut, 1);
    return add_sheet(excel, sheet, name);
}

static afmon_status learn(void *user, size_t place, const afmon_sample *sample)
{
    struct excel *excel = user;
    struct afmon_export_columns *columns = &excel->sheets[place].columns;
    if (!afmon_columns_learn(columns, sample))
        return afmon_fail_memory(excel->job->error);
    if (columns->count + 2 > SHEET_COLUMNS)
        return afmon_fail(excel->job->error, AFMON_E_TOO_BIG,
                          "a metric has more metadata keys than a sheet has columns (16,384); csv takes them");
    return AFMON_OK;
}

static afmon_status take_row(void *user, size_t place, const afmon_sample *sample)
{
    struct excel *excel = user;
    struct sheet *sheet = &excel->sheets[place];
    if (sheet->row == SHEET_ROWS) {
        afmon_status status = add_part(excel, sheet);
        if (status != AFMON_OK)
            return status;
    }
    double day = (double)(sample->timestamp_ns / 1000000) * 1e6 / DAY_NS + EPOCH_DAY;
    lxw_error refused = worksheet_write_number(sheet->worksheet, sheet->row, 0, day, excel->time);
    if (refused == LXW_NO_ERROR)
        refused = write_number(sheet, 1, sample->value);
    afmon_columns_lay_out(&sheet->columns, sample);
    for (size_t i = 0; i < sheet->columns.count && refused == LXW_NO_ERROR; i++) {
        if (sheet->columns.cells[i] != NULL)
            refused = write_field(excel, sheet, (lxw_col_t)(i + 2), sheet->columns.cells[i]);
    }
    sheet->row++;
    return refused == LXW_NO_ERROR ? AFMON_OK : fail(excel, refused);
}

/* ---- The workbook ---- */

static afmon_status write_sheets(struct excel *excel)
{
    struct afmon_export_job *job = excel->job;
    afmon_status status = afmon_export_learn(job, learn, excel);
    for (size_t i = 0; i < job->series_count && status == AFMON_OK; i++)
        status = add_sheet(excel, &excel->sheets[i], excel->names[i]);
    if (status == AFMON_OK && job->series_count == 0) { /* a workbook has one sheet at least */
        struct sheet empty = {0};
        status = add_sheet(excel, &empty, "no samples");
    }
    return status == AFMON_OK ? afmon_export_each(job, take_row, excel) : status;
}

static afmon_status write_workbook(struct excel *excel)
{
    excel->spool = afmon_spool_open(excel->target.folder);
    if (excel->spool == NULL)
        return afmon_fail_os(excel->job->error, errno, "writing %s: a temporary file", excel->target.path);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = excel->target.folder};
    excel->workbook = workbook_new_opt(excel->target.temporary, &options);
    if (excel->workbook == NULL)
        return afmon_fail_memory(excel->job->error);
    excel->bold = workbook_add_format(excel->workbook);
    excel->time = workbook_add_format(excel->workbook);
    afmon_status status = excel->bold == NULL || excel->time == NULL ? afmon_fail_memory(excel->job->error) : AFMON_OK;
    if (status == AFMON_OK) {
        format_set_bold(excel->bold);
        format_set_num_format(excel->time, "yyyy-mm-dd hh:mm:ss.000");
        status = write_sheets(excel);
    }
    if (status == AFMON_OK)
        status = afmon_excel_check_room(excel->workbook, excel->spool, excel->target.folder, excel->target.path,
                                        excel->job->error);
    if (status != AFMON_OK) {
        afmon_excel_give_up(excel->workbook);
        return status;
    }
    lxw_error refused = workbook_close(excel->workbook);
    return refused == LXW_NO_ERROR ? AFMON_OK : fail(excel, refused);
}

/* The library writes numbers by printf: in the C locale, of this thread alone. */
static afmon_status in_c_locale(struct excel *excel)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return afmon_fail_memory(excel->job->error);
    locale_t before = uselocale(plain);
    afmon_status status = write_workbook(excel);
    uselocale(before);
    freelocale(plain);
    return status;
}

static afmon_status begin(struct excel *excel, const char *path)
{
    struct afmon_export_job *job = excel->job;
    afmon_buffer_init(&excel->text, (size_t)1 << 20);
    afmon_status status = afmon_target_begin(&excel->target, path, job->error);
    if (status != AFMON_OK)
        return status;
    excel->sheets = calloc(job->series_count + 1, sizeof *excel->sheets);
    if (excel->sheets == NULL)
        return afmon_fail_memory(job->error);
    excel->names = afmon_export_names(job, &afmon_sheet_names);
    return excel->names == NULL ? AFMON_E_NO_MEMORY : AFMON_OK;
}

static void end(struct excel *excel)
{
    size_t count = excel->job->series_count;
    for (size_t i = 0; excel->sheets != NULL && i < count; i++)
        afmon_columns_free(&excel->sheets[i].columns);
    free(excel->sheets);
    if (excel->names != NULL)
        afmon_free_names(excel->names, count);
    afmon_buffer_free(&excel->text);
    afmon_spool_close(excel->spool);
    afmon_target_drop(&excel->target);
}

static afmon_status to_path(struct afmon_export_job *job, const char *path)
{
    struct excel excel = {.job = job};
    afmon_status status = afmon_lazy_open(AFMON_LAZY_EXCEL, job->error);
    if (status == AFMON_OK)
        status = begin(&excel, path);
    if (status == AFMON_OK)
        status = in_c_locale(&excel);
    if (status == AFMON_OK)
        status = afmon_target_finish(&excel.target, job->error);
    end(&excel);
    return status;
}

const struct afmon_export_format afmon_export_excel = {.name = "excel", .passes = 2, .to_path = to_path};
