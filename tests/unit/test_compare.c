/* Comparisons: the statistics against known values and brute force, runs that left memory, every allocation failing. */
#include "fail_alloc.h"
#include "run_folder.h"

#include "base/buffer.h"
#include "compare/figures.h"
#include "compare/student.h"
#include "store/view_internal.h"

static uint64_t random_state = 1;

static double random_unit(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

/* ---- Student's distribution: scipy 1.17.1, 2 * stats.t.sf(t, freedom) ---- */

static void test_student(void **state)
{
    static const struct {
        double t;
        double freedom;
        double p;
    } known[] = {{0, 5, 1},
                 {0.5, 1, 0.70483276469913347},
                 {1.96, 2, 0.18905730960173228},
                 {3.2, 3.5, 0.039740059367987364},
                 {2, 10, 0.073388034770740365},
                 {4.5, 30.25, 9.3716650208311124e-05},
                 {1.96, 600, 0.05045823166303974},
                 {5.5, 2000, 4.2849170951582915e-08},
                 {3.29, 99999, 0.0010022201413346248},
                 {1.96, 1e6, 0.049996067585269852},
                 {40, 3, 3.4380680789158506e-05},
                 {8, 1e5, 1.2573919876256345e-15}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double p = afmon_student_two_sided(known[i].t, known[i].freedom);
        double near = known[i].freedom > 1e5 ? 1e-4 : 1e-9; /* beyond that it is the normal distribution */
        if (fabs(p / known[i].p - 1) > near)
            fail_msg("t %g, freedom %g: %.15g, and not %.15g", known[i].t, known[i].freedom, p, known[i].p);
        double t = afmon_student_quantile(known[i].p, known[i].freedom);
        if (known[i].p < 1)
            assert_true(fabs(t / known[i].t - 1) < 1e-4);
    }
    assert_true(afmon_student_two_sided(INFINITY, 3) == 0);
}

/* ---- Contrasts ---- */

enum { ITEMS = 60, CALLS = 3, SAMPLES = ITEMS * CALLS };

static void fill(struct afmon_compare_row rows[SAMPLES], uint32_t first, double shift)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        double item = random_unit();
        for (unsigned k = 0; k < CALLS; k++)
            rows[i * CALLS + k] =
                (struct afmon_compare_row){.value = 1 + item + random_unit() + shift, .cluster = first + i};
    }
}

static double mean_of(const struct afmon_compare_row *rows)
{
    double sum = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sum += rows[i].value;
    return sum / SAMPLES;
}

/* The variance of a mean, its clusters summed one by one. */
static double variance_of(const struct afmon_compare_row *rows, double mean)
{
    double squares = 0;
    for (unsigned i = 0; i < ITEMS; i++) {
        double sum = 0;
        for (unsigned k = 0; k < CALLS; k++)
            sum += (rows[i * CALLS + k].value - mean) / SAMPLES;
        squares += sum * sum;
    }
    return squares * ITEMS / (ITEMS - 1);
}

static void test_means_by_cluster(void **state)
{
    struct afmon_compare_row rows[2][SAMPLES];
    struct afmon_contrast_scratch scratch = {0};
    struct afmon_contrast contrast;
    (void)state;
    fill(rows[0], 0, 0);
    fill(rows[1], ITEMS, 0.1);
    assert_true(afmon_clusters_reserve(&scratch.clusters, 2 * ITEMS));
    const struct afmon_ratio runs[] = {{.over = {rows[0], SAMPLES}}, {.over = {rows[1], SAMPLES}}};
    afmon_contrast_ratio(&scratch, runs, AFMON_DIFF_ABSOLUTE, &contrast);
    double means[] = {mean_of(rows[0]), mean_of(rows[1])};
    double error = sqrt(variance_of(rows[0], means[0]) + variance_of(rows[1], means[1]));
    assert_true(contrast.known);
    assert_true(contrast.values[0].clusters == ITEMS && contrast.values[0].count == SAMPLES);
    assert_true(fabs(contrast.effect - (means[1] - means[0])) < 1e-12);
    double t = afmon_student_quantile(0.05, 60); /* about as many degrees of freedom as 120 flat sums have */
    double width = (contrast.high - contrast.low) / 2;
    assert_true(width > error * t * 0.97 && width < error * t * 1.03);
    afmon_contrast_scratch_free(&scratch);
}

/* Where both runs have the same items, what these share is no noise. */
static void test_items_of_both_are_paired(void **state)
{
    struct afmon_compare_row rows[2][SAMPLES];
    struct afmon_contrast_scratch scratch = {.paired = true};
    struct afmon_contrast contrast;
    (void)state;
    fill(rows[0], 0, 0);
    for (unsigned i = 0; i < SAMPLES; i++) {
        rows[1][i] = rows[0][i];
        rows[1][i].value += 0.01 + 0.001 * random_unit();
    }
    assert_true(afmon_clusters_reserve(&scratch.clusters, ITEMS));
    const struct afmon_ratio runs[] = {{.over = {rows[0], SAMPLES}}, {.over = {rows[1], SAMPLES}}};
    afmon_contrast_ratio(&scratch, runs, AFMON_DIFF_ABSOLUTE, &contrast);
    assert_true(contrast.p < 1e-6);
    assert_true(contrast.low > 0.0103 && contrast.high < 0.0107);
    const struct afmon_row_span spans[] = {runs[0].over, runs[1].over};
    assert_true(afmon_contrast_quantile(&scratch, spans, 0.5, &contrast));
    assert_true(contrast.known && contrast.effect > 0);
    afmon_contrast_scratch_free(&scratch);
}

static void test_constants_and_nothing(void **state)
{
    struct afmon_compare_row rows[20] = {{0}};
    struct afmon_contrast_scratch scratch = {0};
    struct afmon_contrast contrast;
    (void)state;
    for (unsigned i = 0; i < 20; i++)
        rows[i] = (struct afmon_compare_row){.value = 1, .cluster = AFMON_CLUSTER_ALONE};
    const struct afmon_ratio same[] = {{.over = {rows, 20}}, {.over = {rows, 20}}};
    afmon_contrast_ratio(&scratch, same, AFMON_DIFF_POINTS, &contrast);
    assert_true(contrast.known && contrast.effect == 0 && contrast.p == 1 && contrast.low < 0 && contrast.high > 0);
    const struct afmon_ratio none[] = {{.over = {rows, 20}}, {.over = {rows, 0}}};
    afmon_contrast_ratio(&scratch, none, AFMON_DIFF_POINTS, &contrast);
    assert_true(!contrast.known && isnan(contrast.values[1].value));
    const struct afmon_row_span spans[] = {{rows, 20}, {rows, 0}};
    assert_true(afmon_contrast_quantile(&scratch, spans, 0.5, &contrast));
    assert_true(!contrast.known && contrast.values[0].value == 1);
    afmon_contrast_scratch_free(&scratch);
}

/* ---- Many figures ---- */

static void test_adjusted_p(void **state)
{
    static const double p[] = {0.02, 0.001, 0.8, 0.01};
    static const double adjusted[] = {0.0694444444, 0.0104166667, 1, 0.0520833333}; /* 4 (1 + 1/2 + 1/3 + 1/4) / 0.8 */
    afmon_diff_figure figures[4];
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        figures[i] = (afmon_diff_figure){.by = "",
                                         .a = {0.5, 100, 100},
                                         .b = {0.6, 100, 100},
                                         .scale = AFMON_DIFF_POINTS,
                                         .better = AFMON_BETTER_HIGHER,
                                         .effect = 0.1,
                                         .low = 0.01,
                                         .high = 0.19,
                                         .p = p[i],
                                         .adjusted_p = NAN,
                                         .margin = 0.01};
    assert_true(afmon_figures_judge(figures, 4));
    for (unsigned i = 0; i < 4; i++) {
        assert_true(fabs(figures[i].adjusted_p - adjusted[i]) < 1e-9);
        assert_int_equal(figures[i].verdict, i == 1 ? AFMON_DIFF_BETTER : AFMON_DIFF_UNCLEAR);
        assert_true((figures[i].needed > 0) == (i != 1));
    }
}

static void test_beyond_a_double(void **state)
{
    struct afmon_figures figures = {0};
    const struct afmon_figure_name name = {.name = "size", .suffix = ".p50", .by = "", .group = ""};
    const struct afmon_contrast contrast = {
        .known = true, .values = {{1, 20, 20}, {2, 20, 20}}, .effect = 1, .low = -1, .high = INFINITY, .p = 0.001};
    (void)state;
    assert_true(afmon_figures_add(&figures, &name, &contrast));
    assert_true(afmon_figures_judge(figures.list, figures.count));
    assert_string_equal(figures.list[0].name, "size.p50");
    assert_true(isnan(figures.list[0].p) && isnan(figures.list[0].low) && isnan(figures.list[0].high));
    assert_int_equal(figures.list[0].verdict, AFMON_DIFF_UNCLEAR);
    afmon_figures_free(&figures);
}

/* ---- Whole runs ---- */

static void record(afmon_monitor *monitor, const char *metric, double value, const char *operation, unsigned number)
{
    const afmon_field fields[] = {afmon_string("operation", operation), afmon_int("item_id", number)};
    assert_int_equal(afmon_record_metric(monitor, metric, value, fields, 2), AFMON_OK);
}

static char *make_run(unsigned items, double shift)
{
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    for (unsigned i = 0; i < items; i++) {
        const afmon_field started[] = {afmon_string("kind", "row"), afmon_int("item_id", i)};
        const afmon_field ended[] = {afmon_string("kind", "row"),
                                     afmon_string("outcome", i % 3 ? "accepted" : "rejected"),
                                     afmon_string("reason", i % 2 ? "short" : "dull"), afmon_int("item_id", i)};
        afmon_record_metric(monitor, "item_started", 1, started, 2);
        record(monitor, "generation_time", 1 + random_unit() + shift, i % 2 ? "one" : "other", i);
        record(monitor, "success_rate", random_unit() > 0.1, i % 2 ? "one" : "other", i);
        record(monitor, "taste", random_unit(), "one", i);
        afmon_record_metric(monitor, "item_time", 1 + random_unit(), ended, i % 3 ? 2 : 4);
    }
    afmon_monitor_close(monitor, NULL);
    return folder;
}

static int add_text(void *buffer, const void *data, size_t size)
{
    afmon_buffer_add(buffer, data, size);
    return 0;
}

static afmon_view *open_view(const char *folder, size_t max_memory)
{
    afmon_view_options options;
    afmon_view *view = NULL;
    afmon_view_options_init(&options);
    options.max_memory = max_memory > 0 ? max_memory : options.max_memory;
    assert_int_equal(afmon_view_open(folder, &options, &view, NULL), AFMON_OK);
    return view;
}

/* The comparison as JSON; freed by the caller. */
static char *compared(afmon_view *a, afmon_view *b)
{
    static const char *const names[] = {"a", "b"};
    struct afmon_buffer text;
    afmon_comparison *comparison = NULL;
    afmon_error error = {0};
    afmon_buffer_init(&text, 1 << 24);
    if (afmon_compare((afmon_view *const[]){a, b}, 2, NULL, &comparison, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    assert_int_equal(afmon_comparison_write_json(comparison, names, add_text, &text), AFMON_OK);
    afmon_comparison_free(comparison);
    afmon_buffer_add_char(&text, '\0');
    return text.data;
}

static void test_samples_that_left_memory(void **state)
{
    char *folders[] = {make_run(20000, 0), make_run(20000, 0.3)};
    afmon_view *whole[] = {open_view(folders[0], 0), open_view(folders[1], 0)};
    afmon_view *little[] = {open_view(folders[0], 1 << 20), open_view(folders[1], 1 << 20)};
    (void)state;
    assert_true(little[0]->series[0].evicted.count > 0);
    char *expected = compared(whole[0], whole[1]);
    char *got = compared(little[0], little[1]);
    assert_non_null(strstr(expected, "\"verdict\":\"worse\""));
    assert_string_equal(got, expected);
    free(expected);
    free(got);
    for (unsigned i = 0; i < 2; i++) {
        afmon_view_close(whole[i]);
        afmon_view_close(little[i]);
        remove_folder(folders[i]);
    }
}

static void test_every_allocation_fails(void **state)
{
    char *folders[] = {make_run(40, 0), make_run(40, 0.3)};
    afmon_view *views[] = {open_view(folders[0], 0), open_view(folders[1], 0)};
    (void)state;
    for (long n = 1;; n++) {
        afmon_comparison *comparison = NULL;
        afmon_error error = {0};
        fail_alloc_at(n);
        afmon_status status = afmon_compare(views, 2, NULL, &comparison, &error);
        if (!fail_alloc_stop()) {
            assert_int_equal(status, AFMON_OK);
            afmon_comparison_free(comparison);
            break;
        }
        assert_true(status == AFMON_E_NO_MEMORY ? comparison == NULL : status == AFMON_OK);
        afmon_comparison_free(comparison);
    }
    for (unsigned i = 0; i < 2; i++) {
        afmon_view_close(views[i]);
        remove_folder(folders[i]);
    }
}

static void test_arguments(void **state)
{
    afmon_comparison *comparison = NULL;
    afmon_error error = {0};
    bool holds;
    (void)state;
    assert_int_equal(afmon_compare(NULL, 2, NULL, &comparison, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_compare((afmon_view *const[]){NULL, NULL}, 2, NULL, &comparison, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_compare((afmon_view *const[]){NULL}, 1, NULL, &comparison, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_comparison_holds(NULL, "worse", &holds, &error), AFMON_E_ARGUMENT);
    assert_string_equal(afmon_diff_verdict_name(AFMON_DIFF_ONE_SIDED), "one_sided");
    afmon_comparison_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_means_by_cluster),
        cmocka_unit_test(test_items_of_both_are_paired),
        cmocka_unit_test(test_constants_and_nothing),
        cmocka_unit_test(test_adjusted_p),
        cmocka_unit_test(test_beyond_a_double),
        cmocka_unit_test(test_samples_that_left_memory),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
