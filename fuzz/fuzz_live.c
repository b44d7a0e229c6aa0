/* libFuzzer: a follower of a folder whose files grow, are cut back and replaced under it holds in the end what a reader
 * of the whole folder holds. The input is a script of lines; lines that begin with @ say what to do, all others are
 * appended to the file on hand:
 *
 *     @m @s @l    the file on hand is the first metrics file, a second one, the log
 *     @p          the next line comes in two pieces, with a look between them
 *     @u          the follower looks
 *     @c @r       the file on hand is cut to its first half, is replaced by an empty one */
#include <afmon/afmon.h>

#include "folder.h"

static const char *const names[] = {"metrics.jsonl", "metrics-0123456789abcdef.jsonl", "afterimage.log"};

struct script {
    afmon_live *live;
    const char *file;
    bool in_pieces;
};

static void look(struct script *script)
{
    afmon_error error;
    MUST(afmon_live_update(script->live, 0, &error) == AFMON_OK);
}

static void append(const struct script *script, const void *data, size_t size)
{
    fuzz_folder_write(script->file, data, size, O_APPEND);
}

/* Looks at once: a file that has grown to its old length again, with its old end, cannot be told from one at rest. */
static void cut(struct script *script)
{
    char path[256];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), script->file);
    if (stat(path, &status) == 0)
        MUST(truncate(path, status.st_size / 2) == 0);
    look(script);
}

static void replace(struct script *script)
{
    char from[256], to[256];
    fuzz_folder_write("new", NULL, 0, O_TRUNC);
    snprintf(from, sizeof from, "%s/new", fuzz_folder());
    snprintf(to, sizeof to, "%s/%s", fuzz_folder(), script->file);
    MUST(rename(from, to) == 0);
    look(script);
}

static void line(struct script *script, const char *text, size_t length)
{
    size_t first = script->in_pieces ? length / 2 : 0;
    append(script, text, first);
    if (script->in_pieces)
        look(script);
    append(script, text + first, length - first);
    append(script, "\n", 1);
    script->in_pieces = false;
}

static void command(struct script *script, char letter)
{
    switch (letter) {
    case 'm':
        script->file = names[0];
        break;
    case 's':
        script->file = names[1];
        break;
    case 'l':
        script->file = names[2];
        break;
    case 'p':
        script->in_pieces = true;
        break;
    case 'c':
        cut(script);
        break;
    case 'r':
        replace(script);
        break;
    default:
        look(script);
    }
}

static void play(struct script *script, const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline == NULL ? end : newline) - text);
        if (length >= 2 && text[0] == '@')
            command(script, text[1]);
        else
            line(script, text, length);
        text += length + 1;
    }
}

static int take_line(void *user, const afmon_live_log_line *line_of_log)
{
    (void)line_of_log;
    ++*(size_t *)user;
    return 0;
}

/* All that can be asked may be asked. */
static void ask(afmon_live *live)
{
    afmon_error error;
    afmon_run_summary *summary = NULL;
    afmon_live_rate rates[8];
    size_t count;
    afmon_live_log_query query = {0};
    MUST(afmon_live_summarize(live, &summary, &error) == AFMON_OK);
    afmon_run_summary_free(summary);
    MUST(afmon_live_operations(live, 60, rates, 8, &count) == AFMON_OK);
    MUST(afmon_live_models(live, 60, rates, 8, &count) == AFMON_OK);
    count = 0;
    MUST(afmon_live_log(live, &query, take_line, &count, NULL) == AFMON_OK);
}

/* Lines that were cut end with the next one, so every file is ended before it is compared. */
static void end_files(const struct script *script)
{
    struct script one = *script;
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", fuzz_folder(), names[i]);
        one.file = names[i];
        if (access(path, F_OK) == 0)
            append(&one, "\n", 1);
    }
}

static void compare_metric(afmon_live *live, afmon_view *view, const char *name)
{
    afmon_aggregate followed, read;
    afmon_window covered;
    MUST(afmon_live_aggregate(live, name, AFMON_WINDOW_ALL, &followed, &covered) == AFMON_OK);
    MUST(afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &read) == AFMON_OK);
    MUST(followed.count == read.count);
    MUST(followed.count == 0 || (followed.min == read.min && followed.max == read.max));
}

static void compare(const struct script *script)
{
    afmon_view *view = NULL;
    afmon_error error;
    afmon_live_info info;
    afmon_view_info read;
    afmon_live_get_info(script->live, &info);
    MUST(info.loaded == 1);
    MUST(afmon_view_open(fuzz_folder(), NULL, &view, &error) == AFMON_OK);
    afmon_view_get_info(view, &read);
    MUST(info.sample_count == read.sample_count && info.not_finite == read.not_finite);
    MUST(info.metric_count == read.metric_count);
    for (size_t i = 0; i < read.metric_count; i++) {
        size_t length;
        const char *name = afmon_view_metric_name(view, i, &length);
        if (strlen(name) == length)
            compare_metric(script->live, view, name);
    }
    afmon_view_close(view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    afmon_live_options options;
    afmon_error error;
    struct script script = {.file = names[0]};
    fuzz_folder_clear();
    afmon_live_options_init(&options);
    options.recover = false;
    MUST(afmon_live_open(fuzz_folder(), &options, &script.live, &error) == AFMON_OK);
    fuzz_folder_write(names[0], NULL, 0, 0);
    play(&script, (const char *)data, size);
    end_files(&script);
    afmon_live_info info;
    for (int i = 0; i < 8; i++) {
        look(&script);
        afmon_live_get_info(script.live, &info);
    }
    ask(script.live);
    compare(&script);
    afmon_live_close(script.live);
    return 0;
}
