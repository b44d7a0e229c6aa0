#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { FIRST_CAPACITY = 256 };
static const size_t default_limit = (size_t)64 << 20;

static bool grow(gen_text *text, size_t more)
{
    size_t limit = text->limit != 0 ? text->limit : default_limit;
    if (text->failed || more > limit || text->length > limit - more) {
        text->failed = true;
        return false;
    }
    size_t need = text->length + more + 1;
    if (need <= text->capacity)
        return true;
    size_t capacity = text->capacity > 0 ? text->capacity : FIRST_CAPACITY;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void gen_text_append(gen_text *text, const char *data, size_t length)
{
    if (!grow(text, length))
        return;
    if (length > 0)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void gen_text_puts(gen_text *text, const char *string)
{
    gen_text_append(text, string, strlen(string));
}

void gen_text_printf(gen_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        text->failed = true;
    else if (grow(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

bool gen_text_ok(const gen_text *text)
{
    return !text->failed;
}

char *gen_text_take(gen_text *text)
{
    if (text->data == NULL)
        gen_text_append(text, "", 0);
    char *data = text->failed ? NULL : text->data;
    if (data == NULL)
        free(text->data);
    *text = (gen_text){.limit = text->limit};
    return data;
}

void gen_text_clear(gen_text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void gen_text_free(gen_text *text)
{
    free(text->data);
    *text = (gen_text){.limit = text->limit};
}

size_t gen_mark_length(const char *text, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    return length >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
}

void gen_copy(char *out, size_t size, const char *text)
{
    afmon_utf8_copy(out, size, text, strlen(text));
}
