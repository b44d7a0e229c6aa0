/* A client's connection and the exchange that goes on in it. */
#ifndef AFMON_PROXY_CLIENT_H
#define AFMON_PROXY_CLIENT_H

#include "base/buffer.h"
#include "proxy/server.h"

struct afmon_proxy_hold;

struct afmon_proxy_client {
    struct afmon_proxy_stream stream;
    struct afmon_proxy_server *server;
    struct afmon_proxy_client *previous, *next;
    uint64_t number;
    int64_t since_ms;       /* of the last byte; while a head is read, of its first one */
    struct afmon_buffer in; /* a head that has not come whole */
    size_t scanned;         /* of it, or of the answer's */
    bool lingering;         /* all is said: what still comes is thrown away */
    /* ---- an exchange ---- */
    bool busy;
    bool keep;      /* another one may follow */
    bool pipelined; /* more came before the answer had ended: it is refused */
    bool answered;  /* the answer's head went out */
    bool upstream_close;
    char method[16];
    struct afmon_proxy_body request, answer;
    struct afmon_buffer out; /* of the request, while there is no connection */
    struct afmon_proxy_route *route;
    struct afmon_proxy_hold *hold; /* the body is held until the call may go out; NULL: it is not */
    struct afmon_proxy_connection *up;
    struct afmon_proxy_call *call;
};

/* ---- exchange.c ---- */

/* Begins an exchange with a head and what came behind it. */
void afmon_proxy_exchange_begin(struct afmon_proxy_client *client, const char *data, size_t head, size_t length);

/* More of the request's body. */
void afmon_proxy_exchange_data(struct afmon_proxy_client *client, const char *data, size_t length);

/* Ends it from the client's side, whatever state it is in. */
void afmon_proxy_exchange_abandon(struct afmon_proxy_client *client, enum afmon_proxy_end end);

/* What was written to the client went out. */
void afmon_proxy_exchange_drained(struct afmon_proxy_client *client);

/* ---- hold.c ---- */

/* Whether a request has to be looked at whole before it goes out: the run has a limit of what it may cost, and the
 * request may cost something. */
bool afmon_proxy_hold_is_needed(const struct afmon_proxy_client *client, const struct afmon_proxy_head *head);

/* What becomes of a request that was held. */
struct afmon_proxy_hold_calls {
    void (*go)(struct afmon_proxy_client *client); /* it goes out: what stands in `out`, and what is held */
    void (*refuse)(struct afmon_proxy_client *client, int status, const char *code, const char *why);
};

/* Begins to hold the body of a request. */
void afmon_proxy_hold_begin(struct afmon_proxy_client *client, const struct afmon_proxy_head *head,
                            const struct afmon_proxy_api *api, const struct afmon_proxy_hold_calls *calls);

/* More of it, chunk sizes included. Once it is whole the call goes out, waits until there is money for it, or is
 * refused. */
void afmon_proxy_hold_data(struct afmon_proxy_client *client, const char *data, size_t length);

/* Writes what is held to the upstream. */
void afmon_proxy_hold_send(struct afmon_proxy_client *client);

/* Lets go of it. */
void afmon_proxy_hold_end(struct afmon_proxy_client *client);

/* ---- own.c ---- */

enum afmon_proxy_own { AFMON_PROXY_NOT_OWN = 0, AFMON_PROXY_HEALTHZ, AFMON_PROXY_METRICS };

/* Which of the proxy's own paths a request is for, where no upstream has it as its prefix. */
enum afmon_proxy_own afmon_proxy_own_find(const struct afmon_proxy_server *server, const struct afmon_proxy_head *head);

/* Answers it. keep: another request may follow. */
void afmon_proxy_own_answer(struct afmon_proxy_client *client, const struct afmon_proxy_head *head,
                            enum afmon_proxy_own own, bool keep);

/* ---- gate.c ---- */

/* 0, or the status that refuses a request, and why. */
int afmon_proxy_gate_judge(const struct afmon_proxy_server *server, const struct afmon_proxy_head *head,
                           const struct afmon_proxy_route *route, enum afmon_proxy_own own, const char **why);

/* ---- reply.c ---- */

/* Answers with an error of the proxy's own, and ends the connection. */
void afmon_proxy_client_refuse(struct afmon_proxy_client *client, int status, const char *why);

/* The same, with a word for programs that says which error it is. */
void afmon_proxy_client_refuse_as(struct afmon_proxy_client *client, int status, const char *code, const char *why);

/* The exchange is over: on to the next request, or the end. */
void afmon_proxy_client_next(struct afmon_proxy_client *client, bool keep);

/* Frees what a head was kept in, and wipes it: there are keys in it. */
void afmon_proxy_wipe(struct afmon_buffer *buffer);

/* ---- rewrite.c ---- */

/* Adds the request's head as it goes to the upstream; held: its body is here already, so that nobody waits for 100
 * Continue. false: no memory. */
bool afmon_proxy_rewrite_request(struct afmon_buffer *out, const struct afmon_proxy_head *head,
                                 const struct afmon_proxy_route *route, bool held);

/* Adds the answer's head as it goes to the client. */
bool afmon_proxy_rewrite_answer(struct afmon_buffer *out, const struct afmon_proxy_head *head, bool close);

#endif
