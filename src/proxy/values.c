#include "proxy/values.h"

/* Follows a byte. Returns whether it is within an object, its braces included. */
static bool follow(struct afmon_proxy_values *values, char c)
{
    bool within = values->depth > 0 || c == '{';
    if (values->in_string) {
        values->in_string = values->escaped || c != '"';
        values->escaped = !values->escaped && c == '\\';
    } else if (within && c == '"') {
        values->in_string = true;
    } else if (within && (c == '{' || c == '[')) {
        values->depth++;
    } else if (within && (c == '}' || c == ']')) {
        values->depth--;
    }
    return within;
}

void afmon_proxy_values_feed(struct afmon_proxy_values *values, struct afmon_proxy_reduced *data, const char *text,
                             size_t length, afmon_proxy_on_value *on_value, void *user)
{
    for (size_t begin = 0, i = 0; begin < length; begin = i) {
        bool within = false, ended = false;
        for (; i < length && !ended; i++) {
            bool was_within = within;
            within = follow(values, text[i]);
            if (within && !was_within)
                begin = i;
            ended = within && values->depth == 0;
        }
        if (within)
            afmon_proxy_reduced_feed(data, text + begin, i - begin);
        if (ended) {
            json_t *json = afmon_proxy_reduced_take(data);
            on_value(user, json);
            json_decref(json);
        }
    }
}
