#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

int cli_finish_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    cli_error("cannot write to standard output: %s", strerror(errno));
    clearerr(stdout);
    return CLI_FAILED;
}

int cli_print_json(json_t *value)
{
    if (!value) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    int answer = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(value);
    if (answer == 0)
        fputc('\n', stdout);
    else
        cli_error("cannot write JSON");
    return cli_finish_output(answer == 0 ? CLI_OK : CLI_FAILED);
}

json_t *cli_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_json_string(const char *text, size_t length)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    char *clean = malloc(length * 3 + 1);
    size_t used = 0;
    if (!clean)
        return NULL;
    for (size_t at = 0, step = 0; at < length; at += step) {
        bool bad = afmon_utf8_character(text + at, length - at, &step) == AFMON_NO_CHARACTER;
        size_t size = bad ? 3 : step;
        memcpy(clean + used, bad ? replacement : text + at, size);
        used += size;
    }
    json_t *string = json_stringn(clean, used);
    free(clean);
    return string;
}

json_t *cli_json_time(int64_t ns)
{
    char date[40];
    char text[64];
    struct tm parts;
    int64_t rest = ns % 1000000000;
    time_t seconds = (time_t)(ns / 1000000000);
    if (rest < 0) {
        rest += 1000000000;
        seconds--;
    }
    if (!gmtime_r(&seconds, &parts) || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return json_null();
    snprintf(text, sizeof text, "%s.%06lld+00:00", date, (long long)(rest / 1000));
    return json_string(text);
}
