/* Sums by cluster, and how much they spread: what belongs together (the calls of one item) counts as one observation.
 *
 * What is added is how far each sample moves an estimate (its influence). The sum of the squares of the clusters' sums
 * is then the variance of the estimate, whatever the dependence within a cluster (Liang and Zeger 1986). */
#ifndef AFMON_COMPARE_CLUSTERS_H
#define AFMON_COMPARE_CLUSTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_CLUSTER_ALONE UINT32_MAX /* of a sample that belongs to no other */

struct afmon_cluster_sum {
    double sum;
    uint32_t round; /* in which it was added to last */
};

/* Begin with a zeroed one. */
struct afmon_clusters {
    struct afmon_cluster_sum *sums;
    uint32_t *met; /* the clusters of this round */
    uint32_t capacity;
    uint32_t met_count;
    uint32_t round;
    uint64_t alone;
    double squares; /* of those alone */
    double fourths;
};

struct afmon_spread {
    double variance;
    /* Degrees of freedom: how many clusters the variance rests on. (sum of squares)^2 / sum of fourth powers is a third
     * of their number for bell-shaped sums, and about as many as there are events where few clusters have one. */
    double freedom;
    uint64_t clusters;
};

/* Makes room for clusters 0 to count - 1. False: no memory. */
bool afmon_clusters_reserve(struct afmon_clusters *clusters, uint32_t count);
void afmon_clusters_free(struct afmon_clusters *clusters);

void afmon_clusters_begin(struct afmon_clusters *clusters);
struct afmon_spread afmon_clusters_end(const struct afmon_clusters *clusters);

static inline void afmon_clusters_add(struct afmon_clusters *clusters, uint32_t cluster, double influence)
{
    if (cluster == AFMON_CLUSTER_ALONE) {
        double square = influence * influence;
        clusters->alone++;
        clusters->squares += square;
        clusters->fourths += square * square;
        return;
    }
    struct afmon_cluster_sum *sum = &clusters->sums[cluster];
    if (sum->round != clusters->round) {
        *sum = (struct afmon_cluster_sum){.round = clusters->round};
        clusters->met[clusters->met_count++] = cluster;
    }
    sum->sum += influence;
}

#endif
