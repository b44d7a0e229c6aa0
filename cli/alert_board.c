#include "cli/alert_board.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* A pass may come late; half an interval more without the alert means that one went by. */
static const double gone_after_intervals = 1.5;

static int64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool alert_board_init(alert_board *board, double interval_s)
{
    *board = (alert_board){.interval_s = interval_s};
    return pthread_mutex_init(&board->mutex, NULL) == 0;
}

void alert_board_destroy(alert_board *board)
{
    pthread_mutex_destroy(&board->mutex);
}

static void tell(alert_board *board, bool raised, const alert_entry *entry, double held_s)
{
    if (board->event_count == ALERT_EVENTS) {
        memmove(board->events, board->events + 1, (ALERT_EVENTS - 1) * sizeof board->events[0]);
        board->event_count--;
    }
    board->events[board->event_count++] = (alert_event){.raised = raised, .alert = entry->latest, .held_s = held_s};
}

static alert_entry *find(alert_board *board, const afmon_alert *alert)
{
    for (size_t i = 0; i < board->count; i++)
        if (strcmp(board->entries[i].latest.name, alert->name) == 0)
            return &board->entries[i];
    if (board->count == ALERT_ENTRIES)
        return NULL;
    alert_entry *entry = &board->entries[board->count++];
    *entry = (alert_entry){.worst = *alert, .first_ns = alert->timestamp_ns};
    return entry;
}

static double distance(const afmon_alert *alert)
{
    return fabs(alert->value - alert->limit);
}

static void end(alert_board *board, alert_entry *entry, double held_s)
{
    entry->holds = false;
    entry->held_s += held_s;
    tell(board, false, entry, held_s);
}

static void resolve(alert_board *board, alert_entry *entry)
{
    if (entry->holds)
        end(board, entry, (double)(monotonic_ns() - entry->since_ns) * 1e-9);
}

static void hold(alert_board *board, alert_entry *entry, const afmon_alert *alert)
{
    entry->latest = *alert;
    if (distance(alert) > distance(&entry->worst))
        entry->worst = *alert;
    entry->passes++;
    entry->seen_ns = monotonic_ns();
    if (entry->holds)
        return;
    entry->holds = true;
    entry->raised++;
    entry->since_ns = entry->seen_ns;
    tell(board, true, entry, 0);
}

static int take(void *user, const afmon_alert *alert, char *error, size_t size)
{
    (void)error, (void)size;
    alert_board *board = user;
    pthread_mutex_lock(&board->mutex);
    alert_entry *entry = find(board, alert);
    if (entry != NULL && alert->state == AFMON_ALERT_RESOLVED)
        resolve(board, entry);
    else if (entry != NULL)
        hold(board, entry, alert);
    pthread_mutex_unlock(&board->mutex);
    return 0;
}

afmon_alert_handler alert_board_handler(alert_board *board)
{
    return (afmon_alert_handler){.name = "live display", .handle = take, .user = board};
}

static void let_go(alert_board *board, alert_entry *entry, int64_t now_ns)
{
    double silent_s = (double)(now_ns - entry->seen_ns) * 1e-9;
    if (!entry->holds || entry->latest.resolves || silent_s < gone_after_intervals * board->interval_s)
        return;
    end(board, entry, (double)(entry->seen_ns - entry->since_ns) * 1e-9 + board->interval_s);
}

bool alert_board_next(alert_board *board, alert_event *event)
{
    int64_t now_ns = monotonic_ns();
    pthread_mutex_lock(&board->mutex);
    for (size_t i = 0; i < board->count; i++)
        let_go(board, &board->entries[i], now_ns);
    bool has = board->event_count > 0;
    if (has) {
        *event = board->events[0];
        board->event_count--;
        memmove(board->events, board->events + 1, board->event_count * sizeof board->events[0]);
    }
    pthread_mutex_unlock(&board->mutex);
    return has;
}

size_t alert_board_entries(alert_board *board, alert_entry entries[ALERT_ENTRIES])
{
    pthread_mutex_lock(&board->mutex);
    size_t count = board->count;
    memcpy(entries, board->entries, count * sizeof entries[0]);
    for (size_t i = 0; i < count; i++)
        if (entries[i].holds)
            entries[i].held_s += (double)(entries[i].seen_ns - entries[i].since_ns) * 1e-9 + board->interval_s;
    pthread_mutex_unlock(&board->mutex);
    return count;
}
