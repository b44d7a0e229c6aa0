#include "serve/asset.h"

#include <string.h>

#include "serve/serve.h"

static const struct afmon_asset *find(const char *name)
{
    for (size_t i = 0; i < afmon_asset_count; i++)
        if (strcmp(afmon_assets[i].name, name) == 0)
            return &afmon_assets[i];
    return NULL;
}

void afmon_serve_asset(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    const char *segment = afmon_http_segment(request, 0);
    const char *path = afmon_http_path(request);
    (void)user;
    const struct afmon_asset *asset = find(segment != NULL               ? segment
                                           : strcmp(path, "/login") == 0 ? "login.html"
                                                                         : "index.html");
    if (asset == NULL) {
        afmon_http_fail(response, 404, "there is no such file");
        return;
    }
    response->content_type = asset->type;
    response->etag = asset->etag;
    afmon_buffer_add(&response->body, asset->data, asset->length);
}
