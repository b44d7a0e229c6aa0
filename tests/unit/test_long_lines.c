/* Lines that are nearly as long as may be, in afmon's form and in others: a run is opened, summed up and exported in
 * twice their length of memory, and what is in them is there, whole. */
#include "run_folder.h"

#include <afmon/afmon.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "catalog/fields.h"
#include "catalog/sets.h"
#include "sanitized.h"

#define PIECE "a line of a conversation\\n\\u00e9 \\\"quoted\\\" and \xc3\xa9; "
#define PLAIN "a line of a conversation\n\xc3\xa9 \"quoted\" and \xc3\xa9; "
#define IN_CSV "a line of a conversation\n\xc3\xa9 \"\"quoted\"\" and \xc3\xa9; "
#define WRITTEN "a line of a conversation\\n\xc3\xa9 \\\"quoted\\\" and \xc3\xa9; " /* as afmon writes it */
#define TIME "\"timestamp\": \"2026-11-30T10:00:00.000000+00:00\""

/* What stands before and behind the pieces, in the forms that lines come in. */
struct form {
    const char *begin, *end;
};

static const struct form own = {"{\"metric\": \"m\", \"value\": 1.0, \"k\": 7, \"text\": \"", "\", " TIME "}\n"};
static const struct form forms[] = {
    {"{\"metric\":\"m\",\"value\":1.0,\"k\":7,\"text\":\"", "\"," TIME "}\n"},
    {"{\"metric\":\"m\",\"value\":1.0,\"k\":7,\"text\":[{\"role\":\"user\",\"content\":\"", "\"}]," TIME "}\n"},
    {"{\"metric\": \"m\", \"value\": NaN, \"k\": 7, \"text\": \"", "\", " TIME "}\n"},
    {"{\"metric\": \"m\", \"value\": 1.0, \"k\": 7, \"text\": \"", "\\ud83d\", " TIME "}\n"},
};

/* A line of so many pieces; returns its length. */
static size_t write_line(const char *folder, const struct form *form, size_t pieces)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(form->begin, file);
    for (size_t i = 0; i < pieces; i++)
        fputs(PIECE, file);
    fputs(form->end, file);
    long length = ftell(file);
    assert_int_equal(fclose(file), 0);
    return (size_t)length;
}

/* ---- memory ---- */

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static bool export_as(afmon_view *view, const char *folder, const char *format)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/out.%s", folder, format);
    return afmon_export(view, path, format, NULL, NULL) == AFMON_OK;
}

static bool use(afmon_view *view, const char *folder)
{
    afmon_run_summary *summary;
    if (afmon_view_summarize(view, NULL, &summary, NULL) != AFMON_OK)
        return false;
    afmon_run_summary_free(summary);
    return export_as(view, folder, "json") && export_as(view, folder, "csv");
}

/* In a process of its own, for its peak. */
static int use_within(const char *folder, size_t line)
{
    afmon_view *view;
    long before = peak_kib();
    if (afmon_view_open(folder, NULL, &view, NULL) != AFMON_OK || !use(view, folder))
        return 2;
    long taken = peak_kib() - before;
    afmon_view_close(view);
    return (size_t)taken * 1024 <= 2 * line + ((size_t)4 << 20) ? 0 : 3;
}

static void assert_twice_is_enough(const struct form *form)
{
    char *folder = make_folder();
    size_t line = write_line(folder, form, ((size_t)32 << 20) / (sizeof PIECE - 1));
    pid_t child = fork();
    if (child == 0)
        _exit(use_within(folder, line));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    remove_folder(folder);
}

static void a_run_takes_twice_its_longest_line(void **state)
{
    (void)state;
    if (SANITIZED)
        skip(); /* memory is another thing there */
    assert_twice_is_enough(&own);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        assert_twice_is_enough(&forms[i]);
}

/* ---- what is in them ---- */

struct wanted {
    size_t pieces;
    size_t samples;
};

static bool is_repeated(const char *text, size_t length, const char *piece, size_t pieces)
{
    size_t one = strlen(piece);
    bool equal = length == one * pieces;
    for (size_t i = 0; equal && i < pieces; i++)
        equal = memcmp(text + i * one, piece, one) == 0;
    return equal;
}

static int check_sample(void *user, const afmon_sample *sample)
{
    struct wanted *wanted = user;
    wanted->samples++;
    assert_int_equal(sample->field_count, 2);
    assert_int_equal(sample->fields[0].as.integer, 7);
    assert_memory_equal(sample->fields[1].key, "text", 4);
    assert_true(is_repeated(sample->fields[1].as.text.data, sample->fields[1].as.text.length, PLAIN, wanted->pieces));
    return 0;
}

/* As one object of an export, and metadata is what a line has. */
static void check_json(const char *folder, size_t pieces)
{
    char *text = read_text(folder, "out.json");
    const char *begin = strstr(text, "\"k\": 7, \"text\": \"");
    assert_non_null(begin);
    begin += strlen("\"k\": 7, \"text\": \"");
    const char *end = strstr(begin, "\"}");
    assert_non_null(end);
    assert_true(is_repeated(begin, (size_t)(end - begin), WRITTEN, pieces));
    free(text);
}

/* As the last cell of the only row: its quotes are doubled. */
static void check_csv(const char *folder, size_t pieces)
{
    char *text = read_text(folder, "out_m.csv");
    const char *begin = strstr(text, ",7,\"");
    assert_non_null(begin);
    begin += strlen(",7,\"");
    assert_true(is_repeated(begin, strlen(begin) - strlen("\"\r\n"), IN_CSV, pieces));
    free(text);
}

/* Shorter and longer than what is kept once. */
static void long_texts_are_whole(void **state)
{
    (void)state;
    static const size_t pieces[] = {3, 1000, 100000};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char *folder = make_folder();
        struct wanted wanted = {.pieces = pieces[i]};
        afmon_view *view;
        write_line(folder, &own, pieces[i]);
        assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
        assert_int_equal(afmon_view_each(view, "m", AFMON_WINDOW_ALL, check_sample, &wanted), AFMON_OK);
        assert_int_equal(wanted.samples, 1);
        assert_true(use(view, folder));
        check_json(folder, pieces[i]);
        check_csv(folder, pieces[i]);
        afmon_view_close(view);
        remove_folder(folder);
    }
}

/* ---- sets ---- */

static void pack(struct afmon_buffer *packed, size_t length, char letter)
{
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, letter, length);
    const afmon_field fields[] = {afmon_string("model_name", "gpt"), afmon_string_n("text", text, length)};
    size_t size = afmon_fields_packed_size(fields, 2);
    afmon_buffer_clear(packed);
    assert_true(afmon_buffer_reserve(packed, size));
    afmon_fields_pack((unsigned char *)packed->data, fields, 2);
    packed->length = size;
    free(text);
}

/* It is one set, as a short one; it goes with the last reference. */
static void a_long_set_is_kept_once(void **state)
{
    (void)state;
    const size_t length = (size_t)3 << 20;
    struct afmon_buffer packed;
    struct afmon_sets *sets = afmon_sets_new();
    afmon_buffer_init(&packed, SIZE_MAX / 4);
    size_t before = afmon_sets_bytes(sets);
    pack(&packed, length, 'a');
    struct afmon_set *set = afmon_sets_take(sets, &packed);
    assert_non_null(set);
    assert_null(packed.data);
    assert_null(set->json);
    assert_text(set->model, set->model_length, "gpt");
    assert_true(afmon_sets_bytes(sets) - before < length + 1000);
    pack(&packed, length, 'a');
    assert_ptr_equal(afmon_sets_take(sets, &packed), set);
    assert_ptr_equal(afmon_sets_intern(sets, packed.data, packed.length), set);
    pack(&packed, length, 'b');
    struct afmon_set *other = afmon_sets_take(sets, &packed);
    assert_ptr_not_equal(other, set);
    pack(&packed, 10, 'a');
    struct afmon_set *few = afmon_sets_take(sets, &packed);
    assert_non_null(few->json);
    for (int i = 0; i < 3; i++)
        afmon_set_release(set);
    afmon_set_release(other);
    assert_true(afmon_sets_sweep(sets) > 2 * length);
    assert_true(afmon_sets_bytes(sets) - before < 1000);
    afmon_set_release(few);
    afmon_buffer_free(&packed);
    afmon_sets_free(sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_takes_twice_its_longest_line),
        cmocka_unit_test(long_texts_are_whole),
        cmocka_unit_test(a_long_set_is_kept_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
