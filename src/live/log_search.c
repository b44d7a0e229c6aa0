/* Asking for lines of the log: those that are kept, or all, read back from the files' ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/status.h"
#include "live/live_internal.h"
#include "run/folder.h"

#define DEFAULT_LIMIT 100
#define MOST_LINES 10000
#define DEFAULT_BUDGET_S 1.0

struct search {
    const afmon_live_log_query *query;
    struct afmon_log_scratch *scratch;
    struct afmon_kept_lines found; /* the latest that fit */
    size_t text_length;
    int64_t last_ns; /* time of the line before, in the same piece: for lines without one */
    bool full;
    bool no_memory;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool holds_text(const char *line, size_t length, const char *text, size_t text_length)
{
    for (size_t at = 0; text_length <= length && at <= length - text_length; at++) {
        size_t same = 0;
        while (same < text_length && lower(line[at + same]) == lower(text[same]))
            same++;
        if (same == text_length)
            return true;
    }
    return false;
}

static bool matches(const struct search *search, const afmon_live_log_line *line)
{
    const afmon_live_log_query *query = search->query;
    return line->level >= query->level && (query->routine || !line->routine) &&
           (query->before_ns == 0 || line->timestamp_ns < query->before_ns) &&
           line->number >= query->after + (query->after > 0);
}

static void keep(struct search *search, const afmon_live_log_line *line)
{
    search->full |= search->found.count == search->found.most;
    search->no_memory |= !afmon_kept_lines_add(&search->found, line);
}

static afmon_live_log_line line_of(const struct afmon_kept_line *kept)
{
    return (afmon_live_log_line){.number = kept->number,
                                 .timestamp_ns = kept->time_ns,
                                 .level = kept->level,
                                 .routine = kept->routine,
                                 .message = kept->text,
                                 .message_length = kept->message_length,
                                 .data = kept->text + kept->message_length,
                                 .data_length = kept->data_length};
}

static void search_kept(struct search *search, const struct afmon_kept_lines *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        const struct afmon_kept_line *line = kept->lines[i];
        afmon_live_log_line parts = line_of(line);
        bool held = search->query->text == NULL || holds_text(line->text, line->message_length + line->data_length,
                                                              search->query->text, search->text_length);
        if (held && matches(search, &parts))
            keep(search, &parts);
    }
}

static afmon_status search_line(void *user, const char *line, size_t length, bool older)
{
    (void)older;
    struct search *search = user;
    afmon_live_log_line parts;
    if (line == NULL || length == 0)
        return AFMON_OK;
    (void)afmon_log_time(search->scratch, line, length, &search->last_ns);
    if (search->query->text != NULL && !holds_text(line, length, search->query->text, search->text_length))
        return AFMON_OK;
    afmon_log_parse(search->scratch, line, length, search->last_ns, &parts);
    if (matches(search, &parts))
        keep(search, &parts);
    return search->no_memory ? AFMON_E_NO_MEMORY : AFMON_OK;
}

/* From the end of the file that was read back, piece by piece. A piece's lines are all older than those of the one
 * before, so the search of a file ends where enough were found. */
static afmon_status search_file(struct search *search, const struct afmon_tail *of, int64_t until_ns, bool *complete)
{
    struct afmon_buffer buffer;
    int64_t end = of->limited && of->limit < of->end ? of->limit : of->end;
    struct afmon_tail tail = {.path = of->path, .log = true, .begun = true, .begin = end, .end = end};
    struct afmon_tail_lines lines = {.line = search_line, .user = search};
    afmon_status status = AFMON_OK;
    tail.inode = of->inode;
    afmon_buffer_init(&buffer, AFMON_TAIL_LINE * 2);
    size_t before = search->found.count;
    while (status == AFMON_OK && tail.begin > 0 && search->found.count - before < search->found.most &&
           !(search->full && before == 0)) {
        search->last_ns = 0;
        status = afmon_tail_backward(&tail, &buffer, &lines, NULL);
        if (afmon_boot_ns() >= until_ns)
            break;
    }
    *complete &= tail.begin == 0;
    afmon_buffer_free(&buffer);
    return status == AFMON_E_CANCELLED ? AFMON_OK : status;
}

static afmon_status search_text(struct search *search, const char *text, size_t length)
{
    const char *end = text + length;
    const char *newline;
    afmon_status status = AFMON_OK;
    search->last_ns = 0;
    for (; status == AFMON_OK && text < end && (newline = memchr(text, '\n', (size_t)(end - text))) != NULL;
         text = newline + 1)
        status = search_line(search, text, (size_t)(newline - text), false);
    return status;
}

/* What killed processes left, and is in no file. */
static afmon_status search_left(struct search *search, struct afmon_peek *peek, int64_t until_ns, bool *complete)
{
    int failure = 0;
    afmon_status status = AFMON_OK;
    while (failure == 0 && status == AFMON_OK && !peek->done && afmon_boot_ns() < until_ns) {
        failure = afmon_peek_next(peek);
        for (size_t i = 0; i < 2 && status == AFMON_OK; i++)
            if (peek->texts[i].length > 0 && peek->files[peek->texts[i].file].log)
                status = search_text(search, peek->texts[i].data, peek->texts[i].length);
    }
    *complete &= peek->done;
    return failure == ENOMEM ? AFMON_E_NO_MEMORY : status;
}

static int64_t end_of_budget(const afmon_live_log_query *query)
{
    double budget_s = query->budget_s > 0 ? query->budget_s : DEFAULT_BUDGET_S;
    return afmon_boot_ns() + afmon_seconds_to_ns(budget_s < 60 ? budget_s : 60);
}

static afmon_status search_files(struct afmon_live *live, struct search *search, bool *complete)
{
    int64_t until_ns = end_of_budget(search->query);
    afmon_status status = AFMON_OK;
    for (size_t i = 0; status == AFMON_OK && i < live->tail_count; i++)
        if (live->tails[i]->log && live->tails[i]->end > 0)
            status = search_file(search, live->tails[i], until_ns, complete);
    if (status != AFMON_OK || live->peek == NULL)
        return status;
    struct afmon_peek peek;
    if (afmon_peek_open(&peek, live->folder) == 0)
        status = search_left(search, &peek, until_ns, complete);
    else
        *complete = false;
    afmon_peek_close(&peek);
    return status;
}

static size_t limit_of(const afmon_live_log_query *query)
{
    size_t limit = query->limit == 0 ? DEFAULT_LIMIT : query->limit;
    return limit < MOST_LINES ? limit : MOST_LINES;
}

static void give(const struct search *search, int (*visit)(void *user, const afmon_live_log_line *line), void *user)
{
    for (size_t i = search->found.count; i-- > 0;) {
        afmon_live_log_line line = line_of(search->found.lines[i]);
        if (visit(user, &line) != 0)
            return;
    }
}

static struct search new_search(const afmon_live_log_query *query, struct afmon_log_scratch *scratch)
{
    return (struct search){.query = query,
                           .scratch = scratch,
                           .found = {.most = limit_of(query)},
                           .text_length = query->text != NULL ? strlen(query->text) : 0};
}

afmon_status afmon_live_log(afmon_live *live, const afmon_live_log_query *query,
                            int (*visit)(void *user, const afmon_live_log_line *line), void *user, bool *complete)
{
    bool all = true;
    if (live == NULL || query == NULL || visit == NULL)
        return AFMON_E_ARGUMENT;
    struct search search = new_search(query, &live->log.scratch);
    afmon_status status = AFMON_OK;
    if (query->search_files) {
        status = search_files(live, &search, &all);
    } else {
        search_kept(&search, &live->log.notable);
        if (query->routine)
            search_kept(&search, &live->log.routine);
    }
    if (search.no_memory)
        status = AFMON_E_NO_MEMORY;
    if (status == AFMON_OK)
        give(&search, visit, user);
    if (complete != NULL)
        *complete = all && !search.full;
    afmon_kept_lines_free(&search.found);
    return status;
}

/* A tail that stands at the end of a log. False: it is gone, or is no file. */
static bool stand_at_end(const struct afmon_run_file *file, const struct afmon_peek *peek, struct afmon_tail *tail)
{
    struct stat facts;
    *tail = (struct afmon_tail){.path = file->path};
    for (size_t i = 0; i < peek->file_count; i++)
        if (strcmp(peek->files[i].name, strrchr(file->path, '/') + 1) == 0)
            *tail = (struct afmon_tail){.path = file->path, .limited = true, .limit = peek->files[i].end};
    if (stat(file->path, &facts) != 0 || !S_ISREG(facts.st_mode))
        return false;
    tail->inode = (uint64_t)facts.st_ino;
    tail->end = (int64_t)facts.st_size;
    return tail->end > 0;
}

afmon_status afmon_live_log_of_folder(const char *folder, const afmon_live_log_query *query,
                                      int (*visit)(void *user, const afmon_live_log_line *line), void *user,
                                      bool *complete, afmon_error *error)
{
    struct afmon_run_listing files;
    struct afmon_log_scratch scratch = {0};
    struct afmon_tail tail;
    struct search search = new_search(query, &scratch);
    struct afmon_peek peek;
    int64_t until_ns = end_of_budget(query);
    afmon_status status = afmon_run_list(folder, "afterimage", ".log", &files, error);
    if (status != AFMON_OK)
        return status;
    *complete = afmon_peek_open(&peek, folder) == 0;
    for (size_t i = 0; status == AFMON_OK && i < files.count; i++)
        if (stand_at_end(&files.files[i], &peek, &tail))
            status = search_file(&search, &tail, until_ns, complete);
    if (status == AFMON_OK && *complete)
        status = search_left(&search, &peek, until_ns, complete);
    afmon_peek_close(&peek);
    if (status == AFMON_OK)
        give(&search, visit, user);
    else
        (void)afmon_fail(error, status, "%s: %s", folder, afmon_status_text(status));
    *complete = *complete && !search.full;
    afmon_kept_lines_free(&search.found);
    afmon_log_scratch_free(&scratch);
    afmon_run_listing_free(&files);
    return status;
}
