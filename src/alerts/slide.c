#include "alerts/slide.h"

static void push(struct afmon_slide *slide)
{
    afmon_summary_merge(&slide->back, &slide->entries[slide->end].summary);
    slide->end++;
}

/* Makes the rest of the window into running sums from its end. */
static void turn_over(struct afmon_slide *slide)
{
    for (size_t i = slide->end; i-- > slide->begin + 1;)
        afmon_summary_merge(&slide->entries[i - 1].summary, &slide->entries[i].summary);
    slide->middle = slide->end;
    slide->back = (struct afmon_summary){0};
}

static void pop(struct afmon_slide *slide)
{
    if (slide->begin == slide->middle)
        turn_over(slide);
    slide->begin++;
}

static void move(struct afmon_slide *slide, int64_t pass)
{
    while (slide->end < slide->count && slide->entries[slide->end].lo <= pass)
        push(slide);
    while (slide->begin < slide->end && slide->entries[slide->begin].hi < pass)
        pop(slide);
}

int64_t afmon_slide_to(struct afmon_slide *slide, int64_t pass)
{
    move(slide, pass);
    while (slide->begin == slide->end) {
        if (slide->end == slide->count)
            return INT64_MAX;
        pass = slide->entries[slide->end].lo;
        move(slide, pass);
    }
    return pass;
}

struct afmon_summary afmon_slide_sum(const struct afmon_slide *slide)
{
    struct afmon_summary sum = {0};
    if (slide->begin < slide->middle)
        sum = slide->entries[slide->begin].summary;
    afmon_summary_merge(&sum, &slide->back);
    return sum;
}
