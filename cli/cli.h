/* What the commands of afmon share: messages, options, text that is safe for a terminal, numbers as people read
 * them, tables, progress, JSON.
 *
 * Everything is for one thread at a time, save where a function says "any thread". Nothing here depends on the
 * locale: the program never calls setlocale, and the width of text is measured by a table of our own. */
#ifndef AFMON_CLI_CLI_H
#define AFMON_CLI_CLI_H

#include <afmon/afmon.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#if defined(__GNUC__)
#define CLI_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CLI_PRINTF(text, first)
#endif

/* ---- Exit statuses ------------------------------------------------------------------------------------------- */

enum {
    CLI_OK = 0,
    CLI_FAILED = 1,  /* it could not be done, or (afmon check) a rule fired */
    CLI_USAGE = 2,   /* the command line is wrong, or (afmon check) there was nothing to judge */
    CLI_STOPPED = 3, /* a generation was stopped by --max-cost */
    CLI_INTERRUPTED = 130
};

/* ---- Messages (message.c) ------------------------------------------------------------------------------------ */

/* Prints "afmon: TEXT" and a newline to standard error. The formatted text passes through cli_safe, so any name or
 * error text may be in it. Any thread. */
void cli_error(const char *format, ...) CLI_PRINTF(1, 2);

/* Tells what is odd about rules; they are taken all the same. */
void cli_warn_of_rules(const afmon_rules *rules);

/* The same, then "Try 'afmon COMMAND --help'." (command NULL: 'afmon --help'). Returns CLI_USAGE. */
int cli_usage_error(const char *command, const char *format, ...) CLI_PRINTF(2, 3);

/* The option that a word from another command or another tool stands for, of those listed: "port" is "listen", where
 * there is one. NULL: none. (neighbours.c) */
const char *cli_neighbour(const char *word, const char *const *options, size_t count);

/* ---- Options (options.c) ------------------------------------------------------------------------------------- */

typedef struct cli_option {
    int id;               /* what cli_next_option returns, above 0; where it is a letter, -LETTER works too */
    const char *name;     /* without the dashes */
    const char *argument; /* what it is called in the help: "DIR", or "png|svg|pdf"; NULL: takes none */
    const char *help;     /* one or more lines, broken by \n where they must be; else they are wrapped. NULL: an older
                           * name, which is taken and not shown */
} cli_option;

/* What --help prints and what the options are parsed by. The last option has the id 0. Each command lists its
 * own options; --help (-h) need not be listed and is answered by cli_next_option. */
typedef struct cli_usage {
    const char *command;     /* "show"; "generate conversations" */
    const char *synopsis;    /* "DIR [OPTION...]" */
    const char *description; /* a paragraph or two, wrapped when printed */
    const cli_option *options;
    const char *epilogue; /* printed as it is: exit statuses, examples; may be NULL */
} cli_usage;

typedef struct cli_args {
    const cli_usage *usage;
    int argc;
    char **argv;
    const char *value;     /* of the option that was returned last, NULL where it takes none */
    const char *name;      /* its long name */
    int status;            /* the exit status after CLI_STOP */
    char folder[PATH_MAX]; /* what cli_folder_operand returns, where it is not the word itself */
} cli_args;

enum { CLI_END = 0, CLI_STOP = -1 };

/* Begins to parse. argv[0] is the command's name and is passed over. */
void cli_args_init(cli_args *args, const cli_usage *usage, int argc, char **argv);

/* The id of the next option; CLI_END after the last; CLI_STOP where the command shall return args->status: after --help
 * was printed, or after a message about an unknown option or a missing value. Options may stand behind operands. */
int cli_next_option(cli_args *args);

/* Prints what may stand where somebody types `word`, behind the word `before`: a candidate a line, behind a tab what it
 * means. (complete.c) */
void cli_complete(const cli_usage *usage, const char *before, const char *word, FILE *out);

/* The hidden option by which every command answers with cli_complete. */
#define CLI_COMPLETE "__complete"

/* The operands, after CLI_END. */
int cli_operand_count(const cli_args *args);
const char *cli_operand(const cli_args *args, int index);

void cli_print_usage(const cli_usage *usage, FILE *out);

/* The value of the option that was returned last, as a number. On failure: a message that names option, value and
 * what would be right; args->status is set, and the result is false. */
bool cli_value_integer(cli_args *args, int64_t min, int64_t max, int64_t *value);
bool cli_value_number(cli_args *args, double min, double max, double *value);
/* Seconds, from "90", "90s", "500ms", "5m", "1h", "2d", "1h30m". */
bool cli_value_dollars(cli_args *args, double max, afmon_number *usd); /* more than 0 */
bool cli_value_duration(cli_args *args, double min_s, double max_s, double *seconds);

/* Pure parsers: the whole text must be the number. */
bool cli_parse_integer(const char *text, int64_t *value);
bool cli_parse_number(const char *text, double *value); /* finite, decimal */
bool cli_parse_dollars(const char *text, double *usd);  /* "5usd", "$5" or "5" */
bool cli_parse_duration(const char *text, double *seconds);
/* "2026-11-23", "2026-11-23 09:20", "2026-11-23T09:20:35.5Z", with Z, +HH:MM, or in local time (time.c). */
bool cli_parse_time(const char *text, int64_t *ns);

/* ---- Text (text.c, utf8.c) ----------------------------------------------------------------------------------- */

/* A copy that a terminal can be given: control characters as \n, \t, \x1b, C1 controls and characters that turn the
 * direction of writing as \u202e, bytes that are not UTF-8 as \xff. The caller frees it; NULL: no memory. Any thread.
 */
char *cli_safe(const char *text, size_t length);

/* The same into a buffer, cut at the end of a character where it is too small. Returns the length. Any thread. */
size_t cli_safe_into(char *out, size_t size, const char *text, size_t length);

/* Columns that a text takes on a terminal: 2 for wide characters, 0 for combining ones and for ESC[...m. Any thread. */
size_t cli_width(const char *text);

/* Bytes of the longest beginning of the text that takes at most `width` columns. *used, where not NULL: its columns. */
size_t cli_fit(const char *text, size_t width, size_t *used);

/* Prints a text wrapped at `width` columns, every line after the first indented by `indent`; `column` is where the
 * cursor is. No newline at the end. */
void cli_wrap(FILE *out, const char *text, size_t column, size_t indent, size_t width);

/* ---- Numbers as people read them (format.c): any thread --------------------------------------------------------- */

/* A short text by value: printf("%s", cli_count(n).s). */
typedef struct cli_text {
    char s[48];
} cli_text;

cli_text cli_count(uint64_t n);                /* 1,234,567 */
cli_text cli_compact(double n);                /* 987, 12.3k, 4.56M, 1.2G: at most 6 columns */
cli_text cli_bytes(double n);                  /* 987 B, 12.3 KB, 4.56 MB (powers of 1000) */
cli_text cli_number(double x);                 /* four significant digits: 0.9312, 1.842, 12.41, 1,234, 1.2e-07 */
cli_text cli_percent(double fraction);         /* 97.4% */
cli_text cli_value(afmon_unit unit, double x); /* seconds, percent, or a number */
cli_text cli_seconds(double s);                /* one unit: 12.3µs, 340ms, 1.84s, 12.4s, 2m05s, 1h02m, 3d04h */
cli_text cli_span(double s);                   /* the same in whole seconds: how long something goes on */
cli_text cli_rate(double per_s);               /* 812/s, 12.3k/s, 12.0/min, 3.00/h */
cli_text cli_time(int64_t ns);                 /* 2026-11-23 09:36:25, in the time zone of the machine */
cli_text cli_clock(int64_t ns);                /* 09:36:25 */

/* ---- The terminal (screen.c) ------------------------------------------------------------------------------------- */

typedef enum cli_style {
    CLI_PLAIN = 0, /* ends any other */
    CLI_BOLD,
    CLI_DIM,
    CLI_RED,
    CLI_GREEN,
    CLI_YELLOW,
    CLI_BLUE,
    CLI_CYAN
} cli_style;

/* Where a command prints. */
typedef struct cli_screen {
    FILE *out;
    bool terminal; /* out is a terminal that understands escape sequences (TERM is set and not "dumb") */
    bool colour;   /* terminal, and NO_COLOR is not set */
    bool unicode;  /* the environment does not ask for a character set other than UTF-8 */
    size_t width;  /* columns: of the terminal, else COLUMNS, else 0: as wide as it gets */
    size_t height; /* lines of the terminal; 0: no terminal */
} cli_screen;

void cli_screen_init(cli_screen *screen, FILE *out);

/* Asks for the size again (after SIGWINCH, or before each redraw). */
void cli_screen_measure(cli_screen *screen);

/* The escape sequence of a style, or "" where there are no colours. Static text. */
const char *cli_paint(const cli_screen *screen, cli_style style);

/* Prints the text in a style and ends the style. */
void cli_put(const cli_screen *screen, cli_style style, const char *text);

/* A bar of `width` columns, filled to `fraction` (0..1), in eighths of a column; "#" and "." without Unicode. The text
 * goes to out (size bytes; 4 * width + 1 are always enough). */
void cli_bar(const cli_screen *screen, double fraction, size_t width, char *out, size_t size);

/* A heading with a rule behind it to the edge of the screen (at most 100 columns). */
void cli_heading(const cli_screen *screen, const char *text);

/* ---- Tables (table.c) ------------------------------------------------------------------------------------------ */

typedef enum cli_align { CLI_LEFT, CLI_RIGHT } cli_align;

typedef struct cli_column {
    const char *title; /* kept, not copied */
    cli_align align;
    bool flexible; /* cut with an ellipsis where the screen is too narrow */
} cli_column;

typedef struct cli_table cli_table;

/* NULL: no memory; all the functions below take that NULL, and cli_table_print returns false. */
cli_table *cli_table_new(const cli_column *columns, size_t count);
void cli_table_free(cli_table *table);

/* Adds the next cell, row by row. The text is copied and made safe; styles come from the argument alone. */
void cli_table_cell(cli_table *table, cli_style style, const char *text);
void cli_table_cell_n(cli_table *table, cli_style style, const char *text, size_t length);

/* Adds a line that is a group's title, from edge to edge; rows are indented then. Only between rows. */
void cli_table_group(cli_table *table, const char *text);

bool cli_table_has_rows(const cli_table *table);

/* Prints titles, a rule, and the rows. false, after a message: no memory. */
bool cli_table_print(const cli_table *table, const cli_screen *screen);

/* ---- Progress (progress.c) --------------------------------------------------------------------------------------- */

/* A bar on standard error for what takes longer than a second. Shown only on a terminal, redrawn ten times a second. */
typedef struct cli_progress {
    cli_screen screen;
    const char *what; /* "Reading" */
    const char *unit; /* what is counted: "samples"; NULL, as after begin: bytes */
    int64_t start_ns; /* monotonic */
    int64_t drawn_ns;
    bool shown;
} cli_progress;

void cli_progress_begin(cli_progress *progress, const char *what);
/* total 0: not known. */
void cli_progress_update(cli_progress *progress, uint64_t done, uint64_t total);
/* The same as the library's callback; user is the progress. Returns 0: go on. */
int cli_progress_show(void *progress, uint64_t done, uint64_t total);
/* Takes the bar away. */
void cli_progress_end(cli_progress *progress);

/* ---- JSON (output.c) ------------------------------------------------------------------------------------------------
 */

/* Prints a JSON value to standard output, indented, with a newline, and releases it. NULL (no memory) is an error.
 * Returns CLI_OK or CLI_FAILED, after a message. */
int cli_print_json(json_t *value);

/* A number as JSON: null where it is not finite. NULL: no memory. */
json_t *cli_json_number(double value);

/* A string, with what is not UTF-8 as U+FFFD. NULL: no memory. */
json_t *cli_json_string(const char *text, size_t length);

/* Time in ISO 8601, UTC, with microseconds, as in metrics.jsonl. NULL: no memory. */
json_t *cli_json_time(int64_t ns);

/* Flushes standard output; CLI_FAILED after a message where that fails (full disk, closed pipe), else `status`. */
int cli_finish_output(int status);

#endif
