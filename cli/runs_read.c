/* Which runs there are, and what each came to. */
#include <stdlib.h>
#include <string.h>

#include "cli/run.h"
#include "cli/runs.h"

static int compare(const void *left, const void *right)
{
    const afmon_found_run *a = *(const afmon_found_run *const *)left;
    const afmon_found_run *b = *(const afmon_found_run *const *)right;
    return a->modified_ns != b->modified_ns ? (a->modified_ns > b->modified_ns ? -1 : 1) : strcmp(a->folder, b->folder);
}

/* The lists of all places as one. */
static bool join(run_list *list)
{
    size_t total = 0;
    for (size_t i = 0; i < list->place_count; i++)
        total += list->places[i]->count;
    list->runs = calloc(total + 1, sizeof *list->runs);
    if (list->runs == NULL)
        return false;
    for (size_t i = 0; i < list->place_count; i++)
        for (size_t j = 0; j < list->places[i]->count; j++)
            list->runs[list->count++] = &list->places[i]->runs[j];
    qsort(list->runs, list->count, sizeof *list->runs, compare);
    return true;
}

bool run_list_find(const char *folder, run_list *list)
{
    afmon_error error = {0};
    *list = (run_list){.places = calloc(CLI_PLACES, sizeof *list->places)};
    afmon_status status = list->places != NULL ? AFMON_OK : AFMON_E_NO_MEMORY;
    for (int i = 0; status == AFMON_OK && i < (folder != NULL ? 1 : CLI_PLACES); i++) {
        status = afmon_runs_find(folder != NULL ? folder : cli_place(i), &list->places[list->place_count], &error);
        if (status == AFMON_OK)
            list->place_count++;
        else if (folder == NULL && status == AFMON_E_SYSTEM)
            status = AFMON_OK; /* there is no such place */
    }
    if (status == AFMON_OK && !join(list))
        status = AFMON_E_NO_MEMORY;
    if (status == AFMON_OK)
        return true;
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    run_list_free(list);
    return false;
}

void run_list_free(run_list *list)
{
    for (size_t i = 0; i < list->place_count; i++)
        afmon_found_runs_free(list->places[i]);
    free(list->places);
    free(list->runs);
    *list = (run_list){0};
}

void runs_read(const afmon_found_run *found, listed_run *run)
{
    afmon_live *live = NULL;
    afmon_live_info info;
    afmon_error error = {0};
    *run = (listed_run){.found = found};
    afmon_status status = afmon_live_open(found->folder, NULL, &live, &error);
    if (status == AFMON_OK)
        status = cli_follow_whole(live, &info, &error);
    if (status == AFMON_OK)
        status = afmon_live_summarize(live, &run->summary, &error);
    if (status != AFMON_OK)
        snprintf(run->problem, sizeof run->problem, "%s", error.message[0] ? error.message : afmon_status_text(status));
    afmon_live_close(live);
}
