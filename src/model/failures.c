/* Failures by what they have in common. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "model/model_internal.h"

#define MESSAGE_MAX 200
#define EXAMPLE_MAX 4000
#define SEPARATOR "\x1f"

/* ---- Messages with numbers and ids made equal ---- */

struct message {
    char text[MESSAGE_MAX + 8];
    size_t length;
};

static bool add(struct message *message, const char *text, size_t length)
{
    if (message->length + length > MESSAGE_MAX)
        return false;
    memcpy(message->text + message->length, text, length);
    message->length += length;
    return true;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

/* How much of text is one word, and whether it is an id: letters and digits mixed, and long. */
static size_t word_of(const char *text, size_t length, bool *id)
{
    size_t at = 0;
    size_t digits = 0;
    size_t letters = 0;
    for (; at < length && is_word(text[at]); at++) {
        digits += text[at] >= '0' && text[at] <= '9';
        letters += text[at] >= 'A';
    }
    *id = at >= 8 && digits >= 2 && letters > 0;
    return at;
}

static size_t number_of(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length &&
           ((text[at] >= '0' && text[at] <= '9') || (at > 0 && (text[at] == '.' || text[at] == ',') &&
                                                     at + 1 < length && text[at + 1] >= '0' && text[at + 1] <= '9')))
        at++;
    return at;
}

/* The next piece of the message; returns how much of text it stands for. */
static size_t next_piece(struct message *message, const char *text, size_t length, bool *going)
{
    bool id;
    size_t word = word_of(text, length, &id);
    if (word > 0 && id) {
        *going = add(message, "ID", 2);
        return word;
    }
    size_t number = number_of(text, length);
    if (number > 0) {
        *going = add(message, "N", 1);
        return number;
    }
    /* The letters of a word, up to the first digit in it; or one character. */
    size_t part = 0;
    while (part < word && (text[part] < '0' || text[part] > '9'))
        part++;
    bool well_formed = true;
    if (part == 0)
        part = afmon_utf8_part(text, length, &well_formed);
    *going = well_formed && (unsigned char)text[0] >= ' ' ? add(message, text, part) : add(message, " ", 1);
    return part;
}

static void make_equal(struct message *message, const char *text, size_t length)
{
    bool going = true;
    message->length = 0;
    for (size_t at = 0; going && at < length;)
        at += next_piece(message, text + at, length - at, &going);
    if (!going)
        memcpy(message->text + message->length, "\xE2\x80\xA6", 3);
    message->length += going ? 0 : 3;
}

/* ---- Groups ---- */

/* False: no memory; the one before stays. */
static bool set_example(struct afmon_model_failure *failure, const char *text, size_t length)
{
    size_t kept = length < EXAMPLE_MAX ? length : EXAMPLE_MAX;
    while (kept < length && kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80)
        kept--;
    char *copy = malloc(kept + 1);
    if (copy == NULL)
        return false;
    memcpy(copy, text, kept);
    copy[kept] = '\0';
    free(failure->example);
    failure->example = copy;
    failure->example_length = kept;
    return true;
}

static int compare_texts(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* The earliest one is the example; of several at that time the first by its text, whatever came first. */
static bool is_example(const struct afmon_model_failure *failure, int64_t time_ns, const char *text, size_t length)
{
    if (failure->count == 0 || failure->example == NULL || time_ns < failure->first_ns)
        return true;
    return time_ns == failure->first_ns && compare_texts(text, length, failure->example, failure->example_length) < 0;
}

static void merge(void *user, void *into, void *from)
{
    (void)user;
    struct afmon_model_failure *a = into;
    struct afmon_model_failure *b = from;
    if (b->count == 0)
        return;
    if (b->example != NULL && is_example(a, b->first_ns, b->example, b->example_length))
        (void)set_example(a, b->example, b->example_length);
    a->first_ns = a->count == 0 || b->first_ns < a->first_ns ? b->first_ns : a->first_ns;
    a->last_ns = a->count == 0 || b->last_ns > a->last_ns ? b->last_ns : a->last_ns;
    a->count += b->count;
}

static void free_texts(struct afmon_model_failure *failure)
{
    free(failure->component);
    free(failure->operation);
    free(failure->error_type);
    free(failure->message);
    failure->component = failure->operation = failure->error_type = failure->message = NULL;
}

static void free_failure(void *user, void *item)
{
    (void)user;
    struct afmon_model_failure *failure = item;
    free_texts(failure);
    free(failure->example);
}

const struct afmon_names_kind afmon_model_failures = {sizeof(struct afmon_model_failure), merge, free_failure};

static size_t text_bytes(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

size_t afmon_model_failure_bytes(const struct afmon_names *failures)
{
    size_t bytes = 0;
    for (size_t i = 0; i < afmon_names_count(failures); i++) {
        const struct afmon_model_failure *failure = afmon_names_at(failures, i).item;
        bytes += text_bytes(failure->component) + text_bytes(failure->operation) + text_bytes(failure->error_type) +
                 text_bytes(failure->message) + failure->example_length;
    }
    return bytes;
}

static char *copy_of(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* As names are shown everywhere, so that they are found there. */
static char *name_of(const struct afmon_piece *piece)
{
    return afmon_name_shown(piece->given ? piece->data : "", piece->given ? piece->length : 0);
}

static const struct afmon_piece *type_of(const struct afmon_sample_facts *facts)
{
    return facts->error_type.given ? &facts->error_type : &facts->cause;
}

/* What its failures have in common, into a group that is new. It has all its texts then, or (false) none. */
static bool describe(struct afmon_model_failure *failure, const struct afmon_failure_of *of,
                     const struct message *message)
{
    const struct afmon_sample_facts *facts = of->facts;
    failure->component = name_of(&facts->component);
    failure->operation = name_of(&facts->operation);
    failure->error_type = name_of(type_of(facts));
    failure->message = copy_of(message->text, message->length);
    failure->status = facts->has_status ? (int)facts->status : 0;
    failure->item = of->item;
    failure->evaluation = of->evaluation;
    if (failure->component != NULL && failure->operation != NULL && failure->error_type != NULL &&
        failure->message != NULL)
        return true;
    free_texts(failure);
    return false;
}

/* Cuts long names: they are told apart by hashes of the whole (model/names.h). */
static bool key_of(struct afmon_buffer *first, struct afmon_buffer *second, const struct afmon_failure_of *of,
                   const struct message *message)
{
    const struct afmon_sample_facts *facts = of->facts;
    char status[AFMON_NUMBER_SIZE];
    size_t length = afmon_format_int(status, facts->has_status ? (int)facts->status : 0);
    if (facts->operation.given)
        afmon_buffer_add(first, facts->operation.data, facts->operation.length);
    afmon_buffer_add_text(first, SEPARATOR);
    if (facts->component.given)
        afmon_buffer_add(first, facts->component.data, facts->component.length);
    if (type_of(facts)->given)
        afmon_buffer_add(second, type_of(facts)->data, type_of(facts)->length);
    afmon_buffer_add_text(second, SEPARATOR);
    afmon_buffer_add(second, status, length);
    afmon_buffer_add_text(second, SEPARATOR);
    afmon_buffer_add(second, message->text, message->length);
    return !first->failed && !second->failed;
}

bool afmon_model_add_failure(struct afmon_names *failures, const struct afmon_failure_of *of)
{
    struct message message;
    struct afmon_buffer first, second;
    const struct afmon_piece *error = &of->facts->error;
    size_t length = error->given ? error->length : 0;
    make_equal(&message, error->data, length);
    afmon_buffer_init(&first, SIZE_MAX);
    afmon_buffer_init(&second, SIZE_MAX);
    struct afmon_model_failure *failure = NULL;
    if (key_of(&first, &second, of, &message))
        failure = afmon_names_item(failures, &(struct afmon_name){.first = first.data,
                                                                  .first_length = first.length,
                                                                  .second = second.data,
                                                                  .second_length = second.length,
                                                                  .kind = of->evaluation});
    afmon_buffer_free(&first);
    afmon_buffer_free(&second);
    bool known = failure != NULL && (failure->message != NULL || failure == failures->other);
    if (failure == NULL || (!known && !describe(failure, of, &message)))
        return false;
    bool ok = true;
    if (is_example(failure, of->time_ns, length > 0 ? error->data : "", length))
        ok = set_example(failure, length > 0 ? error->data : "", length);
    failure->first_ns = failure->count == 0 || of->time_ns < failure->first_ns ? of->time_ns : failure->first_ns;
    failure->last_ns = failure->count == 0 || of->time_ns > failure->last_ns ? of->time_ns : failure->last_ns;
    failure->count++;
    return ok;
}
