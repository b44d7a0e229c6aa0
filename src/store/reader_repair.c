#include "base/number.h"
#include "store/reader_internal.h"
#include "store/reader_text.h"

#define REPLACEMENT "\\ufffd"

struct repair {
    struct afmon_buffer *out;
    const char *at;
    const char *end;
    bool changed;
};

static void copy(struct repair *repair, size_t length)
{
    afmon_buffer_add(repair->out, repair->at, length);
    repair->at += length;
}

static void replace(struct repair *repair, size_t length, const char *text)
{
    afmon_buffer_add_text(repair->out, text);
    repair->at += length;
    repair->changed = true;
}

/* at the backslash of an escape in a string. */
static void repair_escape(struct repair *repair)
{
    size_t left = (size_t)(repair->end - repair->at);
    int unit = left >= 2 && repair->at[1] == 'u' ? afmon_json_hex4(repair->at + 2, repair->end) : -1;
    if (unit < 0xD800 || unit > 0xDFFF)
        copy(repair, left < 2 ? left : 2);
    else if (unit < 0xDC00 && afmon_json_is_pair(repair->at, repair->end))
        copy(repair, 12);
    else
        replace(repair, 6, REPLACEMENT);
}

static void repair_string(struct repair *repair)
{
    copy(repair, 1);
    while (repair->at < repair->end && *repair->at != '"') {
        if (*repair->at == '\\')
            repair_escape(repair);
        else
            copy(repair, 1);
    }
    if (repair->at < repair->end)
        copy(repair, 1);
}

static bool is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' ||
           c == '.';
}

static bool equals(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static size_t count_digits(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* A number by RFC 8259, of whatever size. */
static bool is_number(const char *text, size_t length)
{
    size_t at = length > 0 && text[0] == '-' ? 1 : 0;
    size_t digits = count_digits(text + at, length - at);
    if (digits == 0 || (digits > 1 && text[at] == '0'))
        return false;
    at += digits;
    if (at < length && text[at] == '.') {
        digits = count_digits(text + at + 1, length - at - 1);
        if (digits == 0)
            return false;
        at += 1 + digits;
    }
    if (at == length || (text[at] != 'e' && text[at] != 'E'))
        return at == length;
    at++;
    if (at < length && (text[at] == '+' || text[at] == '-'))
        at++;
    digits = count_digits(text + at, length - at);
    return digits > 0 && at + digits == length;
}

static bool is_whole(const char *text, size_t length)
{
    size_t sign = length > 0 && text[0] == '-' ? 1 : 0;
    return count_digits(text + sign, length - sign) == length - sign;
}

/* Numbers and literals. What is neither is copied: jansson refuses it, as it should. */
static void repair_word(struct repair *repair)
{
    const char *word = repair->at;
    size_t length = 0;
    while (word + length < repair->end && is_word_char(word[length]))
        length++;
    double number;
    int64_t integer;
    if (equals(word, length, "NaN") || equals(word, length, "Infinity") || equals(word, length, "-Infinity")) {
        replace(repair, length, "null");
    } else if (afmon_parse_double(word, length, &number)) {
        bool too_big = is_whole(word, length) && !afmon_parse_int(word, length, &integer);
        copy(repair, length);
        if (too_big)
            replace(repair, 0, ".0");
    } else if (is_number(word, length)) {
        replace(repair, length, "null");
    } else {
        copy(repair, length);
    }
}

bool afmon_repair_line(struct afmon_buffer *repaired, const char *line, size_t length)
{
    struct repair repair = {.out = repaired, .at = line, .end = line + length};
    while (repair.at < repair.end && !repaired->failed) {
        if (*repair.at == '"')
            repair_string(&repair);
        else if (is_word_char(*repair.at))
            repair_word(&repair);
        else
            copy(&repair, 1);
    }
    return repair.changed && !repaired->failed;
}
