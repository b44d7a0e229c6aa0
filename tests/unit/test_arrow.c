/* The Arrow stream: its columns, batches, ownership, errors. What pyarrow and others read of it is in tests/e2e. */
#include <errno.h>
#include <pthread.h>

#include "fail_alloc.h"
#include "run_folder.h"

enum { SAMPLES = 150000 };

static afmon_view *view_of(const char *folder, size_t max_memory, int count)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_view *view;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.log_handler_count = 0;
    if (max_memory > 0)
        options.max_memory = max_memory;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    for (int i = 0; i < count; i++) {
        afmon_field fields[] = {afmon_string("value", "t"), afmon_int("index", i), afmon_bool("even", i % 2 == 0)};
        assert_int_equal(
            afmon_record_metric(monitor, i % 3 ? "one" : "two", i % 5 ? (double)i : (double)NAN, fields, i % 7 ? 3 : 2),
            AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    return view;
}

static void check_schema(struct ArrowArrayStream *stream)
{
    static const char *const names[] = {"metric_name", "timestamp", "value", "_value", "index", "even"};
    static const char *const formats[] = {"u", "tsu:UTC", "g", "u", "l", "b"};
    struct ArrowSchema schema;
    assert_int_equal(stream->get_schema(stream, &schema), 0);
    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 6);
    for (int i = 0; i < 6; i++) {
        assert_string_equal(schema.children[i]->name, names[i]);
        assert_string_equal(schema.children[i]->format, formats[i]);
        assert_int_equal(schema.children[i]->flags, i < 2 ? 0 : ARROW_FLAG_NULLABLE);
    }
    schema.release(&schema);
    assert_null(schema.release);
}

static bool bit(const void *bits, int64_t at)
{
    return bits == NULL || ((const unsigned char *)bits)[at / 8] >> (at % 8) & 1;
}

/* Of each row: "index" tells which sample it is, and with it what must be in the others. Returns the sum of them. */
static int64_t check_batch(const struct ArrowArray *batch)
{
    int64_t sum = 0;
    const int64_t *index = batch->children[4]->buffers[1];
    const double *values = batch->children[2]->buffers[1];
    const int32_t *offsets = batch->children[0]->buffers[1];
    const char *texts = batch->children[0]->buffers[2];
    for (int64_t row = 0; row < batch->length; row++) {
        int64_t i = index[row];
        sum += i;
        assert_int_equal(offsets[row + 1] - offsets[row], 3);
        assert_memory_equal(texts + offsets[row], i % 3 ? "one" : "two", 3);
        assert_int_equal(bit(batch->children[2]->buffers[0], row), i % 5 != 0);
        if (i % 5 != 0)
            assert_true(values[row] == (double)i);
        assert_int_equal(bit(batch->children[5]->buffers[0], row), i % 7 != 0);
        if (i % 7 != 0)
            assert_int_equal(bit(batch->children[5]->buffers[1], row), i % 2 == 0);
    }
    return sum;
}

static int64_t read_all(struct ArrowArrayStream *stream, int *batches)
{
    int64_t sum = 0;
    for (*batches = 0;; ++*batches) {
        struct ArrowArray batch;
        assert_int_equal(stream->get_next(stream, &batch), 0);
        if (batch.release == NULL)
            return sum;
        assert_in_range(batch.length, 1, 65536);
        sum += check_batch(&batch);
        batch.release(&batch);
        assert_null(batch.release);
    }
}

static void batches_hold_every_sample(void **state)
{
    (void)state;
    for (int limited = 0; limited < 2; limited++) {
        char *folder = make_folder();
        afmon_view *view = view_of(folder, limited ? 16 << 20 : 0, SAMPLES);
        struct ArrowArrayStream stream;
        int batches;
        assert_int_equal(afmon_view_arrow_stream(view, NULL, &stream, NULL), AFMON_OK);
        afmon_view_close(view); /* the stream goes on */
        check_schema(&stream);
        assert_int_equal(read_all(&stream, &batches), (int64_t)SAMPLES * (SAMPLES - 1) / 2);
        assert_int_equal(batches, 3);
        stream.release(&stream);
        assert_null(stream.release);
        remove_folder(folder);
    }
}

static void children_may_be_taken_out(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = view_of(folder, 0, 100);
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    struct ArrowSchema schema;
    assert_int_equal(afmon_view_arrow_stream(view, NULL, &stream, NULL), AFMON_OK);
    assert_int_equal(stream.get_next(&stream, &batch), 0);
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    struct ArrowArray index = *batch.children[4];
    batch.children[4]->release = NULL;
    struct ArrowSchema type = *schema.children[4];
    schema.children[4]->release = NULL;
    batch.release(&batch);
    schema.release(&schema);
    stream.release(&stream);
    afmon_view_close(view);
    assert_int_equal(index.length, 100);
    assert_string_equal(type.name, "index");
    index.release(&index);
    type.release(&type);
    remove_folder(folder);
}

static void *read_elsewhere(void *user)
{
    int batches;
    assert_int_equal(read_all(user, &batches), 1000 * 999 / 2);
    return NULL;
}

static void another_thread_may_read(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = view_of(folder, 0, 1000);
    struct ArrowArrayStream stream;
    pthread_t thread;
    assert_int_equal(afmon_view_arrow_stream(view, NULL, &stream, NULL), AFMON_OK);
    assert_int_equal(pthread_create(&thread, NULL, read_elsewhere, &stream), 0);
    pthread_join(thread, NULL);
    stream.release(&stream);
    afmon_view_close(view);
    remove_folder(folder);
}

static int stop(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
    return 1;
}

static void errors_are_told(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = view_of(folder, 0, 20000);
    struct ArrowArrayStream stream;
    afmon_export_options options;
    afmon_error error = {0};
    afmon_export_options_init(&options);
    assert_int_equal(afmon_view_arrow_stream(NULL, NULL, &stream, &error), AFMON_E_ARGUMENT);
    options.progress = stop;
    assert_int_equal(afmon_view_arrow_stream(view, &options, &stream, &error), AFMON_E_CANCELLED);
    options.progress = NULL;
    options.metrics = (const char *const[]){"three"};
    options.metric_count = 1;
    assert_int_equal(afmon_view_arrow_stream(view, &options, &stream, &error), AFMON_E_UNKNOWN_METRIC);
    assert_null(stream.release);
    afmon_view_close(view);
    remove_folder(folder);
}

static void a_file_that_is_gone_is_an_error_once(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[600];
    afmon_view *view = view_of(folder, 16 << 20, SAMPLES);
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    assert_int_equal(afmon_view_arrow_stream(view, NULL, &stream, NULL), AFMON_OK);
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(stream.get_next(&stream, &batch), EIO);
    assert_non_null(strstr(stream.get_last_error(&stream), "metrics.jsonl"));
    assert_int_equal(stream.get_next(&stream, &batch), 0);
    assert_null(batch.release);
    stream.release(&stream);
    afmon_view_close(view);
    remove_folder(folder);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = view_of(folder, 0, 60);
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct ArrowArrayStream stream;
        struct ArrowSchema schema;
        struct ArrowArray batch;
        fail_alloc_at(n);
        if (afmon_view_arrow_stream(view, NULL, &stream, NULL) == AFMON_OK) {
            if (stream.get_schema(&stream, &schema) == 0)
                schema.release(&schema);
            if (stream.get_next(&stream, &batch) == 0 && batch.release != NULL)
                batch.release(&batch);
            stream.release(&stream);
        }
        failed = fail_alloc_stop();
        assert_true(failed || n > 20);
    }
    afmon_view_close(view);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_hold_every_sample),
        cmocka_unit_test(children_may_be_taken_out),
        cmocka_unit_test(another_thread_may_read),
        cmocka_unit_test(errors_are_told),
        cmocka_unit_test(a_file_that_is_gone_is_an_error_once),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
