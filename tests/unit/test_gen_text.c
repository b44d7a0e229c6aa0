/* Text that grows; prompts; the sentences of the simulated model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "generators/grammar.h"
#include "generators/prompts.h"
#include "generators/text.h"

static void texts_grow_to_their_limit_and_no_further(void **state)
{
    (void)state;
    gen_text text = {.limit = 1000};
    for (int i = 0; i < 100; i++)
        gen_text_puts(&text, "0123456789");
    assert_true(gen_text_ok(&text));
    assert_int_equal(text.length, 1000);
    gen_text_puts(&text, "x");
    assert_false(gen_text_ok(&text));
    gen_text_append(&text, "", 0);
    assert_false(gen_text_ok(&text));
    assert_null(gen_text_take(&text));
    gen_text_puts(&text, "again");
    assert_string_equal(text.data, "again");
    gen_text_free(&text);
}

static void texts_take_formats_and_nul_bytes(void **state)
{
    (void)state;
    gen_text text = {0};
    gen_text_append(&text, "a\0b", 3);
    gen_text_printf(&text, "%d-%s", 42, "x");
    assert_int_equal(text.length, 7);
    assert_memory_equal(text.data, "a\0b42-x", 8);
    gen_text_clear(&text);
    char *empty = gen_text_take(&text);
    assert_string_equal(empty, "");
    free(empty);
    char *nothing = gen_text_take(&(gen_text){0});
    assert_string_equal(nothing, "");
    free(nothing);
}

static void copies_are_cut_between_characters(void **state)
{
    (void)state;
    char out[6];
    gen_copy(out, sizeof out, "abcdefgh");
    assert_string_equal(out, "abcde");
    gen_copy(out, sizeof out, "abc\u20acd"); /* three bytes from the fourth on */
    assert_string_equal(out, "abc");
    gen_copy(out, sizeof out, "");
    assert_string_equal(out, "");
}

static void check_unwrap(const char *answer, const char *wanted)
{
    char text[256];
    snprintf(text, sizeof text, "%s", answer);
    assert_string_equal(gen_prompt_unwrap(text), wanted);
}

static void a_written_prompt_is_unwrapped(void **state)
{
    (void)state;
    check_unwrap("You are a user.", "You are a user.");
    check_unwrap("  \n<user_system_prompt>\nYou are.\n</user_system_prompt>\n bye", "You are.");
    check_unwrap("Sure!\n<user_system_prompt>You are.", "You are.");
    check_unwrap("```text\nYou are.\n```", "You are.");
    check_unwrap("```You are.```", "You are.");
    check_unwrap("``````", "");
    check_unwrap("```", "```");
    check_unwrap("<user_system_prompt></user_system_prompt>", "");
    check_unwrap("", "");
    check_unwrap("users sleep", "users sleep"); /* no letters of the tags are eaten from the ends */
}

static void questions_name_the_topic(void **state)
{
    (void)state;
    gen_text text = {0};
    gen_prompt_first_question(&text, NULL);
    assert_string_equal(text.data, "Ask your first question.");
    gen_text_clear(&text);
    gen_prompt_first_question(&text, "50% off {thing} %s");
    assert_non_null(strstr(text.data, "50% off {thing} %s"));
    gen_text_free(&text);
}

static void check_sentence(void (*write)(gen_text *, gen_random *, const char *), const char *topic, uint64_t index)
{
    gen_text text = {0};
    gen_random random = gen_random_at(1, index, 0);
    write(&text, &random, topic);
    assert_true(gen_text_ok(&text));
    assert_true(text.length > 20);
    assert_null(strpbrk(text.data, "{}"));
    assert_null(strstr(text.data, ".."));
    gen_text_free(&text);
}

static void sentences_are_whole(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        const char *topic = i % 9 == 8 ? NULL : gen_grammar_topic(i % 9);
        check_sentence(gen_grammar_question, topic, i);
        check_sentence(gen_grammar_follow_up, topic, i);
        check_sentence(gen_grammar_answer, topic, i);
    }
}

static void a_topic_is_never_a_template(void **state)
{
    (void)state;
    gen_text text = {0};
    for (uint64_t i = 0; i < 50; i++) {
        gen_random random = gen_random_at(2, i, 0);
        gen_grammar_answer(&text, &random, "{thing}{");
        gen_grammar_question(&text, &random, "{thing}{");
    }
    assert_non_null(strstr(text.data, "{thing}{"));
    gen_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_grow_to_their_limit_and_no_further),
        cmocka_unit_test(texts_take_formats_and_nul_bytes),
        cmocka_unit_test(copies_are_cut_between_characters),
        cmocka_unit_test(a_written_prompt_is_unwrapped),
        cmocka_unit_test(questions_name_the_topic),
        cmocka_unit_test(sentences_are_whole),
        cmocka_unit_test(a_topic_is_never_a_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
