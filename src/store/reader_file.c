/* The samples of a metrics file. */
#include "store/reader.h"

#include "store/reader_internal.h"
#include "store/reader_lines.h"

struct file_read {
    struct afmon_reader *reader;
    const struct afmon_file_visitor *visitor;
    const char *path;
    int64_t end;
    int64_t behind; /* the line that is being read */
};

static afmon_status give_problem(const struct afmon_file_visitor *visitor, uint64_t number, const char *why)
{
    if (visitor->problem == NULL)
        return AFMON_OK;
    return visitor->problem(visitor->user, number, why) != 0 ? AFMON_E_CANCELLED : AFMON_OK;
}

static afmon_status read_line(void *user, const char *data, size_t length, uint64_t number, bool ended)
{
    const struct file_read *file = user;
    const struct afmon_file_visitor *visitor = file->visitor;
    struct afmon_read_sample sample;
    const char *why = NULL;
    if (data == NULL)
        return give_problem(visitor, number, "the line is too long");
    if (afmon_line_is_blank(data, length))
        return AFMON_OK;
    afmon_status status = afmon_read_line(file->reader, data, length, &sample, &why);
    if (status == AFMON_OK) {
        status =
            afmon_file_times_take(&file->reader->times, file->path, file->behind, file->end, number, &sample, NULL);
        if (status != AFMON_OK)
            return status;
        return visitor->visit(visitor->user, &sample) != 0 ? AFMON_E_CANCELLED : AFMON_OK;
    }
    if (status != AFMON_E_FORMAT)
        return status;
    if (ended)
        return give_problem(visitor, number, why);
    return visitor->tolerate_torn ? AFMON_OK : give_problem(visitor, number, "torn last line");
}

static int give_progress(void *user, uint64_t bytes)
{
    const struct file_read *file = user;
    return file->visitor->progress != NULL ? file->visitor->progress(file->visitor->user, bytes) : 0;
}

afmon_status afmon_read_file(struct afmon_reader *reader, const char *path, int64_t begin, int64_t end,
                             const struct afmon_file_visitor *visitor, afmon_error *error)
{
    struct file_read file = {.reader = reader, .visitor = visitor, .path = path, .end = end};
    struct afmon_lines lines = {.line = read_line,
                                .progress = give_progress,
                                .user = &file,
                                .behind = &file.behind,
                                .stopped_at = visitor->stopped_at,
                                .text = visitor->text,
                                .text_length = visitor->text_length};
    if (!visitor->goes_on)
        reader->times = (struct afmon_file_times){0};
    afmon_status status = afmon_each_line(path, begin, end, &lines, error);
    if (status == AFMON_OK && visitor->warning != NULL)
        afmon_file_times_tell(&reader->times, visitor->warning, visitor->user);
    return status;
}
