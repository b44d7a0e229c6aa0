#include "export/excel_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/status.h"

#define MARGIN ((off_t)64 << 10) /* titles, widths, the last row: what closing adds to the rows */

/* Bytes of a sheet's rows, or -1 with errno: they did not all get into its file. */
static off_t rows_of(const lxw_worksheet *worksheet)
{
    FILE *file = worksheet->optimize_tmpfile;
    if (file == NULL)
        return 0;
    errno = 0;
    if (fflush(file) != 0 || ferror(file) != 0) {
        errno = errno == 0 ? EIO : errno;
        return -1;
    }
    return ftello(file);
}

static int reserve(char *folder, off_t bytes)
{
    FILE *probe = lxw_tmpfile(folder);
    if (probe == NULL)
        return errno == 0 ? EIO : errno;
    int refused = fallocate(fileno(probe), 0, 0, bytes) == 0 ? 0 : errno;
    fclose(probe);
    return refused == EOPNOTSUPP || refused == ENOSYS ? 0 : refused; /* such file systems cannot be asked */
}

afmon_status afmon_excel_check_room(lxw_workbook *workbook, char *folder, const char *path, afmon_error *error)
{
    off_t most = 0;
    lxw_worksheet *worksheet;
    STAILQ_FOREACH(worksheet, workbook->worksheets, list_pointers)
    {
        off_t rows = rows_of(worksheet);
        if (rows < 0)
            return afmon_fail_os(error, errno, "writing %s: the rows of a sheet", path);
        most = rows > most ? rows : most;
    }
    int refused = reserve(folder, most + MARGIN);
    return refused == 0 ? AFMON_OK : afmon_fail_os(error, refused, "writing %s: no room for its sheets", path);
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
