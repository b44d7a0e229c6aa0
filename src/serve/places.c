/* The list of runs: who gets a place on it, and who keeps it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serve/serve.h"

#define GONE (-1)      /* as a time: there is no such run any more */
#define BUSY INT64_MAX /* somebody needs it */

/* ---- Runs ---- */

static struct afmon_served_run *make_run(const struct afmon_found *found)
{
    struct afmon_served_run *run = calloc(1, sizeof *run);
    const char *slash = strrchr(found->folder, '/');
    if (run == NULL)
        return NULL;
    run->folder = strdup(found->folder);
    run->name = strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : found->folder);
    if (run->folder == NULL || run->name == NULL) {
        free(run->folder);
        free(run->name);
        free(run);
        return NULL;
    }
    memcpy(run->id, found->id, AFMON_RUN_ID_SIZE);
    run->from = found->from;
    run->facts = (struct afmon_run_facts_shown){.state = "waiting"};
    return run;
}

void afmon_serve_free_run(struct afmon_server *server, struct afmon_served_run *run)
{
    afmon_serve_close_run(server, run);
    afmon_meters_free(run->meters);
    afmon_serve_about_free(&run->about);
    free(run->folder);
    free(run->name);
    free(run);
}

/* The lock is held. */
static struct afmon_served_run *find(const struct afmon_server *server, const char *id)
{
    for (size_t i = 0; i < server->run_count; i++)
        if (strcmp(server->runs[i]->id, id) == 0)
            return server->runs[i];
    return NULL;
}

struct afmon_served_run *afmon_serve_run(struct afmon_server *server, const char *id)
{
    pthread_mutex_lock(&server->lock);
    struct afmon_served_run *run = find(server, id);
    pthread_mutex_unlock(&server->lock);
    return run;
}

struct afmon_served_run *afmon_serve_hold(struct afmon_server *server, const char *id)
{
    pthread_mutex_lock(&server->lock);
    struct afmon_served_run *run = find(server, id);
    if (run != NULL && run->gone)
        run = NULL;
    if (run != NULL)
        run->holds++;
    pthread_mutex_unlock(&server->lock);
    return run;
}

void afmon_serve_release(struct afmon_server *server, struct afmon_served_run *run)
{
    pthread_mutex_lock(&server->lock);
    run->holds--;
    pthread_mutex_unlock(&server->lock);
}

/* ---- Places ---- */

static int newest_first(const void *left, const void *right)
{
    const struct afmon_found *a = left;
    const struct afmon_found *b = right;
    return (a->modified_ns < b->modified_ns) - (a->modified_ns > b->modified_ns);
}

static int by_id(const void *left, const void *right)
{
    return strcmp(((const struct afmon_found *)left)->id, ((const struct afmon_found *)right)->id);
}

/* A run may have been found twice: folders may be named twice, or within each other. Returns how many stay; the folders
 * of the others are freed. */
static size_t sort(struct afmon_found *found, size_t count)
{
    size_t kept = 0;
    if (count == 0)
        return 0;
    qsort(found, count, sizeof *found, by_id);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_id(&found[kept - 1], &found[i]) == 0) {
            free(found[i].folder);
            found[i].folder = NULL;
        } else {
            struct afmon_found one = found[i];
            found[i].folder = kept == i ? found[i].folder : NULL;
            found[kept++] = one;
        }
    }
    qsort(found, kept, sizeof *found, newest_first);
    return kept;
}

static void append(struct afmon_server *server, const struct afmon_found *found)
{
    struct afmon_served_run *run = make_run(found);
    if (run == NULL) {
        server->folders[found->from].search_again = true;
        return;
    }
    pthread_mutex_lock(&server->lock);
    server->runs[server->run_count++] = run;
    pthread_mutex_unlock(&server->lock);
}

/* How much a run needs its place: GONE, the time of its files, or BUSY. */
static int64_t claim_of(const struct afmon_served_run *run)
{
    int64_t modified_ns = afmon_serve_run_time(run->folder);
    if (modified_ns < 0)
        return GONE;
    return run->live != NULL || run->metered ? BUSY : modified_ns;
}

/* False: a request holds the run that is there. */
static bool exchange(struct afmon_server *server, size_t place, struct afmon_served_run *next)
{
    pthread_mutex_lock(&server->lock);
    struct afmon_served_run *old = server->runs[place];
    bool free_to_go = old->holds == 0 && old->attention.streams == 0;
    if (free_to_go)
        server->runs[place] = next;
    pthread_mutex_unlock(&server->lock);
    if (!free_to_go)
        return false;
    if (old->metered)
        server->metered_count = 0; /* they are chosen anew before anybody asks for them */
    afmon_serve_free_run(server, old);
    return true;
}

static size_t least(const int64_t *claims, size_t count)
{
    size_t place = 0;
    for (size_t i = 1; i < count; i++)
        if (claims[i] < claims[place])
            place = i;
    return place;
}

/* In the place of a run that has gone, or of the oldest. False: there is none that is older. */
static bool replace(struct afmon_server *server, int64_t *claims, const struct afmon_found *found)
{
    struct afmon_served_run *run = make_run(found);
    if (run == NULL) {
        server->folders[found->from].search_again = true;
        return true;
    }
    for (;;) {
        size_t place = least(claims, server->run_count);
        int64_t claim = claims[place];
        size_t from = server->runs[place]->from;
        if (claim >= found->modified_ns) {
            afmon_serve_free_run(server, run);
            return false;
        }
        claims[place] = BUSY; /* the new one is newer than all that follow */
        if (exchange(server, place, run)) {
            server->folders[from].left_out += claim != GONE;
            return true;
        }
    }
}

void afmon_serve_place(struct afmon_server *server, struct afmon_found *found, size_t count)
{
    int64_t claims[AFMON_SERVE_RUNS_MAX];
    size_t room = AFMON_SERVE_RUNS_MAX - server->run_count;
    count = sort(found, count);
    size_t fit = count < room ? count : room;
    for (size_t i = fit; i-- > 0;) /* the list is read from its end */
        append(server, &found[i]);
    for (size_t i = 0; fit < count && i < server->run_count; i++)
        claims[i] = claim_of(server->runs[i]);
    for (size_t i = fit; i < count; i++)
        if (server->run_count < AFMON_SERVE_RUNS_MAX || !replace(server, claims, &found[i]))
            server->folders[found[i].from].left_out++;
}

struct afmon_served_run *afmon_serve_wanted(struct afmon_server *server, const struct afmon_http_request *request,
                                            struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_hold(server, afmon_http_segment(request, 0));
    if (run == NULL)
        afmon_http_fail(response, 404, "there is no such run; /api/v1/runs lists them");
    return run;
}
