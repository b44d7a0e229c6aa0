#include "ingest/peek_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { METRICS, LOG };

static void close_ring(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    if (state->ring_open)
        afmon_ring_free(&state->ring);
    state->ring_open = false;
}

static void close_session(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    close_ring(peek);
    for (int i = METRICS; i <= LOG; i++) {
        free(state->ends[i]);
        state->ends[i] = NULL;
    }
    if (state->open) {
        afmon_rescue_close(&state->rescue);
        afmon_session_record_free(&state->record);
        free(state->rings);
    }
    state->rings = NULL;
    state->ring_count = 0;
    state->open = false;
}

/* A last line that lacks its newline comes first, with it. */
static int give_end(struct afmon_peek *peek, const struct afmon_peek_session *session, int which)
{
    struct afmon_peek_state *state = peek->state;
    struct afmon_peek_file *file = &peek->files[session->files[which]];
    size_t length = session->lines[which];
    if (!session->unended[which])
        return 0;
    char *text = malloc(length + 1);
    if (text == NULL)
        return ENOMEM;
    state->ends[which] = text;
    int fd = afmon_run_files_fd(&state->rescue.files, which);
    int failure = length > 0 ? afmon_read_at(fd, text, length, file->at) : 0;
    if (failure != 0)
        return EAGAIN;
    text[length] = '\n';
    peek->texts[which] = (struct afmon_peek_text){session->files[which], file->at, text, length + 1};
    file->at += (int64_t)length + 1;
    return 0;
}

static int open_session(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    const struct afmon_peek_session *session = &state->sessions[state->session];
    int failure = afmon_session_read(state->place.folder, session->serial, &state->record);
    if (failure != 0)
        return failure == ENOMEM ? failure : EAGAIN; /* it has ended, or somebody is about to recover it */
    failure = afmon_rescue_open(&state->rescue, &state->place, &state->record, false);
    state->open = true;
    state->rest = state->rescue.copied; /* of a copy the notes tell nothing */
    state->ring_index = 0;
    if (failure == 0)
        failure = state->rescue.copied ? afmon_rescue_compare(&state->rescue) : 0;
    if (failure == 0)
        failure = afmon_peek_list_rings(peek, session->serial, &state->rings, &state->ring_count);
    peek->older += state->rescue.older;
    if (failure == 0 && (state->record.alive || afmon_peek_is_changed(session, &state->rescue)))
        failure = EAGAIN;
    for (int i = METRICS; i <= LOG && failure == 0; i++)
        failure = give_end(peek, session, i);
    return failure;
}

/* What is rendered, less what a copy has already. */
static void give_rendered(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    struct afmon_renderer *renderer = &state->rescue.renderer;
    const struct afmon_peek_session *session = &state->sessions[state->session];
    const struct afmon_buffer *rendered[2] = {&renderer->metrics, &renderer->log};
    if (state->rescue.copied) {
        afmon_known_filter(&state->rescue.metrics, &renderer->metrics);
        afmon_known_filter(&state->rescue.log, &renderer->log);
    }
    for (int i = METRICS; i <= LOG; i++) {
        struct afmon_peek_file *file = &peek->files[session->files[i]];
        peek->texts[i] = (struct afmon_peek_text){session->files[i], file->at, rendered[i]->data, rendered[i]->length};
        file->at += (int64_t)rendered[i]->length;
    }
}

/* A ring that makes no sense is passed over from here on; a recovery sets it aside. */
static void pass_over(struct afmon_peek *peek)
{
    peek->damaged++;
    peek->state->rings[peek->state->ring_index][0] = '\0';
    close_ring(peek);
}

static int open_ring(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    char *name = state->rings[state->ring_index];
    if (name[0] == '\0')
        return 0;
    int failure = afmon_ring_read(&state->ring, state->place.folder, name, state->record.serial, false);
    state->ring_open = failure == 0;
    if (afmon_peek_is_changed(&state->sessions[state->session], &state->rescue))
        return EAGAIN;
    if (failure == EINVAL && state->record.old && afmon_ring_is_unborn(state->place.folder, name))
        name[0] = '\0';
    else if (failure == EINVAL)
        pass_over(peek);
    else if (failure != 0 && failure != ENOMEM) {
        peek->unread += failure != ENOENT;
        name[0] = '\0';
    }
    state->position = state->ring_open ? afmon_ring_head(&state->ring) : 0;
    return failure == ENOMEM ? failure : 0;
}

/* Of a batch of which one file has all and the other not: that of the other, as a whole. */
static int give_half(struct afmon_peek *peek, const struct afmon_landed *landed)
{
    struct afmon_peek_state *state = peek->state;
    struct afmon_renderer *renderer = &state->rescue.renderer;
    uint64_t records; /* not asked for */
    bool bad;
    renderer->write_metrics = !landed->metrics;
    renderer->write_log = !landed->log;
    uint64_t until = afmon_rescue_render(&state->rescue, &state->ring, afmon_ring_head(&state->ring), landed->until,
                                         UINT64_MAX, &records, &bad);
    renderer->write_metrics = state->record.metrics_file[0] != '\0';
    renderer->write_log = state->record.log_file[0] != '\0';
    if (until != landed->until && !bad)
        return ENOMEM;
    if (until != landed->until) {
        pass_over(peek);
        return 0;
    }
    give_rendered(peek);
    return 0;
}

/* What recovery does with a note: a batch of which nothing has landed is none. */
static int give_noted(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    struct afmon_landed landed;
    int failure = afmon_landing_look(&state->rescue.files, &state->ring, &landed);
    bool on_its_way = failure == 0 && landed.until != state->position;
    if (on_its_way && landed.metrics != landed.log && !state->rest)
        failure = give_half(peek, &landed);
    if (on_its_way && (landed.metrics || landed.log))
        state->position = landed.until;
    return failure;
}

static int give_rest(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    uint64_t records; /* not asked for */
    bool bad;
    uint64_t tail = afmon_ring_tail(&state->ring);
    uint64_t until =
        afmon_rescue_render(&state->rescue, &state->ring, state->position, tail, AFMON_RESCUE_BATCH, &records, &bad);
    if (until == state->position && !bad)
        return ENOMEM;
    if (until == state->position) {
        pass_over(peek);
        return 0;
    }
    give_rendered(peek);
    peek->bytes_done += until - state->position;
    state->position = until;
    return 0;
}

/* The next ring, round or session. */
static void go_on(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    if (++state->ring_index < state->ring_count)
        return;
    state->ring_index = 0;
    if (!state->rest && state->ring_count > 0) {
        state->rest = true;
        return;
    }
    close_session(peek);
    state->session++;
}

static int read_ring(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    int failure = 0;
    if (!state->ring_open) {
        failure = open_ring(peek);
        if (failure == 0 && state->ring_open && !state->rescue.copied)
            failure = give_noted(peek);
        if (failure != 0 || (state->ring_open && state->rest))
            return failure;
    } else if (state->position < afmon_ring_tail(&state->ring)) {
        return give_rest(peek);
    }
    close_ring(peek);
    go_on(peek);
    return 0;
}

static bool has_text(const struct afmon_peek *peek)
{
    return peek->texts[METRICS].length > 0 || peek->texts[LOG].length > 0;
}

int afmon_peek_next(struct afmon_peek *peek)
{
    struct afmon_peek_state *state = peek->state;
    int failure = 0;
    memset(peek->texts, 0, sizeof peek->texts);
    while (failure == 0 && !has_text(peek) && state->session < state->session_count) {
        if (!state->open)
            failure = open_session(peek);
        else if (state->ring_count == 0)
            go_on(peek);
        else
            failure = read_ring(peek);
    }
    peek->done = failure == 0 && !has_text(peek);
    if (peek->done)
        afmon_private_close(&state->place);
    return failure;
}

size_t afmon_peek_bytes(const struct afmon_peek *peek)
{
    const struct afmon_peek_state *state = peek->state;
    size_t bytes =
        sizeof *state + peek->file_count * sizeof *peek->files + state->session_count * sizeof *state->sessions;
    if (state->open)
        bytes += state->record.dictionary_length + state->ring_count * sizeof *state->rings +
                 state->rescue.renderer.metrics.capacity + state->rescue.renderer.log.capacity;
    if (state->ring_open)
        bytes += (size_t)(afmon_ring_tail(&state->ring) - afmon_ring_head(&state->ring));
    return bytes;
}

void afmon_peek_close(struct afmon_peek *peek)
{
    if (peek->state != NULL) {
        close_session(peek);
        afmon_private_close(&peek->state->place);
        free(peek->state->sessions);
    }
    free(peek->state);
    free(peek->files);
    *peek = (struct afmon_peek){0};
}
