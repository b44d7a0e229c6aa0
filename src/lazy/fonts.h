/* Fonts that come with libafmon.so, for machines that have none. */
#ifndef AFMON_LAZY_FONTS_H
#define AFMON_LAZY_FONTS_H

/* Makes the fonts of a folder those of the opened Fontconfig, beside the system's. Only a package that brings a
 * Fontconfig of its own brings fonts, so no other part of the program sees this. Without memory nothing changes. */
void afmon_lazy_add_fonts(const char *folder);

#endif
