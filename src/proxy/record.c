#include "proxy/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include "base/status.h"
#include "base/thread.h"
#include "proxy/advice.h"
#include "proxy/call.h"
#include "proxy/notes.h"
#include "proxy/plan.h"

struct afmon_proxy_recorder {
    afmon_monitor *monitor;
    struct afmon_proxy_notes notes;
    struct afmon_proxy_attempts attempts;
    bool planned;
    int64_t first_ns;             /* when the first request was on its way */
    int64_t limits_ns;            /* when rate limits were recorded last */
    struct afmon_proxy_plan plan; /* the thread's */
    struct afmon_proxy_texts texts;
    struct afmon_proxy_advice_data advice;
    pthread_t thread;
    bool finished;
    pthread_mutex_t mutex; /* of the counts */
    afmon_proxy_counts counts;
    uint64_t unseen; /* calls for which there was no memory */
};

/* ---- The recorder's thread --------------------------------------------------------------------------------------- */

static void tap(void *user, const char *data, size_t length)
{
    struct afmon_proxy_call *call = user;
    afmon_proxy_text_told(&call->recorder->texts, call->text, call->answer.streamed, data, length);
}

static void begin_text(struct afmon_proxy_recorder *recorder, struct afmon_proxy_call *call)
{
    if (call->text_begun)
        return;
    call->text_begun = true;
    call->text = afmon_proxy_text_new(&recorder->texts, call->api->shape);
    call->answer.tap = call->text != NULL ? tap : NULL;
    call->answer.tap_user = call;
}

/* Of a call that succeeded. Keys have no place in a text. */
static void save_text(struct afmon_proxy_recorder *recorder, const struct afmon_proxy_call *call)
{
    char id[AFMON_ITEM_ID_MAX + 1];
    const afmon_field made = call->made != NULL ? afmon_item_field(call->made) : afmon_string("item_id", call->item);
    snprintf(id, sizeof id, "%.*s", (int)made.as.text.length, made.as.text.data);
    const struct afmon_proxy_text_facts facts = {
        .item_id = id[0] != '\0' ? id : NULL,
        .operation = call->operation,
        .model = call->answer.model[0] != '\0' ? call->answer.model : call->model,
        .finish = call->answer.finish,
        .streamed = call->answer.streamed,
    };
    recorder->texts.missed += call->answer.unread;
    char *line = call->answer.unread ? NULL : afmon_proxy_text_line(&recorder->texts, call->text, &facts);
    if (line == NULL)
        return;
    afmon_proxy_call_redact(call, line);
    afmon_proxy_texts_append(&recorder->texts, line);
    free(line);
}

static void take_body(struct afmon_proxy_recorder *recorder, struct afmon_proxy_call *call,
                      const struct afmon_proxy_note *note)
{
    begin_text(recorder, call);
    if (note->kind == AFMON_PROXY_NOTE_TOLD) {
        if (call->api->shape != AFMON_PROXY_UNKNOWN)
            afmon_proxy_answer_feed(&call->answer, note->data, note->length, note->ns);
        return;
    }
    XXH64_update(&call->digest, note->data, note->length);
    afmon_proxy_text_asked(&recorder->texts, call->text, note->data, note->length);
    if (call->readable)
        afmon_proxy_reduced_feed(&call->asked, note->data, note->length);
}

static struct afmon_proxy_try try_of(const struct afmon_proxy_call *call)
{
    return (struct afmon_proxy_try){call->item, call->connection, XXH64_digest(&call->digest), call->retry};
}

static void begin_item(struct afmon_proxy_recorder *recorder, struct afmon_proxy_call *call)
{
    const struct afmon_proxy_try tried = try_of(call);
    if (call->api->shape != AFMON_PROXY_UNKNOWN)
        call->made = afmon_proxy_plan_item(&recorder->plan, &tried);
}

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Of a known interface, and not refused. */
static bool was_sent(const struct afmon_proxy_call *call)
{
    return call->sent_ns != 0 && call->api->shape != AFMON_PROXY_UNKNOWN;
}

static void add_times(struct afmon_proxy_recorder *recorder, const struct afmon_proxy_call *call, int64_t end_ns,
                      afmon_proxy_times *times)
{
    if (!was_sent(call))
        return;
    if (recorder->first_ns == 0 || call->sent_ns < recorder->first_ns)
        recorder->first_ns = call->sent_ns;
    times->queue_s += (double)(call->sent_ns - call->begin_ns) / 1e9;
    times->flight_s += (double)(end_ns - call->sent_ns) / 1e9;
    times->span_s = fmax(times->span_s, (double)(end_ns - recorder->first_ns) / 1e9);
}

static void end_call(struct afmon_proxy_recorder *recorder, struct afmon_proxy_call *call, int64_t ns)
{
    pthread_mutex_lock(&recorder->mutex);
    afmon_proxy_counts counts = recorder->counts;
    pthread_mutex_unlock(&recorder->mutex);
    const struct afmon_proxy_try tried = try_of(call);
    add_times(recorder, call, ns, &counts.times);
    afmon_proxy_limits_add(&counts.rates, &call->limits, call->status, wall_ns());
    afmon_proxy_limits_record(recorder->monitor, &call->limits, ns, &recorder->limits_ns);
    const char *failed = afmon_proxy_call_record(call, ns, recorder->monitor, &recorder->attempts, &counts);
    if (was_sent(call))
        afmon_proxy_advice_add(&recorder->advice, call->sent_ns, ns, failed == NULL, call->status);
    if (call->text != NULL && failed == NULL && was_sent(call))
        save_text(recorder, call);
    counts.texts_saved = recorder->texts.saved;
    counts.texts_missed = recorder->texts.missed;
    counts.texts_failure = recorder->texts.failure;
    if (recorder->planned)
        afmon_proxy_plan_end(&recorder->plan, &tried, call->made, failed, call->status, ns);
    pthread_mutex_lock(&recorder->mutex);
    recorder->counts = counts; /* this thread alone writes them */
    pthread_mutex_unlock(&recorder->mutex);
    afmon_proxy_text_free(&recorder->texts, call->text);
    afmon_proxy_call_free(call);
}

static void take_note(struct afmon_proxy_recorder *recorder, const struct afmon_proxy_note *note)
{
    struct afmon_proxy_call *call = note->call;
    if (note->kind == AFMON_PROXY_NOTE_END)
        end_call(recorder, call, note->ns);
    else if (note->kind == AFMON_PROXY_NOTE_WHOLE)
        begin_item(recorder, call);
    else
        take_body(recorder, call, note);
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
    afmon_proxy_plan_finish(&recorder->plan);
    return NULL;
}

/* ---- Its life ---------------------------------------------------------------------------------------------------- */

struct afmon_proxy_recorder *afmon_proxy_recorder_new(const afmon_proxy_options *options, afmon_error *error)
{
    struct afmon_proxy_recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL || !afmon_proxy_notes_init(&recorder->notes)) {
        free(recorder);
        afmon_fail_memory(error);
        return NULL;
    }
    if (afmon_proxy_texts_open(&recorder->texts, options->save_texts, error) != AFMON_OK) {
        afmon_proxy_notes_free(&recorder->notes);
        free(recorder);
        return NULL;
    }
    recorder->monitor = options->monitor;
    recorder->planned = options->planned;
    if (options->planned)
        afmon_proxy_plan_begin(&recorder->plan, options->monitor);
    pthread_mutex_init(&recorder->mutex, NULL);
    int failure = afmon_thread_start(&recorder->thread, "afmon-proxy-rec", record_all, recorder);
    if (failure == 0)
        return recorder;
    afmon_fail_os(error, failure, "a thread of the proxy cannot be started");
    afmon_proxy_texts_close(&recorder->texts);
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
        recorder->counts.advice = afmon_proxy_advice_get(&recorder->advice);
    }
    recorder->finished = true;
}

void afmon_proxy_recorder_free(struct afmon_proxy_recorder *recorder)
{
    if (recorder == NULL)
        return;
    afmon_proxy_recorder_finish(recorder);
    afmon_proxy_texts_close(&recorder->texts);
    pthread_mutex_destroy(&recorder->mutex);
    afmon_proxy_notes_free(&recorder->notes);
    free(recorder);
}

afmon_proxy_counts afmon_proxy_recorder_counts(struct afmon_proxy_recorder *recorder)
{
    pthread_mutex_lock(&recorder->mutex);
    afmon_proxy_counts counts = recorder->counts;
    counts.unread += recorder->unseen;
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
        recorder->unseen++;
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

void afmon_proxy_call_reserved(struct afmon_proxy_call *call, const afmon_reservation *reservation)
{
    call->reservation = *reservation;
    call->reserved = true;
}

void afmon_proxy_call_sent(struct afmon_proxy_call *call)
{
    if (call != NULL)
        call->sent_ns = (int64_t)uv_hrtime();
}

void afmon_proxy_call_whole(struct afmon_proxy_call *call)
{
    if (call == NULL || !call->recorder->planned || call->whole || call->sent_ns == 0)
        return;
    call->whole = true;
    (void)afmon_proxy_notes_add(&call->recorder->notes, AFMON_PROXY_NOTE_WHOLE, call, NULL,
                                0); /* or it makes no item */
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
    if (call == NULL)
        return;
    call->status = head->status;
    afmon_proxy_limits_read(&call->limits, head);
    bool of_events = type != NULL && begins(type, "text/event-stream");
    call->answer.objects = !of_events && (call->api->array || (type != NULL && begins(type, "application/x-ndjson")));
    call->answer.streamed = of_events || call->answer.objects;
    if (encoding != NULL && !afmon_proxy_piece_is(&encoding->value, "identity")) {
        call->answer.compressed = true;
        call->answer.unread =
            !afmon_proxy_piece_is(&encoding->value, "gzip") && !afmon_proxy_piece_is(&encoding->value, "deflate");
    }
}

void afmon_proxy_call_end(struct afmon_proxy_call *call, enum afmon_proxy_end end, const char *why)
{
    if (call == NULL)
        return;
    struct afmon_proxy_note *last = call->last;
    call->last = NULL;
    call->how = end;
    snprintf(call->why, sizeof call->why, "%s", why != NULL ? why : "");
    afmon_proxy_notes_add_end(&call->recorder->notes, last);
}
