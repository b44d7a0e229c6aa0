/* Whether a run stands still: something is open, and nothing finished for three times as long as 99.9 % of the run's
 * own gaps between two ends, and for 30 s; and that so many items of such ages go on so long by chance alone is hardly
 * possible, by how long the run's items took: so the last items of a run, which are its long ones, do not pass for a
 * standstill, nor do a few slots that all make a long one. A gap begins with the end before, or with the first item
 * that is opened where none was. It is as long as all open items together wait in it. Where fewer gaps are known than
 * would show one of 1,000, its length is told from the longest ones. */
#ifndef AFMON_MODEL_STANDSTILL_H
#define AFMON_MODEL_STANDSTILL_H

#include "model/model.h"

#define AFMON_STANDSTILL_GAPS 4096 /* that are kept, the latest */
#define AFMON_STANDSTILL_MIN_S 30.0

/* Begin with a zeroed one. One thread at a time. */
struct afmon_standstill {
    double *gaps;   /* seconds of all open items together; a ring */
    double *took_s; /* by the items that ended them; likewise */
    size_t count;   /* that there were */
    size_t open;
    int64_t first_ns; /* the first item began */
    double begun_s;   /* since then, when the open ones began: the sum */
    int64_t since_ns; /* something is open, and nothing finished */
    double waited_s;  /* all open items together, up to changed_ns */
    int64_t changed_ns;
    double limit_s;      /* likewise together */
    double long_s;       /* that the longest tenth of items took at least */
    double exponent;     /* of that tenth */
    size_t limits_count; /* of gaps that these three were taken from */
    bool told;           /* the caller's */
};
void afmon_standstill_free(struct afmon_standstill *standstill);

/* Items begin and end in order of time. Without memory the gap is left out. */
void afmon_standstill_begins(struct afmon_standstill *standstill, int64_t now_ns);
void afmon_standstill_ends(struct afmon_standstill *standstill, int64_t now_ns, double took_s);

/* For how many seconds the run has stood still; 0: it does not. Before fifty gaps are known nothing can be said. */
double afmon_standstill_look(struct afmon_standstill *standstill, int64_t now_ns);

/* The same of a run that is read, of the items that afmon_model_work has. */
struct afmon_standing {
    double for_s; /* 0: it does not stand still */
    size_t open;
    double oldest_s;
};
struct afmon_standing afmon_model_standstill(const struct afmon_model *model, const struct afmon_model_facts *facts);

#endif
