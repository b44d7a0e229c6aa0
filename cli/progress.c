#include "cli/cli.h"

#include "generators/stop.h"

enum { BAR_WIDTH = 30 };
#define SHOW_AFTER_NS INT64_C(1000000000)
#define REDRAW_NS INT64_C(100000000)

void cli_progress_begin(cli_progress *progress, const char *what)
{
    *progress = (cli_progress){.what = what, .start_ns = gen_now_ns()};
    cli_screen_init(&progress->screen, stderr);
}

void cli_progress_update(cli_progress *progress, uint64_t done, uint64_t total)
{
    char bar[4 * BAR_WIDTH + 1];
    FILE *out = progress->screen.out;
    int64_t now = gen_now_ns();
    if (!progress->screen.terminal || now - progress->start_ns < SHOW_AFTER_NS || now - progress->drawn_ns < REDRAW_NS)
        return;
    progress->drawn_ns = now;
    progress->shown = true;
    double rate = (double)done / ((double)(now - progress->start_ns) / 1e9);
    fprintf(out, "\r%s ", progress->what);
    if (total > 0) {
        double fraction = (double)done / (double)total;
        cli_bar(&progress->screen, fraction, BAR_WIDTH, bar, sizeof bar);
        fprintf(out, "%s%s%s %3.0f%%  ", cli_paint(&progress->screen, CLI_CYAN), bar,
                cli_paint(&progress->screen, CLI_PLAIN), fraction < 1 ? fraction * 100 : 100);
    }
    if (progress->unit)
        fprintf(out, "%s %s  %s\x1b[K", cli_compact((double)done).s, progress->unit, cli_rate(rate).s);
    else
        fprintf(out, "%s  %s/s\x1b[K", cli_bytes((double)done).s, cli_bytes(rate).s);
    fflush(out);
}

int cli_progress_show(void *progress, uint64_t done, uint64_t total)
{
    cli_progress_update(progress, done, total);
    return 0;
}

void cli_progress_end(cli_progress *progress)
{
    if (progress->shown) {
        fputs("\r\x1b[K", progress->screen.out);
        fflush(progress->screen.out);
    }
    progress->shown = false;
}
