/* Questions about a stretch of a run's time, which only its follower can answer.
 *
 * Properties. A question waits in a list until the follower's next pass over its run, which a question wakes; its
 * answer is a blob that the HTTP thread hands out. Nobody waits for a lock while an answer is made.
 * Safety. The server's lock guards the list and what is marked "guarded". The follower answers a question with its own
 * thread only; one whose client has gone is freed by whoever touches it last. */
#ifndef AFMON_SERVE_ASK_H
#define AFMON_SERVE_ASK_H

#include "http/http.h"
#include "serve/serve.h"

struct afmon_json;

struct afmon_question {
    struct afmon_question *next; /* guarded */
    struct afmon_server *server;
    struct afmon_served_run *run; /* kept on the list of runs by its attention */
    afmon_window window;
    char *metric; /* NULL: the standard charts */
    bool heat;    /* with how the values are spread */
    /* guarded */
    enum { AFMON_ASK_WAITS, AFMON_ASK_TAKEN, AFMON_ASK_ANSWERED } state;
    struct afmon_blob *answer;
    bool left; /* nobody waits any more */
};

/* Answers what is asked about a run that was just read. The follower's thread. */
void afmon_serve_answer(struct afmon_server *server, struct afmon_served_run *run);

/* charts.c: the standard charts over a window, an object. */
afmon_status afmon_picture_window(afmon_live *live, const afmon_live_info *info, afmon_window window,
                                  struct afmon_json *json);

/* series.c: one metric over a window, an object. */
afmon_status afmon_series_write(afmon_live *live, const afmon_live_info *info, const struct afmon_question *question,
                                struct afmon_json *json);

#endif
