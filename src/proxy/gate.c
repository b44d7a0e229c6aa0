/* Which requests are taken at all. */
#include <string.h>
#include <strings.h>

#include "base/loopback.h"
#include "proxy/client.h"

/* "127.0.0.1:8080", "[::1]", "localhost:1". A page of a browser that was led here by a name of its own has another. */
static bool names_this_machine(const struct afmon_proxy_field *host)
{
    char name[AFMON_PROXY_NAME_MAX];
    if (host == NULL || host->value.length >= sizeof name)
        return host == NULL;
    memcpy(name, host->value.text, host->value.length);
    name[host->value.length] = '\0';
    char *colon = strrchr(name, ':');
    if (colon != NULL && strchr(colon, ']') == NULL)
        *colon = '\0';
    return afmon_host_is_loopback(name);
}

/* Equal in constant time for texts of one length. */
static bool is_token(const struct afmon_proxy_server *server, const char *text, size_t length)
{
    unsigned char differs = 0;
    if (length != strlen(server->token))
        return false;
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)(text[i] ^ server->token[i]);
    return differs == 0;
}

/* Who scrapes has a bearer token; that of a call is the upstream's. */
static bool has_token(const struct afmon_proxy_server *server, const struct afmon_proxy_head *head,
                      enum afmon_proxy_own own)
{
    static const char bearer[] = "Bearer ";
    enum { BEARER = sizeof bearer - 1 };
    const struct afmon_proxy_field *field = afmon_proxy_head_find(head, "x-afmon-token");
    if (field != NULL)
        return is_token(server, field->value.text, field->value.length);
    field = own == AFMON_PROXY_METRICS ? afmon_proxy_head_find(head, "authorization") : NULL;
    return field != NULL && field->value.length > BEARER && strncasecmp(field->value.text, bearer, BEARER) == 0 &&
           is_token(server, field->value.text + BEARER, field->value.length - BEARER);
}

int afmon_proxy_gate_judge(const struct afmon_proxy_server *server, const struct afmon_proxy_head *head,
                           const struct afmon_proxy_route *route, enum afmon_proxy_own own, const char **why)
{
    *why = "Host does not name this machine.";
    if (server->local && !names_this_machine(afmon_proxy_head_find(head, "host")))
        return 403;
    *why = "The header x-afmon-token is missing or wrong.";
    if (server->token[0] != '\0' && own != AFMON_PROXY_HEALTHZ && !has_token(server, head, own))
        return 401;
    *why = "The proxy's own paths take no body.";
    if (own != AFMON_PROXY_NOT_OWN)
        return head->framing == AFMON_PROXY_NO_BODY || head->content_length == 0 ? 0 : 400;
    *why = "The proxy has no upstream for this path.";
    return route == NULL ? 404 : head->method.length >= sizeof((struct afmon_proxy_client *)0)->method ? 501 : 0;
}
