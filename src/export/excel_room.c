#include "export/excel_room.h"

#include <errno.h>
#include <stdio.h>

#include "base/room.h"
#include "base/status.h"

#define MARGIN ((off_t)64 << 10)      /* titles, widths, the last row: what closing adds to the rows */
#define SHEET_MARGIN ((off_t)4 << 10) /* of each sheet, in the workbook's own lists, too */

/* Bytes of a sheet's rows, or -1: they did not all get into its file. */
static off_t rows_of(const lxw_worksheet *worksheet)
{
    FILE *file = worksheet->optimize_tmpfile;
    if (file == NULL)
        return 0;
    return fflush(file) == 0 && ferror(file) == 0 ? ftello(file) : -1;
}

static FILE *make_temporary(char *folder, int *refused)
{
    errno = 0;
    FILE *file = lxw_tmpfile(folder);
    *refused = file != NULL ? 0 : errno == 0 ? EIO : errno;
    return file;
}

/* Room for so many bytes, and for as many open files as closing has at a time: the workbook and one temporary file. */
static int reserve(char *folder, off_t bytes)
{
    int refused;
    FILE *probe = make_temporary(folder, &refused);
    FILE *second = probe != NULL ? make_temporary(folder, &refused) : NULL;
    if (second != NULL)
        fclose(second);
    if (probe == NULL)
        return refused;
    if (refused == 0)
        refused = afmon_reserve_room(fileno(probe), 0, (uint64_t)bytes);
    fclose(probe);
    return refused;
}

int afmon_excel_try_temporary(char *folder)
{
    int refused;
    FILE *probe = make_temporary(folder, &refused);
    if (probe != NULL)
        fclose(probe);
    return refused;
}

afmon_status afmon_excel_check_room(lxw_workbook *workbook, const struct afmon_spool *spool, char *folder,
                                    const char *path, afmon_error *error)
{
    off_t most = 0;
    off_t all = 0;
    lxw_worksheet *worksheet;
    STAILQ_FOREACH(worksheet, workbook->worksheets, list_pointers)
    {
        off_t rows = rows_of(worksheet);
        if (rows < 0)
            return afmon_fail_os(error, afmon_spool_error(spool) != 0 ? afmon_spool_error(spool) : EIO,
                                 "writing %s: the rows of a sheet", path);
        most = rows > most ? rows : most;
        all += rows + SHEET_MARGIN;
    }
    int refused = reserve(folder, most + all + MARGIN);
    return refused == 0
               ? AFMON_OK
               : afmon_fail_os(error, refused,
                               "writing %s: no room for its sheets; up to %lld MB more are needed for a moment", path,
                               (long long)((most + all + MARGIN) / 1000000 + 1));
}

void afmon_excel_give_up(lxw_workbook *workbook)
{
    lxw_worksheet *worksheet;
    STAILQ_FOREACH(worksheet, workbook->worksheets, list_pointers)
    {
        if (worksheet->optimize_tmpfile != NULL)
            fclose(worksheet->optimize_tmpfile);
        worksheet->optimize_tmpfile = NULL;
    }
    lxw_workbook_free(workbook);
}
