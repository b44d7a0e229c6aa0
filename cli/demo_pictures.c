/* What a demo leaves to look at: the charts and the report, in its run folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/demo_pictures.h"

/* FOLDER/NAME in fresh memory; NULL: no memory. */
static char *in_folder(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static void print_path(const char *what, const char *path, const char *more)
{
    char *safe = cli_safe(path, strlen(path));
    if (safe != NULL)
        printf("  %-11s %s%s\n", what, safe, more);
    free(safe);
}

static void draw(afmon_view *view, const char *folder)
{
    afmon_visualize_result result;
    afmon_error error = {0};
    char more[64];
    if (afmon_visualize(view, folder, NULL, &result, &error) != AFMON_OK) {
        cli_error("no charts: %s", error.message);
        return;
    }
    snprintf(more, sizeof more, "/ (%zu charts)", result.written);
    print_path("Charts", folder, more);
}

static void report(afmon_view *view, const char *path)
{
    afmon_error error = {0};
    if (afmon_report(view, path, "html", NULL, &error) == AFMON_OK)
        print_path("Report", path, "");
    else
        cli_error("no report: %s", error.message);
}

void demo_pictures(afmon_monitor *monitor)
{
    afmon_view *view;
    afmon_error error = {0};
    char *plots = in_folder(afmon_monitor_log_dir(monitor), "plots");
    char *page = in_folder(afmon_monitor_log_dir(monitor), "report.html");
    if (plots == NULL || page == NULL) {
        cli_error("no charts and no report: out of memory");
    } else if (afmon_monitor_view(monitor, &view, &error) != AFMON_OK) {
        cli_error("no charts and no report: %s", error.message);
    } else {
        draw(view, plots);
        report(view, page);
        afmon_view_close(view);
    }
    free(plots);
    free(page);
}
