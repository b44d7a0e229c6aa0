/* A process and its forked children, which record into files of their own. Alerts, queries and /metrics of the process
 * that opened the monitor are over all of them: its own thread reads what the family writes, as a follower would, into
 * a store beside its own. The children do nothing for that but write down their names in a page that all share.
 *
 * The store of its own stays as it is: a view has to find evicted samples in files by the order in which they were
 * appended (store/source.h), and that of several files is nobody's. So views, and exports and charts with them, are of
 * this process.
 *
 * Nothing of this happens before there is a child. Where the metrics file is not written there is nothing to read: such
 * children, and those that find no room in the page, are counted as left out, and the log tells of them. */
#ifndef AFMON_MONITOR_FAMILY_H
#define AFMON_MONITOR_FAMILY_H

#include "monitor/core.h"

/* Makes the page that a process shares with all that it will fork; 0 or errno. */
int afmon_family_map(struct afmon_family_page **page);
void afmon_family_unmap(struct afmon_family_page *page);

/* A forked child has its core: it is counted, with all that it writes. */
void afmon_family_join(struct afmon_core *core);

/* The core's own thread: reads on; to the end of what is there now, or a piece at a time, so that rings are not held
 * up. Returns whether there was something new. */
bool afmon_family_follow(struct afmon_core *core, bool to_the_end);

/* What questions are asked of: the store of this process, or that of the family. Any thread. */
struct afmon_store *afmon_family_store(const struct afmon_core *core);

/* The system's clock was set. */
void afmon_family_set_wall_delta(struct afmon_core *core, int64_t wall_delta_us);

/* Any thread: processes whose samples are in the figures, this one included, and those that are left out. */
void afmon_family_count(const struct afmon_core *core, uint64_t *counted, uint64_t *left_out);

void afmon_family_free(struct afmon_core *core);

#endif
