/* libxlsxwriter does not look whether what it writes into temporary files got there: without this a full disk could
 * make a workbook of which rows are missing, and nobody would be told. */
#ifndef AFMON_EXPORT_EXCEL_ROOM_H
#define AFMON_EXPORT_EXCEL_ROOM_H

#include <afmon/afmon.h>
#include "lazy/excel.h"

/* To be called before workbook_close: looks whether all rows are in their files, and whether there is room for the
 * copies that closing makes of them, one sheet at a time. path: the workbook's, for messages; folder: of its temporary
 * files. */
afmon_status afmon_excel_check_room(lxw_workbook *workbook, char *folder, const char *path, afmon_error *error);

/* Frees a workbook that was not closed, with the files of its rows, which lxw_workbook_free leaves open. */
void afmon_excel_give_up(lxw_workbook *workbook);

#endif
