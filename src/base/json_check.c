#include "base/json_check.h"

#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

struct checker {
    const char *at;
    const char *end;
    size_t depth;
    char closers[AFMON_JSON_DEPTH]; /* of what is open: ']' or '}' */
};

static void skip_space(struct checker *checker)
{
    while (checker->at < checker->end && memchr(" \t\n\r", *checker->at, 4) != NULL)
        checker->at++;
}

static bool take(struct checker *checker, char c)
{
    if (checker->at == checker->end || *checker->at != c)
        return false;
    checker->at++;
    return true;
}

static bool take_word(struct checker *checker, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(checker->end - checker->at) < length || memcmp(checker->at, word, length) != 0)
        return false;
    checker->at += length;
    return true;
}

/* Four hexadecimal digits; -1 where they are none. */
static int32_t take_hex4(struct checker *checker)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = checker->at < checker->end ? *checker->at++ : '\0';
        int32_t digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            digit = c - 'A' + 10;
        else
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* What follows "\u". */
static bool take_code_unit(struct checker *checker, bool is_key)
{
    int32_t unit = take_hex4(checker);
    if (unit < 0 || (unit == 0 && is_key) || (unit >= 0xDC00 && unit <= 0xDFFF))
        return false;
    if (unit < 0xD800 || unit > 0xDBFF)
        return true;
    if (!take_word(checker, "\\u"))
        return false;
    int32_t low = take_hex4(checker);
    return low >= 0xDC00 && low <= 0xDFFF;
}

/* The rest of a string, behind its first quote. */
static bool take_string(struct checker *checker, bool is_key)
{
    const char *start = checker->at;
    while (checker->at < checker->end) {
        unsigned char c = (unsigned char)*checker->at++;
        if (c == '"')
            return afmon_utf8_valid(start, (size_t)(checker->at - start));
        if (c < 0x20)
            return false;
        if (c != '\\')
            continue;
        char escaped = checker->at < checker->end ? *checker->at++ : '\0';
        if (escaped == 'u' ? !take_code_unit(checker, is_key) : memchr("\"\\/bfnrt", escaped, 8) == NULL)
            return false;
    }
    return false;
}

static bool take_number(struct checker *checker)
{
    const char *start = checker->at;
    bool whole = true;
    for (; checker->at < checker->end && memchr("0123456789+-.eE", *checker->at, 15) != NULL; checker->at++)
        whole = whole && memchr(".eE", *checker->at, 3) == NULL;
    size_t length = (size_t)(checker->at - start);
    int64_t integer;
    double number;
    return whole ? afmon_parse_int(start, length, &integer) : afmon_parse_double(start, length, &number);
}

/* The key of a member and its colon. */
static bool take_key(struct checker *checker)
{
    skip_space(checker);
    if (!take(checker, '"') || !take_string(checker, true))
        return false;
    skip_space(checker);
    return take(checker, ':');
}

/* A value, or for an array or object its opening, up to where the next value must stand. *complete: the value is whole.
 */
static bool take_value(struct checker *checker, bool *complete)
{
    skip_space(checker);
    *complete = true;
    if (take(checker, '"'))
        return take_string(checker, false);
    char closer = take(checker, '[') ? ']' : take(checker, '{') ? '}' : '\0';
    if (closer == '\0')
        return take_word(checker, "true") || take_word(checker, "false") || take_word(checker, "null") ||
               take_number(checker);
    if (checker->depth == AFMON_JSON_DEPTH)
        return false;
    skip_space(checker);
    if (take(checker, closer))
        return true;
    *complete = false;
    checker->closers[checker->depth++] = closer;
    return closer == ']' || take_key(checker);
}

/* Behind a whole value: closes what ends here. *more: a comma was taken, and another value must follow. */
static bool take_ends(struct checker *checker, bool *more)
{
    *more = false;
    while (checker->depth > 0) {
        char closer = checker->closers[checker->depth - 1];
        skip_space(checker);
        if (take(checker, ',')) {
            *more = true;
            return closer == ']' || take_key(checker);
        }
        if (!take(checker, closer))
            return false;
        checker->depth--;
    }
    return true;
}

bool afmon_json_valid(const char *text, size_t length)
{
    struct checker checker;
    checker.at = text;
    checker.end = text + length;
    checker.depth = 0;
    bool more = true;
    while (more) {
        bool complete;
        if (length == 0 || !take_value(&checker, &complete))
            return false;
        if (complete && !take_ends(&checker, &more))
            return false;
    }
    skip_space(&checker);
    return checker.at == checker.end;
}
