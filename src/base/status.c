#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OS_TEXT_SIZE 128

const char *afmon_version(void)
{
    return AFMON_VERSION;
}

const char *afmon_status_name(afmon_status status)
{
    switch (status) {
#define NAME_CASE(number, name, text)                                                                                  \
    case AFMON_##name:                                                                                                 \
        return #name;
        AFMON_STATUS_MAP(NAME_CASE)
#undef NAME_CASE
    }
    return "UNKNOWN";
}

const char *afmon_status_text(afmon_status status)
{
    switch (status) {
#define TEXT_CASE(number, name, text)                                                                                  \
    case AFMON_##name:                                                                                                 \
        return text;
        AFMON_STATUS_MAP(TEXT_CASE)
#undef TEXT_CASE
    }
    return "unknown status";
}

const char *afmon_level_name(afmon_level level)
{
    switch (level) {
    case AFMON_INFO:
        return "info";
    case AFMON_WARNING:
        return "warning";
    case AFMON_ERROR:
        return "error";
    }
    return "unknown";
}

const char *afmon_alert_state_name(afmon_alert_state state)
{
    switch (state) {
    case AFMON_ALERT_FIRED:
        return "fired";
    case AFMON_ALERT_FIRING:
        return "firing";
    case AFMON_ALERT_RESOLVED:
        break;
    }
    return "resolved";
}

/* Length of text without a UTF-8 character that its end cuts in two. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t back = 0;
    while (back < 3 && back < length && ((unsigned char)text[length - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back == length)
        return length;
    unsigned char lead = (unsigned char)text[length - 1 - back];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return wanted > back + 1 ? length - 1 - back : length;
}

/* Formats into out, size bytes with the NUL, cut at a character's end; returns the length. */
__attribute__((format(printf, 3, 0))) static size_t format_message(char *out, size_t size, const char *format,
                                                                   va_list arguments)
{
    int wanted = vsnprintf(out, size, format, arguments);
    size_t length = wanted < 0 ? 0 : (size_t)wanted;
    if (length >= size)
        length = whole_characters(out, size - 1);
    out[length] = '\0';
    return length;
}

afmon_status afmon_fail(afmon_error *error, afmon_status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    /* Formatted aside, because an argument may be the text that is replaced. */
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_message(message, sizeof message, format, arguments);
    va_end(arguments);
    error->status = status;
    error->os_error = 0;
    memcpy(error->message, message, length + 1);
    return status;
}

/* glibc's strerror_r gives the text, that of POSIX puts it into the buffer. */
static const char *text_of_error(int os_error, char *buffer, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(os_error, buffer, size);
#else
    return strerror_r(os_error, buffer, size) == 0 ? buffer : "unknown error";
#endif
}

afmon_status afmon_fail_os(afmon_error *error, int os_error, const char *format, ...)
{
    afmon_status status = os_error == ENOMEM ? AFMON_E_NO_MEMORY : AFMON_E_SYSTEM;
    if (error == NULL)
        return status;
    char system_buffer[OS_TEXT_SIZE];
    const char *system_text = text_of_error(os_error, system_buffer, sizeof system_buffer);
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    /* A long path is cut rather than the reason, which stands behind it. */
    size_t length = format_message(message, sizeof message - OS_TEXT_SIZE, format, arguments);
    va_end(arguments);
    int added = snprintf(message + length, sizeof message - length, ": %s", system_text);
    if (added > 0 && (size_t)added >= sizeof message - length)
        message[whole_characters(message, sizeof message - 1)] = '\0';
    error->status = status;
    error->os_error = os_error;
    memcpy(error->message, message, sizeof message);
    return status;
}

afmon_status afmon_fail_memory(afmon_error *error)
{
    return afmon_fail(error, AFMON_E_NO_MEMORY, "%s", afmon_status_text(AFMON_E_NO_MEMORY));
}
