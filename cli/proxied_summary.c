/* What the proxy saw, in the summary of `afmon run` and `afmon proxy`. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/proxied.h"

enum { ADVICE_REQUESTS = 100 }; /* of fewer nothing is told */

static void print_refused(FILE *out, const afmon_proxy_counts *counts)
{
    if (counts->refused > 0)
        fprintf(out, "  %s requests got an answer of the proxy's own\n", cli_count(counts->refused).s);
    if (counts->at_limit > 0)
        fprintf(out, "    of them %s at the limit of what the run may cost\n", cli_count(counts->at_limit).s);
    if (counts->unbounded > 0)
        fprintf(out, "    of them %s whose cost nothing bounds; the log says why\n", cli_count(counts->unbounded).s);
}

/* The shares of the three in the time of all calls. */
static void print_times(FILE *out, const afmon_proxy_times *times)
{
    double all = times->queue_s + times->flight_s + times->backoff_s;
    if (!(all > 0) || !(times->span_s > 0))
        return;
    fprintf(out,
            "  %.1f calls in flight on average; their time: %.1f%% in the proxy's queue, %.1f%% in flight, %.1f%% "
            "between attempts\n",
            times->flight_s / times->span_s, 100 * times->queue_s / all, 100 * times->flight_s / all,
            100 * times->backoff_s / all);
}

static void print_rates(FILE *out, const afmon_proxy_rates *rates)
{
    static const char *const kinds[AFMON_PROXY_LIMITS] = {"requests", "tokens", "input tokens", "output tokens"};
    if (rates->refused > 0) {
        fprintf(out, "  %s requests were over a rate limit (429), from %s to %s", cli_count(rates->refused).s,
                cli_clock(rates->first_429_ns).s, cli_clock(rates->last_429_ns).s);
        if (rates->longest_wait_s > 0)
            fprintf(out, "; the longest wait asked for was %s", cli_seconds(rates->longest_wait_s).s);
        fputc('\n', out);
    }
    for (size_t i = 0; i < AFMON_PROXY_LIMITS; i++) {
        const afmon_proxy_rate *rate = &rates->limits[i];
        if (!rate->known)
            continue;
        fprintf(out, "  rate limit of %s: at least %s remained", kinds[i], cli_number(rate->least).s);
        if (rate->limit >= 0) /* it may not be told */
            fprintf(out, " of %s", cli_number(rate->limit).s);
        fputc('\n', out);
    }
}

const char *proxied_more(afmon_proxy_more more)
{
    return more == AFMON_PROXY_MORE ? "yes" : more == AFMON_PROXY_NO_MORE ? "no" : "cannot tell";
}

static void print_advice(FILE *out, const afmon_proxy_advice *advice)
{
    fprintf(out, "  would more concurrency bring more? %s", proxied_more(advice->more));
    if (advice->more == AFMON_PROXY_MORE)
        fputs(": calls took no longer when more of them were in flight\n", out);
    else if (advice->more == AFMON_PROXY_CANNOT_TELL)
        fputs(": what was in flight varied too little, or calls took times too different\n", out);
    else if (isnan(advice->slope))
        fprintf(out, ": the server refused %.1f%% of the requests for its rate limit\n", 100 * advice->refused);
    else
        fputs(": calls took longer the more of them were in flight\n", out);
}

static void print_texts(FILE *out, const afmon_proxy_counts *counts)
{
    if (counts->texts_saved > 0)
        fprintf(out, "  %s texts were saved\n", cli_count(counts->texts_saved).s);
    if (counts->texts_missed > 0)
        fprintf(out, "  %s texts could not be saved%s%s\n", cli_count(counts->texts_missed).s,
                counts->texts_failure != 0 ? ": " : "",
                counts->texts_failure != 0 ? strerror(counts->texts_failure)
                                           : "; they were too large, or not readable");
}

void proxied_print_outcome(const cli_screen *screen, const afmon_proxy_counts *counts, double elapsed_s)
{
    FILE *out = screen->out;
    uint64_t retries = counts->requests - counts->operations;
    fputc('\n', out);
    cli_put(screen, CLI_BOLD, "Calls");
    fprintf(out, "  %s operations in %s requests, %s", cli_count(counts->operations).s, cli_count(counts->requests).s,
            cli_seconds(elapsed_s).s);
    if (counts->requests > 0 && elapsed_s > 0)
        fprintf(out, " (%s)", cli_rate((double)counts->requests / elapsed_s).s);
    fputc('\n', out);
    if (retries > 0)
        fprintf(out, "  %s requests were further attempts\n", cli_count(retries).s);
    if (counts->failed > 0)
        fprintf(out, "  %s requests failed\n", cli_count(counts->failed).s);
    print_rates(out, &counts->rates);
    print_times(out, &counts->times);
    if (counts->requests >= ADVICE_REQUESTS)
        print_advice(out, &counts->advice);
    if (counts->other > 0)
        fprintf(out, "  %s requests were of interfaces that are not read\n", cli_count(counts->other).s);
    if (counts->unread > 0)
        fprintf(out, "  %s answers could not be read: their tokens are in no figure\n", cli_count(counts->unread).s);
    print_refused(out, counts);
    print_texts(out, counts);
}
