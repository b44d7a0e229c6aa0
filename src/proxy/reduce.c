#include "proxy/reduce.h"

enum { TEXT_MAX = 256 * 1024, ALL_MAX = 16 * 1024 * 1024 };

static void begin(struct afmon_proxy_reduced *reduced)
{
    struct afmon_buffer text = reduced->text;
    *reduced = (struct afmon_proxy_reduced){.text = text, .all = reduced->all};
    afmon_buffer_clear(&reduced->text);
}

void afmon_proxy_reduced_init(struct afmon_proxy_reduced *reduced)
{
    *reduced = (struct afmon_proxy_reduced){0};
    afmon_buffer_init(&reduced->text, TEXT_MAX);
}

void afmon_proxy_reduced_keep_all(struct afmon_proxy_reduced *reduced)
{
    reduced->all = true;
    afmon_buffer_init(&reduced->text, ALL_MAX);
}

void afmon_proxy_reduced_free(struct afmon_proxy_reduced *reduced)
{
    afmon_buffer_free(&reduced->text);
}

static void keep(struct afmon_proxy_reduced *reduced, char c)
{
    if (reduced->skip == 0)
        afmon_buffer_add_char(&reduced->text, c);
}

/* ---- Strings ----------------------------------------------------------------------------------------------------- */

static unsigned hex_value(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
}

/* A byte within an escape sequence. */
static void take_escaped(struct afmon_proxy_reduced *reduced, char c)
{
    if (reduced->escape == 1) {
        reduced->escape = c == 'u' ? 2 : 0;
        reduced->unit = 0;
        reduced->high = false;
    } else {
        reduced->unit = (uint16_t)((unsigned)reduced->unit << 4 | (hex_value(c) & 15));
        reduced->escape = reduced->escape == 5 ? 0 : reduced->escape + 1;
        if (reduced->escape == 0)
            reduced->high = (reduced->unit & 0xfc00) == 0xd800;
    }
}

/* May a string end before this byte? Not within a character. */
static bool may_cut(const struct afmon_proxy_reduced *reduced, char c)
{
    return !reduced->high && ((unsigned char)c & 0xc0) != 0x80;
}

static void take_string_byte(struct afmon_proxy_reduced *reduced, char c)
{
    if (reduced->escape > 0) {
        take_escaped(reduced, c);
    } else if (c == '"') {
        reduced->in_string = false;
        keep(reduced, c);
        return;
    } else {
        reduced->muted =
            reduced->muted || (!reduced->all && reduced->length >= AFMON_PROXY_STRING_MAX && may_cut(reduced, c));
        reduced->escape = c == '\\';
        reduced->high = reduced->high && c == '\\';
    }
    reduced->length++;
    if (!reduced->muted)
        keep(reduced, c);
}

/* The bytes of a string that nothing has to be done with. */
static size_t plain_run(const struct afmon_proxy_reduced *reduced, const char *data, size_t length)
{
    size_t n = 0;
    if (reduced->escape > 0 || (!reduced->muted && reduced->skip == 0))
        return 0;
    while (n < length && data[n] != '"' && data[n] != '\\')
        n++;
    return n;
}

/* ---- Structure --------------------------------------------------------------------------------------------------- */

static void open_one(struct afmon_proxy_reduced *reduced, char c)
{
    if (reduced->skip == 0 && reduced->depth >= AFMON_PROXY_DEPTH_MAX) {
        afmon_buffer_add_text(&reduced->text, "null");
        reduced->skip = reduced->depth + 1;
        reduced->nulled = true;
    }
    if (reduced->depth < AFMON_PROXY_DEPTH_MAX) {
        reduced->is_array[reduced->depth] = c == '[';
        reduced->elements[reduced->depth] = 0;
    }
    reduced->depth++;
    keep(reduced, c);
}

static void close_one(struct afmon_proxy_reduced *reduced, char c)
{
    bool ends = reduced->skip == reduced->depth && reduced->skip > 0;
    bool nulled = ends && reduced->nulled;
    if (ends) {
        reduced->skip = 0;
        reduced->nulled = false;
    }
    if (!nulled)
        keep(reduced, c);
    if (reduced->depth > 0)
        reduced->depth--;
}

static void take_comma(struct afmon_proxy_reduced *reduced)
{
    uint32_t at = reduced->depth - 1;
    if (!reduced->all && reduced->skip == 0 && reduced->depth > 0 && reduced->is_array[at] &&
        ++reduced->elements[at] >= AFMON_PROXY_ELEMENTS_MAX)
        reduced->skip = reduced->depth;
    keep(reduced, ',');
}

static void take_byte(struct afmon_proxy_reduced *reduced, char c)
{
    switch (c) {
    case '"':
        reduced->in_string = true;
        reduced->muted = false;
        reduced->high = false;
        reduced->length = 0;
        keep(reduced, c);
        break;
    case '{':
    case '[':
        open_one(reduced, c);
        break;
    case '}':
    case ']':
        close_one(reduced, c);
        break;
    case ',':
        take_comma(reduced);
        break;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        break;
    default:
        keep(reduced, c);
    }
}

void afmon_proxy_reduced_feed(struct afmon_proxy_reduced *reduced, const char *data, size_t length)
{
    for (size_t i = 0; i < length && !reduced->text.failed; i++) {
        if (reduced->in_string) {
            i += plain_run(reduced, data + i, length - i);
            if (i < length)
                take_string_byte(reduced, data[i]);
        } else {
            take_byte(reduced, data[i]);
        }
    }
}

json_t *afmon_proxy_reduced_take(struct afmon_proxy_reduced *reduced)
{
    json_t *json = reduced->text.failed || reduced->text.length == 0
                       ? NULL
                       : json_loadb(reduced->text.data, reduced->text.length, JSON_ALLOW_NUL, NULL);
    begin(reduced);
    return json;
}
