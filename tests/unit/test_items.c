/* Items: each once, with the outcome that its maker gave it, in files, store, exports, views and followers. */
#include "run_folder.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>

#include "catalog/fields.h"
#include "catalog/item_id.h"
#include "forked.h"
#include "store/item_column.h"
#include "store/reader.h"
#include "store/store_internal.h"

/* ---- The ledger of whoever makes items ---- */

struct ledger {
    uint64_t started, accepted, rejected, failed, abandoned, open;
};

static struct ledger ledger_of(const afmon_run_summary *summary, const char *kind)
{
    for (size_t i = 0; i < summary->item_count; i++) {
        const afmon_item_summary *item = &summary->items[i];
        if (strcmp(item->kind, kind) == 0)
            return (struct ledger){item->started, item->accepted,  item->rejected,
                                   item->failed,  item->abandoned, item->open};
    }
    return (struct ledger){0};
}

static void assert_ledger(struct ledger got, struct ledger wanted)
{
    assert_int_equal(got.started, wanted.started);
    assert_int_equal(got.accepted, wanted.accepted);
    assert_int_equal(got.rejected, wanted.rejected);
    assert_int_equal(got.failed, wanted.failed);
    assert_int_equal(got.abandoned, wanted.abandoned);
    assert_int_equal(got.open, wanted.open);
}

/* What a reader lists of a kind, in pages of two. No item comes twice. */
static struct ledger listed(const char *folder, const char *kind)
{
    struct ledger ledger = {0};
    json_t *seen = json_object();
    char cursor[AFMON_ITEM_CURSOR_SIZE] = "";
    for (bool more = true; more;) {
        afmon_item_query query;
        afmon_item_reader *reader = NULL;
        const afmon_found_item *item;
        afmon_error error = {0};
        afmon_item_query_init(&query);
        query.kind = kind;
        query.cursor = cursor;
        if (afmon_item_reader_open(folder, &query, &reader, &error) != AFMON_OK)
            fail_msg("%s", error.message);
        more = false;
        for (int i = 0; i < 2; i++, more = i == 2) {
            assert_int_equal(afmon_item_reader_next(reader, &item, &error), AFMON_OK);
            if (item == NULL)
                break;
            assert_null(json_object_get(seen, item->id));
            assert_int_equal(json_object_set_new(seen, item->id, json_true()), 0);
            ledger.started++;
            ledger.accepted += item->state == AFMON_ITEM_ACCEPTED;
            ledger.rejected += item->state == AFMON_ITEM_REJECTED;
            ledger.failed += item->state == AFMON_ITEM_FAILED;
            ledger.abandoned += item->state == AFMON_ITEM_ABANDONED;
            ledger.open += item->state == AFMON_ITEM_OPEN;
        }
        afmon_item_reader_cursor(reader, cursor);
        afmon_item_reader_close(reader);
    }
    json_decref(seen);
    return ledger;
}

/* A view, a follower and a reader of items say the same. */
static void assert_run(const char *folder, const char *kind, struct ledger wanted)
{
    afmon_run_summary *viewed = summary_of(folder);
    assert_ledger(ledger_of(viewed, kind), wanted);
    afmon_run_summary_free(viewed);
    assert_ledger(listed(folder, kind), wanted);
    afmon_run_summary *seen = followed(folder);
    assert_ledger(ledger_of(seen, kind), wanted);
    afmon_run_summary_free(seen);
}

/* ---- Making items ---- */

static afmon_item *begin(afmon_monitor *monitor, const char *kind, int64_t id)
{
    afmon_item *item = NULL;
    char text[32];
    snprintf(text, sizeof text, "id-%lld", (long long)id);
    afmon_status status =
        id % 2 == 0 ? afmon_item_begin_number(monitor, kind, id, &item) : afmon_item_begin(monitor, kind, text, &item);
    assert_int_equal(status, AFMON_OK);
    assert_non_null(item);
    return item;
}

static void call(afmon_monitor *monitor, const afmon_item *item, bool success)
{
    const afmon_field fields[] = {afmon_string("operation", "answer_generation")};
    const afmon_generation generation = {.duration_s = 0.25,
                                         .success = success,
                                         .error = success ? NULL : "no answer",
                                         .model_name = "model",
                                         .prompt_token_count = AFMON_GIVEN(10),
                                         .completion_token_count = AFMON_GIVEN(5),
                                         .fields = fields,
                                         .field_count = 1,
                                         .item = item};
    assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
}

static void outcomes_are_counted_once(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    for (int i = 0; i < 10; i++) {
        afmon_item *item = begin(monitor, "conversation", i);
        call(monitor, item, true);
        if (i == 1)
            assert_int_equal(afmon_item_retry(item), 2);
        call(monitor, item, i != 1);
        if (i < 5)
            assert_int_equal(afmon_item_accept(item), AFMON_OK);
        else if (i < 8)
            assert_int_equal(afmon_item_reject(item, i == 5 ? "critic" : "grade"), AFMON_OK);
        else if (i == 8)
            afmon_item_took(item, 1000.5);
        if (i == 8)
            assert_int_equal(afmon_item_fail(item, "RateLimitError"), AFMON_OK);
        else if (i == 9)
            afmon_item_drop(item);
    }
    call(monitor, NULL, true);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_run(folder, "conversation", (struct ledger){10, 5, 3, 1, 0, 1}); /* it goes on */
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_run(folder, "conversation", (struct ledger){10, 5, 3, 1, 1, 0});

    afmon_run_summary *summary = summary_of(folder);
    const afmon_item_summary *items = &summary->items[0];
    assert_int_equal(summary->item_count, 1);
    assert_false(items->inferred);
    assert_int_equal(items->finished, 9);
    assert_int_equal(items->attempts, 11);
    assert_int_equal(items->calls, 20);
    assert_int_equal(items->call_failures, 1);
    assert_int_equal(items->total_tokens, 300);
    assert_int_equal(items->accepted_calls, 10);
    assert_int_equal(items->accepted_tokens, 150);
    assert_true(items->yield == 5.0 / 9);
    assert_true(items->calls_per_accepted == 4 && items->tokens_per_accepted == 60);
    assert_int_equal(summary->calls_without_item, 1);
    assert_int_equal(items->time_s.count, 9);
    assert_true(items->time_s.max == 1000.5);
    assert_int_equal(items->reason_count, 3);
    assert_string_equal(items->reasons[0].text, "grade");
    assert_int_equal(items->reasons[0].count, 2);
    assert_true(items->reasons[0].share == 2.0 / 9);
    assert_false(items->reasons[0].failed);
    assert_string_equal(items->reasons[2].text, "RateLimitError");
    assert_true(items->reasons[2].failed);
    afmon_run_summary_free(summary);

    assert_int_equal(count_in(folder, "metrics.jsonl", "\"attempt\": 2, \"item_id\": \"id-1\", \"timestamp\""), 6);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"outcome\": \"accepted\", \"attempts\": 1, \"item_id\": 4, "),
                     1);
    remove_folder(folder);
}

struct told {
    _Atomic int alerts;
    afmon_alert last;
};

static int take_alert(void *user, const afmon_alert *alert, char *error, size_t size)
{
    struct told *told = user;
    (void)error;
    (void)size;
    told->last = *alert;
    atomic_fetch_add(&told->alerts, 1);
    return 0;
}

static void retry(afmon_monitor *monitor, afmon_item *item, unsigned attempts)
{
    for (unsigned i = 2; i <= attempts; i++) {
        assert_int_equal(afmon_item_retry(item), i);
        call(monitor, item, true);
    }
}

/* In the log and the summary always; to alert handlers, which were written for the rules, only where asked for. */
static void an_item_tried_without_end_is_warned_of(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        char *folder = make_folder();
        struct told told = {0};
        afmon_alert_handler handler = {.name = "alerts", .handle = take_alert, .user = &told};
        afmon_options options;
        afmon_monitor *monitor;
        afmon_options_init(&options);
        options.log_dir = folder;
        options.alert_handlers = &handler;
        options.alert_handler_count = 1;
        options.item_alerts = asked == 1;
        assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
        afmon_item *open = begin(monitor, "conversation", 7);
        afmon_item *done = begin(monitor, "row", 2);
        afmon_item *few = begin(monitor, "conversation", 4);
        retry(monitor, open, 23);
        retry(monitor, done, 10);
        retry(monitor, few, 9);
        assert_int_equal(afmon_item_accept(done), AFMON_OK);
        assert_int_equal(afmon_item_accept(few), AFMON_OK);
        assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
        assert_int_equal(told.alerts, asked == 1 ? 3 : 0);
        assert_int_equal(count_in(folder, "afterimage.log", "\"warning\": \"item_attempts\""), 3);
        assert_int_equal(count_in(folder, "afterimage.log", "\"message\": \"conversation id-7 is in attempt 20\""), 1);
        if (asked == 1) {
            assert_string_equal(told.last.name, "item_attempts");
            assert_string_equal(told.last.message, "row 2 is in attempt 10");
            assert_true(told.last.level == AFMON_WARNING && told.last.value == 10 && told.last.limit == 10);
        }
        afmon_run_summary *summaries[] = {summary_of(folder), followed(folder)};
        for (size_t i = 0; i < 2; i++) {
            const afmon_run_summary *summary = summaries[i];
            assert_int_equal(summary->alert_count, 0);
            assert_int_equal(summary->items[0].attempts, 23 + 9);
            assert_int_equal(summary->items[0].attempts_max, 23);
            assert_int_equal(summary->items[0].tried_often, 1);
            assert_string_equal(summary->warnings[0].text, "item_attempts: 1 conversation was tried 23 times.");
            assert_string_equal(summary->warnings[1].text, "item_attempts: 1 row was tried 10 times.");
            afmon_run_summary_free(summaries[i]);
        }
        afmon_item_drop(open);
        assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
        remove_folder(folder);
    }
}

static void misuse_is_refused(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    char longest[AFMON_ITEM_ID_MAX + 2];
    afmon_item *item = (afmon_item *)(uintptr_t)1;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(afmon_item_begin(monitor, "row", longest, &item), AFMON_E_ARGUMENT);
    assert_null(item);
    assert_int_equal(afmon_item_begin(monitor, "row", "", &item), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_item_begin(monitor, "", "1", &item), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_item_begin(NULL, "row", "1", &item), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_item_begin_number(monitor, NULL, 1, &item), AFMON_E_ARGUMENT);
    longest[AFMON_ITEM_ID_MAX] = '\0';
    assert_int_equal(afmon_item_begin(monitor, "row", longest, &item), AFMON_OK);
    assert_int_equal(afmon_item_accept(item), AFMON_OK);
    assert_int_equal(afmon_item_accept(NULL), AFMON_OK);
    afmon_item_drop(NULL);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_run(folder, "row", (struct ledger){.started = 1, .accepted = 1});
    remove_folder(folder);
}

/* Ids that JSON escapes, or that are numbers in all but name. */
static void any_id_finds_its_item(void **state)
{
    (void)state;
    static const char *const ids[] = {"say \"hi\"", "back\\slash", "two\nlines", "\xc3\xa9t\xc3\xa9",
                                      "17",         "-0",          "item_id",    "\xff\xfe",
                                      "tab\t",      "a, b"};
    const size_t count = sizeof ids / sizeof ids[0];
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    for (size_t i = 0; i < count; i++) {
        afmon_item *item;
        assert_int_equal(afmon_item_begin(monitor, "task", ids[i], &item), AFMON_OK);
        call(monitor, item, true);
        assert_int_equal(afmon_item_accept(item), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_run(folder, "task", (struct ledger){.started = count, .accepted = count});
    afmon_run_summary *summary = summary_of(folder);
    assert_int_equal(summary->items[0].accepted_calls, count);
    afmon_run_summary_free(summary);
    remove_folder(folder);
}

/* ---- Processes ---- */

static void a_killed_process_leaves_what_was_open_abandoned(void **state)
{
    (void)state;
    char *folder = make_folder();
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        afmon_monitor *monitor = open_on(folder);
        for (int i = 0; i < 6; i++) {
            afmon_item *item = begin(monitor, "persona", i);
            if (i < 3)
                afmon_item_accept(item);
            else if (i == 3)
                afmon_item_fail(item, NULL);
        }
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(1);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_run(folder, "persona", (struct ledger){6, 3, 0, 1, 2, 0});

    /* Resumed: what failed and one that was abandoned are made again, and a new one. */
    afmon_monitor *monitor = open_on(folder);
    afmon_item *again = begin(monitor, "persona", 4);
    afmon_item *failed = begin(monitor, "persona", 3);
    afmon_item *more = begin(monitor, "persona", 6);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_run(folder, "persona", (struct ledger){7, 3, 0, 0, 1, 3});
    assert_int_equal(afmon_item_accept(again), AFMON_OK);
    assert_int_equal(afmon_item_reject(failed, "critic"), AFMON_OK);
    assert_int_equal(afmon_item_accept(more), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_run(folder, "persona", (struct ledger){7, 5, 1, 0, 1, 0});
    afmon_run_summary *summary = summary_of(folder);
    assert_int_equal(summary->items[0].attempts, 9);
    assert_int_equal(summary->items[0].reason_count, 1); /* the failure is none any more */
    afmon_run_summary_free(summary);
    remove_folder(folder);
}

static void tell_plan(afmon_monitor *monitor, int64_t planned, int64_t done)
{
    const afmon_field fields[] = {afmon_int("planned", planned), afmon_int("done", done),
                                  afmon_string("operation", "conversation_generation")};
    assert_int_equal(afmon_log_info(monitor, "Run plan", fields, 3), AFMON_OK);
    usleep(2000); /* the log tells milliseconds */
}

static void make_some(afmon_monitor *monitor, int from, int to)
{
    const afmon_field fields[] = {afmon_string("operation", "conversation_generation")};
    for (int i = from; i < to; i++) {
        afmon_item *item = begin(monitor, "conversation", i);
        const afmon_generation whole = {
            .duration_s = 1, .success = true, .fields = fields, .field_count = 1, .item = item};
        assert_int_equal(afmon_track_generation(monitor, &whole), AFMON_OK);
        assert_int_equal(afmon_item_accept(item), AFMON_OK);
    }
}

static uint64_t done_of(const char *folder)
{
    afmon_live *live = NULL;
    afmon_live_plan plan;
    assert_int_equal(afmon_live_open(folder, NULL, &live, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 10, NULL), AFMON_OK);
    afmon_live_get_plan(live, &plan);
    assert_int_equal(plan.planned, 10);
    afmon_live_close(live);
    return plan.done;
}

static void time_left_comes_from_the_items(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_live *live = NULL;
    afmon_live_plan plan;
    afmon_monitor *monitor = open_on(folder);
    tell_plan(monitor, 10, 0);
    assert_int_equal(afmon_live_open(folder, NULL, &live, NULL), AFMON_OK);
    afmon_item *first = begin(monitor, "conversation", 100), *other = begin(monitor, "row", 1);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 10, NULL), AFMON_OK);
    afmon_live_get_plan(live, &plan);
    assert_true(plan.open == 1 && plan.oldest_s >= 0 && isnan(plan.eta_s) && isnan(plan.eta_p10_s));
    make_some(monitor, 0, 8);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 10, NULL), AFMON_OK);
    afmon_live_get_plan(live, &plan);
    assert_true(plan.done == 8 && plan.open == 1 && plan.oldest_s > 0);
    assert_true(0 <= plan.eta_p10_s && plan.eta_p10_s <= plan.eta_s && plan.eta_s <= plan.eta_p90_s);
    assert_int_equal(afmon_item_accept(first), AFMON_OK);
    assert_int_equal(afmon_item_accept(other), AFMON_OK);
    make_some(monitor, 8, 9);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_int_equal(afmon_live_update(live, 10, NULL), AFMON_OK);
    afmon_live_get_plan(live, &plan);
    assert_true(plan.done == 10 && plan.eta_s == 0 && plan.eta_p90_s == 0 && plan.open == 0);
    afmon_live_close(live);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    remove_folder(folder);
}

static void a_resumed_run_counts_what_was_made_once(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    tell_plan(monitor, 10, 0);
    make_some(monitor, 0, 4);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_int_equal(done_of(folder), 4);
    monitor = open_on(folder);
    usleep(2000);
    tell_plan(monitor, 10, 4);
    make_some(monitor, 4, 9);
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_int_equal(done_of(folder), 9);
    make_some(monitor, 9, 10);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_int_equal(done_of(folder), 10);
    remove_folder(folder);
}

static void forked_children_make_items_of_the_run(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it does not let a child of fork start threads */
#endif
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_item *of_parent = begin(monitor, "row", 1);
    pid_t child = fork_child();
    if (child == 0) {
        afmon_item *of_child = begin(monitor, "row", 2);
        (void)begin(monitor, "row", 3);
        _exit(afmon_item_accept(of_child) != AFMON_OK || afmon_monitor_close(monitor, NULL) != AFMON_OK);
    }
    if (!child_ended_well(child))
        skip();
    assert_int_equal(afmon_monitor_flush(monitor, 10, NULL), AFMON_OK);
    assert_run(folder, "row", (struct ledger){3, 1, 0, 0, 1, 1}); /* the parent goes on, the child does not */
    assert_int_equal(afmon_item_accept(of_parent), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_run(folder, "row", (struct ledger){3, 2, 0, 0, 1, 0});
    remove_folder(folder);
}

/* ---- Samples with their items ---- */

static int look_at_sample(void *user, const afmon_sample *sample)
{
    size_t *item_fields = user;
    for (size_t i = 0; i < sample->field_count; i++)
        *item_fields += afmon_is_item_key(sample->fields[i].key, sample->fields[i].key_length);
    return 0;
}

static int look_at_handled(void *user, const afmon_sample *sample, char *error, size_t size)
{
    (void)error;
    (void)size;
    return look_at_sample(user, sample);
}

static void views_and_handlers_get_the_id(void **state)
{
    (void)state;
    char *folder = make_folder();
    size_t handled = 0; /* of the handler's thread until the monitor is closed */
    size_t item_fields = 0;
    afmon_options options;
    afmon_options_init(&options);
    const afmon_metric_handler handlers[] = {afmon_metric_file_handler(),
                                             {.name = "looks", .handle = look_at_handled, .user = &handled}};
    options.log_dir = folder;
    options.metric_handlers = handlers;
    options.metric_handler_count = 2;
    afmon_monitor *monitor = NULL;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_item *item = begin(monitor, "row", 7);
    call(monitor, item, true); /* six samples */
    const afmon_field fields[] = {afmon_item_field(item), afmon_string("behind", "it")};
    assert_int_equal(afmon_record_metric(monitor, "custom", 1, fields, 2), AFMON_OK);
    assert_int_equal(afmon_record_metric(monitor, "custom", 1, NULL, 0), AFMON_OK);
    assert_int_equal(afmon_item_accept(item), AFMON_OK);
    afmon_view *view = NULL;
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_view_each(view, NULL, AFMON_WINDOW_ALL, look_at_sample, &item_fields), AFMON_OK);
    assert_int_equal(item_fields, 9);
    afmon_view_close(view);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_int_equal(handled, 9);

    item_fields = 0;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_view_each(view, NULL, AFMON_WINDOW_ALL, look_at_sample, &item_fields), AFMON_OK);
    assert_int_equal(item_fields, 9);
    afmon_view_close(view);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"behind\": \"it\", \"item_id\": \"id-7\", \"timestamp\""), 1);
    remove_folder(folder);
}

static int add_text(void *user, const void *data, size_t size)
{
    struct afmon_buffer *text = user;
    afmon_buffer_add(text, data, size);
    return text->failed;
}

/* Nothing that is sent on has a series for each item. */
static void no_label_has_an_id(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_view *view = NULL;
    struct afmon_buffer text;
    afmon_buffer_init(&text, SIZE_MAX);
    for (int i = 0; i < 200; i++) {
        afmon_item *item = begin(monitor, "conversation", 700001 + 2 * i);
        call(monitor, item, i % 3 != 0);
        assert_int_equal(i % 2 ? afmon_item_accept(item) : afmon_item_reject(item, "grade"), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, add_text, &text, NULL), AFMON_OK);
    assert_int_equal(afmon_prometheus_write(view, AFMON_PROMETHEUS_TEXT, add_text, &text, NULL), AFMON_OK);
    afmon_buffer_add(&text, "", 1);
    assert_true(count_of(text.data, "\n") > 100);
    assert_int_equal(count_of(text.data, "item_id"), 0);
    assert_int_equal(count_of(text.data, "id-7000"), 0);
    afmon_buffer_free(&text);
    afmon_view_close(view);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    remove_folder(folder);
}

/* A line by whatever writer: the id is where it is, and the other metadata are what is left. */
static void readers_find_the_id_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *id; /* NULL: it stays among the metadata */
        bool is_number;
        size_t fields;
    } lines[] = {
        {"{\"metric\": \"m\", \"value\": 1.0, \"a\": 1, \"item_id\": \"x-1\", \"timestamp\": "
         "\"2026-11-23T09:20:35.123456+00:00\"}",
         "x-1", false, 1},
        {"{\"metric\": \"m\", \"value\": 1.0, \"item_id\": 12, \"timestamp\": \"2026-11-23T09:20:35.123456+00:00\"}",
         "12", true, 0},
        {"{\"metric\": \"m\", \"value\": 1.0, \"item_id\": -3, \"b\": null, \"timestamp\": "
         "\"2026-11-23T09:20:35.123456+00:00\"}",
         "-3", true, 1},
        {"{\"timestamp\": \"2026-11-23T09:20:35Z\", \"item_id\": \"x\", \"metric\": \"m\", \"c\": 1, \"value\": 1}",
         "x", false, 1},
        {"{\"metric\": \"m\", \"value\": 1.0, \"item_id\": \"say \\\"hi\\\"\", \"timestamp\": "
         "\"2026-11-23T09:20:35.123456+00:00\"}",
         NULL, false, 1},
        {"{\"metric\": \"m\", \"value\": 1.0, \"item_id\": 1.5, \"timestamp\": \"2026-11-23T09:20:35.123456+00:00\"}",
         NULL, false, 1},
    };
    struct afmon_reader *reader = afmon_reader_new();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct afmon_read_sample sample;
        const char *why;
        assert_int_equal(afmon_read_line(reader, lines[i].line, strlen(lines[i].line), &sample, &why), AFMON_OK);
        assert_int_equal(sample.item.length, lines[i].id != NULL ? strlen(lines[i].id) : 0);
        if (lines[i].id != NULL)
            assert_memory_equal(sample.item.text, lines[i].id, sample.item.length);
        assert_int_equal(sample.item.is_number, lines[i].is_number);
        assert_int_equal(afmon_reader_packed(reader, &sample), AFMON_OK);
        struct afmon_field_walk walk = afmon_field_walk_begin(sample.packed, sample.packed_length);
        afmon_field field;
        size_t fields = 0;
        while (afmon_field_walk_next(&walk, &field))
            fields++;
        assert_int_equal(fields, lines[i].fields);
    }
    afmon_reader_free(reader);
}

/* Ids of both types in one chunk: its samples are learned from a few. */
static void exports_take_ids_of_both_types(void **state)
{
    (void)state;
    enum { ITEMS = 9000, TEXTS = 4000 }; /* texts in the first chunk alone */
    char *folder = make_folder();
    char path[1024];
    afmon_monitor *monitor = open_on(folder);
    afmon_view *view = NULL;
    for (int i = 0; i < ITEMS; i++) {
        char text[24];
        snprintf(text, sizeof text, "id-%d", i);
        const afmon_field field = i < TEXTS && i % 100 == 99 ? afmon_string("item_id", text) : afmon_int("item_id", i);
        assert_int_equal(afmon_record_metric(monitor, "m", i, &field, 1), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    snprintf(path, sizeof path, "%s/out.csv", folder);
    assert_int_equal(afmon_export(view, path, "csv", NULL, NULL), AFMON_OK);
    assert_int_equal(count_in(folder, "out_m.csv", ",id-"), TEXTS / 100);
    assert_int_equal(count_in(folder, "out_m.csv", ",8000.0,8000\r\n"), 1);
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    assert_int_equal(afmon_view_arrow_stream(view, NULL, &stream, NULL), AFMON_OK);
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    assert_string_equal(schema.children[3]->name, "item_id");
    assert_string_equal(schema.children[3]->format, "u"); /* all are texts */
    schema.release(&schema);
    stream.release(&stream);
    afmon_view_close(view);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    remove_folder(folder);
}

/* ---- The column ---- */

/* Ids of all lengths, over many chunks and blocks, some kept in memory and some not. */
static void the_column_keeps_every_id(void **state)
{
    (void)state;
    enum { SAMPLES = 60000 };
    struct afmon_store *store = afmon_store_new((size_t)1 << 30);
    struct afmon_series *series = afmon_store_series(store, "m", 1);
    char text[AFMON_ITEM_ID_MAX];
    for (int i = 0; i < SAMPLES; i++) {
        int length = snprintf(text, sizeof text, "%0*d", 1 + i / 7 % 90, i / 3);
        struct afmon_item_id id = {text, (uint32_t)length, i % 5 == 0 && length <= 20};
        struct afmon_store_sample sample = {.series = series, .value = i, .wall_us = i};
        if (i % 4 != 0)
            assert_true(afmon_store_item(store, &id, &sample.item));
        afmon_store_append(store, &sample, 1);
    }
    const struct afmon_series_data *data = afmon_store_find(store, "m", 1);
    int seen = 0;
    for (uint32_t e = data->first_entry; e <= data->end_entry; e++) {
        const struct afmon_chunk *chunk = e < data->end_entry ? data->entries[e].chunk : data->growing;
        for (uint32_t i = 0; chunk != NULL && i < chunk->count; i++, seen++) {
            int length = snprintf(text, sizeof text, "%0*d", 1 + seen / 7 % 90, seen / 3);
            struct afmon_item_id id = afmon_chunk_item_of(chunk, i);
            assert_int_equal(id.length, seen % 4 != 0 ? length : 0);
            if (id.length > 0)
                assert_memory_equal(id.text, text, id.length);
            if (id.length > 0)
                assert_int_equal(id.is_number, seen % 5 == 0 && length <= 20);
        }
    }
    assert_int_equal(seen, SAMPLES);
    afmon_store_release(store);
}

static size_t bytes_a_sample(bool items)
{
    enum { ITEMS = 100000, SERIES = 10, CALLS = 4 };
    struct afmon_store *store = afmon_store_new((size_t)1 << 30);
    struct afmon_store_stats stats;
    for (int i = 0; i < ITEMS; i++) {
        char text[24];
        struct afmon_item_id id = {text, (uint32_t)snprintf(text, sizeof text, "%d", i), true};
        struct afmon_item_place place = {0};
        if (items)
            assert_true(afmon_store_item(store, &id, &place));
        for (int k = 0; k < SERIES * CALLS; k++) {
            struct afmon_store_sample sample = {.value = k, .wall_us = i, .item = place};
            sample.series = afmon_store_series(store, &"abcdefghij"[k % SERIES], 1);
            afmon_store_append(store, &sample, 1);
        }
    }
    afmon_store_get_stats(store, &stats);
    afmon_store_release(store);
    return stats.bytes * 1000 / stats.samples_total;
}

/* In thousandths of a byte. */
static void an_item_takes_less_than_two_bytes_a_sample(void **state)
{
    (void)state;
    size_t without = bytes_a_sample(false);
    size_t with = bytes_a_sample(true);
    assert_in_range(with - without, 1000, 2000);
}

/* Samples of items that are made at the same time, of one to all of a page's samples each. */
static void a_fitted_column_says_the_same(void **state)
{
    (void)state;
    struct afmon_item_column column;
    uint16_t places[AFMON_CHUNK_SAMPLES];
    uint16_t written[3 * AFMON_CHUNK_SAMPLES];
    srandom(7);
    for (uint32_t count = 1; count <= AFMON_CHUNK_SAMPLES; count += 1 + count / 3) {
        for (long at_once = 1; at_once <= 4096; at_once *= 4) {
            for (uint32_t i = 0; i < count; i++)
                places[i] = (uint16_t)(i / 5 * 40 + (uint32_t)(random() % at_once) * 16);
            afmon_item_column_of(&column, places, count);
            assert_true(afmon_item_column_bytes(&column) <= sizeof written);
            afmon_item_column_write(&column, written);
            for (uint32_t i = 0; i < count; i++)
                assert_int_equal(afmon_item_column_at(written, count, i), places[i]);
        }
    }
}

/* What has left memory takes its ids along. */
static void ids_leave_memory_with_their_samples(void **state)
{
    (void)state;
    enum { SAMPLES = 400000 };
    const size_t most = (size_t)1 << 20;
    struct afmon_store *store = afmon_store_new(most);
    struct afmon_store_stats stats;
    for (int i = 0; i < SAMPLES; i++) {
        char text[24];
        struct afmon_item_id id = {text, (uint32_t)snprintf(text, sizeof text, "conversation-%d", i), false};
        struct afmon_store_sample sample = {.series = afmon_store_series(store, "m", 1), .value = i, .wall_us = i};
        assert_true(afmon_store_item(store, &id, &sample.item));
        afmon_store_append(store, &sample, 1);
    }
    afmon_store_get_stats(store, &stats);
    assert_true(stats.samples_evicted > SAMPLES / 2);
    assert_true(stats.bytes < 2 * most);
    afmon_store_release(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_counted_once),
        cmocka_unit_test(an_item_tried_without_end_is_warned_of),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(any_id_finds_its_item),
        cmocka_unit_test(a_killed_process_leaves_what_was_open_abandoned),
        cmocka_unit_test(time_left_comes_from_the_items),
        cmocka_unit_test(a_resumed_run_counts_what_was_made_once),
        cmocka_unit_test(forked_children_make_items_of_the_run),
        cmocka_unit_test(views_and_handlers_get_the_id),
        cmocka_unit_test(no_label_has_an_id),
        cmocka_unit_test(exports_take_ids_of_both_types),
        cmocka_unit_test(readers_find_the_id_anywhere),
        cmocka_unit_test(the_column_keeps_every_id),
        cmocka_unit_test(an_item_takes_less_than_two_bytes_a_sample),
        cmocka_unit_test(a_fitted_column_says_the_same),
        cmocka_unit_test(ids_leave_memory_with_their_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
