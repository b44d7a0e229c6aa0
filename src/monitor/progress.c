#include "monitor/progress.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "live/progress_line.h"

#define PERIOD_NS 500000000L
#define BUDGET_S 0.1
#define LAST_BUDGET_S 1.0
#define TEXT_WIDTH 160
#define DEFAULT_WIDTH 80

struct afmon_progress_thread {
    afmon_live *live;
    bool drawn; /* on the terminal there is a line of ours */
    bool terminal;
    pid_t process;
    pthread_t thread;
    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t wake;
    bool stop;
    bool stopped;
    char line[AFMON_PROGRESS_LINE_SIZE];
};

/* ---- The terminal ---- */

static bool is_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && kind != NULL && strcmp(kind, "dumb") != 0;
}

static size_t width_of_terminal(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : DEFAULT_WIDTH;
}

/* Whether a line can be written now, and nobody minds: the program is in front, and its terminal is not held (Ctrl-S),
 * where a write would wait. */
static bool may_draw(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    return is_terminal() && tcgetpgrp(STDERR_FILENO) == getpgrp() && poll(&out, 1, 0) == 1 &&
           (out.revents & (POLLOUT | POLLERR | POLLHUP)) == POLLOUT;
}

/* One write, so that what others write does not come between. A line that is cut is drawn whole the next time. */
static void draw(struct afmon_progress_thread *progress, const char *line, bool last)
{
    char text[AFMON_PROGRESS_LINE_SIZE + 16];
    if (!may_draw())
        return;
    int length = snprintf(text, sizeof text, "\r%s\x1b[K%s", line, last ? "\n" : "");
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)length);
    (void)ignored;
    progress->drawn = true;
}

/* ---- The thread ---- */

static void look(struct afmon_progress_thread *progress, bool last)
{
    char line[AFMON_PROGRESS_LINE_SIZE];
    size_t columns = progress->terminal ? width_of_terminal() : TEXT_WIDTH;
    if (afmon_live_update(progress->live, last ? LAST_BUDGET_S : BUDGET_S, NULL) != AFMON_OK ||
        !afmon_live_progress_line(progress->live, last, columns > 1 ? columns - 1 : 1, line, sizeof line))
        return;
    pthread_mutex_lock(&progress->lock);
    memcpy(progress->line, line, sizeof line);
    pthread_mutex_unlock(&progress->lock);
    if (progress->terminal)
        draw(progress, line, last);
}

static void *run(void *user)
{
    struct afmon_progress_thread *progress = user;
    pthread_mutex_lock(&progress->lock);
    while (!progress->stop) {
        pthread_mutex_unlock(&progress->lock);
        look(progress, false);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PERIOD_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&progress->lock);
        while (!progress->stop && pthread_cond_timedwait(&progress->wake, &progress->lock, &until) == 0)
            ;
    }
    pthread_mutex_unlock(&progress->lock);
    look(progress, true);
    return NULL;
}

/* ---- Its life ---- */

static afmon_status prepare(struct afmon_progress_thread *progress, const char *folder, afmon_error *error)
{
    afmon_live_options options;
    pthread_condattr_t attributes;
    afmon_live_options_init(&options);
    options.recover = false; /* the monitor has done that */
    options.log_lines = 1;
    afmon_status status = afmon_live_open(folder, &options, &progress->live, error);
    if (status != AFMON_OK)
        return status;
    pthread_mutex_init(&progress->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int failure = afmon_thread_start(&progress->thread, "afmon-progress", run, progress);
    if (failure == 0)
        return AFMON_OK;
    pthread_cond_destroy(&progress->wake);
    pthread_mutex_destroy(&progress->lock);
    afmon_live_close(progress->live);
    return afmon_fail_os(error, failure, "cannot start the thread of the progress line");
}

afmon_status afmon_progress_thread_start(const char *folder, afmon_progress_kind kind,
                                         struct afmon_progress_thread **progress, afmon_error *error)
{
    *progress = NULL;
    if (kind == AFMON_PROGRESS_NONE || (kind == AFMON_PROGRESS_TERMINAL && !is_terminal()))
        return AFMON_OK;
    struct afmon_progress_thread *made = calloc(1, sizeof *made);
    if (made == NULL)
        return afmon_fail_memory(error);
    made->terminal = kind == AFMON_PROGRESS_TERMINAL;
    made->process = getpid();
    afmon_status status = prepare(made, folder, error);
    if (status == AFMON_OK)
        *progress = made;
    else
        free(made);
    return status;
}

void afmon_progress_thread_stop(struct afmon_progress_thread *progress)
{
    if (progress == NULL || progress->process != getpid() || progress->stopped)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->stop = true;
    pthread_cond_signal(&progress->wake);
    pthread_mutex_unlock(&progress->lock);
    pthread_join(progress->thread, NULL);
    afmon_live_close(progress->live);
    progress->live = NULL;
    progress->stopped = true;
}

void afmon_progress_thread_free(struct afmon_progress_thread *progress)
{
    if (progress == NULL || progress->process != getpid())
        return;
    pthread_cond_destroy(&progress->wake);
    pthread_mutex_destroy(&progress->lock);
    free(progress);
}

void afmon_progress_thread_text(struct afmon_progress_thread *progress, char *line, size_t size)
{
    line[0] = '\0';
    if (progress == NULL || progress->process != getpid())
        return;
    pthread_mutex_lock(&progress->lock);
    afmon_utf8_copy(line, size, progress->line, strlen(progress->line));
    pthread_mutex_unlock(&progress->lock);
}
