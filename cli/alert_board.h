/* Which alerts hold now, which were raised and cleared: fed by the monitor's alert handler, read by the live display
 * and the summary. */
#ifndef AFMON_CLI_ALERT_BOARD_H
#define AFMON_CLI_ALERT_BOARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

typedef struct alert_entry {
    afmon_alert latest;
    afmon_alert worst; /* farthest beyond its limit */
    int64_t first_ns;  /* of the first pass in which it held */
    uint64_t passes;   /* in which it held */
    unsigned raised;   /* how often it came up */
    bool holds;
    double held_s;    /* together, without the stretch that still goes on */
    int64_t since_ns; /* of the stretch that goes on */
    int64_t seen_ns;  /* monotonic time of the last pass in which it held */
} alert_entry;

/* Something to tell: an alert came up, or went away after held_s. */
typedef struct alert_event {
    bool raised;
    afmon_alert alert;
    double held_s;
} alert_event;

enum { ALERT_EVENTS = 32, ALERT_ENTRIES = 32 }; /* further alerts are in the log only */

typedef struct alert_board {
    pthread_mutex_t mutex;
    double interval_s; /* of the passes */
    alert_entry entries[ALERT_ENTRIES];
    size_t count;
    alert_event events[ALERT_EVENTS]; /* not yet told; the oldest are forgotten where nobody asks */
    size_t event_count;
} alert_board;

bool alert_board_init(alert_board *board, double interval_s); /* false: the system gave no mutex */
void alert_board_destroy(alert_board *board);

/* The handler to give to a monitor; the board must outlive it. */
afmon_alert_handler alert_board_handler(alert_board *board);

/* Takes the oldest event that was not told yet. An alert has gone when it was resolved, or, where that is not told
 * (afmon_alert.resolves), when a pass went by without it. false: none. */
bool alert_board_next(alert_board *board, alert_event *event);

/* Copies the entries, in the order in which they first came up. Returns how many. */
size_t alert_board_entries(alert_board *board, alert_entry entries[ALERT_ENTRIES]);

#endif
