#include <string.h>
#include <strings.h>

#include "proxy/client.h"

static void add(struct afmon_buffer *out, const struct afmon_proxy_piece *piece)
{
    afmon_buffer_add(out, piece->text, piece->length);
}

/* Headers that are for the proxy alone. */
static bool is_ours(const struct afmon_proxy_field *field)
{
    return field->name.length > 8 && strncasecmp(field->name.text, "x-afmon-", 8) == 0;
}

bool afmon_proxy_rewrite_request(struct afmon_buffer *out, const struct afmon_proxy_head *head,
                                 const struct afmon_proxy_route *route, bool held)
{
    struct afmon_proxy_piece before, rest;
    afmon_proxy_route_target(route, &head->target, &before, &rest);
    add(out, &head->method);
    afmon_buffer_add_char(out, ' ');
    add(out, &before);
    add(out, &rest);
    afmon_buffer_add_text(out, head->minor == 1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (size_t i = 0; i < head->count; i++) {
        const struct afmon_proxy_field *field = &head->fields[i];
        if (afmon_proxy_piece_is(&field->name, "host")) {
            add(out, &field->name);
            afmon_buffer_add_text(out, ": ");
            afmon_buffer_add_text(out, route->authority);
            afmon_buffer_add_text(out, "\r\n");
        } else if (!(held && afmon_proxy_piece_is(&field->name, "expect")) && !is_ours(field) &&
                   !afmon_proxy_head_is_hop(head, field)) {
            add(out, &field->line);
        }
    }
    afmon_buffer_add_text(out, "\r\n");
    return !out->failed;
}

bool afmon_proxy_rewrite_answer(struct afmon_buffer *out, const struct afmon_proxy_head *head, bool close)
{
    add(out, &head->start);
    for (size_t i = 0; i < head->count; i++)
        if (!afmon_proxy_head_is_hop(head, &head->fields[i]))
            add(out, &head->fields[i].line);
    afmon_buffer_add_text(out, close ? "Connection: close\r\n\r\n" : "\r\n");
    return !out->failed;
}
