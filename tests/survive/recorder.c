/* Records without end into a run folder, and says in shared memory which calls have returned; to be killed.
 *
 * recorder FOLDER ACKS THREADS NAME: thread T records the series NAME-T with the values 0, 1, 2 ... by turns through a
 * handle, by name with metadata, and with a text as long as a ring's quarter; ACKS is a file of THREADS counters of 8
 * bytes: the calls that have returned. */
#include <afmon/afmon.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct worker {
    afmon_monitor *monitor;
    _Atomic uint64_t *acknowledged;
    char name[64];
    const char *long_text;
};

static afmon_status record_one(struct worker *worker, afmon_metric *handle, uint64_t i, const char *long_text)
{
    afmon_field fields[] = {afmon_string("model_name", "m"), afmon_int("i", (int64_t)i)};
    if (i % 1000 == 999)
        return afmon_record_metric(worker->monitor, worker->name, (double)i,
                                   (afmon_field[]){afmon_string("text", long_text)}, 1);
    if (i % 3 == 0)
        return afmon_record_metric(worker->monitor, worker->name, (double)i, fields, 2);
    return afmon_record(handle, (double)i);
}

static void *work(void *user)
{
    struct worker *worker = user;
    afmon_metric *handle;
    if (afmon_metric_resolve(worker->monitor, worker->name, NULL, 0, &handle) != AFMON_OK)
        return NULL;
    for (uint64_t i = 0; record_one(worker, handle, i, worker->long_text) == AFMON_OK; i++)
        atomic_store_explicit(worker->acknowledged, i + 1, memory_order_release);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int threads = atoi(argv[3]);
    int fd = open(argv[2], O_RDWR | O_CREAT, 0666);
    if (fd < 0 || threads < 1 || threads > 16 || ftruncate(fd, threads * 8) != 0)
        return 2;
    _Atomic uint64_t *acks = mmap(NULL, (size_t)threads * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (acks == MAP_FAILED)
        return 2;
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = argv[1];
    afmon_monitor *monitor;
    afmon_error error;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    static char long_text[200001];
    memset(long_text, 'x', sizeof long_text - 1);
    pthread_t ids[16];
    struct worker workers[16];
    for (int i = 0; i < threads; i++) {
        workers[i] = (struct worker){.monitor = monitor, .acknowledged = &acks[i], .long_text = long_text};
        snprintf(workers[i].name, sizeof workers[i].name, "%s-%d", argv[4], i);
        if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
            return 1;
    }
    puts("recording");
    fflush(stdout);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    return 1;
}
