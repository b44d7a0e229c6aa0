/* Reading items from the ends of files: lines backward, calls put together, pages, short memory, data sets. */
#include "run_folder.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fail_alloc.h"
#include "items/back.h"
#include "items/data_set.h"
#include "sanitized.h"

static char *path_in(const char *folder, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *data, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* ---- Lines ---- */

struct text_line {
    const char *data;
    size_t length;
};

/* What stands between newlines, and behind the last one. */
static size_t split(const char *data, size_t length, struct text_line *lines)
{
    size_t count = 0;
    const char *end = data + length;
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline != NULL ? newline : end;
        lines[count++] = (struct text_line){data, (size_t)(stop - data)};
        data = stop + 1;
    }
    return count;
}

/* A file of `length` bytes and a text behind it are the lines that they are together, from the last to the first. */
static void assert_backward(const char *path, const char *data, size_t length, size_t in_file, size_t piece)
{
    static struct text_line lines[512];
    struct afmon_back back;
    struct afmon_source source = {
        .path = (char *)(uintptr_t)path, .end = (off_t)in_file, .text_length = length - in_file};
    const char *line;
    size_t line_length = 0;
    size_t count = split(data, length, lines);
    source.text = malloc(source.text_length + 1);
    assert_non_null(source.text);
    memcpy(source.text, data + in_file, source.text_length);
    afmon_back_init(&back, &source, piece);
    while (count-- > 0) {
        assert_int_equal(afmon_back_next(&back, &line, &line_length, NULL), AFMON_OK);
        if (lines[count].length == 0 && line == NULL)
            break; /* an empty first line is none */
        assert_non_null(line);
        assert_int_equal(line_length, lines[count].length);
        assert_memory_equal(line, lines[count].data, line_length);
    }
    assert_int_equal(afmon_back_next(&back, &line, &line_length, NULL), AFMON_OK);
    assert_null(line);
    assert_int_equal(afmon_back_left(&back), 0);
    afmon_back_free(&back);
}

static void lines_come_from_the_last_to_the_first(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *path = path_in(folder, "f");
    char data[400];
    unsigned seed = 17;
    for (int round = 0; round < (SANITIZED ? 300 : 2000); round++) {
        size_t length = (size_t)(rand_r(&seed) % (int)sizeof data);
        size_t whole = 0; /* a text stands behind whole lines */
        int newlines = 2 + rand_r(&seed) % 40;
        for (size_t i = 0; i < length; i++) {
            data[i] = "abcdefghijklmnopqrstuvwxyz"[rand_r(&seed) % 26];
            if (rand_r(&seed) % newlines == 0)
                data[i] = '\n';
            if (data[i] == '\n' && rand_r(&seed) % 3 == 0)
                whole = i + 1;
        }
        write_file(path, data, length);
        size_t piece = 1 + (size_t)(rand_r(&seed) % 50);
        assert_backward(path, data, length, length, piece);
        if (data[0] != '\n' && whole < length)
            assert_backward(path, data, length, whole, piece);
    }
    remove_folder(folder);
}

static void a_file_that_is_cut_off_or_replaced_ends_the_reading(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *path = path_in(folder, "f");
    struct afmon_back back;
    afmon_error error = {0};
    const char *line;
    size_t length;
    write_file(path, "one\ntwo\nthree\nfour\n", 19);
    afmon_back_init(&back, &(struct afmon_source){.path = path, .end = 19}, 8);
    assert_int_equal(afmon_back_next(&back, &line, &length, NULL), AFMON_OK);
    assert_int_equal(length, 4);
    assert_int_equal(truncate(path, 6), 0);
    for (int i = 0; line != NULL; i++) {
        assert_true(i < 10);
        assert_int_equal(afmon_back_next(&back, &line, &length, NULL), AFMON_OK);
    }
    afmon_back_free(&back);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    afmon_back_init(&back, &(struct afmon_source){.path = path, .end = 19}, 8);
    assert_int_equal(afmon_back_next(&back, &line, &length, &error), AFMON_E_FORMAT);
    assert_non_null(strstr(error.message, "not a regular file"));
    afmon_back_free(&back);
    remove_folder(folder);
}

/* ---- Runs ---- */

/* Items whose calls are tried again, fail, and are made in two kinds; some were left. */
static char *make_run(int items)
{
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    for (int i = 0; i < items; i++) {
        afmon_item *item = NULL;
        char id[32];
        snprintf(id, sizeof id, "id-%d", i);
        assert_int_equal(afmon_item_begin(monitor, i % 2 == 0 ? "row" : "task", id, &item), AFMON_OK);
        for (int call = 0; call < 3; call++) {
            bool bad = call == 1 && i % 4 == 3;
            const afmon_field fields[] = {afmon_string("operation", call == 0 ? "question" : "answer"),
                                          afmon_string("component", "part")};
            const afmon_generation generation = {.duration_s = 0.5,
                                                 .success = !bad,
                                                 .error = bad ? "HTTP 503" : NULL,
                                                 .error_type = bad ? "InternalServerError" : NULL,
                                                 .http_status = bad ? 503 : 0,
                                                 .model_name = "model",
                                                 .finish_reason = "stop",
                                                 .prompt_token_count = AFMON_GIVEN(call),
                                                 .total_token_count = AFMON_GIVEN(10),
                                                 .fields = fields,
                                                 .field_count = 2,
                                                 .item = item};
            assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
            if (call == 1)
                afmon_item_retry(item);
        }
        if (i % 4 == 3)
            assert_int_equal(afmon_item_fail(item, "InternalServerError"), AFMON_OK);
        else if (i % 4 == 2)
            assert_int_equal(afmon_item_reject(item, "grade"), AFMON_OK);
        else if (i % 4 == 1)
            afmon_item_drop(item);
        else
            assert_int_equal(afmon_item_accept(item), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    return folder;
}

static void calls_are_put_together(void **state)
{
    (void)state;
    char *folder = make_run(4);
    afmon_item_reader *reader = NULL;
    const afmon_found_item *item;
    assert_int_equal(afmon_item_reader_open(folder, NULL, &reader, NULL), AFMON_OK);
    assert_int_equal(afmon_item_reader_next(reader, &item, NULL), AFMON_OK);
    assert_string_equal(item->id, "id-3");
    assert_string_equal(item->kind, "task");
    assert_int_equal(item->state, AFMON_ITEM_FAILED);
    assert_string_equal(item->why, "InternalServerError");
    assert_int_equal(item->attempts, 2);
    assert_int_equal(item->call_count, 3);
    for (int i = 0; i < 3; i++) {
        const afmon_item_call *call = &item->calls[i];
        assert_string_equal(call->operation, i == 0 ? "question" : "answer");
        assert_string_equal(call->component, "part");
        assert_string_equal(call->model_name, "model");
        assert_int_equal(call->success, i != 1);
        assert_false(call->evaluation);
        assert_int_equal(call->status, i == 1 ? 503 : 0);
        assert_string_equal(call->error, i == 1 ? "HTTP 503" : "");
        assert_string_equal(call->error_type, i == 1 ? "InternalServerError" : "");
        assert_int_equal(call->attempt, i == 2 ? 2 : 1);
        assert_true(call->duration_s == 0.5 && call->prompt_tokens == i && call->total_tokens == 10);
        assert_true(isnan(call->completion_tokens));
    }
    assert_int_equal(afmon_item_reader_next(reader, &item, NULL), AFMON_OK);
    assert_int_equal(item->state, AFMON_ITEM_REJECTED);
    assert_int_equal(afmon_item_reader_next(reader, &item, NULL), AFMON_OK);
    assert_int_equal(item->state, AFMON_ITEM_ABANDONED);
    assert_int_equal(item->attempts, 2);
    assert_true(isnan(item->duration_s) && item->ended_ns == INT64_MIN);
    afmon_item_reader_close(reader);
    remove_folder(folder);
}

/* A judge's calls stand among those that made the item, and are none of them. */
static void evaluations_are_there(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_item *item = NULL;
    const afmon_field fields[] = {afmon_string("operation", "structured_generation")};
    const afmon_score scores[] = {{.name = "truth", .value = 0.25, .feedback = "so so"}};
    assert_int_equal(afmon_item_begin_number(monitor, "row", 1, &item), AFMON_OK);
    const afmon_generation whole = {.duration_s = 1, .success = true, .fields = fields, .field_count = 1, .item = item};
    assert_int_equal(afmon_track_generation(monitor, &whole), AFMON_OK);
    for (int i = 0; i < 2; i++) {
        const afmon_evaluation judged = {.duration_s = 2,
                                         .success = i == 0,
                                         .evaluator_type = "judge",
                                         .scores = scores,
                                         .score_count = i == 0,
                                         .error = i == 0 ? NULL : "no verdict",
                                         .error_type = i == 0 ? NULL : "ValueError",
                                         .total_token_count = AFMON_GIVEN(30),
                                         .item = item};
        assert_int_equal(afmon_track_evaluation(monitor, &judged), AFMON_OK);
    }
    assert_int_equal(afmon_item_reject(item, "judge"), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_item_reader *reader = NULL;
    afmon_item_query query;
    const afmon_found_item *found;
    afmon_item_query_init(&query);
    query.error_type = "ValueError";
    assert_int_equal(afmon_item_reader_open(folder, &query, &reader, NULL), AFMON_OK);
    assert_int_equal(afmon_item_reader_next(reader, &found, NULL), AFMON_OK);
    assert_int_equal(found->call_count, 3); /* what made the row is a call, for there is no other */
    assert_false(found->calls[0].evaluation);
    for (int i = 1; i < 3; i++) {
        assert_true(found->calls[i].evaluation);
        assert_string_equal(found->calls[i].evaluator_type, "judge");
        assert_true(found->calls[i].duration_s == 2 && found->calls[i].total_tokens == 30);
        assert_int_equal(found->calls[i].success, i == 1);
        assert_string_equal(found->calls[i].error, i == 1 ? "" : "no verdict");
    }
    afmon_item_reader_close(reader);
    remove_folder(folder);
}

/* More calls than are kept of an item are counted; the latest are there. */
static void an_item_with_many_calls(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_item *item = NULL;
    assert_int_equal(afmon_item_begin_number(monitor, "row", 7, &item), AFMON_OK);
    for (int i = 0; i < 1100; i++) {
        const afmon_generation generation = {
            .duration_s = i, .success = true, .total_token_count = AFMON_GIVEN(i), .item = item};
        assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
    }
    assert_int_equal(afmon_item_accept(item), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_item_reader *reader = NULL;
    const afmon_found_item *found;
    assert_int_equal(afmon_item_reader_open(folder, NULL, &reader, NULL), AFMON_OK);
    assert_int_equal(afmon_item_reader_next(reader, &found, NULL), AFMON_OK);
    assert_int_equal(found->call_count, 1000);
    assert_int_equal(found->calls_left_out, 100);
    assert_true(found->calls[0].duration_s == 100 && found->calls[999].duration_s == 1099);
    afmon_item_reader_close(reader);
    remove_folder(folder);
}

/* ---- Short memory ---- */

static afmon_status read_all(const char *folder, const afmon_item_query *query, int *count)
{
    afmon_item_reader *reader = NULL;
    const afmon_found_item *item = NULL;
    afmon_status status = afmon_item_reader_open(folder, query, &reader, NULL);
    *count = 0;
    while (status == AFMON_OK && (status = afmon_item_reader_next(reader, &item, NULL)) == AFMON_OK && item != NULL)
        ++*count;
    afmon_item_reader_close(reader);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *folder = make_run(6);
    char data[1024];
    snprintf(data, sizeof data, "%s/data.jsonl", folder);
    write_file(data, "{\"id\": \"id-5\"}\n{\"id\": \"id-0\"}\n", 30);
    for (int kind = 0; kind < 3; kind++) {
        afmon_item_query query;
        afmon_item_query_init(&query);
        query.slowest = kind == 1 ? 2 : 0;
        query.id = kind == 2 ? "id-3" : NULL;
        query.text = true;
        query.data_set = data;
        bool failed = true;
        for (long n = 1; failed; n++) {
            int count;
            fail_alloc_at(n);
            afmon_status status = read_all(folder, &query, &count);
            failed = fail_alloc_stop();
            if (!failed || status == AFMON_OK)
                assert_int_equal(count, kind == 0 ? 6 : kind == 1 ? 2 : 1);
            else
                assert_int_equal(status, AFMON_E_NO_MEMORY);
        }
    }
    remove_folder(folder);
}

/* ---- Misuse ---- */

static void misuse_is_refused(void **state)
{
    (void)state;
    char *folder = make_run(2);
    afmon_item_reader *reader = NULL;
    afmon_item_query query;
    afmon_error error = {0};
    const afmon_found_item *item;
    assert_int_equal(afmon_item_reader_open(folder, NULL, NULL, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_item_reader_open("", NULL, &reader, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_item_reader_open("/nowhere", NULL, &reader, &error), AFMON_E_SYSTEM);
    assert_null(reader);
    assert_int_equal(afmon_item_reader_next(NULL, &item, &error), AFMON_E_ARGUMENT);
    static const char *const cursors[] = {"x", "0000000000000000.1", "00000000000000ff", "00000000000000ff.1 ",
                                          "00000000000000ff.11111111111111111111111111111"};
    for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++) {
        afmon_item_query_init(&query);
        query.cursor = cursors[i];
        assert_int_equal(afmon_item_reader_open(folder, &query, &reader, &error), AFMON_E_ARGUMENT);
        assert_null(reader);
    }
    afmon_item_query_init(&query);
    query.size = sizeof query + 8; /* of a newer header */
    assert_int_equal(afmon_item_reader_open(folder, &query, &reader, &error), AFMON_E_ARGUMENT);
    query.size = 16; /* of an older one */
    assert_int_equal(afmon_item_reader_open(folder, &query, &reader, &error), AFMON_OK);
    afmon_item_reader_close(reader);
    afmon_item_reader_close(NULL);
    assert_string_equal(afmon_item_state_name((afmon_item_state)99), "");
    remove_folder(folder);
}

/* ---- Data sets ---- */

static void lines_of_a_data_set_are_found(void **state)
{
    (void)state;
    static const char text[] =
        "{\"metadata\": {\"index\": 1, \"seed\": 9}, \"conversations\": [{\"id\": \"x\", \"index\": 2}]}\n"
        "{\"id\": \"1\", \"n\": \"by id\"}\n"
        "{\"index\":3,\"text\":\"\\\"index\\\": 4, \\\"id\\\": 5\"}\n"
        "not JSON \"index\": 6\n"
        "{\"index\": 7, \"broken\": }\n"
        "\n"
        "{\"item_id\": \"a\\u0062\", \"id\": \"last\"}\n"
        "{\"id\": \"again\", \"n\": 1}\n{\"id\": \"again\", \"n\": 2}\n"
        "{\"metadata\": [{\"index\": 8}], \"other\": {\"index\": 8}}\n"
        "{\"id\": \"torn\", \"n\": 3}";
    static const struct {
        const char *kind, *id, *begins; /* NULL: not there */
    } wanted[] = {{"conversation", "1", "{\"id\": \"1\""},
                  {"row", "1", "{\"id\": \"1\""},
                  {"conversation", "3", "{\"index\":3"},
                  {"row", "3", NULL},
                  {"conversation", "2", NULL},
                  {"conversation", "4", NULL},
                  {"conversation", "5", NULL},
                  {"conversation", "6", NULL},
                  {"conversation", "7", NULL},
                  {"conversation", "8", NULL},
                  {"task", "last", "{\"item_id\""},
                  {"task", "x", NULL},
                  {"task", "again", "{\"id\": \"again\", \"n\": 2}"},
                  {"task", "torn", "{\"id\": \"torn\""},
                  {"task", "", NULL}};
    char *folder = make_folder();
    char *path = path_in(folder, "data.jsonl");
    struct afmon_data_set set;
    const char *line;
    size_t length;
    write_file(path, text, sizeof text - 1);
    assert_int_equal(afmon_data_set_open(&set, path, NULL), AFMON_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_int_equal(afmon_data_set_find(&set, wanted[i].kind, wanted[i].id, &line, &length, NULL), AFMON_OK);
        assert_int_equal(line != NULL, wanted[i].begins != NULL);
        if (line != NULL)
            assert_memory_equal(line, wanted[i].begins, strlen(wanted[i].begins));
    }
    /* Another file in its place by now is no text of the item. */
    write_file(path, "{\"id\"", 5);
    assert_int_not_equal(afmon_data_set_find(&set, "task", "again", &line, &length, NULL), AFMON_OK);
    assert_null(line);
    afmon_data_set_free(&set);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_from_the_last_to_the_first),
        cmocka_unit_test(a_file_that_is_cut_off_or_replaced_ends_the_reading),
        cmocka_unit_test(calls_are_put_together),
        cmocka_unit_test(evaluations_are_there),
        cmocka_unit_test(an_item_with_many_calls),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(lines_of_a_data_set_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
