/* The samples of a view as an Arrow C stream. */
#include "export/arrow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

struct stream {
    struct afmon_export_job job; /* with a reference to its view */
    afmon_export_options options;
    struct afmon_arrow_table table;
    struct afmon_cursor cursor;
    afmon_error error; /* of the last call that failed */
    bool ended;
};

static struct stream *stream_of(struct ArrowArrayStream *out)
{
    return out->private_data;
}

static int errno_of(afmon_status status)
{
    switch (status) {
    case AFMON_OK:
        return 0;
    case AFMON_E_NO_MEMORY:
        return ENOMEM;
    case AFMON_E_ARGUMENT:
        return EINVAL;
    default:
        return EIO;
    }
}

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct stream *stream = stream_of(self);
    int failure = afmon_arrow_schema(&stream->table, out);
    if (failure != 0)
        afmon_fail_memory(&stream->error);
    return failure;
}

struct filling {
    struct afmon_arrow_rows batch;
    bool out_of_memory;
};

static int take(void *user, const struct afmon_view_series *series, const afmon_sample *sample)
{
    struct filling *filling = user;
    (void)series;
    filling->out_of_memory = !afmon_arrow_rows_add(&filling->batch, sample);
    return filling->out_of_memory || afmon_arrow_rows_is_full(&filling->batch);
}

/* Fills a batch, as far as there are samples. */
static afmon_status fill(struct stream *stream, struct filling *filling)
{
    if (!afmon_arrow_rows_begin(&filling->batch, &stream->table))
        return afmon_fail_memory(&stream->error);
    afmon_status status = afmon_cursor_run(&stream->cursor, take, filling, &stream->error);
    stream->ended = status == AFMON_OK;
    if (filling->out_of_memory)
        return afmon_fail_memory(&stream->error);
    return status == AFMON_E_CANCELLED ? AFMON_OK : status;
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct stream *stream = stream_of(self);
    struct filling filling = {0};
    *out = (struct ArrowArray){0}; /* the end */
    if (stream->ended)
        return 0;
    afmon_status status = fill(stream, &filling);
    if (status == AFMON_OK && filling.batch.rows > 0 && afmon_arrow_array(&filling.batch, out) != 0)
        status = afmon_fail_memory(&stream->error);
    afmon_arrow_rows_free(&filling.batch);
    if (status != AFMON_OK)
        stream->ended = true; /* rows are lost: nothing may follow as if they were not */
    return errno_of(status);
}

static const char *get_last_error(struct ArrowArrayStream *self)
{
    const struct stream *stream = stream_of(self);
    return stream->error.message[0] != '\0' ? stream->error.message : NULL;
}

static void free_stream(struct stream *stream)
{
    afmon_cursor_end(&stream->cursor);
    afmon_arrow_table_free(&stream->table);
    afmon_export_end(&stream->job);
    afmon_view_close(stream->job.view);
    free(stream);
}

static void release(struct ArrowArrayStream *self)
{
    free_stream(stream_of(self));
    *self = (struct ArrowArrayStream){0};
}

static bool wants(void *user, const struct afmon_view_series *series)
{
    return afmon_export_takes(user, series);
}

/* From here on the caller's options and error are not looked at any more. */
static void settle(struct stream *stream)
{
    stream->options.metrics = NULL;
    stream->options.metric_count = 0;
    stream->options.progress = NULL;
    stream->job.error = &stream->error;
    afmon_cursor_begin(&stream->cursor, stream->job.view, stream->options.window);
    stream->cursor.wants = wants;
    stream->cursor.wants_user = &stream->job;
}

static afmon_status prepare(struct stream *stream, const afmon_export_options *given)
{
    afmon_status status = afmon_export_take_options(&stream->options, given, stream->job.error);
    if (status == AFMON_OK)
        status = afmon_export_begin(&stream->job, 1);
    if (status == AFMON_OK)
        status = afmon_arrow_table_learn(&stream->table, &stream->job);
    if (status == AFMON_OK)
        settle(stream);
    return status;
}

afmon_status afmon_view_arrow_stream(afmon_view *view, const afmon_export_options *options,
                                     struct ArrowArrayStream *out, afmon_error *error)
{
    if (view == NULL || out == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "an Arrow stream needs a view, and a place for it");
    *out = (struct ArrowArrayStream){0};
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return afmon_fail_memory(error);
    stream->job = (struct afmon_export_job){.view = view, .options = &stream->options, .error = error};
    afmon_view_hold(view);
    afmon_status status = prepare(stream, options);
    if (status != AFMON_OK) {
        free_stream(stream);
        return status;
    }
    *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release,
                                     .private_data = stream};
    return AFMON_OK;
}
