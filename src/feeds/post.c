#include "feeds/post.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/status.h"
#include "feeds/post_setup.h"

#define FIRST_WAIT_S 1.0
#define LONGEST_WAIT_S 60.0
#define LONGEST_ASKED_S 3600.0
#define LOOK_MS 50 /* how often a transfer looks whether its time is over */

struct transfer {
    struct afmon_buffer *answer;
    double retry_after_s; /* below 0: not said */
};

/* ---- answers ---- */

static size_t take_body(char *data, size_t one, size_t length, void *user)
{
    struct transfer *transfer = user;
    (void)one;
    if (transfer->answer != NULL)
        afmon_buffer_add(transfer->answer, data, length); /* what is too long is not read */
    return length;
}

static double retry_after(const char *text)
{
    char *end;
    long seconds = strtol(text, &end, 10);
    if (end != text && seconds >= 0)
        return (double)seconds < LONGEST_ASKED_S ? (double)seconds : LONGEST_ASKED_S;
    time_t date = curl_getdate(text, NULL);
    if (date == (time_t)-1)
        return -1;
    double left = difftime(date, (time_t)(afmon_wall_ns() / AFMON_NS_PER_S));
    return left < 0 ? 0 : left < LONGEST_ASKED_S ? left : LONGEST_ASKED_S;
}

static size_t take_header(char *line, size_t one, size_t length, void *user)
{
    static const char name[] = "retry-after:";
    struct transfer *transfer = user;
    char value[64];
    (void)one;
    if (length >= sizeof name && length - sizeof name + 1 < sizeof value &&
        strncasecmp(line, name, sizeof name - 1) == 0) {
        size_t size = length - (sizeof name - 1);
        memcpy(value, line + sizeof name - 1, size);
        value[size] = '\0';
        transfer->retry_after_s = retry_after(value);
    }
    return length;
}

/* ---- the transfer ---- */

static CURL *make_easy(const struct afmon_post *post, const char *body, size_t length, struct transfer *transfer)
{
    CURL *easy = curl_easy_init();
    CURLcode bad = easy == NULL ? CURLE_OUT_OF_MEMORY : CURLE_OK;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_URL, post->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_USERAGENT, "afmon/" AFMON_VERSION);
    SET(CURLOPT_HTTPHEADER, post->headers);
    SET(CURLOPT_TIMEOUT_MS, (long)(post->timeout_s * 1000));
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    SET(CURLOPT_POSTFIELDS, body);
    if (post->ca_file != NULL)
        SET(CURLOPT_CAINFO, post->ca_file);
#undef SET
    if (bad == CURLE_OK)
        return easy;
    if (easy != NULL)
        curl_easy_cleanup(easy);
    return NULL;
}

static CURLcode result_of(CURLM *multi)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result : CURLE_OPERATION_TIMEDOUT;
}

/* By the multi interface, which can be left while a receiver keeps silent. */
static CURLcode perform(CURL *easy, const afmon_deadline *deadline)
{
    CURLM *multi = curl_multi_init();
    if (multi == NULL)
        return CURLE_OUT_OF_MEMORY;
    int running = 1;
    CURLMcode bad = curl_multi_add_handle(multi, easy);
    while (bad == CURLM_OK && running > 0 && afmon_deadline_left(deadline) > 0) {
        bad = curl_multi_perform(multi, &running);
        if (bad == CURLM_OK && running > 0)
            bad = curl_multi_poll(multi, NULL, 0, LOOK_MS, NULL);
    }
    CURLcode code = bad != CURLM_OK ? CURLE_OUT_OF_MEMORY : running > 0 ? CURLE_ABORTED_BY_CALLBACK : result_of(multi);
    curl_multi_remove_handle(multi, easy);
    curl_multi_cleanup(multi);
    return code;
}

/* ---- back-off ---- */

static void back_off(struct afmon_post *post, double asked_s)
{
    post->wait_s = post->wait_s == 0 ? FIRST_WAIT_S : post->wait_s * 2;
    if (post->wait_s > LONGEST_WAIT_S)
        post->wait_s = LONGEST_WAIT_S;
    /* Many machines that lost the same receiver must not come back together: up to a quarter less. */
    double part = (double)(afmon_boot_ns() / 1000 % 1000) / 1000;
    double wait_s = asked_s >= 0 ? asked_s : post->wait_s * (1 - part / 4);
    post->not_before_ns = afmon_boot_ns() + afmon_seconds_to_ns(wait_s);
}

double afmon_post_wait(const struct afmon_post *post)
{
    int64_t left = post->not_before_ns - afmon_boot_ns();
    return left > 0 ? (double)left / (double)AFMON_NS_PER_S : 0;
}

static bool is_worth_another_try(long status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* What cannot be mended by waiting: a certificate that does not verify, an answer that is no HTTP ... */
static bool is_final(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
}

static enum afmon_post_result judge(struct afmon_post *post, CURLcode code, long status,
                                    const struct transfer *transfer, char *error, size_t size)
{
    if (code == CURLE_OK && status >= 200 && status < 300) {
        post->wait_s = 0;
        post->not_before_ns = 0;
        return AFMON_POST_TAKEN;
    }
    if (code == CURLE_OK && status >= 300 && status < 400)
        snprintf(error, size, "%s: %s answered %ld: redirects are not followed", post->what, post->origin, status);
    else if (code == CURLE_OK)
        snprintf(error, size, "%s: %s answered %ld", post->what, post->origin, status);
    else
        snprintf(error, size, "%s: %s: %s", post->what, post->origin,
                 code == CURLE_ABORTED_BY_CALLBACK ? "no answer before the monitor's shutdown"
                                                   : curl_easy_strerror(code));
    back_off(post, transfer->retry_after_s);
    bool later = code == CURLE_OK ? is_worth_another_try(status) : !is_final(code);
    return later ? AFMON_POST_LATER : AFMON_POST_REFUSED;
}

enum afmon_post_result afmon_post_send(struct afmon_post *post, const char *body, size_t length,
                                       const afmon_deadline *deadline, struct afmon_buffer *answer, char *error,
                                       size_t size)
{
    struct transfer transfer = {.answer = answer, .retry_after_s = -1};
    CURL *easy = make_easy(post, body, length, &transfer);
    CURLcode code = easy == NULL ? CURLE_OUT_OF_MEMORY : perform(easy, deadline);
    long status = 0;
    if (easy != NULL) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_cleanup(easy);
    }
    return judge(post, code, status, &transfer, error, size);
}
