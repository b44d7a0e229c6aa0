/* libxlsxwriter, opened when first used: lazy/lazy.h. */
#ifndef AFMON_LAZY_EXCEL_H
#define AFMON_LAZY_EXCEL_H

#include "lazy/lazy.h"

#define AFMON_LAZY_EXCEL_FUNCTIONS(X)                                                                                  \
    X(format_set_bold)                                                                                                 \
    X(format_set_num_format)                                                                                           \
    X(lxw_strerror)                                                                                                    \
    X(lxw_tmpfile)                                                                                                     \
    X(lxw_workbook_free)                                                                                               \
    X(workbook_add_format)                                                                                             \
    X(workbook_add_worksheet)                                                                                          \
    X(workbook_close)                                                                                                  \
    X(workbook_get_worksheet_by_name)                                                                                  \
    X(workbook_new_opt)                                                                                                \
    X(workbook_validate_sheet_name)                                                                                    \
    X(worksheet_freeze_panes)                                                                                          \
    X(worksheet_set_column)                                                                                            \
    X(worksheet_write_boolean)                                                                                         \
    X(worksheet_write_number)                                                                                          \
    X(worksheet_write_string)

AFMON_LAZY_EXCEL_FUNCTIONS(AFMON_LAZY_RENAME)

#include <xlsxwriter.h>

#endif
