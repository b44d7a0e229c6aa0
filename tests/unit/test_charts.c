/* Charts from the outside and from the inside: what is written, where everything stands, and what may go wrong. */
#include <math.h>
#include <pthread.h>
#include <sys/resource.h>

#include "fail_alloc.h"
#include "plot/chart.h"
#include "run_folder.h"

#define SECOND INT64_C(1000000000)
#define AT (INT64_C(1764000000) * SECOND)

static const char *const formats[] = {"png", "svg", "pdf"};

/* ---- Runs ---- */

static void add_line_with(FILE *file, const char *metric, double value, const char *metadata, double second)
{
    int whole = (int)second;
    fprintf(file, "{\"metric\": \"%s\", \"value\": %.17g, %s\"timestamp\": \"2025-11-24T%02d:%02d:%02d.%06d+00:00\"}\n",
            metric, value, metadata, 16 + whole / 3600, whole / 60 % 60, whole % 60, (int)((second - whole) * 1e6));
}

static void add_line(FILE *file, const char *metric, double value, double second)
{
    add_line_with(file, metric, value, "", second);
}

static FILE *begin_run(const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static afmon_view *open_run(const char *folder)
{
    afmon_view *view = NULL;
    afmon_error error = {0};
    if (afmon_view_open(folder, NULL, &view, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return view;
}

static void add_item(FILE *file, int id, const char *outcome, double at)
{
    char metadata[160];
    snprintf(metadata, sizeof metadata, "\"kind\": \"row\", \"outcome\": \"%s\", \"attempts\": 1, \"item_id\": %d, ",
             outcome, id);
    add_line_with(file, "item_time", 1, metadata, at);
}

/* A run of some minutes in which a good part fails for a while. */
static afmon_view *run_of(const char *folder, int samples)
{
    FILE *file = begin_run(folder);
    for (int i = 0; i < samples; i++) {
        double at = i * 600.0 / samples;
        bool fails = at > 100 && at < 400 && i % 3 != 0;
        add_line(file, "generation_time", 1 + i % 17 / 5.0 + (i % 501 == 0 ? 40 : 0), at);
        add_line(file, "success_rate", fails ? 0 : 1, at);
        add_line(file, "error_rate", fails ? 1 : 0, at);
        add_line(file, "prompt_token_count", 100 + i % 37, at);
        add_line(file, "completion_token_count", 50 + i % 11, at);
        add_line(file, "total_token_count", 150 + i % 37 + i % 11, at);
        add_line(file, "evaluation_score_good", i % 10 / 10.0, at);
        add_line(file, "evaluation_score_<b>&amp;", i % 7 / 10.0, at);
        add_line(file, "evaluation_time", 0.1 + i % 9 / 50.0, at);
        add_line(file, "time_to_first_token", 0.2 + i % 13 / 100.0, at);
        add_line(file, "cost_usd", i % 4 == 0 ? 0.012 : 0.001, at);
        add_item(file, i, fails ? "failed" : i % 5 == 0 ? "rejected" : "accepted", at);
    }
    fclose(file);
    return open_run(folder);
}

struct kept {
    char *data;
    size_t length;
};

static int keep(void *user, const void *data, size_t size)
{
    struct kept *kept = user;
    kept->data = malloc(size + 1);
    assert_non_null(kept->data);
    memcpy(kept->data, data, size);
    kept->data[size] = '\0';
    kept->length = size;
    return 0;
}

static char *svg_of(afmon_view *view, afmon_chart chart)
{
    struct kept kept = {0};
    afmon_plot_options options;
    afmon_error error = {0};
    afmon_plot_options_init(&options);
    options.format = "svg";
    if (afmon_plot_chart(view, chart, &options, keep, &kept, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    assert_non_null(kept.data);
    return kept.data;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in %s", part, text);
}

/* ---- What is written ---- */

static void all_of_them(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 600);
    for (size_t i = 0; i < 3; i++) {
        char out[512];
        afmon_plot_options options;
        afmon_visualize_result result;
        afmon_plot_options_init(&options);
        options.format = formats[i];
        snprintf(out, sizeof out, "%s/new/%s", folder, formats[i]);
        assert_int_equal(afmon_visualize(view, out, &options, &result, NULL), AFMON_OK);
        assert_int_equal(result.written, AFMON_CHARTS);
        for (size_t j = 0; j < AFMON_CHARTS; j++) {
            static const char *const begins[] = {"\x89PNG", "<svg xmlns", "%PDF-"};
            char *text = read_text(out, result.charts[j].file);
            assert_int_equal(strncmp(text, begins[i], strlen(begins[i])), 0);
            free(text);
        }
    }
    afmon_view_close(view);
    remove_folder(folder);
}

static void what_they_say(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 1200);
    char *rates = svg_of(view, AFMON_CHART_SUCCESS_ERROR_RATE);
    has(rates, "<title id=\"afmon-success_error_rate-title\">Success/Error Rate Over Time</title>");
    has(rates, "Alert held");
    has(rates, "rolling average of 20 generations (widened from 10)");
    has(rates, ">100%</text>");
    char *times = svg_of(view, AFMON_CHART_GENERATION_TIME);
    has(times, ">p50 2.60 s</text>");
    has(times, "3 beyond ");
    char *tokens = svg_of(view, AFMON_CHART_TOKEN_USAGE);
    has(tokens, ">Completion</text>");
    has(tokens, "k</text>"); /* the totals */
    char *scores = svg_of(view, AFMON_CHART_EVALUATION_SCORES);
    has(scores, ">&lt;b&gt;&amp;amp;</text>");
    assert_null(strstr(scores, "<b>"));
    char *spending = svg_of(view, AFMON_CHART_SPENDING);
    has(spending, ">Spent</text>");
    has(spending, ">$4.50</text>");
    has(spending, "1,200 priced calls");
    has(spending, ">US dollars spent so far</text>");
    free(spending);
    char *first = svg_of(view, AFMON_CHART_TIME_TO_FIRST_TOKEN);
    has(first, ">p50 260 ms</text>");
    free(first);
    char *funnel = svg_of(view, AFMON_CHART_ITEM_FUNNEL);
    has(funnel, "1,200 items");
    has(funnel, ">Rejected</text>");
    free(funnel);
    char *heat = svg_of(view, AFMON_CHART_LATENCY_HEAT_MAP);
    has(heat, ">Generation Time Over Time</text>");
    has(heat, ">Darkest cell</text>");
    has(heat, "data:image/png;base64,");
    free(heat);
    free(rates);
    free(times);
    free(tokens);
    free(scores);
    afmon_view_close(view);
    remove_folder(folder);
}

static char *svg_of_metric(afmon_view *view, const char *metric)
{
    struct kept kept = {0};
    afmon_plot_options options;
    afmon_plot_options_init(&options);
    options.format = "svg";
    assert_int_equal(afmon_plot_metric_to(view, metric, &options, keep, &kept, NULL), AFMON_OK);
    return kept.data;
}

/* What a metric of a program's own is measured in nobody knows, whatever its name ends in. */
static void units_are_those_of_whole_names(void **state)
{
    (void)state;
    char *folder = make_folder();
    FILE *file = begin_run(folder);
    for (int i = 0; i < 50; i++) {
        add_line(file, "disk_error_rate", 35 + i, i);
        add_line(file, "error_rate", i % 2, i);
        add_line(file, "wall_time", 35 + i, i);
        add_line(file, "model_creation_time", 35 + i, i);
    }
    fclose(file);
    afmon_view *view = open_run(folder);
    char *own_rate = svg_of_metric(view, "disk_error_rate");
    char *rate = svg_of_metric(view, "error_rate");
    char *own_time = svg_of_metric(view, "wall_time");
    char *time = svg_of_metric(view, "model_creation_time");
    has(own_rate, ">60</text>");
    assert_null(strstr(own_rate, "%</text>"));
    has(rate, "%</text>");
    has(own_time, ">60</text>");
    assert_null(strstr(own_time, " s</text>"));
    has(time, " s</text>");
    free(own_rate);
    free(rate);
    free(own_time);
    free(time);
    afmon_view_close(view);
    remove_folder(folder);
}

static void nothing_to_draw(void **state)
{
    (void)state;
    char *folder = make_folder();
    char out[512];
    FILE *file = begin_run(folder);
    add_line(file, "other", 1, 0);
    fprintf(file, "{\"metric\": \"nan\", \"value\": null, \"timestamp\": \"2025-11-24T16:00:00.000000+00:00\"}\n");
    fclose(file);
    afmon_view *view = open_run(folder);
    afmon_visualize_result result;
    afmon_error error;
    struct kept kept = {0};
    snprintf(out, sizeof out, "%s/plots", folder);
    assert_int_equal(afmon_visualize(view, out, NULL, &result, &error), AFMON_E_NO_DATA);
    assert_int_equal(access(out, F_OK), -1);
    assert_int_equal(result.charts[AFMON_CHART_TOKEN_USAGE].status, AFMON_E_NO_DATA);
    assert_string_equal(result.charts[AFMON_CHART_TOKEN_USAGE].message, "no samples for token_usage");
    assert_int_equal(afmon_plot_metric_to(view, "missing", NULL, keep, &kept, &error), AFMON_E_UNKNOWN_METRIC);
    assert_int_equal(afmon_plot_metric_to(view, "nan", NULL, keep, &kept, &error), AFMON_E_NO_DATA);
    assert_int_equal(afmon_plot_metric_to(view, "other", NULL, keep, &kept, &error), AFMON_OK);
    free(kept.data);
    afmon_view_close(view);
    remove_folder(folder);
}

static void bad_arguments(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 10);
    struct kept kept = {0};
    afmon_error error;
    for (int i = 0; i < 6; i++) {
        afmon_plot_options options;
        afmon_plot_options_init(&options);
        options.format = i == 0 ? "gif" : "png";
        options.width = i == 1 ? 10 : 1000;
        options.scale = i == 2 ? NAN : 1;
        options.id_prefix = i == 3 ? "a\"b" : NULL;
        options.theme = i == 4 ? (afmon_plot_theme)9 : AFMON_PLOT_LIGHT;
        options.size = i == 5 ? 8 : sizeof options;
        assert_int_equal(afmon_plot_chart(view, AFMON_CHART_SUCCESS_ERROR_RATE, &options, keep, &kept, &error),
                         AFMON_E_ARGUMENT);
        assert_true(error.message[0] != '\0');
    }
    assert_int_equal(afmon_plot_chart(view, (afmon_chart)77, NULL, keep, &kept, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_plot_metric(view, "success_rate", "/tmp/x.gif", NULL, &error), AFMON_E_ARGUMENT);
    assert_string_equal(afmon_chart_name((afmon_chart)77), "");
    afmon_view_close(view);
    remove_folder(folder);
}

/* ---- Where everything stands ---- */

static bool overlap(struct afmon_box a, struct afmon_box b)
{
    return a.width > 0 && b.width > 0 && a.height > 0 && b.height > 0 && a.x < b.x + b.width - 0.01 &&
           b.x < a.x + a.width - 0.01 && a.y < b.y + b.height - 0.01 && b.y < a.y + a.height - 0.01;
}

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void random_text(char *out, unsigned *seed, unsigned most)
{
    static const char *const pieces[] = {"a", "Wide", " ", "evaluation", "ж", "漢字", "_", "<b>", "é", "i"};
    unsigned length = next(seed) % most;
    out[0] = '\0';
    for (unsigned i = 0; i < length && strlen(out) < AFMON_LABEL_SIZE - 16; i++)
        strcat(out, pieces[next(seed) % 10]);
}

static void random_spec(struct afmon_frame_spec *spec, unsigned *seed)
{
    memset(spec, 0, sizeof *spec);
    random_text(spec->title, seed, 30);
    random_text(spec->subtitle, seed, 60);
    spec->legend_count = next(seed) % 13;
    spec->legend_outside = next(seed) % 2;
    for (unsigned i = 0; i < spec->legend_count; i++) {
        random_text(spec->legend[i].label, seed, 12);
        afmon_value_text(spec->legend[i].value, next(seed) % 100000, AFMON_QUANTITY_NUMBER);
    }
    spec->x_is_time = next(seed) % 2;
    spec->first_us = AT / 1000;
    spec->last_us = spec->first_us + 1 + (int64_t)pow(10, next(seed) % 15);
    spec->x_caption = "Time (UTC)";
    spec->y_caption = next(seed) % 2 ? "Score" : NULL;
    double size = pow(10, (double)(next(seed) % 24) - 12);
    struct afmon_range data = {next(seed) % 2 ? 0 : -size, size * (1 + next(seed) % 9), true};
    spec->x = spec->y = afmon_axis_range(data, false);
    spec->y_quantity = (enum afmon_quantity)(next(seed) % 3);
}

static void check_boxes(const struct afmon_frame *frame)
{
    const struct afmon_box boxes[] = {frame->title,    frame->subtitle, frame->legend,    frame->plot,
                                      frame->y_labels, frame->x_labels, frame->x_caption, frame->y_caption};
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < i; j++)
            if (overlap(boxes[i], boxes[j]))
                fail_msg("boxes %zu and %zu overlap", j, i);
        assert_true(boxes[i].x >= 0 && boxes[i].x + boxes[i].width <= frame->width);
        assert_true(boxes[i].y >= 0 && boxes[i].y + boxes[i].height <= frame->height);
    }
}

static void check_ticks(struct afmon_frame *frame)
{
    double taken = -100;
    for (unsigned i = 0; i < frame->x.count; i++) {
        double half = afmon_type_width(frame->type, AFMON_FACE_TICK, frame->x.list[i].label) / 2;
        double at = afmon_frame_x(frame, frame->x.list[i].at);
        assert_true(at - half > taken);
        taken = at + half;
    }
}

static void nothing_overlaps(void **state)
{
    (void)state;
    struct afmon_typesetter type = {0};
    struct afmon_frame *frame = malloc(sizeof *frame);
    struct afmon_frame_spec *spec = malloc(sizeof *spec);
    unsigned seed = 7;
    assert_true(frame != NULL && spec != NULL);
    assert_int_equal(afmon_type_begin(&type, NULL), AFMON_OK);
    for (int i = 0; i < 200; i++) {
        random_spec(spec, &seed);
        afmon_frame_lay_out(frame, spec, &type, 640 + next(&seed) % 900, 460 + next(&seed) % 600);
        check_boxes(frame);
        check_ticks(frame);
    }
    afmon_type_end(&type);
    free(frame);
    free(spec);
}

/* ---- Hostile names ---- */

static void clean_labels(void **state)
{
    (void)state;
    char label[AFMON_LABEL_SIZE];
    afmon_label_clean(label, "a\nb\t\x01<b>\xff\xe2\x80\xae", 12);
    assert_string_equal(label, "a b  <b>\xef\xbf\xbd ");
    char *long_text = malloc(10000);
    assert_non_null(long_text);
    memset(long_text, 'x', 10000);
    afmon_label_clean(label, long_text, 10000);
    assert_int_equal(strlen(label), 160 + 3);
    free(long_text);
}

static void hostile_names(void **state)
{
    (void)state;
    char *folder = make_folder();
    FILE *file = begin_run(folder);
    const char *when = "\"timestamp\": \"2025-11-24T16:00:00.000000+00:00\"";
    fprintf(file, "{\"metric\": \"evaluation_score_<span foreground='red'>&\\u0001\\n\", \"value\": 1.0, %s}\n", when);
    fprintf(file, "{\"metric\": \"evaluation_score_\\u202e%s\", \"value\": -1.0, %s}\n", "漢字 \\\"]]><!--", when);
    fprintf(file, "{\"metric\": \"evaluation_score_%010000d\", \"value\": 1e300, %s}\n", 7, when);
    for (int i = 0; i < 300; i++)
        fprintf(file, "{\"metric\": \"evaluation_score_x%d\", \"value\": %d.0, %s}\n", i, i, when);
    fclose(file);
    afmon_view *view = open_run(folder);
    char *svg = svg_of(view, AFMON_CHART_EVALUATION_SCORES);
    has(svg, "and 291 more, not drawn");
    assert_null(strstr(svg, "<span"));
    for (const char *c = svg; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    free(svg);
    for (size_t i = 0; i < 3; i++) {
        afmon_plot_options options;
        struct kept kept = {0};
        afmon_plot_options_init(&options);
        options.format = formats[i];
        options.width = 320;
        options.height = 240;
        assert_int_equal(afmon_plot_chart(view, AFMON_CHART_EVALUATION_SCORES, &options, keep, &kept, NULL), AFMON_OK);
        free(kept.data);
    }
    afmon_view_close(view);
    remove_folder(folder);
}

static void note_warning(void *user, const char *message)
{
    snprintf(user, 512, "%s", message);
}

static void missing_glyphs_are_told(void **state)
{
    (void)state;
    char *folder = make_folder();
    char warning[512] = "";
    struct kept kept = {0};
    afmon_view *view = run_of(folder, 20);
    afmon_plot_options options;
    afmon_plot_options_init(&options);
    options.warn = note_warning;
    options.user = warning;
    options.title = "no font has U+10FFFE's neighbour \xf4\x8f\xbf\xbd";
    assert_int_equal(afmon_plot_chart(view, AFMON_CHART_TOKEN_USAGE, &options, keep, &kept, NULL), AFMON_OK);
    has(warning, "are in no installed font");
    free(kept.data);
    afmon_view_close(view);
    remove_folder(folder);
}

/* ---- What goes wrong ---- */

static void unwritable_places(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 20);
    afmon_error error;
    char path[512];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    assert_int_not_equal(afmon_visualize(view, path, NULL, NULL, &error), AFMON_OK);
    assert_true(strstr(error.message, "metrics.jsonl") != NULL);
    assert_int_equal(afmon_plot_metric(view, "success_rate", folder, NULL, &error), AFMON_E_ARGUMENT);
    assert_int_not_equal(afmon_plot_metric(view, "success_rate", "/proc/none/x.png", NULL, &error), AFMON_OK);
    afmon_view_close(view);
    remove_folder(folder);
}

static void full_disk(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 200);
    struct rlimit before;
    struct rlimit small;
    afmon_error error = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/out/x.png", folder);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    afmon_status status = afmon_plot_metric(view, "generation_time", path, NULL, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, AFMON_E_SYSTEM);
    assert_true(strstr(error.message, "x.png") != NULL);
    snprintf(path, sizeof path, "rmdir %s/out", folder); /* fails unless it is empty */
    assert_int_equal(system(path), 0);
    afmon_view_close(view);
    remove_folder(folder);
}

static void no_memory(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 20);
    char out[512];
    snprintf(out, sizeof out, "%s/out", folder);
    afmon_plot_options options;
    afmon_plot_options_init(&options);
    options.format = "svg";
    for (long n = 1;; n++) {
        fail_alloc_at(n);
        afmon_status status = afmon_visualize(view, out, &options, NULL, NULL);
        if (!fail_alloc_stop()) {
            assert_int_equal(status, AFMON_OK);
            break;
        }
        assert_true(status == AFMON_E_NO_MEMORY || status == AFMON_OK);
    }
    afmon_view_close(view);
    remove_folder(folder);
}

/* ---- Threads ---- */

static void *draw_all(void *user)
{
    for (int i = 0; i < 3; i++) {
        for (unsigned chart = 0; chart < AFMON_CHARTS; chart++) {
            afmon_plot_options options;
            struct kept kept = {0};
            afmon_plot_options_init(&options);
            options.format = formats[i];
            assert_int_equal(afmon_plot_chart(user, (afmon_chart)chart, &options, keep, &kept, NULL), AFMON_OK);
            free(kept.data);
        }
    }
    return NULL;
}

static void eight_threads(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_view *view = run_of(folder, 300);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_all, view), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    afmon_view_close(view);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them),
        cmocka_unit_test(what_they_say),
        cmocka_unit_test(units_are_those_of_whole_names),
        cmocka_unit_test(nothing_to_draw),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(nothing_overlaps),
        cmocka_unit_test(clean_labels),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(missing_glyphs_are_told),
        cmocka_unit_test(unwritable_places),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(eight_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
