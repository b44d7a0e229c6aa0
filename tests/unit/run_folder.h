/* Run folders for tests: made in the temporary folder, read as text, removed. */
#ifndef AFMON_TESTS_RUN_FOLDER_H
#define AFMON_TESTS_RUN_FOLDER_H

#include <afmon/afmon.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"

/* A new, empty folder; malloc'ed. */
static inline char *make_folder(void)
{
    const char *parent = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    char *path = malloc(strlen(parent) + 32);
    if (path == NULL)
        abort();
    sprintf(path, "%s/afmon-test-XXXXXX", parent);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void remove_folder(char *path)
{
    char command[1024];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    free(path);
}

/* A whole file as a C string (empty where there is none); malloc'ed. */
static inline char *read_text(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    size_t length = 0, capacity = 1 << 16;
    char *text = malloc(capacity + 1);
    assert_non_null(text);
    for (size_t got = 1; file != NULL && got > 0; length += got) {
        if (length == capacity) {
            capacity *= 2;
            text = realloc(text, capacity + 1);
            assert_non_null(text);
        }
        got = fread(text + length, 1, capacity - length, file);
    }
    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    return text;
}

static inline afmon_run_summary *summary_of(const char *folder)
{
    afmon_view *view = NULL;
    afmon_run_summary *summary = NULL;
    afmon_error error = {0};
    if (afmon_view_open(folder, NULL, &view, &error) != AFMON_OK ||
        afmon_view_summarize(view, NULL, &summary, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    afmon_view_close(view);
    return summary;
}

/* The same as a follower has it, once it has read all. */
static inline afmon_run_summary *followed(const char *folder)
{
    afmon_live *live = NULL;
    afmon_live_info info;
    afmon_run_summary *summary = NULL;
    afmon_error error = {0};
    assert_int_equal(afmon_live_open(folder, NULL, &live, &error), AFMON_OK);
    do {
        assert_int_equal(afmon_live_update(live, 1, &error), AFMON_OK);
        afmon_live_get_info(live, &info);
    } while (info.loaded < 1);
    assert_int_equal(afmon_live_summarize(live, &summary, &error), AFMON_OK);
    afmon_live_close(live);
    return summary;
}

static inline size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* How often part stands in a file of the folder. */
static inline size_t count_in(const char *folder, const char *name, const char *part)
{
    char *text = read_text(folder, name);
    size_t count = count_of(text, part);
    free(text);
    return count;
}

/* A monitor on the folder with otherwise default options. */
static inline afmon_monitor *open_on(const char *folder)
{
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    afmon_monitor *monitor = NULL;
    afmon_error error = {0};
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

#endif
