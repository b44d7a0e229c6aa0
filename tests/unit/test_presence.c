/* What others do to the files of a running monitor: it is noticed, writing goes on in files that readers find, what is
 * lost is counted and told, and what belongs to others is left alone. */
#include "run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "forked.h"
#include "ingest/presence.h"
#include "ingest/render.h"
#include "ingest/session.h"
#include "sanitized.h"

#define BEFORE 100
#define AFTER 60
#define LATER 500

static void record(afmon_monitor *monitor, int from, int count)
{
    for (int i = from; i < from + count; i++)
        assert_int_equal(afmon_record_metric(monitor, "m", i, NULL, 0), AFMON_OK);
    assert_int_equal(afmon_log_info(monitor, "recorded", NULL, 0), AFMON_OK);
    assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
}

static void run(const char *folder, const char *format)
{
    char command[1024];
    char line[2048];
    snprintf(command, sizeof command, format, folder, folder, folder, folder);
    snprintf(line, sizeof line, "set -e; %s", command);
    assert_int_equal(system(line), 0);
}

/* Samples that a reader of the folder finds, each once. */
static uint64_t found(const char *folder)
{
    afmon_view *view;
    afmon_error error;
    if (afmon_view_open(folder, NULL, &view, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    afmon_aggregate all = {0};
    if (afmon_view_aggregate(view, "m", AFMON_WINDOW_ALL, &all) != AFMON_OK)
        all.count = 0;
    afmon_view_close(view);
    return all.count;
}

struct trouble {
    const char *what;    /* shell, with the folder four times at most */
    const char *told;    /* a part of what log and report say */
    uint64_t lost;       /* samples that are certainly lost */
    uint64_t found;      /* of all, in files that readers take */
    bool drained;        /* nothing is lost, as far as anybody knows */
    const char *goes_on; /* file that holds the later ones; NULL: of the session's own name */
};

static const struct trouble troubles[] = {
    {"rm %s/metrics.jsonl", "metrics.jsonl was removed", BEFORE, AFTER, false, "metrics.jsonl"},
    {"mv %s/metrics.jsonl %s/metrics.jsonl.1", "metrics.jsonl was renamed", 0, AFTER, true, "metrics.jsonl"},
    {"mv %s/metrics.jsonl %s/metrics-0123456789abcdef.jsonl", "metrics.jsonl was renamed", 0, BEFORE + AFTER, true,
     "metrics.jsonl"},
    {"ln %s/metrics.jsonl %s/kept; rm %s/metrics.jsonl", "metrics.jsonl was renamed", 0, AFTER, true, "metrics.jsonl"},
    {"sed -i 1d %s/metrics.jsonl", "metrics.jsonl was replaced", 1, BEFORE + AFTER - 1, false, "metrics.jsonl"},
    {"cp %s/metrics.jsonl %s/copy; mv %s/copy %s/metrics.jsonl", "metrics.jsonl was replaced", 0, BEFORE + AFTER, true,
     "metrics.jsonl"},
    {"seq -f '{\"metric\": \"m\", \"value\": %%g.0, \"timestamp\": \"2026-01-01T00:00:00+00:00\"}' 500 > %s/other; "
     "mv %s/other %s/metrics.jsonl",
     "metrics.jsonl was replaced", BEFORE, 500 + AFTER, false, "metrics.jsonl"},
    {"cp %s/metrics.jsonl %s/metrics.jsonl.1; : > %s/metrics.jsonl", "metrics.jsonl was cut off", 0, AFTER, false,
     "metrics.jsonl"},
    {"truncate -s 1000 %s/metrics.jsonl", "metrics.jsonl was cut off", 0, 0, false, "metrics.jsonl"},
    {"rm %s/metrics.jsonl; mkdir %s/metrics.jsonl", "metrics.jsonl was replaced", BEFORE, 0, false, NULL},
    {"mv %s/metrics.jsonl %s/kept; ln -s kept %s/metrics.jsonl", "metrics.jsonl was renamed", 0, 0, true, NULL},
    {"mv %s/metrics.jsonl %s/kept; mkfifo %s/metrics.jsonl", "metrics.jsonl was renamed", 0, 0, true, NULL},
    {"rm -rf %s", "metrics.jsonl was removed", BEFORE, AFTER, false, "metrics.jsonl"},
    {"rm -rf %s/.afmon", ".afmon was removed", 0, BEFORE + AFTER, true, "metrics.jsonl"},
    {"rm %s/.afmon/*.session", ".afmon was removed", 0, BEFORE + AFTER, true, "metrics.jsonl"},
    {"rm %s/afterimage.log", "afterimage.log was removed", 0, BEFORE + AFTER, false, "metrics.jsonl"},
};

/* Of how many files whose names begin so, and are no other file's, how many lines there are. */
static size_t lines_beside(const char *folder, const char *begin, const char *not_this)
{
    size_t lines = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, begin, strlen(begin)) == 0 && strcmp(entry->d_name, not_this) != 0)
            lines += count_in(folder, entry->d_name, "\n");
    closedir(entries);
    return lines;
}

static void one_trouble(const struct trouble *trouble)
{
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    record(monitor, 0, BEFORE);
    run(folder, trouble->what);
    record(monitor, BEFORE, AFTER);
    afmon_stats stats;
    assert_int_equal(afmon_monitor_stats(monitor, &stats), AFMON_OK);
    assert_int_equal(stats.samples_written, BEFORE + AFTER - trouble->lost);
    assert_true(stats.dropped.unwritable >= trouble->lost);
    const char *path = afmon_monitor_metrics_file(monitor);
    assert_int_equal(access(path, F_OK), 0);
    afmon_close_report report;
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    assert_int_equal(report.samples_recorded, BEFORE + AFTER);
    assert_int_equal(report.samples_written, BEFORE + AFTER - trouble->lost);
    assert_int_equal(report.drained, trouble->drained);
    assert_non_null(strstr(report.last_error.message, trouble->told));
    assert_true(count_in(folder, "afterimage.log", trouble->told) >= 1);
    if (trouble->found > 0)
        assert_int_equal(found(folder), trouble->found);
    if (trouble->goes_on != NULL)
        assert_true(count_in(folder, trouble->goes_on, "\n") >= AFTER);
    else
        assert_int_equal(lines_beside(folder, "metrics-", ""), AFTER);
    char private[1024];
    snprintf(private, sizeof private, "%s/.afmon", folder);
    assert_int_not_equal(access(private, F_OK), 0);
    remove_folder(folder);
}

static void files_that_go_away_are_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        print_message("    %s\n", troubles[i].what);
        one_trouble(&troubles[i]);
    }
}

/* A file at rest: what happened to it is told at the end, too. */
static void the_end_tells_of_a_file_that_went_away_at_rest(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    record(monitor, 0, BEFORE);
    run(folder, "rm %s/metrics.jsonl");
    afmon_close_report report;
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    assert_false(report.drained);
    assert_int_equal(report.samples_written, 0);
    assert_int_equal(report.dropped.unwritable, BEFORE);
    assert_int_equal(count_in(folder, "afterimage.log", "metrics.jsonl was removed"), 1);
    remove_folder(folder);
}

/* Nothing is recorded meanwhile, and readers find the run nevertheless, at once and after the monitor has noticed. */
static void a_run_at_rest_stays_one(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[1024];
    afmon_monitor *monitor = open_on(folder);
    record(monitor, 0, BEFORE);
    run(folder, "mv %s/metrics.jsonl %s/metrics.jsonl.1");
    assert_int_equal(found(folder), 0);
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    for (int i = 0; access(path, F_OK) != 0; i++) {
        assert_true(i < 6000);
        usleep(10000);
    }
    assert_int_equal(found(folder), 0);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    assert_int_equal(found(folder), 0);
    remove_folder(folder);
}

/* A process that has forked is asked over all of its files, whatever they are called by then. */
static void a_family_is_followed_into_new_files(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it does not take threads in a forked child */
#endif
    static const char *const whats[] = {"rm %s/metrics.jsonl; mkdir %s/metrics.jsonl",
                                        "mv %s/metrics.jsonl %s/metrics.jsonl.1", "sed -i 1d %s/metrics.jsonl",
                                        "truncate -s 1000 %s/metrics.jsonl"};
    for (int i = 0; i < 8; i++) {
        char *folder = make_folder();
        afmon_monitor *monitor = open_on(folder);
        record(monitor, 0, BEFORE);
        pid_t child = fork_child();
        if (child == 0) {
            (void)afmon_record_metric(monitor, "m", -1, NULL, 0);
            _exit(afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 1);
        }
        if (child_ended_well(child)) {
            record(monitor, BEFORE, AFTER);
            afmon_aggregate all;
            assert_int_equal(afmon_get_metrics(monitor, "m", 1e9, &all), AFMON_OK);
            assert_int_equal(all.count, BEFORE + AFTER + 1);
            run(folder, whats[i % 4]);
            if (i >= 4)
                usleep(300000);                     /* looked at before it is noticed */
            record(monitor, BEFORE + AFTER, LATER); /* more text than was there before */
            assert_int_equal(afmon_get_metrics(monitor, "m", 1e9, &all), AFMON_OK);
            assert_int_equal(all.count, BEFORE + AFTER + LATER + 1);
        }
        assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
        remove_folder(folder);
    }
}

/* Records, and more than that again once its file is another one: two looks apart for who follows it. */
static void be_a_child_that_goes_on(afmon_monitor *monitor, int written, int go_on)
{
    char byte = 0;
    record(monitor, 0, BEFORE);
    if (write(written, &byte, 1) != 1 || read(go_on, &byte, 1) != 1)
        _exit(1);
    record(monitor, BEFORE, LATER);
    _exit(afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 1);
}

static uint64_t count_of_all(afmon_monitor *monitor)
{
    afmon_aggregate all;
    assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
    assert_int_equal(afmon_get_metrics(monitor, "m", AFMON_ALL_TIME, &all), AFMON_OK);
    return all.count;
}

/* What of a child's file was read before others took it away counts, and all that is in the file after it. */
static void a_child_is_followed_into_new_files(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it does not take threads in a forked child */
#endif
    static const char *const whats[] = {"mv %s/metrics-*.jsonl %s/kept", "rm %s/metrics-*.jsonl",
                                        "for f in %s/metrics-*.jsonl; do cp $f %s/copy; mv %s/copy $f; done",
                                        "for f in %s/metrics-*.jsonl; do : > $f; done"};
    for (int i = 0; i < 4; i++) {
        char *folder = make_folder();
        int written[2], go_on[2];
        char byte = 0;
        assert_int_equal(pipe(written), 0);
        assert_int_equal(pipe(go_on), 0);
        afmon_monitor *monitor = open_on(folder);
        pid_t child = fork_child();
        if (child == 0)
            be_a_child_that_goes_on(monitor, written[1], go_on[0]);
        close(written[1]);
        bool well = read(written[0], &byte, 1) == 1;
        if (well) {
            assert_int_equal(count_of_all(monitor), BEFORE);
            run(folder, whats[i]);
        }
        assert_int_equal(write(go_on[1], &byte, 1), 1);
        if (child_ended_well(child) && well)
            assert_int_equal(count_of_all(monitor), BEFORE + LATER);
        assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
        close(written[0]);
        close(go_on[0]);
        close(go_on[1]);
        remove_folder(folder);
    }
}

/* Somebody else begins a run in the folder that was removed: its files are its own. */
static void a_removed_folder_that_somebody_else_has_now_is_shared(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *first = open_on(folder);
    record(first, 0, BEFORE);
    run(folder, "rm -rf %s");
    afmon_monitor *second = open_on(folder);
    record(second, 1000, 10);
    record(first, BEFORE, AFTER);
    record(second, 1010, 10);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), 20);
    assert_int_equal(lines_beside(folder, "metrics-", ""), AFTER);
    const char *path = afmon_monitor_metrics_file(first);
    assert_non_null(strstr(path, "/metrics-"));
    assert_int_equal(afmon_monitor_close(first, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_close(second, NULL), AFMON_OK);
    assert_int_equal(found(folder), 20 + AFTER);
    remove_folder(folder);
}

/* ---- kills ---- */

#define BATCH 10
#define WALL_OFFSET_NS INT64_C(1700000000000000000)

static void put_records(struct afmon_ring *ring, struct afmon_renderer *renderer)
{
    uint64_t tail = 0;
    for (int i = 0; i < BATCH; i++) {
        struct afmon_draft draft;
        afmon_draft_metric(&draft, "m", 1, i, NULL, 0);
        afmon_draft_write(&draft, ring->data + tail, i);
        assert_true(afmon_render_record(renderer, ring->data + tail));
        tail += draft.length;
    }
    atomic_store(&ring->header->tail, tail);
}

/* As a process that is killed with a batch on its way leaves it: noted, so much of its text written, the head not moved
 * on. */
static void be_killed(const char *folder, double part)
{
    struct afmon_session session;
    struct afmon_run_files files;
    struct afmon_ring ring;
    struct afmon_definitions none = {0};
    struct afmon_renderer renderer;
    uint64_t recovered;
    char name[AFMON_FILE_NAME];
    const char *failed;
    assert_int_equal(afmon_session_open(&session, folder, true, true, &recovered, NULL), AFMON_OK);
    afmon_session_set_wall_offset(&session, WALL_OFFSET_NS);
    assert_int_equal(afmon_run_files_open(&files, session.place.run, session.metrics_file, session.log_file, &failed),
                     0);
    assert_int_equal(afmon_session_set_files(&session, &files.file[0].is, &files.file[1].is), 0);
    afmon_ring_file_name(session.serial, 0, name);
    assert_int_equal(afmon_ring_create(&ring, session.place.folder, name, session.serial, 65536, NULL), 0);
    afmon_renderer_init(&renderer, &none, WALL_OFFSET_NS);
    renderer.write_metrics = true;
    put_records(&ring, &renderer);
    struct afmon_note note = {.until = afmon_ring_tail(&ring), .metrics_length = renderer.metrics.length};
    assert_int_equal(afmon_ring_note(&ring, &note), 0);
    size_t length = (size_t)((double)renderer.metrics.length * part);
    assert_int_equal(afmon_write_all(files.metrics, renderer.metrics.data, length, NULL), 0);
    _exit(0);
}

struct end {
    double part;      /* of the batch that was written when the process was killed */
    const char *what; /* had become of its file */
    int missing;      /* of the batch in the files that readers take */
};

/* Whole lines in all files of metrics, whatever they are called now; each sample at most once. */
static size_t samples_in(const char *folder, const char *name)
{
    char value[64];
    size_t lines = count_in(folder, name, "\n");
    for (int i = 0; i < BATCH; i++) {
        snprintf(value, sizeof value, "\"value\": %d.0, ", i);
        assert_true(count_in(folder, name, value) <= 1);
    }
    return lines;
}

static void one_end(const struct end *end)
{
    char *folder = make_folder();
    pid_t child = fork_child();
    if (child == 0)
        be_killed(folder, end->part);
    if (child_ended_well(child)) {
        run(folder, end->what);
        uint64_t recovered;
        assert_int_equal(afmon_recover(folder, &recovered, NULL), AFMON_OK);
        size_t kept = samples_in(folder, "metrics.jsonl");
        assert_int_equal(kept, BATCH - end->missing);
        assert_int_equal(kept + samples_in(folder, "gone"), BATCH);
        assert_true(count_in(folder, "metrics.jsonl", "\"value\": 9.0") + count_in(folder, "gone", "\"value\": 9.0") >
                    0);
    }
    remove_folder(folder);
}

/* Each sample is in one file, the one that was renamed or the new one. */
static void a_batch_on_its_way_is_found_in_a_renamed_file(void **state)
{
    (void)state;
    static const struct end ends[] = {
        {0, ":", 0},
        {1, ":", 0},
        {0.55, ":", 0},
        {0, "mv %s/metrics.jsonl %s/gone", 0},
        {1, "mv %s/metrics.jsonl %s/gone", BATCH},
        {1, "mv %s/metrics.jsonl %s/gone; : > %s/metrics.jsonl", BATCH}, /* the monitor had made it */
        {0.55, "mv %s/metrics.jsonl %s/gone", 5},
        {1, "rm %s/metrics.jsonl", 0},
        {0.55, "rm %s/metrics.jsonl", 0},
        {1, "cp %s/metrics.jsonl %s/copy; mv %s/copy %s/metrics.jsonl", 0},
        {0.55, "cp %s/metrics.jsonl %s/copy; mv %s/copy %s/metrics.jsonl", 0},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        one_end(&ends[i]);
}

static int64_t offset_in_file(const struct afmon_session *session)
{
    struct afmon_session_record record;
    assert_int_equal(afmon_session_read(session->place.folder, session->serial, &record), 0);
    int64_t offset = record.wall_offset_ns;
    afmon_session_record_free(&record);
    return offset;
}

/* A reader of a copy tells lines by their text: by the session's file it must come to the same times as its process. */
static void a_session_and_its_file_agree_on_the_time(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_session session;
    uint64_t recovered;
    assert_int_equal(afmon_session_open(&session, folder, true, true, &recovered, NULL), AFMON_OK);
    assert_int_equal(offset_in_file(&session), session.wall_offset_ns);
    for (int i = 0; i < 2; i++) {
        uint64_t serial = session.serial;
        run(folder, "rm -r %s/.afmon");
        assert_int_equal(afmon_session_renew(&session, folder), 0);
        assert_int_not_equal(session.serial, serial);
        assert_int_equal(offset_in_file(&session), session.wall_offset_ns);
        afmon_session_set_wall_offset(&session, WALL_OFFSET_NS);
        assert_int_equal(session.wall_offset_ns, WALL_OFFSET_NS);
    }
    afmon_session_close(&session, true);
    remove_folder(folder);
}

/* Between the look and the write: the batch is not taken for landed, and lands where it is found. */
static void a_batch_lands_in_no_file_that_is_gone(void **state)
{
    (void)state;
    static const char *const whats[] = {"rm %s/metrics.jsonl", ": > %s/metrics.jsonl"};
    for (int i = 0; i < 2; i++) {
        char *folder = make_folder();
        struct afmon_session session;
        struct afmon_run_files files;
        struct afmon_ring ring;
        struct afmon_buffer text, none;
        struct afmon_file_news news[AFMON_RUN_FILES];
        uint64_t recovered;
        const char *failed;
        assert_int_equal(afmon_session_open(&session, folder, true, true, &recovered, NULL), AFMON_OK);
        assert_int_equal(
            afmon_run_files_open(&files, session.place.run, session.metrics_file, session.log_file, &failed), 0);
        afmon_run_files_watch(&files, session.place.run);
        assert_int_equal(afmon_ring_create_anonymous(&ring, session.serial, 65536), 0);
        atomic_store(&ring.header->tail, 48);
        afmon_buffer_init(&text, 1000);
        afmon_buffer_init(&none, 1000);
        afmon_buffer_add(&text, "{}\n", 3);
        assert_int_equal(afmon_land(&files, &ring, &text, &none, 16), 0);
        afmon_run_files_landed(&files, 1, 0);
        run(folder, whats[i]);
        assert_int_equal(afmon_land(&files, &ring, &text, &none, 32), ENOLINK);
        assert_int_equal(afmon_ring_head(&ring), 16);
        assert_int_equal(afmon_run_files_look(&files, &session, news), 0);
        assert_int_equal(news[0].change, i == 0 ? AFMON_FILE_REMOVED : AFMON_FILE_CUT);
        assert_int_equal(news[0].written, 1);
        assert_int_equal(news[0].lost, i == 0);
        assert_int_equal(news[1].change, AFMON_FILE_SAME);
        assert_int_equal(afmon_land(&files, &ring, &text, &none, 32), 0);
        assert_int_equal(afmon_ring_head(&ring), 32);
        assert_int_equal(count_in(folder, "metrics.jsonl", "{}\n"), 1);
        afmon_buffer_free(&text);
        afmon_ring_free(&ring);
        afmon_run_files_close(&files);
        afmon_session_close(&session, true);
        remove_folder(folder);
    }
}

/* ---- descriptors ---- */

#define MOST 64

/* The descriptors of files in the folder. */
static size_t descriptors_of(const char *folder, int *list)
{
    size_t count = 0;
    for (int fd = 3; fd < 256; fd++) {
        char name[64], target[1024];
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(name, target, sizeof target - 1);
        if (length <= 0)
            continue;
        target[length] = '\0';
        if (strncmp(target, folder, strlen(folder)) == 0 && count < MOST)
            list[count++] = fd;
    }
    return count;
}

/* Closes what is not its own, and opens a file of its own that gets the number. */
static void take_number(int fd, const char *path)
{
    close(fd);
    int own = open(path, O_RDWR | O_CREAT | O_APPEND, 0666);
    assert_true(own >= 0);
    if (own != fd) {
        assert_int_equal(dup2(own, fd), fd);
        close(own);
    }
    assert_int_equal(write(fd, "mine\n", 5), 5);
}

static void assert_left_alone(int fd, const char *path)
{
    char text[64];
    struct stat status, named;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(stat(path, &named), 0);
    assert_int_equal(status.st_ino, named.st_ino);
    assert_int_equal(status.st_size, 5);
    assert_int_equal(pread(fd, text, sizeof text, 0), 5);
    assert_memory_equal(text, "mine\n", 5);
}

static void *record_once(void *monitor)
{
    assert_int_equal(afmon_record_metric(monitor, "m", -1, NULL, 0), AFMON_OK);
    return NULL;
}

/* All of them, while it goes on; or at the end, when only closing is left to do. */
static void closed_by_others(bool at_end)
{
    char *folder = make_folder();
    char *outside = make_folder();
    int list[MOST];
    char paths[MOST][1024];
    afmon_monitor *monitor = open_on(folder);
    record(monitor, 0, BEFORE);
    size_t count = descriptors_of(folder, list);
    assert_true(count >= 5); /* both files, both folders, the session */
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%zu", outside, i);
        take_number(list[i], paths[i]);
    }
    if (!at_end) {
        pthread_t thread; /* it wants a ring of its own */
        assert_int_equal(pthread_create(&thread, NULL, record_once, monitor), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        afmon_metric *handle;
        assert_int_equal(afmon_metric_resolve(monitor, "m", &(afmon_field){.key = "k", .type = AFMON_INT}, 1, &handle),
                         AFMON_OK);
        assert_int_equal(afmon_record(handle, -2), AFMON_OK);
        record(monitor, BEFORE, AFTER);
        uint64_t recovered = 0; /* it lives, and holds its lock again */
        assert_int_equal(afmon_recover(folder, &recovered, NULL), AFMON_OK);
        assert_int_equal(recovered, 0);
    }
    afmon_close_report report;
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    assert_true(report.drained);
    assert_int_not_equal(report.last_error.status, AFMON_OK);
    assert_true(count_in(folder, "afterimage.log", "closed by something else") >= 2);
    for (size_t i = 0; i < count; i++) {
        assert_left_alone(list[i], paths[i]);
        close(list[i]);
    }
    assert_int_equal(count_in(folder, "metrics.jsonl", "\n"), at_end ? BEFORE : BEFORE + AFTER + 2);
    assert_int_equal(found(folder), at_end ? BEFORE : BEFORE + AFTER + 2);
    remove_folder(folder);
    remove_folder(outside);
}

static void descriptors_of_others_are_left_alone(void **state)
{
    (void)state;
    closed_by_others(false);
    closed_by_others(true);
}

/* ---- while threads record ---- */

#define THREADS 4

struct recording {
    afmon_monitor *monitor;
    int thread;
    _Atomic bool *over;
    _Atomic uint64_t accepted;
};

static void *record_until_over(void *user)
{
    struct recording *recording = user;
    char name[32];
    afmon_metric *handle = NULL;
    snprintf(name, sizeof name, "thread-%d", recording->thread);
    (void)afmon_metric_resolve(recording->monitor, name, NULL, 0, &handle);
    for (uint64_t i = 0; !atomic_load(recording->over);) {
        afmon_status status = i % 2 == 0 ? afmon_record(handle, (double)i)
                                         : afmon_record_metric(recording->monitor, name, (double)i, NULL, 0);
        assert_int_equal(status, AFMON_OK);
        atomic_store(&recording->accepted, ++i);
        if (i % 64 == 0)
            usleep(200);
    }
    return NULL;
}

static void assert_each_once(const char *folder, const struct recording *recording)
{
    char name[64];
    afmon_view *view;
    afmon_aggregate all = {0};
    uint64_t accepted = atomic_load(&recording->accepted);
    snprintf(name, sizeof name, "thread-%d", recording->thread);
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &all), AFMON_OK);
    afmon_view_close(view);
    assert_int_equal(all.count, accepted);
    assert_true(all.sum == (double)accepted * (double)(accepted - 1) / 2);
}

/* Sessions come and go, files are renamed to others that readers take, and nothing is refused, lost or doubled. */
static void threads_go_on_recording(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    _Atomic bool over = false;
    pthread_t threads[THREADS];
    struct recording recordings[THREADS];
    for (int i = 0; i < THREADS; i++) {
        recordings[i] = (struct recording){.monitor = monitor, .thread = i, .over = &over};
        assert_int_equal(pthread_create(&threads[i], NULL, record_until_over, &recordings[i]), 0);
    }
    for (int i = 0; i < (SANITIZED ? 8 : 30); i++) {
        char command[256];
        snprintf(command, sizeof command, "mv %%s/metrics.jsonl %%s/metrics-%016x.jsonl", i + 1);
        run(folder, i % 2 == 0 ? "until rm -rf %s/.afmon 2> /dev/null; do :; done" : command);
        assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    afmon_stats stats;
    assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_flush(monitor, 30, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_stats(monitor, &stats), AFMON_OK);
    assert_true(stats.rings <= THREADS + 2); /* this thread's and the monitor's own: those of old sessions are gone */
    afmon_close_report report;
    assert_int_equal(afmon_monitor_close(monitor, &report), AFMON_OK);
    assert_true(report.drained);
    assert_int_equal(report.samples_written, report.samples_recorded);
    for (int i = 0; i < THREADS; i++)
        assert_each_once(folder, &recordings[i]);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_go_away_are_noticed),
        cmocka_unit_test(the_end_tells_of_a_file_that_went_away_at_rest),
        cmocka_unit_test(a_run_at_rest_stays_one),
        cmocka_unit_test(a_family_is_followed_into_new_files),
        cmocka_unit_test(a_child_is_followed_into_new_files),
        cmocka_unit_test(a_removed_folder_that_somebody_else_has_now_is_shared),
        cmocka_unit_test(a_batch_on_its_way_is_found_in_a_renamed_file),
        cmocka_unit_test(a_session_and_its_file_agree_on_the_time),
        cmocka_unit_test(a_batch_lands_in_no_file_that_is_gone),
        cmocka_unit_test(descriptors_of_others_are_left_alone),
        cmocka_unit_test(threads_go_on_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
