/* What a killed process left in its rings, where nobody may put it into the files: whoever only reads sees the run that
 * a recovery would make of it, and goes on where somebody recovers it meanwhile. A follower that does not recover
 * stands for one that may not. */
#include "run_folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "fail_alloc.h"
#include "ingest/landing.h"
#include "ingest/peek.h"
#include "ingest/recover.h"
#include "ingest/ring.h"
#include "sanitized.h"

enum { ROUNDS = SANITIZED ? 6 : 25 };

/* ---- A run that is killed ---- */

static void track(afmon_monitor *monitor, int i)
{
    bool success = i % 3 != 0;
    const afmon_generation generation = {.duration_s = 0.5 + (i % 7) * 0.25,
                                         .success = success,
                                         .error = success ? NULL : "boom",
                                         .error_type = success ? NULL : "RateLimitError",
                                         .model_name = i % 2 == 0 ? "m" : "n"};
    if (afmon_track_generation(monitor, &generation) != AFMON_OK)
        _exit(1);
}

/* Four of each call, and one more of each that failed. */
static uint64_t samples_of(uint64_t calls)
{
    return 4 * calls + (calls + 2) / 3;
}

struct script {
    afmon_monitor *monitor;
    int calls;
};

static void *track_some(void *user)
{
    const struct script *script = user;
    for (int i = 0; i < script->calls; i++)
        track(script->monitor, i);
    return NULL;
}

/* A child that records with some threads, says so, and waits to be killed. */
static pid_t begin_run(const char *folder, int threads, int calls)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct script script = {.monitor = open_on(folder), .calls = calls};
        pthread_t thread[4];
        for (int i = 0; i < threads; i++)
            if (pthread_create(&thread[i], NULL, track_some, &script) != 0)
                _exit(1);
        for (int i = 0; i < threads; i++)
            pthread_join(thread[i], NULL);
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void kill_run(pid_t child)
{
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void make_killed(const char *folder, int threads, int calls)
{
    kill_run(begin_run(folder, threads, calls));
}

/* ---- What is seen of it ---- */

static int add(void *user, const void *data, size_t size)
{
    afmon_buffer_add(user, data, size);
    return 0;
}

static char *json_of(afmon_run_summary *summary)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, (size_t)1 << 24);
    assert_int_equal(afmon_run_summary_write_json(summary, add, &text), AFMON_OK);
    afmon_buffer_add(&text, "", 1);
    assert_false(text.failed);
    afmon_run_summary_free(summary);
    return text.data;
}

/* As a view sees it; it recovers the run. */
static char *recovered_summary(const char *folder, uint64_t *samples)
{
    afmon_view *view;
    afmon_run_summary *summary;
    afmon_view_info info;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_view_get_info(view, &info);
    *samples = info.sample_count;
    assert_int_equal(info.problem_count, 0);
    assert_int_equal(afmon_view_summarize(view, NULL, &summary, NULL), AFMON_OK);
    afmon_view_close(view);
    return json_of(summary);
}

static char *live_summary(afmon_live *live)
{
    afmon_run_summary *summary;
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    return json_of(summary);
}

static afmon_live *follow(const char *folder)
{
    afmon_live_options options;
    afmon_live *live;
    afmon_live_options_init(&options);
    options.recover = false;
    assert_int_equal(afmon_live_open(folder, &options, &live, NULL), AFMON_OK);
    return live;
}

static afmon_live_info read_all(afmon_live *live)
{
    afmon_live_info info;
    uint64_t revision;
    do {
        afmon_live_get_info(live, &info);
        revision = info.revision;
        assert_int_equal(afmon_live_update(live, 0.1, NULL), AFMON_OK);
        afmon_live_get_info(live, &info);
    } while (info.loaded < 1 || info.revision != revision);
    return info;
}

/* Who lives is looked at now and then. */
static afmon_live_info read_to_the_end(afmon_live *live)
{
    afmon_live_info info = read_all(live);
    while (info.state != AFMON_LIVE_ENDED) {
        usleep(10000);
        info = read_all(live);
    }
    return info;
}

static void assert_sees(afmon_live *live, const char *summary, uint64_t samples)
{
    afmon_live_info info = read_to_the_end(live);
    char *seen = live_summary(live);
    assert_int_equal(info.sample_count, samples);
    assert_string_equal(seen, summary);
    free(seen);
}

/* ---- A follower ---- */

static void sees_what_a_recovery_makes(void **state)
{
    (void)state;
    for (int calls = 1; calls <= 1000; calls *= 10) {
        char *folder = make_folder();
        make_killed(folder, 2, calls);
        afmon_live *live = follow(folder);
        afmon_live_info info = read_all(live);
        char *seen = live_summary(live);
        assert_true(info.memory_bytes < AFMON_LIVE_BYTES);
        uint64_t samples;
        char *summary = recovered_summary(folder, &samples);
        assert_int_equal(info.sample_count, samples);
        assert_string_equal(seen, summary);
        assert_sees(live, summary, samples); /* what has come into the files meanwhile is not read again */
        afmon_live_get_info(live, &info);
        assert_int_equal(info.restarts, 0);
        afmon_live_close(live);
        free(seen);
        free(summary);
        remove_folder(folder);
    }
}

static int count_line(void *user, const afmon_live_log_line *line)
{
    (void)line;
    ++*(int *)user;
    return 0;
}

/* Lines that are in no file are found, too. */
static void finds_log_lines(void **state)
{
    (void)state;
    char *folder = make_folder();
    make_killed(folder, 2, 50);
    afmon_live *live = follow(folder);
    afmon_live_log_query query = {
        .level = AFMON_INFO, .routine = true, .limit = 1000, .search_files = true, .text = "boom"};
    int found = 0;
    bool complete = false;
    read_all(live);
    assert_int_equal(afmon_live_log(live, &query, count_line, &found, &complete), AFMON_OK);
    assert_int_equal(found, 2 * 17);
    assert_true(complete);
    afmon_live_close(live);
    remove_folder(folder);
}

/* Another process, which recovers after a while. */
static pid_t recover_soon(const char *folder, useconds_t us)
{
    pid_t child = fork();
    if (child == 0) {
        usleep(us);
        _exit(afmon_recover(folder, NULL, NULL) == AFMON_OK ? 0 : 1);
    }
    return child;
}

static void assert_ended_well(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* In small pieces, from before the kill on, and with somebody who recovers the run at any moment. */
static void goes_on_where_somebody_recovers(void **state)
{
    (void)state;
    srandom(13);
    for (int round = 0; round < ROUNDS; round++) {
        char *folder = make_folder();
        pid_t child = begin_run(folder, 1 + (int)(random() % 3), 1 + (int)(random() % 900));
        afmon_live *live = follow(folder);
        for (long i = random() % 3; i > 0; i--)
            assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        kill_run(child);
        usleep(round % 2 == 0 ? 0 : 300000); /* until it is known that it is dead */
        pid_t other = recover_soon(folder, (useconds_t)(random() % 3000));
        for (long i = random() % 40; i > 0; i--)
            assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        assert_ended_well(other);
        uint64_t samples;
        char *summary = recovered_summary(folder, &samples);
        assert_sees(live, summary, samples);
        afmon_live_close(live);
        free(summary);
        remove_folder(folder);
    }
}

/* One process is killed, another lives on and is killed later. */
static void sees_the_living_beside_the_dead(void **state)
{
    (void)state;
    char *folder = make_folder();
    pid_t first = begin_run(folder, 1, 300);
    pid_t second = begin_run(folder, 2, 200);
    afmon_live *live = follow(folder);
    kill_run(first);
    read_all(live);
    afmon_live_info info;
    for (int i = 0; i < 500; i++) { /* the living one's samples come into its file within milliseconds */
        info = read_all(live);
        if (info.sample_count >= samples_of(300) + 2 * samples_of(200))
            break;
        usleep(10000);
    }
    assert_int_equal(info.state, AFMON_LIVE_RUNNING);
    uint64_t before = info.sample_count;
    kill_run(second);
    uint64_t samples;
    info = read_to_the_end(live);
    char *seen = live_summary(live);
    char *summary = recovered_summary(folder, &samples);
    assert_int_equal(samples, samples_of(300) + 2 * samples_of(200));
    assert_int_equal(before, samples);
    assert_int_equal(info.sample_count, samples);
    assert_string_equal(seen, summary);
    assert_sees(live, summary, samples);
    afmon_live_close(live);
    free(seen);
    free(summary);
    remove_folder(folder);
}

/* ---- A batch that was on its way ---- */

static int first_ring(void *user, const char *name)
{
    snprintf(user, AFMON_FILE_NAME, "%s", name);
    return 0;
}

static int first_session(void *user, uint64_t serial)
{
    *(uint64_t *)user = serial;
    return 0;
}

/* What the killed process may have written there itself is cut off. */
static void end_with(const char *folder, const char *name, int64_t offset, const char *text, size_t length)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0 && ftruncate(fd, offset) == 0);
    assert_int_equal(pwrite(fd, text, length, offset), length);
    close(fd);
}

/* The text that is in no file, by kind. */
static void texts_left(const char *folder, char *texts[2], size_t lengths[2], int64_t ends[2])
{
    struct afmon_left left;
    assert_int_equal(afmon_recover_peek(folder, &left, NULL), AFMON_OK);
    assert_int_equal(left.count, 2);
    for (size_t i = 0; i < left.count; i++) {
        struct afmon_left_file *file = &left.files[i];
        texts[file->log] = strndup(file->text.length > 0 ? file->text.data : "", file->text.length);
        lengths[file->log] = file->text.length;
        ends[file->log] = file->end;
    }
    afmon_left_free(&left);
}

/* As if the process had been killed while it wrote all that is left: so much of each text is in its file. */
static void write_half(const char *folder, size_t metrics, size_t log)
{
    char *texts[2];
    size_t lengths[2];
    int64_t ends[2];
    struct afmon_private place;
    struct afmon_ring ring;
    uint64_t serial = 0;
    char name[AFMON_FILE_NAME] = "";
    texts_left(folder, texts, lengths, ends);
    assert_int_equal(afmon_private_look(&place, folder), 0);
    assert_int_equal(afmon_session_list(place.folder, first_session, &serial), 0);
    assert_int_equal(afmon_session_list_rings(place.folder, serial, first_ring, name), 0);
    assert_int_equal(afmon_ring_read(&ring, place.folder, name, serial, true), 0);
    struct afmon_note note = {.until = afmon_ring_tail(&ring),
                              .metrics_offset = ends[0],
                              .metrics_length = lengths[0],
                              .log_offset = ends[1],
                              .log_length = lengths[1]};
    assert_int_equal(afmon_ring_note(&ring, &note), 0);
    afmon_ring_free(&ring);
    afmon_private_close(&place);
    end_with(folder, "metrics.jsonl", ends[0], texts[0], lengths[0] * metrics / 10);
    end_with(folder, "afterimage.log", ends[1], texts[1], lengths[1] * log / 10);
    free(texts[0]);
    free(texts[1]);
}

static void counts_a_half_written_batch_once(void **state)
{
    (void)state;
    static const size_t parts[][2] = {{0, 0}, {3, 0}, {10, 0}, {10, 7}, {10, 10}, {0, 4}, {0, 10}, {5, 10}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *folder = make_folder();
        make_killed(folder, 1, 40);
        write_half(folder, parts[i][0], parts[i][1]);
        afmon_live *live = follow(folder);
        afmon_live_info info = read_all(live);
        char *seen = live_summary(live);
        uint64_t samples;
        char *summary = recovered_summary(folder, &samples);
        assert_int_equal(samples, samples_of(40));
        assert_int_equal(info.sample_count, samples);
        assert_string_equal(seen, summary);
        assert_sees(live, summary, samples);
        afmon_live_close(live);
        free(seen);
        free(summary);
        remove_folder(folder);
    }
}

/* ---- Memory ---- */

/* An update says so, and the next ones see everything. */
static void every_allocation_of_a_follower_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    make_killed(folder, 2, 20);
    bool failed = true;
    for (long n = 1; failed; n++) {
        afmon_live *live = follow(folder);
        fail_alloc_at(n);
        afmon_status status = afmon_live_update(live, 1, NULL);
        failed = fail_alloc_stop();
        assert_true(status == AFMON_OK || (failed && status == AFMON_E_NO_MEMORY));
        assert_int_equal(read_all(live).sample_count, 2 * samples_of(20));
        afmon_live_close(live);
    }
    remove_folder(folder);
}

/* What it says is right, or it fails. */
static void every_allocation_of_a_view_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    make_killed(folder, 2, 20);
    char *texts[2];
    size_t lengths[2];
    int64_t ends[2];
    texts_left(folder, texts, lengths, ends);
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct afmon_left left;
        fail_alloc_at(n);
        afmon_status status = afmon_recover_peek(folder, &left, NULL);
        failed = fail_alloc_stop();
        assert_true(status == AFMON_OK || (failed && status == AFMON_E_NO_MEMORY));
        for (size_t i = 0; status == AFMON_OK && i < left.count; i++)
            assert_int_equal(left.files[i].text.length, lengths[left.files[i].log]);
        afmon_left_free(&left);
    }
    free(texts[0]);
    free(texts[1]);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_what_a_recovery_makes),
        cmocka_unit_test(finds_log_lines),
        cmocka_unit_test(goes_on_where_somebody_recovers),
        cmocka_unit_test(sees_the_living_beside_the_dead),
        cmocka_unit_test(counts_a_half_written_batch_once),
        cmocka_unit_test(every_allocation_of_a_follower_may_fail),
        cmocka_unit_test(every_allocation_of_a_view_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
