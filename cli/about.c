#include "cli/about.h"

#include <string.h>

#include "base/about.h"

bool about_is_option(int id)
{
    return id == ABOUT_NAME || id == ABOUT_TAG || id == ABOUT_NOTE;
}

static bool refuse(cli_args *args, const char *problem)
{
    args->status = cli_usage_error(args->usage->command, "--%s", problem);
    return false;
}

static bool take_tag(about *a, cli_args *args)
{
    char problem[400];
    const char *equals = strchr(args->value, '=');
    size_t length = equals != NULL ? (size_t)(equals - args->value) : 0;
    if (length == 0) {
        args->status = cli_usage_error(args->usage->command, "--tag '%s': give KEY=VALUE", args->value);
        return false;
    }
    if (a->tag_count == AFMON_TAGS_MAX || length > AFMON_TAG_KEY_MAX) {
        snprintf(problem, sizeof problem, "tag '%.64s': give at most %d tags, with keys of at most %d bytes",
                 args->value, AFMON_TAGS_MAX, AFMON_TAG_KEY_MAX);
        return refuse(args, problem);
    }
    char *key = a->keys[a->tag_count];
    memcpy(key, args->value, length);
    key[length] = '\0';
    a->tags[a->tag_count] = (afmon_tag){key, equals + 1};
    a->tag_count++;
    return !afmon_about_bad_tags(a->tags, a->tag_count, problem, sizeof problem) || refuse(args, problem);
}

bool about_take(about *a, cli_args *args, int id)
{
    char problem[400];
    if (id == ABOUT_TAG)
        return take_tag(a, args);
    *(id == ABOUT_NAME ? &a->name : &a->note) = args->value;
    return !(afmon_about_bad_name(a->name, problem, sizeof problem) ||
             afmon_about_bad_note(a->note, problem, sizeof problem)) ||
           refuse(args, problem);
}

void about_fill(const about *a, afmon_options *options)
{
    options->name = a->name;
    options->note = a->note;
    options->tags = a->tags;
    options->tag_count = a->tag_count;
}

void about_tags(const afmon_run_summary *summary, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < summary->tag_count && used + 1 < size; i++) {
        const afmon_tag *tag = &summary->tags[i];
        if (i > 0)
            used += cli_safe_into(out + used, size - used, ", ", 2);
        used += cli_safe_into(out + used, size - used, tag->key, strlen(tag->key));
        used += cli_safe_into(out + used, size - used, "=", 1);
        used += cli_safe_into(out + used, size - used, tag->value, strlen(tag->value));
    }
}
