/* Slow requests: lanes, each a thread that calls handlers in turn. Their connections are suspended meanwhile. */

#include "base/status.h"
#include "base/thread.h"
#include "http/server.h"

void afmon_http_jobs_init(struct afmon_http *server)
{
    for (size_t i = 0; i < AFMON_HTTP_LANES; i++) {
        server->jobs[i].server = server;
        pthread_mutex_init(&server->jobs[i].lock, NULL);
        pthread_cond_init(&server->jobs[i].work, NULL);
    }
}

void afmon_http_jobs_destroy(struct afmon_http *server)
{
    for (size_t i = 0; i < AFMON_HTTP_LANES; i++) {
        pthread_cond_destroy(&server->jobs[i].work);
        pthread_mutex_destroy(&server->jobs[i].lock);
    }
}

/* The next job; waits for one. NULL: the server stops. The lock is held. */
static struct afmon_http_request *next_job(struct afmon_http_jobs *jobs)
{
    while (jobs->first == NULL && !jobs->stop)
        pthread_cond_wait(&jobs->work, &jobs->lock);
    if (jobs->stop)
        return NULL;
    struct afmon_http_request *job = jobs->first;
    jobs->first = job->next_job;
    if (jobs->first == NULL)
        jobs->last = NULL;
    return job;
}

static void *work(void *user)
{
    struct afmon_http_jobs *jobs = user;
    struct afmon_http *server = jobs->server;
    struct afmon_http_request *job;
    pthread_mutex_lock(&jobs->lock);
    while ((job = next_job(jobs)) != NULL) {
        pthread_mutex_unlock(&jobs->lock);
        job->match.route->handler(server->options.user, job, &job->response);
        pthread_mutex_lock(&jobs->lock);
        job->next_job = jobs->done;
        jobs->done = job;
        afmon_http_wake(server);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

afmon_status afmon_http_jobs_start(struct afmon_http *server, afmon_error *error)
{
    static const char *const names[AFMON_HTTP_LANES] = {"afmon-http-slow", "afmon-http-long"};
    for (size_t i = 0; i < AFMON_HTTP_LANES; i++) {
        int failure = afmon_thread_start(&server->jobs[i].thread, names[i], work, &server->jobs[i]);
        if (failure != 0)
            return afmon_fail_os(error, failure, "cannot start a thread");
        server->jobs[i].started = true;
    }
    return AFMON_OK;
}

static void stop(struct afmon_http_jobs *jobs)
{
    if (!jobs->started)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->stop = true;
    pthread_cond_signal(&jobs->work);
    pthread_mutex_unlock(&jobs->lock);
    pthread_join(jobs->thread, NULL);
    jobs->started = false;
}

void afmon_http_jobs_stop(struct afmon_http *server)
{
    for (size_t i = 0; i < AFMON_HTTP_LANES; i++)
        stop(&server->jobs[i]);
}

bool afmon_http_jobs_add(struct afmon_http *server, struct afmon_http_request *request)
{
    struct afmon_http_jobs *jobs = &server->jobs[request->match.route->flags & AFMON_HTTP_LONG ? 1 : 0];
    pthread_mutex_lock(&jobs->lock);
    bool room = jobs->waiting < AFMON_HTTP_JOBS_MAX && !jobs->stop;
    if (room) {
        request->next_job = NULL;
        if (jobs->last != NULL)
            jobs->last->next_job = request;
        else
            jobs->first = request;
        jobs->last = request;
        jobs->waiting++;
        pthread_cond_signal(&jobs->work);
    }
    pthread_mutex_unlock(&jobs->lock);
    return room;
}

static void collect(struct afmon_http_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    struct afmon_http_request *done = jobs->done;
    jobs->done = NULL;
    pthread_mutex_unlock(&jobs->lock);
    while (done != NULL) {
        struct afmon_http_request *next = done->next_job;
        done->state = AFMON_REQUEST_ANSWERED;
        afmon_connection_resume(done->connection);
        done = next;
        pthread_mutex_lock(&jobs->lock);
        jobs->waiting--;
        pthread_mutex_unlock(&jobs->lock);
    }
}

void afmon_http_jobs_collect(struct afmon_http *server)
{
    for (size_t i = 0; i < AFMON_HTTP_LANES; i++)
        collect(&server->jobs[i]);
}
