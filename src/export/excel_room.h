/* libxlsxwriter does not look whether what it writes into temporary files got there: without this a full disk could
 * make a workbook of which rows are missing, and nobody would be told. And where it finds trouble itself it prints to
 * standard error: so what it could meet is looked for before. */
#ifndef AFMON_EXPORT_EXCEL_ROOM_H
#define AFMON_EXPORT_EXCEL_ROOM_H

#include <afmon/afmon.h>

#include "export/spool.h"
#include "lazy/excel.h"

/* To be called before a sheet is added: whether the library will be able to open a temporary file. 0 or errno. */
int afmon_excel_try_temporary(char *folder);

/* To be called before workbook_close: looks whether all rows are in their files, and whether there is room for the
 * copies that closing makes of them, one sheet at a time, and for a workbook that nothing is compressed in. spool: of
 * the rows; path: the workbook's, for messages; folder: of temporary files. */
afmon_status afmon_excel_check_room(lxw_workbook *workbook, const struct afmon_spool *spool, char *folder,
                                    const char *path, afmon_error *error);

/* Frees a workbook that was not closed, with the files of its rows, which lxw_workbook_free leaves open. */
void afmon_excel_give_up(lxw_workbook *workbook);

#endif
