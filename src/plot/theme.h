/* The colours. A mark says what it is (an ink); the theme says how that looks. */
#ifndef AFMON_PLOT_THEME_H
#define AFMON_PLOT_THEME_H

#include <afmon/afmon.h>

enum afmon_ink {
    AFMON_INK_GROUND,
    AFMON_INK_TITLE,
    AFMON_INK_TEXT, /* subtitle, ticks */
    AFMON_INK_GRID,
    AFMON_INK_AXIS,
    AFMON_INK_SHADE, /* behind periods in which an alert held */
    AFMON_INK_GOOD,
    AFMON_INK_BAD,
    AFMON_INK_SERIES, /* the first of AFMON_SERIES_INKS */
};
#define AFMON_SERIES_INKS 6
#define AFMON_INKS ((unsigned)AFMON_INK_SERIES + AFMON_SERIES_INKS)

/* 0xRRGGBB of an ink; dark or light. */
unsigned afmon_ink_color(bool dark, unsigned ink);

#endif
