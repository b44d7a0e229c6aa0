#include "report/next.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "report/page.h"
#include "report/text.h"

enum { QUOTED = 80 };

/* What helps against a failure is told by its status, or by what SDKs call it. */
static const char *remedy(const afmon_failure_summary *failure)
{
    const char *type = failure->error_type;
    if (failure->status == 429 || strstr(type, "RateLimit") != NULL)
        return "make fewer calls at once, or ask for a higher limit";
    if (failure->status == 401 || failure->status == 403)
        return "the key is refused: look at it, and at what it may do";
    if (failure->status == 408 || failure->status == 504 || strstr(type, "Timeout") != NULL ||
        strstr(type, "TimeoutError") != NULL)
        return "give calls more time, or ask for shorter answers";
    if (failure->status >= 500 || strstr(type, "Connection") != NULL)
        return "the model's server could not answer: try again later, with waits that grow";
    if (failure->status >= 400)
        return "the request is refused: look at its message";
    return "it is no error of the API: look at the answers that led to it";
}

/* A word of a command line; what a shell would read in it makes it "TYPE" or the like. */
static const char *word(const char *text, const char *otherwise)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/";
    return *text != '\0' && *text != '-' && strlen(text) <= QUOTED && strspn(text, plain) == strlen(text) ? text
                                                                                                          : otherwise;
}

static bool of_failures(const afmon_run_summary *s, struct afmon_advice *advice)
{
    if (s->failure_count == 0)
        return false;
    const afmon_failure_summary *failure = &s->failures[0];
    char place[512];
    afmon_failure_place(failure, place, sizeof place);
    snprintf(advice->text, sizeof advice->text, "%s of all failures are %.*s in %.*s: %s.",
             afmon_words_percent(failure->share).text, QUOTED,
             failure->error_type[0] != '\0' ? failure->error_type : "failures without a type", QUOTED, place,
             remedy(failure));
    if (afmon_page_has_items(s))
        snprintf(advice->command, sizeof advice->command, "afmon items RUN --error %s --operation %s",
                 word(failure->error_type, "TYPE"), word(failure->operation, "OPERATION"));
    return true;
}

static bool of_rejections(const afmon_run_summary *s, struct afmon_advice *advice)
{
    const afmon_item_summary *most = NULL;
    for (size_t i = 0; i < s->item_count; i++)
        if (s->items[i].rejected > 0 && (most == NULL || s->items[i].rejected > most->rejected))
            most = &s->items[i];
    if (most == NULL)
        return false;
    snprintf(advice->text, sizeof advice->text, "%s of %s %s were rejected: read some of them beside the reasons.",
             afmon_words_count(most->rejected).text, afmon_words_count(most->finished).text,
             afmon_words_kinds(most->kind).text);
    snprintf(advice->command, sizeof advice->command, "afmon items RUN --outcome rejected --text");
    return true;
}

static bool of_alerts(const afmon_run_summary *s, struct afmon_advice *advice)
{
    size_t firing = 0;
    for (size_t i = 0; i < s->alert_count; i++)
        firing += s->alerts[i].firing;
    if (firing == 0)
        return false;
    snprintf(advice->text, sizeof advice->text, "%s alert%s held to the end: what began it goes on.",
             afmon_words_count(firing).text, firing == 1 ? "" : "s");
    snprintf(advice->command, sizeof advice->command, "afmon check RUN");
    return true;
}

static bool of_open_items(const afmon_run_summary *s, struct afmon_advice *advice)
{
    uint64_t left = 0;
    for (size_t i = 0; i < s->item_count; i++)
        left += s->items[i].abandoned;
    if (left == 0)
        return false;
    snprintf(advice->text, sizeof advice->text,
             "%s item%s had no outcome when the process ended: a resumed run makes them.", afmon_words_count(left).text,
             left == 1 ? "" : "s");
    snprintf(advice->command, sizeof advice->command, "afmon items RUN --outcome abandoned");
    return true;
}

static bool of_prices(const afmon_run_summary *s, struct afmon_advice *advice)
{
    if (!s->cost_known || s->cost.unpriced_calls == 0)
        return false;
    snprintf(advice->text, sizeof advice->text,
             "%s call%s no price, and so no cost: name the models in the file of prices.",
             afmon_words_count(s->cost.unpriced_calls).text, s->cost.unpriced_calls == 1 ? " has" : "s have");
    return true;
}

static bool of_slowest(const afmon_run_summary *s, struct afmon_advice *advice)
{
    if (!afmon_page_has_items(s))
        return false;
    snprintf(advice->text, sizeof advice->text, "The slowest items show where the time goes.");
    snprintf(advice->command, sizeof advice->command, "afmon items RUN --slowest 10");
    return true;
}

bool afmon_advice_of(const afmon_run_summary *summary, size_t index, struct afmon_advice *advice)
{
    static bool (*const kinds[])(const afmon_run_summary *, struct afmon_advice *) = {
        of_failures, of_alerts, of_rejections, of_open_items, of_prices, of_slowest};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *advice = (struct afmon_advice){0};
        if (kinds[i](summary, advice) && index-- == 0)
            return true;
    }
    return false;
}

void afmon_html_next(struct afmon_buffer *page, const afmon_run_summary *summary)
{
    struct afmon_advice advice;
    for (size_t i = 0; afmon_advice_of(summary, i, &advice); i++) {
        if (i == 0)
            afmon_buffer_add_text(page, "<section aria-labelledby=\"next\">\n<h2 id=\"next\">What to do next</h2>\n"
                                        "<ul class=\"plain\">\n");
        afmon_buffer_add_text(page, "<li>");
        afmon_html_text(page, advice.text);
        if (advice.command[0] != '\0') {
            afmon_buffer_add_text(page, " <code>");
            afmon_html_text(page, advice.command);
            afmon_buffer_add_text(page, "</code>");
        }
        afmon_buffer_add_text(page, "</li>\n");
    }
    if (afmon_advice_of(summary, 0, &advice))
        afmon_buffer_add_text(page, "</ul>\n</section>\n");
}

void afmon_markdown_next(struct afmon_buffer *page, const afmon_run_summary *summary)
{
    struct afmon_advice advice;
    for (size_t i = 0; afmon_advice_of(summary, i, &advice); i++) {
        if (i == 0)
            afmon_buffer_add_text(page, "\n### What to do next\n\n");
        afmon_buffer_add_text(page, "- ");
        afmon_markdown_text(page, advice.text);
        if (advice.command[0] != '\0') {
            afmon_buffer_add_char(page, ' ');
            afmon_markdown_text(page, advice.command);
        }
        afmon_buffer_add_char(page, '\n');
    }
}
