#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { HEADING_MAX = 100, HEADING_DEFAULT = 80 };

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

/* The character set that the environment names: nothing named is UTF-8, "C" and "POSIX" are not. */
static bool environment_is_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = environment(names[i]);
        if (*value)
            return strcasestr(value, "UTF-8") != NULL || strcasestr(value, "UTF8") != NULL;
    }
    return true;
}

void cli_screen_init(cli_screen *screen, FILE *out)
{
    const char *term = environment("TERM");
    *screen = (cli_screen){.out = out};
    screen->terminal = isatty(fileno(out)) && *term && strcmp(term, "dumb") != 0;
    screen->colour = screen->terminal && !*environment("NO_COLOR");
    screen->unicode = environment_is_unicode();
    cli_screen_measure(screen);
}

void cli_screen_measure(cli_screen *screen)
{
    struct winsize size = {0};
    int64_t columns;
    screen->width = 0;
    screen->height = 0;
    if (isatty(fileno(screen->out))) {
        int answer = ioctl(fileno(screen->out), TIOCGWINSZ, &size);
        screen->width = answer == 0 && size.ws_col > 0 ? size.ws_col : 80;
        screen->height = answer == 0 && size.ws_row > 0 ? size.ws_row : 24;
    } else if (cli_parse_integer(environment("COLUMNS"), &columns) && columns > 0 && columns < 10000) {
        screen->width = (size_t)columns;
    }
}

const char *cli_paint(const cli_screen *screen, cli_style style)
{
    static const char *const sequences[] = {
        [CLI_PLAIN] = "\x1b[0m",  [CLI_BOLD] = "\x1b[1m",    [CLI_DIM] = "\x1b[2m",   [CLI_RED] = "\x1b[31m",
        [CLI_GREEN] = "\x1b[32m", [CLI_YELLOW] = "\x1b[33m", [CLI_BLUE] = "\x1b[34m", [CLI_CYAN] = "\x1b[36m",
    };
    return screen->colour ? sequences[style] : "";
}

void cli_put(const cli_screen *screen, cli_style style, const char *text)
{
    if (style == CLI_PLAIN)
        fputs(text, screen->out);
    else
        fprintf(screen->out, "%s%s%s", cli_paint(screen, style), text, cli_paint(screen, CLI_PLAIN));
}

static size_t append(char *out, size_t size, size_t used, const char *part)
{
    size_t length = strlen(part);
    if (length >= size - used)
        return used;
    memcpy(out + used, part, length + 1);
    return used + length;
}

void cli_bar(const cli_screen *screen, double fraction, size_t width, char *out, size_t size)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t used = 0;
    if (size == 0)
        return;
    out[0] = '\0';
    if (!(fraction > 0))
        fraction = 0;
    if (fraction > 1)
        fraction = 1;
    size_t filled = (size_t)(fraction * (double)width * 8 + 1e-9);
    for (size_t i = 0; i < width; i++) {
        size_t part = filled > i * 8 ? filled - i * 8 : 0;
        if (screen->unicode)
            used = append(out, size, used, part >= 8 ? "█" : eighths[part]);
        else
            used = append(out, size, used, part >= 8 ? "#" : ".");
    }
}

void cli_heading(const cli_screen *screen, const char *text)
{
    size_t width = screen->width ? screen->width : HEADING_DEFAULT;
    size_t used = cli_width(text) + 1;
    if (width > HEADING_MAX)
        width = HEADING_MAX;
    cli_put(screen, CLI_BOLD, text);
    fprintf(screen->out, " %s", cli_paint(screen, CLI_DIM));
    for (; used < width; used++)
        fputs(screen->unicode ? "─" : "-", screen->out);
    fprintf(screen->out, "%s\n", cli_paint(screen, CLI_PLAIN));
}
