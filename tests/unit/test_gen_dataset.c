/* The data set: its lines, its lock, and taking it up again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include <jansson.h>

#include "generators/dataset.h"

static char path[] = "/tmp/afmon-test-dataset-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    int result = unlink(path);
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    return result;
}

static void put(const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void check_content(const char *wanted)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    assert_string_equal(text, wanted);
}

static gen_dataset *take_up(uint64_t count, gen_dataset_found *found)
{
    char error[256] = "";
    gen_dataset *dataset = gen_dataset_open(path, true, count, found, error, sizeof error);
    if (dataset == NULL)
        fail_msg("%s", error);
    return dataset;
}

static gen_conversation sample(gen_message messages[2])
{
    messages[0] = (gen_message){GEN_USER, "Why?\n\"so\"", NULL};
    messages[1] = (gen_message){GEN_ASSISTANT, "\u20ac", NULL};
    return (gen_conversation){.index = 7,
                              .topic = "t",
                              .planned_turns = 2,
                              .turns = 1,
                              .messages = messages,
                              .count = 2,
                              .model = "m",
                              .duration_s = 1.5,
                              .prompt_tokens = 10};
}

#define LINE                                                                                                           \
    "{\"conversations\": [{\"role\": \"user\", \"content\": \"Why?\\n\\\"so\\\"\"}, {\"role\": \"assistant\", "        \
    "\"content\": \"\u20ac\"}], \"metadata\": {\"index\": 7, \"turns\": 1, \"planned_turns\": 2, \"seed\": 3, "        \
    "\"duration\": 1.5, \"topic\": \"t\", \"model\": \"m\", \"prompt_tokens\": 10}}\n"

static void lines_are_whole(void **state)
{
    (void)state;
    gen_message messages[2];
    gen_conversation c = sample(messages);
    char *line = gen_dataset_line(&c, 3);
    assert_string_equal(line, LINE);
    free(line);
}

static void what_was_appended_is_found_again(void **state)
{
    (void)state;
    gen_message messages[2];
    gen_conversation c = sample(messages);
    gen_dataset_found found;
    char error[256];
    gen_dataset *dataset = gen_dataset_open(path, false, 10, &found, error, sizeof error);
    assert_non_null(dataset);
    assert_false(gen_dataset_has(dataset, 7));
    assert_true(gen_dataset_append(dataset, &c, 3, error, sizeof error));
    assert_true(gen_dataset_close(dataset));
    check_content(LINE);
    dataset = take_up(10, &found);
    assert_true(gen_dataset_has(dataset, 7));
    assert_false(gen_dataset_has(dataset, 6) || gen_dataset_has(dataset, 8) || gen_dataset_has(dataset, 1000));
    assert_int_equal(found.lines, 1);
    assert_true(found.has_seed && found.seed == 3);
    assert_true(gen_dataset_close(dataset));
}

static void a_file_with_content_needs_resume(void **state)
{
    (void)state;
    gen_dataset_found found;
    char error[256] = "";
    put("x", 1);
    assert_null(gen_dataset_open(path, false, 10, &found, error, sizeof error));
    assert_non_null(strstr(error, "--resume"));
    check_content("x");
}

static void a_second_writer_is_refused(void **state)
{
    (void)state;
    gen_dataset_found found;
    char error[256] = "";
    gen_dataset *dataset = take_up(10, &found);
    assert_null(gen_dataset_open(path, true, 10, &found, error, sizeof error));
    assert_non_null(strstr(error, "another process"));
    gen_dataset_close(dataset);
    gen_dataset_close(take_up(10, &found));
}

static void every_torn_end_is_mended(void **state)
{
    (void)state;
    static const char two[] = LINE LINE;
    size_t first = sizeof LINE - 1, whole = sizeof two - 1;
    for (size_t cut = first; cut <= whole; cut++) {
        gen_dataset_found found;
        put(two, cut);
        gen_dataset_close(take_up(10, &found));
        bool kept = cut + 1 >= whole;
        assert_int_equal(found.lines, kept ? 2 : 1);
        assert_int_equal(found.torn_bytes, kept ? 0 : cut - first);
        assert_int_equal(found.below, 1);
        check_content(kept ? two : LINE);
    }
}

static void strange_lines_are_counted_and_kept(void **state)
{
    (void)state;
    static const char text[] = LINE "\n[]\n{\"conversations\": [], \"metadata\": {\"index\": -1}}\n"
                                    "{\"conversations\": 1, \"metadata\": {\"index\": 1}}\n\xff\n";
    gen_dataset_found found;
    put(text, sizeof text - 1);
    gen_dataset_close(take_up(10, &found));
    assert_int_equal(found.lines, 1);
    assert_int_equal(found.strange, 4);
    assert_int_equal(found.first_strange, 3);
    check_content(text);
}

static void nul_bytes_at_the_end_are_a_torn_line(void **state)
{
    (void)state;
    char text[sizeof LINE + 100] = LINE; /* what some file systems leave after a power cut */
    gen_dataset_found found;
    put(text, sizeof text);
    gen_dataset_close(take_up(10, &found));
    assert_int_equal(found.torn_bytes, 101);
    check_content(LINE);
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_whole),
        WITH_FILE(what_was_appended_is_found_again),
        WITH_FILE(a_file_with_content_needs_resume),
        WITH_FILE(a_second_writer_is_refused),
        WITH_FILE(every_torn_end_is_mended),
        WITH_FILE(strange_lines_are_counted_and_kept),
        WITH_FILE(nul_bytes_at_the_end_are_a_torn_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
