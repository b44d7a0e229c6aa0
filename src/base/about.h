/* What people call a run: its name, tags and note, checked where they are given. */
#ifndef AFMON_BASE_ABOUT_H
#define AFMON_BASE_ABOUT_H

#include <afmon/afmon.h>

/* Each writes what is wrong and what to give instead ("name has 230 bytes: give at most 200"), and returns true; false:
 * it may be used. A text that is NULL is not given. */
bool afmon_about_bad_name(const char *name, char *text, size_t size);
bool afmon_about_bad_note(const char *note, char *text, size_t size);
/* Of each tag by itself, and of all together. */
bool afmon_about_bad_tags(const afmon_tag *tags, size_t count, char *text, size_t size);

#endif
