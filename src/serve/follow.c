/* The follower's thread: what it reads when. */
#include <time.h>

#include "base/clock.h"
#include "serve/ask.h"
#include "serve/serve.h"

#define PERIOD_NS AFMON_NS_PER_S
#define SEEN_NS (10 * AFMON_NS_PER_S)  /* so long after a request somebody counts as looking */
#define KEEP_NS (120 * AFMON_NS_PER_S) /* so long a run that nobody looks at is kept open */
#define LOOK_NS (5 * AFMON_NS_PER_S)   /* between two looks at the files of a run that is over */
#define QUIET_NS (60 * AFMON_NS_PER_S) /* a run of another program is over when it wrote nothing for so long */
#define PIECE_S 0.05                   /* reading what is old, without looking up */
#define BREATH_NS (AFMON_NS_PER_S / 200)
#define REST 3     /* times as long as a piece of a run of the overview took: a quarter of a core */
#define KEPT_MAX 8 /* runs that stay open because they go on and somebody looks at the overview */

struct pass {
    struct afmon_server *server;
    int64_t now_ns;
    bool overview;    /* somebody looks at it */
    bool anybody;     /* somebody looks at something */
    bool more;        /* a run that somebody looks at is not read to its end */
    bool more_below;  /* a run of the overview is not */
    bool open;        /* some run is */
    size_t kept;      /* runs that stay open for the overview */
    int64_t spent_ns; /* for runs that nobody looks at alone */
};

static void look(struct pass *pass, struct afmon_served_run *run, int64_t period_ns)
{
    if (pass->now_ns < run->look_due_ns)
        return;
    afmon_serve_look_at(pass->server, run);
    run->look_due_ns = pass->now_ns + period_ns / 2;
}

static bool is_over(const struct afmon_served_run *run)
{
    return run->look.living == 0 && afmon_wall_ns() - run->look.modified_ns > QUIET_NS;
}

/* A run that somebody looks at. */
static void follow(struct pass *pass, struct afmon_served_run *run)
{
    bool fresh = run->live == NULL;
    bool loading = run->live != NULL && run->drawn_part < 1;
    look(pass, run, PERIOD_NS);
    if (fresh || loading || pass->now_ns >= run->due_ns || run->shown.json == NULL)
        pass->more |= afmon_serve_read(pass->server, run, fresh ? 0 : PIECE_S, true);
    afmon_serve_answer(pass->server, run);
}

/* A piece of a run that is read though nobody looks at it alone; so many in a pass as fit into PIECE_S. */
static void read_below(struct pass *pass, struct afmon_served_run *run, bool picture)
{
    if (run->failed_ns != 0 && pass->now_ns - run->failed_ns < LOOK_NS)
        return;
    pass->more_below = true;
    if (pass->spent_ns >= afmon_seconds_to_ns(PIECE_S))
        return;
    int64_t began_ns = afmon_boot_ns();
    (void)afmon_serve_read(pass->server, run, PIECE_S - (double)pass->spent_ns / 1e9, picture);
    pass->spent_ns += afmon_boot_ns() - began_ns;
}

/* What is told is that of all of it, as far as the follower (or the last one) has seen. */
static bool is_told(const struct afmon_served_run *run)
{
    return run->told && (run->live == NULL || run->drawn_part >= 1);
}

/* A run of the overview. Those that go on are kept open, as far as there is room; the others are read to their end
 * where what is told of them is not true any more, one after the other, and closed. */
static void survey(struct pass *pass, struct afmon_served_run *run)
{
    look(pass, run, run->live != NULL ? PERIOD_NS : LOOK_NS);
    bool stays = !is_over(run) && pass->kept < KEPT_MAX;
    if (!run->look.samples)
        return;
    pass->kept += stays;
    if (!is_told(run) || (stays && run->live == NULL))
        read_below(pass, run, false);
    else if (stays && pass->now_ns >= run->due_ns)
        (void)afmon_serve_read(pass->server, run, PIECE_S, false);
    if (run->live != NULL && is_told(run) && !stays)
        afmon_serve_close_run(pass->server, run);
}

/* A run whose figures are scraped: it is read to its end, and on while it is written into. */
static void meter(struct pass *pass, struct afmon_served_run *run, bool wanted)
{
    look(pass, run, run->live != NULL ? PERIOD_NS : LOOK_NS);
    if (run->live == NULL && afmon_serve_has_meters(run))
        return;
    if (run->live == NULL || !run->keeps_meters || run->drawn_part < 1)
        read_below(pass, run, wanted);
    else if (pass->now_ns >= run->due_ns)
        (void)afmon_serve_read(pass->server, run, PIECE_S, wanted);
    if (!wanted && is_over(run) && afmon_serve_has_meters(run))
        afmon_serve_close_run(pass->server, run);
    pass->anybody |= run->live != NULL;
}

static void take(struct pass *pass, struct afmon_served_run *run)
{
    int64_t looked_ns = afmon_serve_looked_ns(pass->server, &run->attention, pass->now_ns);
    bool wanted = pass->now_ns - looked_ns < SEEN_NS;
    pass->anybody |= wanted;
    if (wanted)
        follow(pass, run);
    else if (pass->overview)
        survey(pass, run);
    else if (run->live != NULL && !run->metered && pass->now_ns - looked_ns > KEEP_NS)
        afmon_serve_close_run(pass->server, run);
    if (run->metered)
        meter(pass, run, wanted);
    pass->open |= run->live != NULL;
}

/* When the next pass is due. What nobody looks at has none, but that it is closed some time. */
static int64_t next_pass(const struct pass *pass)
{
    if (pass->more || pass->more_below)
        return afmon_boot_ns() + (pass->more ? BREATH_NS : BREATH_NS + REST * pass->spent_ns);
    if (pass->anybody)
        return pass->now_ns - pass->now_ns % PERIOD_NS + PERIOD_NS;
    return pass->open ? pass->now_ns + KEEP_NS : INT64_MAX;
}

/* Until the next pass is due, somebody comes, or the server stops. */
static void rest(struct afmon_server *server, int64_t until_ns)
{
    struct timespec until;
    bool over = false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (until_ns != INT64_MAX) {
        int64_t ns = until.tv_nsec + (until_ns - afmon_boot_ns());
        ns = ns > 0 ? ns : 0;
        until.tv_sec += (time_t)(ns / AFMON_NS_PER_S);
        until.tv_nsec = ns % AFMON_NS_PER_S;
    }
    pthread_mutex_lock(&server->lock);
    while (!server->nudged && !atomic_load(&server->stopping) && !over)
        over = (until_ns == INT64_MAX ? pthread_cond_wait(&server->work, &server->lock)
                                      : pthread_cond_timedwait(&server->work, &server->lock, &until)) != 0;
    server->nudged = false;
    pthread_mutex_unlock(&server->lock);
}

static void choose(struct pass *pass)
{
    struct afmon_server *server = pass->server;
    bool scraped = afmon_serve_is_scraped(server, pass->now_ns);
    for (size_t i = 0; scraped && i < server->run_count; i++)
        look(pass, server->runs[i], server->runs[i]->live != NULL ? PERIOD_NS : LOOK_NS);
    afmon_serve_choose_metered(server, scraped);
}

static void pass_over(struct pass *pass)
{
    struct afmon_server *server = pass->server;
    int64_t looked_ns = afmon_serve_looked_ns(server, &server->attention, pass->now_ns);
    pass->overview = pass->anybody = pass->now_ns - looked_ns < SEEN_NS;
    afmon_serve_find(server);
    choose(pass);
    for (size_t i = server->run_count; i-- > 0 && !atomic_load(&server->stopping);) /* the latest first */
        take(pass, server->runs[i]);
    if (pass->overview &&
        (pass->now_ns >= server->list_due_ns || afmon_serve_waited_for(server, &server->attention, &server->list))) {
        afmon_serve_publish_list(server);
        server->list_due_ns = pass->now_ns - pass->now_ns % PERIOD_NS + PERIOD_NS;
    }
    pass->more |= !afmon_serve_publish_scrapes(server);
    afmon_http_wake(server->http);
}

void *afmon_serve_follow(void *user)
{
    struct afmon_server *server = user;
    while (!atomic_load(&server->stopping)) {
        struct pass pass = {.server = server, .now_ns = afmon_boot_ns()};
        pass_over(&pass);
        rest(server, next_pass(&pass));
    }
    return NULL;
}
