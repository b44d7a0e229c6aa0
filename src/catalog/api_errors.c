#include "catalog/api_errors.h"

#include <string.h>

#include "catalog/operations.h"

/* Names of exceptions, as openai, anthropic, google-genai and litellm have them, and as the transports that these let
 * through do (httpx, aiohttp, requests, Python's own). Not here: what these packages raise of an answer that came
 * (LengthFinishReasonError, JSONSchemaValidationError), or before anything was sent (UnsupportedParamsError,
 * BudgetExceededError). Sorted by the first package that has them. */
static const char *const types[] = {
    /* openai */
    "APIError",
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "InternalServerError",
    "NotFoundError",
    "OAuthError",
    "PermissionDeniedError",
    "RateLimitError",
    "UnprocessableEntityError",
    "WebSocketConnectionClosedError",
    /* anthropic */
    "ClientClosedRequestError",
    "ContentTooLargeError",
    "GatewayTimeoutError",
    "HTTPNotImplementedError",
    "OverloadedError",
    "PaymentRequiredError",
    "PreconditionFailedError",
    "RequestHeaderFieldsTooLargeError",
    "RequestTimeoutError",
    "RetryableError",
    "ServiceUnavailableError",
    /* google-genai */
    "ClientError",
    "ServerError",
    "UnknownApiResponseError",
    /* litellm */
    "BadGatewayError",
    "CallerCredentialAuthenticationError",
    "CallerCredentialRateLimitError",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "InvalidRequestError",
    "MidStreamFallbackError",
    "RejectedRequestError",
    "Timeout",
    /* transports */
    "ClientConnectionError",
    "ClientConnectorError",
    "ClientOSError",
    "ClientPayloadError",
    "ClientResponseError",
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "HTTPError",
    "HTTPStatusError",
    "PoolTimeout",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "ServerDisconnectedError",
    "ServerTimeoutError",
    "TimeoutError",
    "TimeoutException",
    "WriteError",
    "WriteTimeout",
};

static bool is_type(const char *type, size_t length)
{
    size_t begin = length; /* of the name, behind a module's */
    while (begin > 0 && type[begin - 1] != '.')
        begin--;
    const char *name = &type[begin];
    size_t name_length = length - begin;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strlen(types[i]) == name_length && memcmp(types[i], name, name_length) == 0)
            return true;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A status of an error, three digits that no digit follows; 0: none. */
static int status_at(const char *text, size_t length)
{
    if (length < 3 || (text[0] != '4' && text[0] != '5') || !is_digit(text[1]) || !is_digit(text[2]) ||
        (length > 3 && is_digit(text[3])))
        return 0;
    return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

/* "Error code: 429 - ..." (openai, anthropic), "429 RESOURCE_EXHAUSTED. ..." (google-genai). */
static int status_in(const char *text, size_t length)
{
    static const char begin[] = "Error code: ";
    size_t skipped = sizeof begin - 1;
    if (length > skipped && memcmp(text, begin, skipped) == 0)
        return status_at(text + skipped, length - skipped);
    size_t at = 4;
    while (at < length && ((text[at] >= 'A' && text[at] <= 'Z') || text[at] == '_'))
        at++;
    bool named = length > at && at > 5 && text[3] == ' ' && text[at] == '.';
    return named ? status_at(text, length) : 0;
}

int afmon_failure_status(const struct afmon_failure *failure)
{
    if (failure->status != 0 || failure->error == NULL)
        return failure->status;
    return status_in(failure->error, failure->error_length);
}

bool afmon_failure_is_of_api(const struct afmon_failure *failure)
{
    if (failure->operation != NULL && afmon_item_kind_of(failure->operation, failure->operation_length) != NULL)
        return false;
    int status = afmon_failure_status(failure);
    bool answered_well = status >= 200 && status < 300;
    if (status != 0 && !answered_well)
        return true;
    return failure->error_type != NULL && is_type(failure->error_type, failure->error_type_length);
}
