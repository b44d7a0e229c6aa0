/* A comparison for people: a table on a terminal, or Markdown. */
#include "cli/diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What a figure says, in words ---- */

static cli_text value_words(const afmon_diff_figure *figure, double value)
{
    cli_text text = {"-"};
    if (isnan(value))
        return text;
    if (figure->unit == AFMON_UNIT_COUNT)
        return cli_number(value); /* for each call */
    return cli_value(figure->unit, value);
}

/* With its sign: "+2.1%", "+2.1 points", "+0.12"; "12.4 times" where it is far more. */
static cli_text effect_words(const afmon_diff_figure *figure, double effect)
{
    cli_text text = {"-"};
    if (isnan(effect))
        return text;
    if (figure->scale == AFMON_DIFF_RELATIVE && effect >= 9)
        snprintf(text.s, sizeof text.s, "%.40s times", cli_number(1 + effect).s);
    else if (figure->scale == AFMON_DIFF_ABSOLUTE)
        snprintf(text.s, sizeof text.s, "%s%.40s", effect < 0 ? "-" : "+", value_words(figure, fabs(effect)).s);
    else
        snprintf(text.s, sizeof text.s, "%+.1f%s", effect * 100, figure->scale == AFMON_DIFF_POINTS ? " points" : "%");
    return text;
}

static cli_text interval_words(const afmon_diff_figure *figure)
{
    cli_text text = {"-"};
    if (isnan(figure->low))
        return text;
    cli_text low = effect_words(figure, figure->low);
    cli_text high = effect_words(figure, figure->high);
    char *unit = strstr(low.s, " points"); /* once is enough */
    if (unit != NULL)
        *unit = '\0';
    snprintf(text.s, sizeof text.s, "%.20s to %.20s", low.s, high.s);
    return text;
}

typedef struct words {
    char s[80];
} words;

static words verdict_words(const afmon_diff_figure *figure, bool by_call)
{
    words text = {""};
    switch (figure->verdict) {
    case AFMON_DIFF_UNCLEAR:
        if (figure->needed > 0)
            snprintf(text.s, sizeof text.s, "cannot tell yet (needs about %.30s more %s)", cli_count(figure->needed).s,
                     by_call ? "calls" : "items");
        else
            snprintf(text.s, sizeof text.s, "cannot tell");
        break;
    case AFMON_DIFF_CHANGED:
        snprintf(text.s, sizeof text.s, "%s", figure->effect > 0 ? "higher" : "lower");
        break;
    case AFMON_DIFF_SMALL:
        snprintf(text.s, sizeof text.s, "too small to matter");
        break;
    case AFMON_DIFF_ONE_SIDED:
        snprintf(text.s, sizeof text.s, "only in %s", isnan(figure->a.value) ? "the other run" : "the first run");
        break;
    case AFMON_DIFF_BETTER:
    case AFMON_DIFF_WORSE:
        snprintf(text.s, sizeof text.s, "%s", afmon_diff_verdict_name(figure->verdict));
        break;
    }
    return text;
}

static bool is_told(const afmon_diff_figure *figure)
{
    return figure->verdict == AFMON_DIFF_BETTER || figure->verdict == AFMON_DIFF_WORSE ||
           figure->verdict == AFMON_DIFF_CHANGED;
}

/* Figures of the whole run always; of groups those that tell something. */
static bool is_shown(const diff_shown *shown, const afmon_diff_figure *figure)
{
    return shown->all || figure->by[0] == '\0' || is_told(figure);
}

static cli_style style_of(const afmon_diff_figure *figure)
{
    switch (figure->verdict) {
    case AFMON_DIFF_BETTER:
        return CLI_GREEN;
    case AFMON_DIFF_WORSE:
        return CLI_RED;
    case AFMON_DIFF_CHANGED:
        return CLI_YELLOW;
    default:
        return CLI_DIM;
    }
}

/* "yield", or "success_rate · operation chat"; freed by the caller. NULL: no memory. */
static char *name_of(const afmon_diff_figure *figure, const char *between)
{
    size_t size = strlen(figure->name) + strlen(figure->by) + strlen(figure->group) + strlen(between) + 2;
    char *name = malloc(size);
    if (name != NULL && figure->by[0] == '\0')
        snprintf(name, size, "%s", figure->name);
    else if (name != NULL)
        snprintf(name, size, "%s%s%s %s", figure->name, between, figure->by, figure->group);
    return name;
}

/* ---- What stands above and below ---- */

static void count_verdicts(const diff_shown *shown, size_t run, size_t counts[6])
{
    for (size_t i = 0; i < shown->comparison->figure_count; i++)
        if (shown->comparison->figures[i].run == run)
            counts[shown->comparison->figures[i].verdict]++;
}

static void print_basis(const diff_shown *shown, size_t run, FILE *out)
{
    const afmon_diff_run *a = &shown->comparison->runs[0];
    const afmon_diff_run *b = &shown->comparison->runs[run];
    size_t counts[6] = {0};
    count_verdicts(shown, run, counts);
    fprintf(out, "%zu better, %zu worse, %zu changed, %zu too small to matter, %zu cannot be told\n",
            counts[AFMON_DIFF_BETTER], counts[AFMON_DIFF_WORSE], counts[AFMON_DIFF_CHANGED], counts[AFMON_DIFF_SMALL],
            counts[AFMON_DIFF_UNCLEAR]);
    if (a->by_call || b->by_call)
        fputs("The samples name no items: each call counts as one observation, as if none depended on another.\n", out);
    else
        fprintf(out, "%s and %s items; %s have the same id in both.\n", cli_count(a->items).s, cli_count(b->items).s,
                cli_count(b->paired).s);
    if (b->groups_left_out > 0)
        fprintf(out, "%s smaller groups are not compared one by one.\n", cli_count(b->groups_left_out).s);
}

/* ---- The table ---- */

static cli_table *table_of(const diff_shown *shown, size_t run)
{
    static const cli_column columns[] = {
        {"Figure", CLI_LEFT, true},
        {"A", CLI_RIGHT, false},
        {"B", CLI_RIGHT, false},
        {"Effect", CLI_RIGHT, false},
        {"95 % interval", CLI_LEFT, false},
        {"", CLI_LEFT, false},
    };
    bool by_call = shown->comparison->runs[run].by_call;
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < shown->comparison->figure_count; i++) {
        const afmon_diff_figure *figure = &shown->comparison->figures[i];
        if (figure->run != run || !is_shown(shown, figure))
            continue;
        char *name = name_of(figure, ", ");
        cli_table_cell(table, is_told(figure) ? CLI_BOLD : CLI_PLAIN, name != NULL ? name : "");
        free(name);
        cli_table_cell(table, CLI_PLAIN, value_words(figure, figure->a.value).s);
        cli_table_cell(table, CLI_PLAIN, value_words(figure, figure->b.value).s);
        cli_table_cell(table, style_of(figure), effect_words(figure, figure->effect).s);
        cli_table_cell(table, CLI_DIM, interval_words(figure).s);
        cli_table_cell(table, style_of(figure), verdict_words(figure, by_call).s);
    }
    return table;
}

bool diff_print(const diff_shown *shown, const cli_screen *screen)
{
    bool printed = true;
    for (size_t run = 1; run < shown->comparison->run_count && printed; run++) {
        char a[256];
        char b[256];
        cli_safe_into(a, sizeof a, shown->names[0], strlen(shown->names[0]));
        cli_safe_into(b, sizeof b, shown->names[run], strlen(shown->names[run]));
        fprintf(screen->out, "%sA  %s\nB  %s\n", run > 1 ? "\n" : "", a, b);
        print_basis(shown, run, screen->out);
        fputc('\n', screen->out);
        cli_table *table = table_of(shown, run);
        printed = cli_table_print(table, screen);
        cli_table_free(table);
    }
    return printed;
}

/* ---- Markdown ---- */

/* In a cell: what ends one, begins markup or a line is escaped. */
static void put_cell(FILE *out, const char *text)
{
    char *safe = cli_safe(text, strlen(text));
    for (const char *at = safe != NULL ? safe : ""; *at != '\0'; at++) {
        if (*at == '<')
            fputs("&lt;", out);
        else if (*at == '&')
            fputs("&amp;", out);
        else if (strchr("\\`*_{}[]()#|!~>@:", *at) != NULL)
            fprintf(out, "\\%c", *at);
        else
            fputc(*at, out);
    }
    free(safe);
}

static void put_row(const diff_shown *shown, const afmon_diff_figure *figure, FILE *out)
{
    char *name = name_of(figure, ", ");
    bool by_call = shown->comparison->runs[figure->run].by_call;
    fputs("| ", out);
    put_cell(out, name != NULL ? name : "");
    free(name);
    fprintf(out, " | %s | %s", value_words(figure, figure->a.value).s, value_words(figure, figure->b.value).s);
    fprintf(out, " | %s | %s", effect_words(figure, figure->effect).s, interval_words(figure).s);
    words verdict = verdict_words(figure, by_call);
    fprintf(out, is_told(figure) ? " | **%s** |\n" : " | %s |\n", verdict.s);
}

void diff_print_markdown(const diff_shown *shown, FILE *out)
{
    for (size_t run = 1; run < shown->comparison->run_count; run++) {
        fputs(run > 1 ? "\n### " : "### ", out);
        put_cell(out, shown->names[run]);
        fputs(" against ", out);
        put_cell(out, shown->names[0]);
        fputs("\n\n", out);
        print_basis(shown, run, out);
        fputs("\n| figure | A | B | effect | 95 % interval | |\n|---|--:|--:|--:|---|---|\n", out);
        for (size_t i = 0; i < shown->comparison->figure_count; i++) {
            const afmon_diff_figure *figure = &shown->comparison->figures[i];
            if (figure->run == run && is_shown(shown, figure))
                put_row(shown, figure, out);
        }
    }
}
