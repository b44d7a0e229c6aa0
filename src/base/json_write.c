#include "base/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <math.h>
#include <string.h>

#include "base/digits.h"
#include "base/number.h"
#include "base/text.h"

#define NS_PER_MS 1000000
#define NAME_BYTES_MAX 200
#define ELLIPSIS "\xe2\x80\xa6"

static void begin(struct afmon_json *json, const char *key)
{
    if (json->comma)
        afmon_buffer_add_char(json->out, ',');
    json->comma = true;
    if (key == NULL)
        return;
    afmon_buffer_add_json_string(json->out, key, strlen(key));
    afmon_buffer_add_char(json->out, ':');
}

void afmon_json_open(struct afmon_json *json, const char *key, char bracket)
{
    begin(json, key);
    afmon_buffer_add_char(json->out, bracket);
    json->comma = false;
}

void afmon_json_close(struct afmon_json *json, char bracket)
{
    afmon_buffer_add_char(json->out, bracket);
    json->comma = true;
}

void afmon_json_text(struct afmon_json *json, const char *key, const char *text, size_t length)
{
    begin(json, key);
    afmon_buffer_add_json_string(json->out, text, length);
}

size_t afmon_json_cut(const char *text, size_t length, size_t most)
{
    if (length <= most)
        return length;
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--;
    return most;
}

void afmon_json_name(struct afmon_json *json, const char *key, const char *text, size_t length)
{
    char name[NAME_BYTES_MAX + sizeof ELLIPSIS];
    if (length <= NAME_BYTES_MAX) {
        afmon_json_text(json, key, text, length);
        return;
    }
    size_t kept = afmon_json_cut(text, length, NAME_BYTES_MAX);
    memcpy(name, text, kept);
    memcpy(name + kept, ELLIPSIS, sizeof ELLIPSIS);
    afmon_json_text(json, key, name, kept + sizeof ELLIPSIS - 1);
}

void afmon_json_null(struct afmon_json *json, const char *key)
{
    begin(json, key);
    afmon_buffer_add_text(json->out, "null");
}

void afmon_json_raw(struct afmon_json *json, const char *key, const char *text)
{
    begin(json, key);
    afmon_buffer_add_text(json->out, text != NULL ? text : "null");
}

void afmon_json_string(struct afmon_json *json, const char *key, const char *text)
{
    if (text == NULL)
        afmon_json_null(json, key);
    else
        afmon_json_text(json, key, text, strlen(text));
}

void afmon_json_int(struct afmon_json *json, const char *key, int64_t value)
{
    char text[AFMON_NUMBER_SIZE];
    begin(json, key);
    afmon_buffer_add(json->out, text, afmon_format_int(text, value));
}

void afmon_json_count(struct afmon_json *json, const char *key, uint64_t value)
{
    char text[AFMON_DIGITS_SIZE];
    begin(json, key);
    afmon_buffer_add(json->out, text, afmon_write_digits(text, value));
}

void afmon_json_bool(struct afmon_json *json, const char *key, bool value)
{
    begin(json, key);
    afmon_buffer_add_text(json->out, value ? "true" : "false");
}

void afmon_json_number(struct afmon_json *json, const char *key, double value)
{
    char text[AFMON_NUMBER_SIZE];
    begin(json, key);
    afmon_buffer_add(json->out, text, afmon_format_double(text, value));
}

/* Six digits are more than a chart shows, and a third of the bytes. */
void afmon_json_rounded(struct afmon_json *json, const char *key, double value)
{
    double size = fabs(value);
    if (size >= 1e-9 && size < 1e15) {
        double scale = pow(10, 5 - floor(log10(size)));
        value = scale >= 1 ? round(value * scale) / scale : value;
    }
    afmon_json_number(json, key, value);
}

void afmon_json_time(struct afmon_json *json, const char *key, int64_t ns)
{
    if (ns == 0)
        afmon_json_null(json, key);
    else
        afmon_json_int(json, key, ns / NS_PER_MS);
}

void afmon_json_timestamp(struct afmon_json *json, const char *key, int64_t ns)
{
    char text[AFMON_TIMESTAMP_SIZE];
    afmon_json_text(json, key, text, afmon_format_timestamp(text, ns));
}

void afmon_json_timestamp_given(struct afmon_json *json, const char *key, int64_t ns, bool given)
{
    if (given)
        afmon_json_timestamp(json, key, ns);
    else
        afmon_json_null(json, key);
}

void afmon_json_status(struct afmon_json *json, const char *key, int status)
{
    if (status != 0)
        afmon_json_int(json, key, status);
    else
        afmon_json_null(json, key);
}

afmon_status afmon_json_give(struct afmon_buffer *text, afmon_write_fn write, void *user)
{
    afmon_status status = text->failed ? AFMON_E_NO_MEMORY : AFMON_OK;
    if (status == AFMON_OK && write(user, text->data, text->length) != 0)
        status = AFMON_E_CANCELLED;
    afmon_buffer_free(text);
    return status;
}
