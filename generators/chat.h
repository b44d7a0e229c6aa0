/* The interface of a chat model, and a chat with one. A model is one struct that begins with gen_chat_model; its file
 * has one function that makes it. */
#ifndef AFMON_GENERATORS_CHAT_H
#define AFMON_GENERATORS_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

#include "stop.h"

/* ---- A model ----------------------------------------------------------------------------------------------------- */

typedef enum gen_role { GEN_SYSTEM = 0, GEN_USER = 1, GEN_ASSISTANT = 2 } gen_role;

/* "system", "user", "assistant". Static text. */
const char *gen_role_name(gen_role role);

typedef struct gen_message {
    gen_role role;
    const char *content;
    const char *reasoning; /* what the model thought before it said this; never sent on; NULL: none, or not kept */
} gen_message;

enum { GEN_ERROR_SIZE = 640, GEN_CALL_FIELDS = 4 };

typedef enum gen_outcome {
    GEN_DONE = 0,
    GEN_FAILED = 1, /* error_type, error and perhaps http_status say why */
    GEN_STOPPED = 2 /* the run was told to end: neither a success nor a failure of the model */
} gen_outcome;

/* Does a failure pass by itself? A run in which nothing but lasting ones come ends early. */
typedef enum gen_lasting {
    GEN_PASSING = 0,
    GEN_LASTING = 1, /* it looks as if it did not: a wrong address, no server */
    GEN_FINAL = 2    /* the provider says that it does not: a wrong key, no money */
} gen_lasting;

/* What became of one call. Texts have fixed rooms, save answer and reasoning, which are owned: gen_chat_result_clear.
 */
typedef struct gen_chat_result {
    gen_outcome outcome;
    char *text;             /* the answer; NULL unless GEN_DONE */
    char *reasoning;        /* what was thought before it, kept apart; NULL: nothing */
    double duration_s;      /* with all attempts and the waits between them */
    char model_name[128];   /* as the model calls itself; "": not said */
    char finish_reason[32]; /* "": not said */
    afmon_usage usage;      /* its total is a sum where the provider tells none */
    int http_status;        /* of a failure: as received, or as an error inside a 200 says; 0: none */
    char error_type[48];    /* as the openai Python package names it: "RateLimitError" ...; "": none */
    char error[GEN_ERROR_SIZE];
    unsigned retries;     /* attempts after the first */
    bool retryable;       /* of a failed attempt: another one may succeed */
    bool changed;         /* of a failed attempt: the next one is made otherwise, so it is made at once */
    double retry_after_s; /* of a failed attempt: what the server asked to wait; below 0: nothing */
    gen_lasting lasting;  /* of a failure */
} gen_chat_result;

/* An empty result, and back to it. */
void gen_chat_result_init(gen_chat_result *result);
void gen_chat_result_clear(gen_chat_result *result);

/* Makes the result a failure. The text is cut to its room. */
void gen_chat_result_fail(gen_chat_result *result, const char *error_type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One call. Owned by the caller, unchanged by the model. */
typedef struct gen_call {
    const char *operation; /* one of GEN_OPERATION_... (conversation.h) */
    uint64_t conversation; /* index of the conversation */
    unsigned step;         /* number of the call in its conversation */
    const char *topic;     /* NULL: none */
    afmon_number temperature;
    int max_tokens;    /* 0: as the model likes */
    afmon_number seed; /* sent to the model where given */
    gen_stop *stop;
    afmon_monitor *budget;     /* whose limit it spends from; NULL: the run has none */
    const afmon_item *item;    /* that it is made for; NULL: none */
    const afmon_field *fields; /* metadata beside the operation */
    size_t field_count;        /* at most GEN_CALL_FIELDS */
    /* Told of each failed attempt that is, or but for a stop would be, tried again. May be NULL. */
    void (*on_retry)(void *user, const struct gen_call *call, const gen_chat_result *failed);
    void *user;
} gen_call;

typedef struct gen_chat_model gen_chat_model;

/* complete: answers the messages, retries included, into a result that was initialised. Any thread; blocks. Comes
 * back soon once call->stop is GEN_ABANDON. destroy: no call may be in flight. */
struct gen_chat_model {
    void (*complete)(gen_chat_model *self, const gen_message *messages, size_t count, const gen_call *call,
                     gen_chat_result *result);
    void (*destroy)(gen_chat_model *self);
};

void gen_chat_model_destroy(gen_chat_model *model); /* NULL is fine */

/* ---- A chat: what was said so far, with one model -----------------------------------------------------------------
 */

typedef struct gen_chat {
    gen_chat_model *model;
    gen_message *messages; /* contents are owned */
    size_t count;
    size_t capacity;
} gen_chat;

/* Begins a chat under a system prompt. false: out of memory. */
bool gen_chat_open(gen_chat *chat, gen_chat_model *model, const char *system_prompt);
void gen_chat_close(gen_chat *chat);

/* Says something to the model. After GEN_DONE what was said and the answer belong to the chat; otherwise the chat is as
 * it was. The result is initialised here; the caller clears it. */
void gen_chat_send(gen_chat *chat, const char *text, const gen_call *call, gen_chat_result *result);

#endif
