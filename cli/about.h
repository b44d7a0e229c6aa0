/* --name, --tag and --note of the commands that record a run. */
#ifndef AFMON_CLI_ABOUT_H
#define AFMON_CLI_ABOUT_H

#include "cli/cli.h"

/* Ids of the options; a command's own begin after them, or end before. */
enum { ABOUT_NAME = 200, ABOUT_TAG, ABOUT_NOTE };

#define ABOUT_OPTIONS                                                                                                  \
    {ABOUT_NAME, "name", "TEXT", "Name of the run, where it is shown or searched for"},                                \
        {ABOUT_TAG, "tag", "KEY=VALUE", "A tag of the run: team=red; may be given several times"},                     \
    {                                                                                                                  \
        ABOUT_NOTE, "note", "TEXT", "A note to the run, shown with it"                                                 \
    }

/* Begin with a zeroed one. Texts are those of the command line. */
typedef struct about {
    const char *name;
    const char *note;
    afmon_tag tags[AFMON_TAGS_MAX];
    char keys[AFMON_TAGS_MAX][AFMON_TAG_KEY_MAX + 1];
    size_t tag_count;
} about;

bool about_is_option(int id);

/* Takes one of them. False, after a message: args->status says how the command ends. */
bool about_take(about *a, cli_args *args, int id);

/* The options point into a. */
void about_fill(const about *a, afmon_options *options);

/* One line that tells the tags of a run, safe to show: "team=red, k=v". */
void about_tags(const afmon_run_summary *summary, char *out, size_t size);

#endif
