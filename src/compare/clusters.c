#include "compare/clusters.h"

#include <stdlib.h>
#include <string.h>

bool afmon_clusters_reserve(struct afmon_clusters *clusters, uint32_t count)
{
    if (count <= clusters->capacity)
        return true;
    struct afmon_cluster_sum *sums = realloc(clusters->sums, count * sizeof *sums);
    if (sums != NULL)
        clusters->sums = sums;
    uint32_t *met = realloc(clusters->met, count * sizeof *met);
    if (met != NULL)
        clusters->met = met;
    if (sums == NULL || met == NULL)
        return false;
    memset(sums + clusters->capacity, 0, (count - clusters->capacity) * sizeof *sums);
    clusters->capacity = count;
    return true;
}

void afmon_clusters_free(struct afmon_clusters *clusters)
{
    free(clusters->sums);
    free(clusters->met);
    *clusters = (struct afmon_clusters){0};
}

void afmon_clusters_begin(struct afmon_clusters *clusters)
{
    clusters->round++;
    clusters->met_count = 0;
    clusters->alone = 0;
    clusters->squares = 0;
    clusters->fourths = 0;
}

struct afmon_spread afmon_clusters_end(const struct afmon_clusters *clusters)
{
    double squares = clusters->squares;
    double fourths = clusters->fourths;
    for (uint32_t i = 0; i < clusters->met_count; i++) {
        double sum = clusters->sums[clusters->met[i]].sum;
        squares += sum * sum;
        fourths += sum * sum * sum * sum;
    }
    struct afmon_spread spread = {.clusters = clusters->alone + clusters->met_count, .freedom = 1};
    if (spread.clusters < 2)
        return spread;
    spread.variance = squares * (double)spread.clusters / (double)(spread.clusters - 1);
    if (fourths > 0 && squares * squares > fourths)
        spread.freedom = squares * squares / fourths;
    return spread;
}
