#include "proxy/head.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 18 };

static bool is_token_char(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static size_t token_length(const char *text, size_t length)
{
    size_t n = 0;
    while (n < length && is_token_char(text[n]))
        n++;
    return n;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

bool afmon_proxy_piece_is(const struct afmon_proxy_piece *piece, const char *text)
{
    return strlen(text) == piece->length && strncasecmp(piece->text, text, piece->length) == 0;
}

ptrdiff_t afmon_proxy_head_end(const char *data, size_t length, size_t *scanned)
{
    for (size_t at = *scanned; at < length;) {
        const char *found = memchr(data + at, '\n', length - at);
        if (found == NULL)
            break;
        size_t lf = (size_t)(found - data);
        if (lf == 0 || data[lf - 1] != '\r')
            return -1;
        if (lf >= 3 && data[lf - 2] == '\n')
            return (ptrdiff_t)lf + 1;
        at = lf + 1;
    }
    *scanned = length;
    return 0;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* The line that begins at data, whose CR LF is within length: heads are whole. */
static struct afmon_proxy_piece line_at(const char *data, size_t length)
{
    const char *lf = memchr(data, '\n', length);
    return (struct afmon_proxy_piece){data, lf == NULL ? length : (size_t)(lf - data) + 1};
}

static bool is_value_char(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte >= ' ' && byte != 0x7f) || byte == '\t';
}

/* Takes a field line apart. false: it is none; folded lines and names with white space behind them are none. */
static bool split_field(struct afmon_proxy_field *field, const struct afmon_proxy_piece *line)
{
    size_t name = token_length(line->text, line->length), begin = name + 1, end = line->length - 2;
    if (name == 0 || line->text[name] != ':')
        return false;
    for (size_t i = begin; i < end; i++)
        if (!is_value_char(line->text[i]))
            return false;
    while (begin < end && is_space(line->text[begin]))
        begin++;
    while (end > begin && is_space(line->text[end - 1]))
        end--;
    field->name = (struct afmon_proxy_piece){line->text, name};
    field->value = (struct afmon_proxy_piece){line->text + begin, end - begin};
    field->line = *line;
    return true;
}

/* The lines behind the first one. 0, or the status that refuses them. */
static int split_fields(struct afmon_proxy_head *head, const char *data, size_t length, const char **why)
{
    for (size_t at = head->start.length; at + 2 < length;) {
        struct afmon_proxy_piece line = line_at(data + at, length - at);
        if (head->count == AFMON_PROXY_FIELDS_MAX) {
            *why = "The head has too many fields.";
            return 431;
        }
        if (!split_field(&head->fields[head->count], &line)) {
            *why = "A field line is not well-formed.";
            return 400;
        }
        head->count++;
        at += line.length;
    }
    return 0;
}

const struct afmon_proxy_field *afmon_proxy_head_find(const struct afmon_proxy_head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (afmon_proxy_piece_is(&head->fields[i].name, name))
            return &head->fields[i];
    return NULL;
}

static size_t count_of(const struct afmon_proxy_head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->count; i++)
        count += afmon_proxy_piece_is(&head->fields[i].name, name);
    return count;
}

/* ---- Connection and Upgrade -------------------------------------------------------------------------------------- */

/* Has a list of tokens, separated by commas, this one? */
static bool list_has(const struct afmon_proxy_piece *list, const struct afmon_proxy_piece *token)
{
    size_t at = 0;
    while (at < list->length) {
        size_t begin = at, end;
        while (at < list->length && list->text[at] != ',')
            at++;
        end = at++;
        while (begin < end && is_space(list->text[begin]))
            begin++;
        while (end > begin && is_space(list->text[end - 1]))
            end--;
        if (end - begin == token->length && strncasecmp(list->text + begin, token->text, token->length) == 0)
            return true;
    }
    return false;
}

static bool any_has(const struct afmon_proxy_head *head, const char *name, const struct afmon_proxy_piece *token)
{
    for (size_t i = 0; i < head->count; i++)
        if (afmon_proxy_piece_is(&head->fields[i].name, name) && list_has(&head->fields[i].value, token))
            return true;
    return false;
}

static void read_connection(struct afmon_proxy_head *head)
{
    static const struct afmon_proxy_piece close_token = {"close", 5}, keep = {"keep-alive", 10}, h2c = {"h2c", 3};
    const struct afmon_proxy_field *upgrade = afmon_proxy_head_find(head, "upgrade");
    head->close =
        any_has(head, "connection", &close_token) || (head->minor == 0 && !any_has(head, "connection", &keep));
    head->upgrade_asked = upgrade != NULL && !list_has(&upgrade->value, &h2c);
}

bool afmon_proxy_head_is_hop(const struct afmon_proxy_head *head, const struct afmon_proxy_field *field)
{
    static const char *const names[] = {"connection", "keep-alive",     "proxy-connection",    "te",
                                        "upgrade",    "http2-settings", "proxy-authorization", "proxy-authenticate"};
    static const char *const kept[] = {"transfer-encoding", "trailer", "content-length", "host"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (afmon_proxy_piece_is(&field->name, names[i]))
            return true;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (afmon_proxy_piece_is(&field->name, kept[i]))
            return false; /* whatever Connection says: the message would be another one without it */
    return any_has(head, "connection", &field->name);
}

/* ---- Where the body ends ----------------------------------------------------------------------------------------- */

static bool read_length(const struct afmon_proxy_piece *value, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < value->length; i++) {
        if (value->text[i] < '0' || value->text[i] > '9')
            return false;
        *length = *length * 10 + (uint64_t)(value->text[i] - '0');
    }
    return value->length > 0 && value->length <= LENGTH_DIGITS_MAX;
}

/* What the fields say of it; otherwise: what holds where they say nothing. NULL, or what is wrong. */
static const char *read_framing(struct afmon_proxy_head *head, enum afmon_proxy_framing otherwise)
{
    const struct afmon_proxy_field *length = afmon_proxy_head_find(head, "content-length");
    const struct afmon_proxy_field *coding = afmon_proxy_head_find(head, "transfer-encoding");
    head->framing = otherwise;
    if (length != NULL && coding != NULL)
        return "Content-Length and Transfer-Encoding exclude each other.";
    if (count_of(head, "content-length") > 1)
        return "Content-Length is there twice.";
    if (coding != NULL) {
        if (count_of(head, "transfer-encoding") > 1 || !afmon_proxy_piece_is(&coding->value, "chunked"))
            return "Transfer-Encoding is not 'chunked'.";
        if (head->minor == 0)
            return "HTTP/1.0 has no Transfer-Encoding.";
        head->framing = AFMON_PROXY_CHUNKED;
    } else if (length != NULL) {
        if (!read_length(&length->value, &head->content_length))
            return "Content-Length is not a number.";
        head->framing = AFMON_PROXY_LENGTH;
    }
    return NULL;
}

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

static bool read_version(struct afmon_proxy_head *head, const char *text)
{
    head->minor = memcmp(text, "HTTP/1.1", 8) == 0 ? 1 : 0;
    return head->minor == 1 || memcmp(text, "HTTP/1.0", 8) == 0;
}

/* METHOD SP TARGET SP HTTP/1.x CR LF. 0, or the status that refuses it. */
static int read_request_line(struct afmon_proxy_head *head, const char **why)
{
    const char *text = head->start.text;
    size_t length = head->start.length - 2, method = token_length(text, length), end = method + 1;
    *why = "The request line is not well-formed.";
    if (method == 0 || method >= length || text[method] != ' ')
        return 400;
    while (end < length && (unsigned char)text[end] > ' ' && (unsigned char)text[end] < 0x7f)
        end++;
    head->method = (struct afmon_proxy_piece){text, method};
    head->target = (struct afmon_proxy_piece){text + method + 1, end - method - 1};
    if (head->target.length == 0 || end + 9 != length || text[end] != ' ' || memcmp(text + end + 1, "HTTP/", 5) != 0)
        return 400;
    if (!read_version(head, text + end + 1)) {
        *why = "The proxy speaks HTTP/1.1 and HTTP/1.0.";
        return 505;
    }
    if (head->target.text[0] == '/')
        return 0;
    *why = "The request's target is not a path: this is no proxy for whole addresses.";
    return afmon_proxy_piece_is(&head->method, "CONNECT") ? 501 : 400;
}

int afmon_proxy_head_request(struct afmon_proxy_head *head, const char *data, size_t length, const char **why)
{
    head->count = 0;
    head->start = line_at(data, length);
    head->content_length = 0;
    int refused = read_request_line(head, why);
    if (refused == 0)
        refused = split_fields(head, data, length, why);
    if (refused != 0)
        return refused;
    read_connection(head);
    size_t hosts = count_of(head, "host");
    *why = "Host is missing, or there twice.";
    if (hosts > 1 || (hosts == 0 && head->minor == 1))
        return 400;
    *why = read_framing(head, AFMON_PROXY_NO_BODY);
    if (*why != NULL)
        return 400;
    *why = "The connection cannot become another protocol's.";
    return head->upgrade_asked ? 501 : 0;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

/* HTTP/1.x SP 3DIGIT [SP reason] CR LF */
static bool read_status_line(struct afmon_proxy_head *head)
{
    const char *text = head->start.text;
    size_t length = head->start.length - 2;
    if (length < 12 || !read_version(head, text) || text[8] != ' ' || (length > 12 && text[12] != ' '))
        return false;
    head->status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        head->status = head->status * 10 + (text[i] - '0');
    }
    for (size_t i = 12; i < length; i++)
        if (!is_value_char(text[i]))
            return false;
    return head->status >= 100 && head->status <= 599;
}

int afmon_proxy_head_answer(struct afmon_proxy_head *head, const char *data, size_t length,
                            const struct afmon_proxy_piece *method, const char **why)
{
    head->count = 0;
    head->start = line_at(data, length);
    head->content_length = 0;
    *why = "The server's status line is not well-formed.";
    if (!read_status_line(head))
        return 502;
    if (split_fields(head, data, length, why) != 0)
        return 502;
    read_connection(head);
    *why = read_framing(head, AFMON_PROXY_UNTIL_CLOSE);
    if (*why != NULL)
        return 502;
    if (head->status < 200 || head->status == 204 || head->status == 304 || afmon_proxy_piece_is(method, "HEAD"))
        head->framing = AFMON_PROXY_NO_BODY;
    return 0;
}
