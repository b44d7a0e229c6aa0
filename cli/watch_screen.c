/* The picture on the terminal, and the keyboard. */
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/watch.h"
#include "generators/stop.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>

enum { TICK_MS = 100, NEWS_MS = 250, REDRAW_MS = 500, PAGE = 10 }; /* four pictures a second are enough over ssh */

typedef struct watcher {
    afmon_live *live;
    const char *folder;
    watch_wish wish;
    watch_figures figures;
    canvas canvas;
    bool unicode;
    bool colour;
    uint64_t drawn_revision;
    int64_t drawn_ns;
    bool redraw;
    int signals;
    bool keyboard;
    SCREEN *screen;
} watcher;

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

static attr_t attribute_of(const watcher *w, cli_style style)
{
    static const short pairs[] = {[CLI_RED] = 1, [CLI_GREEN] = 2, [CLI_YELLOW] = 3, [CLI_BLUE] = 4, [CLI_CYAN] = 5};
    if (style == CLI_BOLD)
        return A_BOLD;
    if (style == CLI_DIM)
        return A_DIM;
    if (style == CLI_PLAIN)
        return A_NORMAL;
    return w->colour ? COLOR_PAIR(pairs[style]) : style == CLI_RED ? A_BOLD : A_NORMAL;
}

static void show_canvas(const watcher *w)
{
    const canvas *c = &w->canvas;
    erase();
    for (size_t row = 0; row < c->height; row++) {
        for (size_t column = 0; column < c->width; column++) {
            const canvas_cell *cell = &c->cells[row * c->width + column];
            /* The last place of the screen stays free: a character there would scroll it. */
            if (strcmp(cell->text, " ") == 0 || cell->text[0] == '\0' ||
                (row + 1 == c->height && column + 1 == c->width))
                continue;
            attrset((int)attribute_of(w, cell->style));
            mvaddstr((int)row, (int)column, cell->text);
        }
    }
    attrset(A_NORMAL);
    refresh();
}

static bool draw(watcher *w)
{
    size_t width = COLS > 0 ? (size_t)COLS : 80;
    size_t height = LINES > 0 ? (size_t)LINES : 24;
    bool ok = w->wish.paused ||
              watch_collect(w->live, &w->wish,
                            width > WATCH_FIGURES + WATCH_TOP ? width - WATCH_FIGURES - WATCH_TOP : 2, &w->figures);
    if (!ok || !canvas_begin(&w->canvas, width, height))
        return false;
    watch_draw(&w->canvas, w->folder, &w->wish, &w->figures, w->unicode);
    show_canvas(w);
    w->drawn_revision = w->figures.info.revision;
    w->drawn_ns = gen_now_ns();
    w->redraw = false;
    return true;
}

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

static void next_window(watch_wish *wish, double shown_s)
{
    static const double windows[] = {10, 60, 300, 0};
    double now = wish->window_s >= 0 ? wish->window_s : shown_s;
    size_t at = 0;
    while (at < 3 && windows[at] != now)
        at++;
    wish->window_s = windows[(at + 1) % 4];
}

static void next_log(watch_wish *wish)
{
    if (wish->routine) {
        wish->routine = false;
        wish->level = AFMON_WARNING;
    } else if (wish->level == AFMON_INFO) {
        wish->routine = true;
    } else {
        wish->level = wish->level == AFMON_WARNING ? AFMON_ERROR : AFMON_INFO;
    }
    wish->scroll[PANEL_LOG] = 0;
}

static size_t rows_of(const watcher *w)
{
    const size_t counts[] = {w->figures.operation_count, w->figures.model_count, watch_alert_count(&w->figures),
                             w->figures.log_count};
    return counts[w->wish.panel];
}

/* In the log up is back in time. */
static void scroll_by(watcher *w, long rows)
{
    size_t *scroll = &w->wish.scroll[w->wish.panel];
    long last = rows_of(w) > 0 ? (long)rows_of(w) - 1 : 0;
    long to = (long)*scroll + (w->wish.panel == PANEL_LOG ? -rows : rows);
    *scroll = to < 0 ? 0 : to > last ? (size_t)last : (size_t)to;
}

enum { KEY_ESCAPE = 27, KEY_DELETE = 127, KEY_BACK = 8 };

/* Whole characters go, whatever their bytes. */
static void take_back(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    text[length > 0 ? length - 1 : 0] = '\0';
}

/* A key while the filter is typed. What it does not know is passed over. */
static void type_filter(watch_wish *wish, int key)
{
    size_t length = strlen(wish->filter);
    memset(wish->scroll, 0, sizeof wish->scroll);
    if (key == KEY_ESCAPE)
        wish->filter[0] = '\0';
    if (key == KEY_ESCAPE || key == '\r' || key == '\n' || key == KEY_ENTER)
        wish->typing = false;
    else if (key == KEY_BACKSPACE || key == KEY_DELETE || key == KEY_BACK)
        take_back(wish->filter);
    else if (key >= ' ' && key < 256 && length + 1 < sizeof wish->filter) {
        wish->filter[length] = (char)key;
        wish->filter[length + 1] = '\0';
    }
}

static void leave(watch_wish *wish)
{
    if (wish->detail)
        wish->detail = false;
    else
        wish->filter[0] = '\0';
}

/* False: it is another key. */
static bool take_scroll(watcher *w, int key)
{
    switch (key) {
    case KEY_UP:
    case 'k':
        scroll_by(w, -1);
        return true;
    case KEY_DOWN:
    case 'j':
        scroll_by(w, 1);
        return true;
    case KEY_PPAGE:
        scroll_by(w, -PAGE);
        return true;
    case KEY_NPAGE:
        scroll_by(w, PAGE);
        return true;
    case KEY_HOME:
        w->wish.scroll[w->wish.panel] = 0;
        return true;
    default:
        return false;
    }
}

/* False: quit. */
static bool take_key(watcher *w, int key)
{
    watch_wish *wish = &w->wish;
    w->redraw = true;
    if (wish->typing) {
        type_filter(wish, key);
        return true;
    }
    if (take_scroll(w, key))
        return true;
    switch (key) {
    case '/':
        wish->typing = true;
        break;
    case KEY_ESCAPE:
        leave(wish);
        break;
    case '\r':
    case '\n':
    case KEY_ENTER:
        wish->detail = !wish->detail;
        break;
    case 'q':
    case 'Q':
        return false;
    case ' ':
    case 'p':
        wish->paused = !wish->paused;
        break;
    case '?':
    case 'h':
        wish->help = !wish->help;
        break;
    case 'w':
        next_window(wish, w->figures.window_s);
        break;
    case 's':
        wish->sort = (watch_sort)((wish->sort + 1) % SORT_COUNT);
        break;
    case '\t':
        wish->panel = (watch_panel)((wish->panel + 1) % PANEL_COUNT);
        break;
    case 'l':
        next_log(wish);
        break;
    case 'r':
    case 12: /* ^L */
        clear();
        break;
    default:
        break;
    }
    return true;
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

static bool update(watcher *w)
{
    afmon_error error;
    afmon_status status = afmon_live_update(w->live, 0.1, &error);
    if (status == AFMON_OK)
        return true;
    endwin();
    cli_error("%s", error.message);
    return false;
}

static bool is_due(const watcher *w)
{
    afmon_live_info info;
    int64_t since_ms = (gen_now_ns() - w->drawn_ns) / 1000000;
    afmon_live_get_info(w->live, &info);
    return w->redraw ||
           (!w->wish.paused && (since_ms >= REDRAW_MS || (info.revision != w->drawn_revision && since_ms >= NEWS_MS)));
}

/* While a run is loaded every piece of time goes into that; each takes a tenth of a second at most. */
static int patience_ms(const watcher *w)
{
    afmon_live_info info;
    afmon_live_get_info(w->live, &info);
    return info.loaded < 1 ? 0 : TICK_MS;
}

/* Waits for a key, a signal or the next tick. 0: go on; else the exit status + 1. */
static int wait_for_news(watcher *w)
{
    /* What is no terminal (/dev/null) is always ready, and has no keys. */
    struct pollfd fds[] = {{.fd = w->keyboard ? STDIN_FILENO : -1, .events = POLLIN},
                           {.fd = w->signals, .events = POLLIN}};
    int ready = poll(fds, 2, patience_ms(w));
    if (ready > 0 && (fds[1].revents & POLLIN) != 0)
        return CLI_INTERRUPTED + 1;
    if (ready > 0 && (fds[0].revents & (POLLERR | POLLNVAL)) != 0)
        return CLI_OK + 1;
    for (int key; (key = getch()) != ERR;)
        if (!take_key(w, key))
            return CLI_OK + 1;
    if (ready > 0 && (fds[0].revents & POLLHUP) != 0)
        return CLI_OK + 1; /* the terminal has gone */
    return 0;
}

static int loop(watcher *w)
{
    for (;;) {
        if (!update(w))
            return CLI_FAILED;
        if (is_due(w) && !draw(w)) {
            endwin();
            cli_error("out of memory");
            return CLI_FAILED;
        }
        int ended = wait_for_news(w);
        if (ended != 0)
            return ended - 1;
    }
}

static void begin_colours(watcher *w)
{
    w->colour = w->colour && has_colors() && start_color() == OK;
    if (!w->colour)
        return;
    short ground = use_default_colors() == OK ? -1 : COLOR_BLACK;
    static const short colours[] = {COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_BLUE, COLOR_CYAN};
    for (short i = 0; i < 5; i++)
        init_pair((short)(i + 1), colours[i], ground);
}

static bool open_screen(watcher *w)
{
    w->screen = newterm(NULL, stdout, stdin);
    if (w->screen == NULL) {
        const char *term = getenv("TERM");
        cli_error("the terminal type '%s' is not known here; try TERM=xterm, or --once", term ? term : "");
        return false;
    }
    set_term(w->screen);
    (void)use_legacy_coding(0); /* it looks at the program's locale, and takes "C" for single bytes */
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(50);
    curs_set(0);
    begin_colours(w);
    return true;
}

/* Signals that end it are taken in the loop, so that the terminal is always put back. ^Z is ncurses's. */
static int open_signals(void)
{
    sigset_t set;
    cli_block_ending_signals(&set, SIGQUIT);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ncursesw writes UTF-8 only where the thread's character set is UTF-8. Nothing but LC_CTYPE is taken, and for this
 * thread alone: numbers stay as they are. */
static locale_t begin_characters(bool unicode)
{
    locale_t characters = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (unicode && (characters == (locale_t)0 || MB_CUR_MAX == 1)) {
        locale_t plain = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        if (plain != (locale_t)0) {
            if (characters != (locale_t)0)
                freelocale(characters);
            characters = plain;
        }
    }
    if (characters != (locale_t)0)
        uselocale(characters);
    return characters;
}

static int run(watcher *w)
{
    if (!open_screen(w))
        return CLI_FAILED;
    int status = loop(w);
    if (!isendwin()) /* a second time would put the cursor back over a message */
        endwin();
    delscreen(w->screen);
    return status;
}

static int refuse_output(void)
{
    const char *term = getenv("TERM");
    if (isatty(STDOUT_FILENO) == 0)
        return cli_usage_error("watch", "standard output is no terminal; --once prints one frame");
    if (term == NULL || *term == '\0')
        return cli_usage_error("watch", "TERM does not say what the terminal can do; try TERM=xterm, or --once");
    return cli_usage_error("watch", "the terminal type '%s' cannot move its cursor; --once prints one frame", term);
}

int watch_screen_run(afmon_live *live, const char *folder, const watch_wish *wish)
{
    cli_screen out;
    cli_screen_init(&out, stdout);
    if (!out.terminal)
        return refuse_output();
    watcher *w = calloc(1, sizeof *w);
    if (w == NULL) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    *w = (watcher){
        .live = live, .folder = folder, .wish = *wish, .unicode = out.unicode, .colour = out.colour, .redraw = true};
    w->signals = open_signals();
    w->keyboard = isatty(STDIN_FILENO) == 1;
    locale_t characters = begin_characters(w->unicode);
    int status = run(w);
    uselocale(LC_GLOBAL_LOCALE);
    if (characters != (locale_t)0)
        freelocale(characters);
    if (w->signals >= 0)
        close(w->signals);
    watch_figures_clear(&w->figures);
    canvas_free(&w->canvas);
    free(w);
    return status;
}
