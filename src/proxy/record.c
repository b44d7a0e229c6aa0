#include "proxy/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/thread.h"
#include "proxy/call.h"
#include "proxy/notes.h"

struct afmon_proxy_recorder {
    afmon_monitor *monitor;
    struct afmon_proxy_notes notes;
    struct afmon_proxy_attempts attempts;
    pthread_t thread;
    bool finished;
    pthread_mutex_t mutex; /* of the counts */
    afmon_proxy_counts counts;
};

/* The head of an answer, as far as the recorder needs it: the data of AFMON_PROXY_NOTE_ANSWERED. */
struct answered {
    int status;
    bool streamed;
    bool compressed;
    bool unreadable;
};

/* ---- The recorder's thread --------------------------------------------------------------------------------------- */

static void take_body(struct afmon_proxy_call *call, const struct afmon_proxy_note *note)
{
    if (note->kind == AFMON_PROXY_NOTE_TOLD) {
        if (call->api->shape != AFMON_PROXY_UNKNOWN)
            afmon_proxy_answer_feed(&call->answer, note->data, note->length, note->ns);
        return;
    }
    XXH64_update(&call->digest, note->data, note->length);
    if (call->readable)
        afmon_proxy_reduced_feed(&call->asked, note->data, note->length);
}

static void take_answer(struct afmon_proxy_call *call, const struct answered *answered)
{
    call->status = answered->status;
    call->answer.streamed = answered->streamed;
    call->answer.compressed = answered->compressed;
    call->answer.unread = answered->unreadable;
}

static void end_call(struct afmon_proxy_recorder *recorder, struct afmon_proxy_call *call,
                     const struct afmon_proxy_note *note)
{
    struct afmon_proxy_ended ended;
    memcpy(&ended, note->data, sizeof ended);
    pthread_mutex_lock(&recorder->mutex);
    afmon_proxy_counts counts = recorder->counts;
    pthread_mutex_unlock(&recorder->mutex);
    afmon_proxy_call_record(call, &ended, note->ns, recorder->monitor, &recorder->attempts, &counts);
    pthread_mutex_lock(&recorder->mutex);
    recorder->counts = counts; /* this thread alone writes them */
    pthread_mutex_unlock(&recorder->mutex);
    afmon_proxy_call_free(call);
}

static void take_note(struct afmon_proxy_recorder *recorder, const struct afmon_proxy_note *note)
{
    struct afmon_proxy_call *call = note->call;
    struct answered answered;
    switch (note->kind) {
    case AFMON_PROXY_NOTE_SENT:
        call->sent_ns = note->ns;
        break;
    case AFMON_PROXY_NOTE_ANSWERED:
        memcpy(&answered, note->data, sizeof answered);
        take_answer(call, &answered);
        break;
    case AFMON_PROXY_NOTE_END:
        end_call(recorder, call, note);
        break;
    default:
        take_body(call, note);
    }
}

static void *record_all(void *user)
{
    struct afmon_proxy_recorder *recorder = user;
    struct afmon_proxy_note *note;
    while ((note = afmon_proxy_notes_take(&recorder->notes)) != NULL) {
        while (note != NULL) {
            struct afmon_proxy_note *next = note->next;
            take_note(recorder, note);
            free(note);
            note = next;
        }
    }
    return NULL;
}

/* ---- Its life ---------------------------------------------------------------------------------------------------- */

struct afmon_proxy_recorder *afmon_proxy_recorder_new(afmon_monitor *monitor, afmon_error *error)
{
    struct afmon_proxy_recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL || !afmon_proxy_notes_init(&recorder->notes)) {
        free(recorder);
        afmon_fail_memory(error);
        return NULL;
    }
    recorder->monitor = monitor;
    pthread_mutex_init(&recorder->mutex, NULL);
    int failure = afmon_thread_start(&recorder->thread, "afmon-proxy-rec", record_all, recorder);
    if (failure == 0)
        return recorder;
    afmon_fail_os(error, failure, "a thread of the proxy cannot be started");
    pthread_mutex_destroy(&recorder->mutex);
    afmon_proxy_notes_free(&recorder->notes);
    free(recorder);
    return NULL;
}

void afmon_proxy_recorder_finish(struct afmon_proxy_recorder *recorder)
{
    if (!recorder->finished) {
        afmon_proxy_notes_close(&recorder->notes);
        pthread_join(recorder->thread, NULL);
    }
    recorder->finished = true;
}

void afmon_proxy_recorder_free(struct afmon_proxy_recorder *recorder)
{
    if (recorder == NULL)
        return;
    afmon_proxy_recorder_finish(recorder);
    pthread_mutex_destroy(&recorder->mutex);
    afmon_proxy_notes_free(&recorder->notes);
    free(recorder);
}

afmon_proxy_counts afmon_proxy_recorder_counts(struct afmon_proxy_recorder *recorder)
{
    pthread_mutex_lock(&recorder->mutex);
    afmon_proxy_counts counts = recorder->counts;
    pthread_mutex_unlock(&recorder->mutex);
    return counts;
}

/* ---- The loop's side --------------------------------------------------------------------------------------------- */

struct afmon_proxy_call *afmon_proxy_call_begin(struct afmon_proxy_recorder *recorder,
                                                const struct afmon_proxy_request *request)
{
    struct afmon_proxy_call *call = afmon_proxy_call_new(request);
    if (call == NULL) {
        pthread_mutex_lock(&recorder->mutex);
        recorder->counts.unread++;
        pthread_mutex_unlock(&recorder->mutex);
        return NULL;
    }
    call->recorder = recorder;
    afmon_proxy_notes_open(&recorder->notes);
    return call;
}

static void note_body(struct afmon_proxy_call *call, enum afmon_proxy_note_kind kind, const char *data, size_t length)
{
    if (call != NULL && !call->missed)
        call->missed = !afmon_proxy_notes_add(&call->recorder->notes, kind, call, data, length);
}

void afmon_proxy_call_asked(struct afmon_proxy_call *call, const char *data, size_t length)
{
    note_body(call, AFMON_PROXY_NOTE_ASKED, data, length);
}

void afmon_proxy_call_told(struct afmon_proxy_call *call, const char *data, size_t length)
{
    note_body(call, AFMON_PROXY_NOTE_TOLD, data, length);
}

void afmon_proxy_call_sent(struct afmon_proxy_call *call)
{
    if (call != NULL)
        (void)afmon_proxy_notes_add(&call->recorder->notes, AFMON_PROXY_NOTE_SENT, call, NULL, 0);
}

static bool begins(const struct afmon_proxy_field *field, const char *text)
{
    struct afmon_proxy_piece start = field->value;
    size_t length = strlen(text);
    start.length = start.length < length ? start.length : length;
    return afmon_proxy_piece_is(&start, text);
}

void afmon_proxy_call_answered(struct afmon_proxy_call *call, const struct afmon_proxy_head *head)
{
    const struct afmon_proxy_field *type = afmon_proxy_head_find(head, "content-type");
    const struct afmon_proxy_field *encoding = afmon_proxy_head_find(head, "content-encoding");
    struct answered answered = {.status = head->status};
    if (call == NULL)
        return;
    answered.streamed = type != NULL && begins(type, "text/event-stream");
    if (encoding != NULL && !afmon_proxy_piece_is(&encoding->value, "identity")) {
        answered.compressed = true;
        answered.unreadable =
            !afmon_proxy_piece_is(&encoding->value, "gzip") && !afmon_proxy_piece_is(&encoding->value, "deflate");
    }
    if (!afmon_proxy_notes_add(&call->recorder->notes, AFMON_PROXY_NOTE_ANSWERED, call, &answered, sizeof answered))
        call->missed = true;
}

void afmon_proxy_call_end(struct afmon_proxy_call *call, enum afmon_proxy_end end, const char *why)
{
    struct afmon_proxy_ended ended = {.how = end};
    if (call == NULL)
        return;
    snprintf(ended.why, sizeof ended.why, "%s", why != NULL ? why : "");
    /* without memory for its last note a call stays with the recorder, which lets it go unrecorded */
    if (!afmon_proxy_notes_add(&call->recorder->notes, AFMON_PROXY_NOTE_END, call, &ended, sizeof ended))
        call->missed = true;
}
