#include "cli/cli.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

#include "base/suggest.h"

enum { HELP_ID = 'h', COMPLETE_ID = 30000, MAX_OPTIONS = 60, HELP_COLUMN = 30, DEFAULT_WIDTH = 80, WIDEST = 100 };

void cli_args_init(cli_args *args, const cli_usage *usage, int argc, char **argv)
{
    *args = (cli_args){.usage = usage, .argc = argc, .argv = argv};
    optind = 0; /* glibc: begin anew, whatever was parsed before */
    opterr = 0; /* the messages are ours */
}

static bool is_letter(int id)
{
    return (id >= 'a' && id <= 'z') || (id >= 'A' && id <= 'Z');
}

/* Makes getopt's tables of ours. Returns the number of long options, without the hidden one. */
static size_t make_tables(const cli_option *options, struct option *longs, char *letters)
{
    size_t count = 0;
    *letters++ = ':';
    *letters++ = HELP_ID;
    longs[count++] = (struct option){"help", no_argument, NULL, HELP_ID};
    for (; options->id != 0 && count + 1 < MAX_OPTIONS; options++) {
        int argument = options->argument ? required_argument : no_argument;
        longs[count++] = (struct option){options->name, argument, NULL, options->id};
        if (is_letter(options->id)) {
            *letters++ = (char)options->id;
            if (options->argument)
                *letters++ = ':';
        }
    }
    *letters = '\0';
    longs[count] = (struct option){CLI_COMPLETE, required_argument, NULL, COMPLETE_ID};
    longs[count + 1] = (struct option){0};
    return count;
}

static void say_unknown(const cli_args *args, const struct option *longs, size_t count)
{
    const char *command = args->usage->command;
    const char *names[MAX_OPTIONS];
    char word[64];
    const char *given = args->argv[optind - 1];
    if (strncmp(given, "--", 2) != 0) {
        cli_usage_error(command, "unknown option '-%c'", optopt);
        return;
    }
    snprintf(word, sizeof word, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    for (size_t i = 0; i < count; i++) {
        names[i] = longs[i].name;
        if (strcmp(word, longs[i].name) == 0) {
            cli_usage_error(command, "option '--%s' takes no value", word);
            return;
        }
    }
    const char *meant = cli_neighbour(word, names, count);
    if (!meant)
        meant = afmon_suggest(word, names, count);
    if (meant)
        cli_usage_error(command, "unknown option '--%s'; did you mean '--%s'?", word, meant);
    else
        cli_usage_error(command, "unknown option '--%s'", word);
}

static int stop(cli_args *args, int status)
{
    args->status = status;
    return CLI_STOP;
}

/* asked: the word before, a line's end, and the word that is being typed. */
static int complete(cli_args *args, const char *asked)
{
    char before[256];
    size_t length = strcspn(asked, "\n");
    snprintf(before, sizeof before, "%.*s", (int)(length < sizeof before ? length : sizeof before - 1), asked);
    cli_complete(args->usage, before, asked[length] == '\n' ? asked + length + 1 : "", stdout);
    return stop(args, cli_finish_output(CLI_OK));
}

static const cli_option *find_option(const cli_option *options, int id)
{
    while (options->id != 0 && options->id != id)
        options++;
    return options;
}

int cli_next_option(cli_args *args)
{
    struct option longs[MAX_OPTIONS + 2];
    char letters[2 * MAX_OPTIONS + 4];
    size_t count = make_tables(args->usage->options, longs, letters);
    int id = getopt_long(args->argc, args->argv, letters, longs, NULL);
    switch (id) {
    case -1:
        return CLI_END;
    case '?':
        say_unknown(args, longs, count);
        return stop(args, CLI_USAGE);
    case ':':
        cli_usage_error(args->usage->command, "option '%s' needs a value", args->argv[optind - 1]);
        return stop(args, CLI_USAGE);
    case HELP_ID:
        cli_print_usage(args->usage, stdout);
        return stop(args, cli_finish_output(CLI_OK));
    case COMPLETE_ID:
        return complete(args, optarg);
    default:
        args->value = optarg;
        args->name = find_option(args->usage->options, id)->name;
        return id;
    }
}

int cli_operand_count(const cli_args *args)
{
    return args->argc - optind;
}

const char *cli_operand(const cli_args *args, int index)
{
    return args->argv[optind + index];
}

static size_t help_width(FILE *out)
{
    cli_screen screen;
    cli_screen_init(&screen, out);
    if (screen.width == 0)
        return DEFAULT_WIDTH;
    return screen.width < WIDEST ? screen.width : WIDEST;
}

static void print_option(const cli_option *option, size_t width, FILE *out)
{
    char head[HELP_COLUMN * 2];
    char letter[8] = "    ";
    if (is_letter(option->id))
        snprintf(letter, sizeof letter, "-%c, ", option->id);
    int length = snprintf(head, sizeof head, "  %s--%s%s%s", letter, option->name, option->argument ? " " : "",
                          option->argument ? option->argument : "");
    size_t column = length < HELP_COLUMN - 1 ? (size_t)length : HELP_COLUMN;
    fputs(head, out);
    if (column == HELP_COLUMN)
        fputc('\n', out);
    fprintf(out, "%*s", column == HELP_COLUMN ? HELP_COLUMN : HELP_COLUMN - length, "");
    cli_wrap(out, option->help, HELP_COLUMN, HELP_COLUMN, width);
    fputc('\n', out);
}

void cli_print_usage(const cli_usage *usage, FILE *out)
{
    static const cli_option help = {HELP_ID, "help", NULL, "Print this and exit"};
    size_t width = help_width(out);
    fprintf(out, "Usage: afmon %s %s\n\n", usage->command, usage->synopsis);
    cli_wrap(out, usage->description, 0, 0, width);
    fputs("\n\nOptions:\n", out);
    for (const cli_option *option = usage->options; option->id != 0; option++)
        if (option->help != NULL)
            print_option(option, width, out);
    print_option(&help, width, out);
    if (usage->epilogue)
        fprintf(out, "\n%s", usage->epilogue);
}

/* "90" for 90.0; "0.5". */
static const char *short_number(double x, char *out, size_t size)
{
    snprintf(out, size, "%.15g", x);
    return out;
}

static bool refuse(cli_args *args, const char *wanted)
{
    args->status = cli_usage_error(args->usage->command, "--%s '%s': %s", args->name, args->value, wanted);
    return false;
}

bool cli_value_integer(cli_args *args, int64_t min, int64_t max, int64_t *value)
{
    char wanted[120];
    int64_t read;
    if (cli_parse_integer(args->value, &read) && read >= min && read <= max) {
        *value = read;
        return true;
    }
    if (max == INT64_MAX)
        snprintf(wanted, sizeof wanted, "give a whole number of at least %lld", (long long)min);
    else
        snprintf(wanted, sizeof wanted, "give a whole number from %lld to %lld", (long long)min, (long long)max);
    return refuse(args, wanted);
}

bool cli_value_number(cli_args *args, double min, double max, double *value)
{
    char wanted[120];
    char low[32];
    char high[32];
    double read;
    if (cli_parse_number(args->value, &read) && read >= min && read <= max) {
        *value = read;
        return true;
    }
    if (max > 1e300)
        snprintf(wanted, sizeof wanted, "give a number of at least %s", short_number(min, low, sizeof low));
    else
        snprintf(wanted, sizeof wanted, "give a number from %s to %s", short_number(min, low, sizeof low),
                 short_number(max, high, sizeof high));
    return refuse(args, wanted);
}

/* As one would type it: 100ms, 90s, 1d. */
static cli_text typed_duration(double s)
{
    static const struct {
        double seconds;
        const char *sign;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    cli_text text;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (s >= units[i].seconds && fmod(s, units[i].seconds) == 0) {
            (void)snprintf(text.s, sizeof text.s, "%.0f%s", s / units[i].seconds, units[i].sign);
            return text;
        }
    bool small = s > 0 && s < 1;
    (void)snprintf(text.s, sizeof text.s, "%g%s", small ? s * 1000 : s, small ? "ms" : "s");
    return text;
}

bool cli_value_dollars(cli_args *args, double max, afmon_number *usd)
{
    char wanted[160];
    double read;
    if (cli_parse_dollars(args->value, &read) && read > 0 && read <= max) {
        *usd = AFMON_GIVEN(read);
        return true;
    }
    snprintf(wanted, sizeof wanted, "give an amount of US dollars, more than 0 and at most %.0f, such as 5usd", max);
    return refuse(args, wanted);
}

bool cli_value_duration(cli_args *args, double min_s, double max_s, double *seconds)
{
    char wanted[160];
    double read;
    if (!cli_parse_duration(args->value, &read))
        return refuse(args, "give a duration such as 90s, 5m, 1h30m or 2d (a bare number is seconds)");
    if (read >= min_s && read <= max_s) {
        *seconds = read;
        return true;
    }
    if (max_s > 1e300)
        snprintf(wanted, sizeof wanted, "give a duration of at least %s", typed_duration(min_s).s);
    else
        snprintf(wanted, sizeof wanted, "give a duration from %s to %s", typed_duration(min_s).s,
                 typed_duration(max_s).s);
    return refuse(args, wanted);
}
