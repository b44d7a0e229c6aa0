/* libFuzzer: what the proxy reads of requests and answers. The first byte chooses what the rest is, the second where it
 * is cut: nothing that is found may depend on how the bytes came. */
#include <math.h>

#include "fuzz.h"

#include "proxy/answer.h"
#include "proxy/head.h"

enum { REQUEST, ANSWER, EVENTS, OBJECTS, WHOLE, KINDS };

/* ---- Heads and what stands behind them --------------------------------------------------------------------------- */

struct payload {
    size_t length;
    uint32_t sum;
};

static void add(void *user, const char *data, size_t length)
{
    struct payload *payload = user;
    for (size_t i = 0; i < length; i++)
        payload->sum = payload->sum * 31 + (unsigned char)data[i];
    payload->length += length;
}

static bool is_within(const struct afmon_proxy_piece *piece, const char *data, size_t length)
{
    return piece->text >= data && piece->text + piece->length <= data + length;
}

static void check_fields(const struct afmon_proxy_head *head, const char *data, size_t length)
{
    MUST(head->count <= AFMON_PROXY_FIELDS_MAX);
    for (size_t i = 0; i < head->count; i++) {
        const struct afmon_proxy_field *field = &head->fields[i];
        MUST(is_within(&field->name, data, length) && is_within(&field->value, data, length));
        MUST(is_within(&field->line, data, length) && field->name.length > 0);
        MUST(memchr(field->name.text, ':', field->name.length) == NULL);
        MUST(memchr(field->value.text, '\n', field->value.length) == NULL);
    }
}

/* The body's end is where it is, however the bytes come. */
static void check_body(const struct afmon_proxy_head *head, const char *data, size_t length, size_t cut)
{
    struct payload at_once = {0}, in_two = {0};
    struct afmon_proxy_body one, two;
    afmon_proxy_body_begin(&one, head->framing, head->content_length);
    afmon_proxy_body_begin(&two, head->framing, head->content_length);
    cut = cut < length ? cut : length;
    size_t taken = afmon_proxy_body_feed(&one, data, length, add, &at_once);
    size_t first = afmon_proxy_body_feed(&two, data, cut, add, &in_two);
    if (first == cut && !two.bad && !two.done)
        first += afmon_proxy_body_feed(&two, data + cut, length - cut, add, &in_two);
    MUST(taken == first && taken <= length);
    MUST(one.bad == two.bad && one.done == two.done);
    MUST(at_once.length == in_two.length && at_once.sum == in_two.sum && at_once.length <= taken);
    MUST(taken == length || one.done || one.bad);
}

static void read_message(const char *data, size_t length, size_t cut, bool request)
{
    static struct afmon_proxy_head head;
    const struct afmon_proxy_piece method = {"POST", 4};
    const char *why = NULL;
    size_t scanned = 0, early = 0;
    ptrdiff_t end = afmon_proxy_head_end(data, length, &scanned);
    ptrdiff_t before = afmon_proxy_head_end(data, cut < length ? cut : length, &early);
    MUST(before != 0 ? before == end : afmon_proxy_head_end(data, length, &early) == end);
    if (end <= 0)
        return;
    int refused = request ? afmon_proxy_head_request(&head, data, (size_t)end, &why)
                          : afmon_proxy_head_answer(&head, data, (size_t)end, &method, &why);
    if (refused != 0) {
        MUST(why != NULL && why[0] != '\0');
        return;
    }
    check_fields(&head, data, (size_t)end);
    MUST(!request || head.framing != AFMON_PROXY_UNTIL_CLOSE);
    check_body(&head, data + end, length - (size_t)end, cut);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void begin(struct afmon_proxy_answer *answer, int kind, enum afmon_proxy_shape shape)
{
    afmon_proxy_answer_init(answer);
    answer->shape = shape;
    answer->streamed = kind != WHOLE;
    answer->objects = kind == OBJECTS;
}

static void check_usage(const afmon_usage *usage)
{
    const afmon_number *const counts[] = {&usage->prompt, &usage->completion, &usage->total, &usage->cached};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        MUST(!counts[i]->given || (counts[i]->value >= 0 && !isnan(counts[i]->value)));
}

static bool same(const afmon_number *a, const afmon_number *b)
{
    return a->given == b->given && (!a->given || a->value == b->value);
}

static void read_answer(const char *data, size_t length, size_t cut, int kind, enum afmon_proxy_shape shape)
{
    struct afmon_proxy_answer one, two;
    begin(&one, kind, shape);
    begin(&two, kind, shape);
    cut = cut < length ? cut : length;
    afmon_proxy_answer_feed(&one, data, length, 1);
    afmon_proxy_answer_finish(&one);
    afmon_proxy_answer_feed(&two, data, cut, 1);
    afmon_proxy_answer_feed(&two, data + cut, length - cut, 2);
    afmon_proxy_answer_finish(&two);
    check_usage(&one.usage);
    MUST(same(&one.usage.prompt, &two.usage.prompt) && same(&one.usage.completion, &two.usage.completion));
    MUST(same(&one.usage.total, &two.usage.total) && same(&one.usage.reasoning, &two.usage.reasoning));
    MUST(one.ended == two.ended && one.finished == two.finished && one.failed == two.failed);
    MUST(one.has_usage == two.has_usage && (one.first_ns != 0) == (two.first_ns != 0));
    MUST(strcmp(one.model, two.model) == 0 && strcmp(one.finish, two.finish) == 0 && strcmp(one.error, two.error) == 0);
    afmon_proxy_answer_free(&one);
    afmon_proxy_answer_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *text = (const char *)data + 2;
    int kind = data[0] % KINDS;
    enum afmon_proxy_shape shape = (enum afmon_proxy_shape)(data[0] / KINDS % (AFMON_PROXY_OLLAMA_CALL + 1));
    if (kind == REQUEST || kind == ANSWER)
        read_message(text, size - 2, data[1], kind == REQUEST);
    else
        read_answer(text, size - 2, data[1], kind, shape);
    return 0;
}
