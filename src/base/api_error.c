#include "base/api_error.h"

const char *afmon_api_error_name(int status)
{
    switch (status) {
    case 400:
        return "BadRequestError";
    case 401:
        return "AuthenticationError";
    case 403:
        return "PermissionDeniedError";
    case 404:
        return "NotFoundError";
    case 408:
        return "APITimeoutError";
    case 409:
        return "ConflictError";
    case 422:
        return "UnprocessableEntityError";
    case 429:
        return "RateLimitError";
    default:
        return status >= 500 ? "InternalServerError" : "APIStatusError";
    }
}

bool afmon_api_error_is_charged(int status)
{
    if (status >= 300 && status < 500)
        return status == 408 || status == 409 || status == 499;
    return status != 501 && status != 503 && status != 529;
}
