#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "catalog/fields.h"
#include "fail_alloc.h"
#include "handlers/dispatch.h"
#include "handlers/queue.h"

#define SECOND AFMON_NS_PER_S
#define SOON (afmon_boot_ns() + 20 * SECOND)

/* What a handler under test does and sees. */
struct scene {
    struct afmon_dispatch *dispatch;
    _Atomic int calls;
    _Atomic int destroyed;
    int fail;           /* what handle returns */
    const char *reason; /* what it writes */
    bool gated;         /* each call waits for the gate */
    sem_t entered;
    sem_t gate;
    double sum;
    char text[256];
    _Atomic int reports;
    _Atomic uint64_t failures_told;
    _Atomic uint64_t missed_told;
    char told[512];
    afmon_status own_drain;
};

static void nap(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

static int finish_call(struct scene *scene, char *error, size_t size)
{
    sem_post(&scene->entered);
    if (scene->gated)
        while (sem_wait(&scene->gate) != 0) {
        }
    if (scene->reason != NULL)
        (void)snprintf(error, size, "%s", scene->reason);
    atomic_fetch_add(&scene->calls, 1);
    return scene->fail;
}

static int handle_sample(void *user, const afmon_sample *sample, char *error, size_t size)
{
    struct scene *scene = user;
    scene->sum += sample->value;
    if (sample->field_count > 0)
        (void)snprintf(scene->text, sizeof scene->text, "%.*s %.*s=%.*s %lld", (int)sample->metric_length,
                       sample->metric, (int)sample->fields[0].key_length, sample->fields[0].key,
                       (int)sample->fields[0].as.text.length, sample->fields[0].as.text.data,
                       (long long)sample->timestamp_ns);
    return finish_call(scene, error, size);
}

static int handle_log(void *user, const afmon_log_record *record, char *error, size_t size)
{
    struct scene *scene = user;
    (void)snprintf(scene->text, sizeof scene->text, "%s/%zu %s %zu", record->message, record->message_length,
                   afmon_level_name(record->level), record->field_count);
    return finish_call(scene, error, size);
}

static int handle_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    struct scene *scene = user;
    (void)snprintf(scene->text, sizeof scene->text, "%s", alert->name);
    return finish_call(scene, error, size);
}

static int handle_usage(void *user, const afmon_token_usage *usage, char *error, size_t size)
{
    struct scene *scene = user;
    scene->sum += (double)usage->total_tokens;
    return finish_call(scene, error, size);
}

static void destroy(void *user)
{
    atomic_fetch_add(&((struct scene *)user)->destroyed, 1);
}

static void take_report(void *user, const struct afmon_dispatch_report *report)
{
    struct scene *scene = user;
    atomic_fetch_add(&scene->reports, 1);
    atomic_fetch_add(&scene->failures_told, report->failures);
    atomic_fetch_add(&scene->missed_told, report->missed);
    (void)snprintf(scene->told, sizeof scene->told, "%s: %s", report->handler,
                   report->error != NULL ? report->error : "(none)");
    if (scene->dispatch != NULL)
        scene->own_drain = afmon_dispatch_drain(scene->dispatch, SOON);
}

static afmon_status give_usage(void *user, afmon_token_usage *usage)
{
    (void)user;
    *usage = (afmon_token_usage){.total_tokens = 7};
    return AFMON_OK;
}

static struct scene *new_scene(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    sem_init(&scene->entered, 0, 0);
    sem_init(&scene->gate, 0, 0);
    return scene;
}

static void free_scene(struct scene *scene)
{
    sem_destroy(&scene->entered);
    sem_destroy(&scene->gate);
    free(scene);
}

static struct afmon_dispatch_options options_for(struct scene *scene, enum afmon_handler_kind kind, size_t capacity)
{
    struct afmon_dispatch_options options = {
        .handler = {.kind = kind, .user = scene, .destroy = destroy, .queue_capacity = capacity},
        .number = 1,
        .user = scene,
        .report = take_report,
        .usage = give_usage};
    if (kind == AFMON_HANDLER_METRIC)
        options.handler.handle.sample = handle_sample;
    else if (kind == AFMON_HANDLER_LOG)
        options.handler.handle.log = handle_log;
    else if (kind == AFMON_HANDLER_ALERT)
        options.handler.handle.alert = handle_alert;
    else
        options.handler.handle.usage = handle_usage;
    return options;
}

static struct afmon_dispatch *start(struct scene *scene, enum afmon_handler_kind kind, size_t capacity)
{
    struct afmon_dispatch_options options = options_for(scene, kind, capacity);
    struct afmon_dispatch *dispatch;
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    return dispatch;
}

static size_t push(struct afmon_dispatch *dispatch, struct afmon_set *set, size_t count)
{
    struct afmon_dispatch_sample samples[64];
    for (size_t i = 0; i < count; i++)
        samples[i] =
            (struct afmon_dispatch_sample){.name = "m", .name_length = 1, .set = set, .value = 1, .timestamp_ns = 42};
    return afmon_dispatch_push_samples(dispatch, samples, count, afmon_boot_ns());
}

static afmon_handler_stats stats_of(struct afmon_dispatch *dispatch)
{
    afmon_handler_stats stats;
    afmon_dispatch_get_stats(dispatch, &stats);
    return stats;
}

static struct afmon_set *set_with(struct afmon_sets *sets, const char *text)
{
    const afmon_field field = afmon_string("key", text);
    size_t size = afmon_fields_packed_size(&field, 1);
    unsigned char *packed = malloc(size);
    assert_non_null(packed);
    afmon_fields_pack(packed, &field, 1);
    struct afmon_set *set = afmon_sets_intern(sets, packed, size);
    free(packed);
    assert_non_null(set);
    return set;
}

struct host {
    _Atomic int begun;
    _Atomic int ended;
};

static void host_begin(void *user)
{
    struct host *host = user;
    assert_int_equal(host->begun++, host->ended);
}

static void host_end(void *user)
{
    struct host *host = user;
    assert_int_equal(++host->ended, host->begun);
}

static void calls_come_in_batches_that_the_host_is_told_of(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct host host = {0};
    struct afmon_dispatch_options options = options_for(scene, AFMON_HANDLER_METRIC, 0);
    options.host = (afmon_host_hooks){.batch_begin = host_begin, .batch_end = host_end, .user = &host};
    struct afmon_dispatch *dispatch;
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    assert_int_equal(host.begun, 0);
    assert_int_equal(push(dispatch, NULL, 50), 50);
    assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
    afmon_dispatch_free(dispatch);
    assert_int_equal(scene->calls, 50);
    assert_in_range(host.begun, 1, 50);
    assert_int_equal(host.ended, host.begun);
    free_scene(scene);
}

static void samples_reach_the_handler_with_their_metadata(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *set = set_with(sets, "text");
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 0);
    assert_int_equal(push(dispatch, set, 50), 50);
    assert_int_equal(push(dispatch, NULL, 3), 3);
    assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
    assert_int_equal(scene->calls, 53);
    assert_true(scene->sum == 53);
    assert_string_equal(scene->text, "m key=text 42");
    assert_int_equal(atomic_load(&set->references), 1); /* the queue has given its references back */
    afmon_handler_stats stats = stats_of(dispatch);
    assert_string_equal(stats.name, "metric handler 1");
    assert_int_equal(stats.handled, 53);
    assert_int_equal(stats.failed + stats.missed + stats.waiting, 0);
    assert_true(stats.lag_s == 0);
    afmon_dispatch_free(dispatch);
    assert_int_equal(scene->destroyed, 1);
    afmon_sets_free(sets);
    free_scene(scene);
}

static void logs_and_alerts_are_copied(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct afmon_dispatch *logs = start(scene, AFMON_HANDLER_LOG, 0);
    char message[] = "hello";
    const afmon_field field = afmon_int("n", 1);
    unsigned char packed[64];
    size_t length = (size_t)(afmon_fields_pack(packed, &field, 1) - packed);
    struct afmon_dispatch_log log = {message, 5, AFMON_ERROR, 1, packed, length};
    assert_int_equal(afmon_dispatch_push_log(logs, &log, afmon_boot_ns()), 1);
    memset(message, 'x', 5);
    memset(packed, 0xFF, sizeof packed);
    assert_int_equal(afmon_dispatch_drain(logs, SOON), AFMON_OK);
    assert_string_equal(scene->text, "hello/5 error 1");
    assert_int_equal(push(logs, NULL, 1), 0); /* of the wrong kind */
    afmon_dispatch_free(logs);
    struct afmon_dispatch *alerts = start(scene, AFMON_HANDLER_ALERT, 0);
    afmon_alert alert = {.name = "low"};
    assert_int_equal(afmon_dispatch_push_alerts(alerts, &alert, 1, afmon_boot_ns()), 1);
    alert.name[0] = 'x';
    assert_int_equal(afmon_dispatch_drain(alerts, SOON), AFMON_OK);
    assert_string_equal(scene->text, "low");
    afmon_dispatch_free(alerts);
    free_scene(scene);
}

static void a_slow_handler_misses_the_newest(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    scene->gated = true;
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 10);
    assert_int_equal(push(dispatch, NULL, 1), 1);
    sem_wait(&scene->entered); /* the first is in the handler, so the queue is empty */
    assert_int_equal(push(dispatch, NULL, 25), 10);
    nap(0.02);
    afmon_handler_stats stats = stats_of(dispatch);
    assert_int_equal(stats.missed, 15);
    assert_int_equal(stats.waiting, 10);
    assert_true(stats.lag_s >= 0.02 && stats.lag_s < 10);
    assert_int_equal(afmon_dispatch_drain(dispatch, afmon_boot_ns() + SECOND / 50), AFMON_E_TIMEOUT);
    for (int i = 0; i < 11; i++)
        sem_post(&scene->gate);
    assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
    assert_int_equal(scene->calls, 11);
    bool drained = false;
    afmon_dispatch_finish(dispatch, SOON);
    assert_int_equal(afmon_dispatch_join(dispatch, &drained), AFMON_OK);
    assert_true(drained);
    assert_int_equal(scene->missed_told, 15);
    assert_string_equal(scene->told, "metric handler 1: (none)");
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void what_waits_at_the_deadline_is_missed(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *set = set_with(sets, "text");
    scene->gated = true;
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 10);
    assert_int_equal(push(dispatch, set, 5), 5);
    sem_wait(&scene->entered);
    afmon_dispatch_finish(dispatch, afmon_boot_ns());
    assert_int_equal(push(dispatch, set, 1), 0); /* too late */
    sem_post(&scene->gate);
    bool drained = true;
    assert_int_equal(afmon_dispatch_join(dispatch, &drained), AFMON_OK);
    assert_false(drained);
    assert_int_equal(scene->calls, 1);
    assert_int_equal(stats_of(dispatch).missed, 5);
    assert_int_equal(afmon_dispatch_drain(dispatch, 0), AFMON_OK); /* nothing is left to wait for */
    assert_int_equal(atomic_load(&set->references), 1);
    afmon_dispatch_free(dispatch);
    afmon_sets_free(sets);
    free_scene(scene);
}

static void wait_for_reports(const struct scene *scene, int count)
{
    for (int i = 0; i < 2000 && scene->reports < count; i++)
        nap(0.01);
    assert_true(scene->reports >= count);
}

static void failures_are_told_once_a_second(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    scene->fail = 3;
    int64_t begin = afmon_boot_ns();
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 1000);
    for (int i = 0; i < 10; i++) {
        push(dispatch, NULL, 50);
        assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
    }
    wait_for_reports(scene, 2); /* the rest is told without a further call of the handler */
    int64_t seconds = (afmon_boot_ns() - begin) / SECOND;
    assert_true(seconds >= 1 && scene->reports <= seconds + 1);
    afmon_dispatch_finish(dispatch, SOON);
    afmon_dispatch_join(dispatch, NULL);
    assert_int_equal(scene->failures_told, 500);
    assert_string_equal(scene->told, "metric handler 1: the handler returned 3");
    assert_int_equal(stats_of(dispatch).failed, 500);
    assert_int_equal(stats_of(dispatch).handled, 0);
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void the_reason_survives_a_later_success(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    scene->fail = 1;
    scene->reason = "first";
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 10);
    push(dispatch, NULL, 1);
    assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
    wait_for_reports(scene, 1);
    scene->reason = "disk on fire";
    push(dispatch, NULL, 1);
    assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
    scene->fail = 0;
    scene->reason = NULL;
    push(dispatch, NULL, 1);
    afmon_dispatch_finish(dispatch, SOON);
    afmon_dispatch_join(dispatch, NULL);
    assert_int_equal(scene->reports, 2);
    assert_string_equal(scene->told, "metric handler 1: disk on fire");
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void a_handler_cannot_wait_for_itself(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    scene->fail = 1;
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 10);
    scene->dispatch = dispatch;
    push(dispatch, NULL, 1);
    afmon_dispatch_finish(dispatch, SOON);
    assert_false(afmon_dispatch_is_own_thread(dispatch));
    afmon_dispatch_join(dispatch, NULL);
    assert_int_equal(scene->own_drain, AFMON_E_DEADLOCK);
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void token_usage_is_told_every_interval_and_at_the_end(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct afmon_dispatch_options options = options_for(scene, AFMON_HANDLER_TOKEN_USAGE, 0);
    struct afmon_dispatch *dispatch;
    options.handler.interval_s = 0.1;
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    nap(0.55);
    int calls = scene->calls;
    assert_in_range(calls, 2, 5);
    afmon_dispatch_finish(dispatch, SOON);
    afmon_dispatch_join(dispatch, NULL);
    assert_true(scene->calls > calls);
    assert_true(scene->sum == 7 * scene->calls);
    afmon_dispatch_free(dispatch);
    assert_int_equal(scene->destroyed, 1);
    options.handler.interval_s = 0; /* only at the end */
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    calls = scene->calls;
    afmon_dispatch_finish(dispatch, SOON);
    afmon_dispatch_join(dispatch, NULL);
    assert_int_equal(scene->calls, calls + 1);
    afmon_dispatch_free(dispatch);
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    bool drained = true;
    afmon_dispatch_finish(dispatch, afmon_boot_ns()); /* no time left for it */
    afmon_dispatch_join(dispatch, &drained);
    assert_false(drained);
    assert_int_equal(stats_of(dispatch).missed, 1);
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

/* ---- a handler that gathers ---- */

struct gatherer {
    atomic_int held;
    atomic_int flushes;
    atomic_int sent;
    bool refuse; /* gives up what it holds */
    double left_s;
};

static int gather(void *user, const afmon_sample *sample, char *error, size_t size)
{
    struct gatherer *gatherer = user;
    (void)sample, (void)error, (void)size;
    atomic_fetch_add(&gatherer->held, 1);
    return 0;
}

static uint64_t send_on(void *user, const afmon_deadline *deadline, char *error, size_t size)
{
    struct gatherer *gatherer = user;
    int held = atomic_exchange(&gatherer->held, 0);
    atomic_fetch_add(&gatherer->flushes, 1);
    gatherer->left_s = afmon_deadline_left(deadline);
    if (!gatherer->refuse) {
        atomic_fetch_add(&gatherer->sent, held);
        return 0;
    }
    if (held > 0)
        snprintf(error, size, "nobody takes them");
    return (uint64_t)held;
}

static struct afmon_dispatch *start_gatherer(struct scene *scene, struct gatherer *gatherer)
{
    struct afmon_dispatch_options options = options_for(scene, AFMON_HANDLER_METRIC, 1000);
    options.handler = (struct afmon_handler){.kind = AFMON_HANDLER_METRIC,
                                             .name = "gatherer",
                                             .handle.sample = gather,
                                             .user = gatherer,
                                             .flush = send_on,
                                             .interval_s = 0.01};
    struct afmon_dispatch *dispatch;
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    return dispatch;
}

static void what_a_handler_gathers_is_flushed_on_time_and_at_the_end(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct gatherer gatherer = {0};
    struct afmon_dispatch *dispatch = start_gatherer(scene, &gatherer);
    push(dispatch, NULL, 10);
    while (atomic_load(&gatherer.sent) < 10)
        nap(0.001);
    assert_true(isinf(afmon_deadline_left(NULL)));
    push(dispatch, NULL, 7);
    afmon_dispatch_finish(dispatch, afmon_boot_ns() + 20 * AFMON_NS_PER_S);
    bool drained = false;
    assert_int_equal(afmon_dispatch_join(dispatch, &drained), AFMON_OK);
    assert_true(drained);
    assert_int_equal(atomic_load(&gatherer.sent), 17);
    assert_true(gatherer.left_s > 0 && gatherer.left_s <= 20);
    assert_int_equal(stats_of(dispatch).handled, 17);
    assert_int_equal(stats_of(dispatch).lost, 0);
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void what_a_flush_gives_up_is_counted_and_told(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct gatherer gatherer = {.refuse = true};
    struct afmon_dispatch *dispatch = start_gatherer(scene, &gatherer);
    push(dispatch, NULL, 25);
    wait_for_reports(scene, 1);
    push(dispatch, NULL, 5);
    afmon_dispatch_finish(dispatch, afmon_boot_ns() + 20 * AFMON_NS_PER_S);
    assert_int_equal(afmon_dispatch_join(dispatch, NULL), AFMON_OK);
    assert_int_equal(stats_of(dispatch).handled, 30);
    assert_int_equal(stats_of(dispatch).lost, 30);
    assert_int_equal(stats_of(dispatch).failed, 0);
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void names_are_cut_between_characters(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct afmon_dispatch_options options = options_for(scene, AFMON_HANDLER_ALERT, 0);
    struct afmon_dispatch *dispatch;
    options.handler.name = "1234567890123456789012345678901234567890123456\xC3\xA9xyz"; /* 46 bytes, then two */
    assert_int_equal(afmon_dispatch_new(&options, &dispatch, NULL), AFMON_OK);
    assert_string_equal(stats_of(dispatch).name, "1234567890123456789012345678901234567890123456");
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void texts_are_bounded_by_bytes(void **state)
{
    (void)state;
    struct afmon_queue queue;
    struct afmon_queued item;
    assert_true(afmon_queue_init(&queue, 4, 100));
    assert_true(afmon_queue_has_room(&queue, 1000)); /* alone, it must fit: it could never be handled otherwise */
    item = (struct afmon_queued){.kind = AFMON_QUEUED_SAMPLE, .charge = 60};
    afmon_queue_push(&queue, &item);
    assert_false(afmon_queue_has_room(&queue, 41));
    assert_true(afmon_queue_has_room(&queue, 40));
    item.charge = 0;
    for (int i = 0; i < 3; i++) {
        assert_true(afmon_queue_has_room(&queue, 0));
        afmon_queue_push(&queue, &item);
    }
    assert_false(afmon_queue_has_room(&queue, 0));
    assert_true(afmon_queue_pop(&queue, &item));
    assert_int_equal(item.charge, 60);
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(afmon_queue_clear(&queue), 3);
    assert_false(afmon_queue_pop(&queue, &item));
    assert_null(afmon_queue_oldest(&queue));
    afmon_queue_free(&queue);
}

struct pusher {
    struct afmon_dispatch *dispatch;
    size_t taken;
};

static void *push_many(void *user)
{
    struct pusher *pusher = user;
    for (int i = 0; i < 2000; i++)
        pusher->taken += push(pusher->dispatch, NULL, 16);
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct afmon_dispatch *dispatch = start(scene, AFMON_HANDLER_METRIC, 1000);
    struct pusher pushers[3] = {{.dispatch = dispatch}, {.dispatch = dispatch}, {.dispatch = dispatch}};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, push_many, &pushers[i]), 0);
    size_t taken = 0;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        taken += pushers[i].taken;
    }
    afmon_dispatch_finish(dispatch, SOON);
    bool drained = false;
    afmon_dispatch_join(dispatch, &drained);
    assert_true(drained);
    assert_int_equal((size_t)scene->calls, taken);
    assert_int_equal(stats_of(dispatch).missed, 3 * 2000 * 16 - taken);
    assert_int_equal(scene->missed_told, 3 * 2000 * 16 - taken);
    afmon_dispatch_free(dispatch);
    free_scene(scene);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct scene *scene = new_scene();
        struct afmon_dispatch_options options = options_for(scene, AFMON_HANDLER_LOG, 4);
        struct afmon_dispatch *dispatch;
        unsigned char packed[64];
        const afmon_field field = afmon_int("n", 1);
        size_t length = (size_t)(afmon_fields_pack(packed, &field, 1) - packed);
        struct afmon_dispatch_log log = {"m", 1, AFMON_INFO, 1, packed, length};
        fail_alloc_at(n);
        afmon_status status = afmon_dispatch_new(&options, &dispatch, NULL);
        size_t taken = status == AFMON_OK ? afmon_dispatch_push_log(dispatch, &log, afmon_boot_ns()) : 0;
        if (status == AFMON_OK)
            assert_int_equal(afmon_dispatch_drain(dispatch, SOON), AFMON_OK);
        failed = fail_alloc_stop();
        if (status == AFMON_OK) {
            afmon_handler_stats stats = stats_of(dispatch);
            assert_int_equal(stats.handled, taken - stats.failed);
            assert_int_equal(stats.failed + stats.missed, failed ? 1 : 0);
        } else {
            assert_int_equal(status, AFMON_E_NO_MEMORY);
            assert_null(dispatch);
        }
        afmon_dispatch_free(dispatch);
        free_scene(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_come_in_batches_that_the_host_is_told_of),
        cmocka_unit_test(samples_reach_the_handler_with_their_metadata),
        cmocka_unit_test(logs_and_alerts_are_copied),
        cmocka_unit_test(a_slow_handler_misses_the_newest),
        cmocka_unit_test(what_waits_at_the_deadline_is_missed),
        cmocka_unit_test(failures_are_told_once_a_second),
        cmocka_unit_test(the_reason_survives_a_later_success),
        cmocka_unit_test(a_handler_cannot_wait_for_itself),
        cmocka_unit_test(token_usage_is_told_every_interval_and_at_the_end),
        cmocka_unit_test(what_a_handler_gathers_is_flushed_on_time_and_at_the_end),
        cmocka_unit_test(what_a_flush_gives_up_is_counted_and_told),
        cmocka_unit_test(names_are_cut_between_characters),
        cmocka_unit_test(texts_are_bounded_by_bytes),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
