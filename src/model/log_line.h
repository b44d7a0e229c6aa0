/* One line of afterimage.log, taken apart. Whatever stands there becomes a line that can be shown. */
#ifndef AFMON_MODEL_LOG_LINE_H
#define AFMON_MODEL_LOG_LINE_H

#include <afmon/afmon.h>

#include "base/buffer.h"

#define AFMON_LOG_TEXT 4000 /* of message and of data so many bytes are kept */

/* Memory for reading lines; begin with a zeroed one. */
struct afmon_log_scratch {
    struct afmon_buffer message;
    char second[19]; /* of the last time that was read: many lines are of one second */
    int64_t second_ns;
    bool known;
};

/* The time at the begin of a line; false where there is none. */
bool afmon_log_time(struct afmon_log_scratch *scratch, const char *line, size_t length, int64_t *time_ns);

/* Fills parts (number stays 0). Texts point into the line or the scratch memory. time_ns: what the line gets where it
 * has no time of its own. */
void afmon_log_parse(struct afmon_log_scratch *scratch, const char *line, size_t length, int64_t time_ns,
                     afmon_live_log_line *parts);

/* The raw message of a line in our form, between its quotes; NULL where it is in another. */
const char *afmon_log_message(const char *line, size_t length, size_t *message_length);

/* The value behind `"key": ` in members, as it stands there; NULL where there is none. For keys that our own records
 * carry at their top level. */
const char *afmon_log_member(const char *data, size_t length, const char *key, size_t *value_length);

void afmon_log_scratch_free(struct afmon_log_scratch *scratch);

#endif
