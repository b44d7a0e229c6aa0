/* Conditions on a comparison, for scripts and CI. */
#include <stdio.h>
#include <string.h>

#include <afmon/afmon.h>

#include "base/number.h"
#include "base/status.h"
#include "base/suggest.h"

#define CONDITION_MAX 4096
#define NAMES_MAX 2000

/* One of them; texts are parts of a copy. */
struct condition {
    const char *figure; /* NULL: any */
    const char *by;     /* NULL: any */
    const char *group;
    bool has_verdict;
    afmon_diff_verdict verdict;
    char comparison; /* '<' or '>' */
    double limit;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* The first of some characters outside of brackets; NULL: none. */
static char *find_outside(char *text, const char *wanted)
{
    int depth = 0;
    for (char *at = text; *at != '\0'; at++) {
        depth += (*at == '[') - (*at == ']');
        if (depth == 0 && *at != ']' && strchr(wanted, *at) != NULL)
            return at;
    }
    return NULL;
}

/* ---- Reading one ---- */

static afmon_status no_condition(const char *text, afmon_error *error)
{
    return afmon_fail(error, AFMON_E_ARGUMENT,
                      "'%s' is no condition on a comparison: 'worse', 'yield worse', 'generation_time.p50 > 10%%' are",
                      text);
}

static bool take_verdict(const char *word, struct condition *condition)
{
    static const afmon_diff_verdict verdicts[] = {AFMON_DIFF_WORSE, AFMON_DIFF_BETTER, AFMON_DIFF_CHANGED,
                                                  AFMON_DIFF_UNCLEAR};
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (strcmp(word, afmon_diff_verdict_name(verdicts[i])) == 0) {
            condition->has_verdict = true;
            condition->verdict = verdicts[i];
            return true;
        }
    return false;
}

static bool take_limit(char *text, struct condition *condition)
{
    text = trim(text);
    size_t length = strlen(text);
    bool percent = length > 0 && text[length - 1] == '%';
    if (percent)
        length--;
    if (length == 0 || !afmon_parse_double(text, length, &condition->limit) || !isfinite(condition->limit))
        return false;
    condition->limit *= percent ? 0.01 : 1;
    return true;
}

/* "NAME" or "NAME[BY=GROUP]". */
static bool take_figure(char *text, struct condition *condition)
{
    text = trim(text);
    condition->figure = text;
    char *bracket = strchr(text, '[');
    if (bracket == NULL)
        return *text != '\0';
    size_t length = strlen(bracket);
    char *equals = strchr(bracket, '=');
    if (bracket == text || bracket[length - 1] != ']' || equals == NULL)
        return false;
    bracket[length - 1] = '\0';
    *bracket = '\0';
    *equals = '\0';
    condition->figure = trim(text);
    condition->by = trim(bracket + 1);
    condition->group = trim(equals + 1);
    return true;
}

/* FIGURE VERDICT: the verdict is the last word. */
static bool take_words(char *text, struct condition *condition)
{
    char *last = text + strlen(text);
    while (last > text && !is_blank(last[-1]) && last[-1] != ']')
        last--;
    if (!take_verdict(last, condition))
        return false;
    *last = '\0';
    return last == text || take_figure(text, condition);
}

static afmon_status read_condition(char *text, struct condition *condition, afmon_error *error)
{
    char shown[256];
    text = trim(text);
    snprintf(shown, sizeof shown, "%s", text);
    char *sign = find_outside(text, "<>");
    bool ok;
    if (sign == NULL) {
        ok = take_words(text, condition);
    } else {
        condition->comparison = *sign;
        *sign = '\0';
        ok = take_limit(sign + 1, condition) && take_figure(text, condition);
    }
    return ok ? AFMON_OK : no_condition(shown, error);
}

/* ---- Judging it ---- */

static bool is_about(const struct condition *condition, const afmon_diff_figure *figure)
{
    if (condition->figure != NULL && strcmp(condition->figure, figure->name) != 0)
        return false;
    return condition->by == NULL ||
           (strcmp(condition->by, figure->by) == 0 && strcmp(condition->group, figure->group) == 0);
}

static bool holds_for(const struct condition *condition, const afmon_diff_figure *figure)
{
    if (condition->has_verdict)
        return figure->verdict == condition->verdict;
    return condition->comparison == '<' ? figure->high < condition->limit : figure->low > condition->limit;
}

static afmon_status no_figure(const afmon_comparison *comparison, const struct condition *condition, afmon_error *error)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < comparison->figure_count && count < NAMES_MAX; i++)
        names[count++] = comparison->figures[i].name;
    const char *meant = afmon_suggest(condition->figure, names, count);
    if (meant != NULL && strcmp(meant, condition->figure) == 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "the runs have no figure '%s' of the %s '%s'", meant, condition->by,
                          condition->group);
    return afmon_fail(error, AFMON_E_ARGUMENT, "the runs have no figure '%s'%s%s%s", condition->figure,
                      meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

static afmon_status judge(const afmon_comparison *comparison, const struct condition *condition, bool *holds,
                          afmon_error *error)
{
    bool any = condition->figure == NULL;
    for (size_t i = 0; i < comparison->figure_count; i++) {
        if (!is_about(condition, &comparison->figures[i]))
            continue;
        any = true;
        *holds = *holds || holds_for(condition, &comparison->figures[i]);
    }
    return any ? AFMON_OK : no_figure(comparison, condition, error);
}

afmon_status afmon_comparison_holds(const afmon_comparison *comparison, const char *condition, bool *holds,
                                    afmon_error *error)
{
    char copy[CONDITION_MAX];
    if (comparison == NULL || condition == NULL || holds == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a condition needs a comparison, a text and a place");
    *holds = false;
    if (strlen(condition) >= sizeof copy)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a condition has at most %d bytes", CONDITION_MAX - 1);
    memcpy(copy, condition, strlen(condition) + 1);
    afmon_status status = AFMON_OK;
    for (char *at = copy; status == AFMON_OK && at != NULL;) {
        struct condition one = {0};
        char *comma = find_outside(at, ",");
        if (comma != NULL)
            *comma = '\0';
        status = read_condition(at, &one, error);
        if (status == AFMON_OK)
            status = judge(comparison, &one, holds, error);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return status;
}
