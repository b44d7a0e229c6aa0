#include "chat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

const char *gen_role_name(gen_role role)
{
    static const char *const names[] = {"system", "user", "assistant"};
    return names[role];
}

void gen_chat_result_init(gen_chat_result *result)
{
    *result = (gen_chat_result){.outcome = GEN_DONE, .retry_after_s = -1};
}

void gen_chat_result_clear(gen_chat_result *result)
{
    free(result->text);
    free(result->reasoning);
    gen_chat_result_init(result);
}

void gen_chat_result_fail(gen_chat_result *result, const char *error_type, const char *format, ...)
{
    char text[2 * sizeof result->error];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    free(result->text);
    result->text = NULL;
    result->outcome = GEN_FAILED;
    gen_copy(result->error_type, sizeof result->error_type, error_type);
    gen_copy(result->error, sizeof result->error, text);
}

void gen_chat_model_destroy(gen_chat_model *model)
{
    if (model != NULL)
        model->destroy(model);
}

static bool push(gen_chat *chat, gen_role role, const char *content)
{
    if (chat->count == chat->capacity) {
        size_t capacity = chat->capacity == 0 ? 8 : chat->capacity * 2;
        gen_message *messages = realloc(chat->messages, capacity * sizeof *messages);
        if (messages == NULL)
            return false;
        chat->messages = messages;
        chat->capacity = capacity;
    }
    char *copy = strdup(content);
    if (copy == NULL)
        return false;
    chat->messages[chat->count++] = (gen_message){.role = role, .content = copy};
    return true;
}

static void pop(gen_chat *chat)
{
    chat->count--;
    free((char *)chat->messages[chat->count].content);
}

bool gen_chat_open(gen_chat *chat, gen_chat_model *model, const char *system_prompt)
{
    *chat = (gen_chat){.model = model};
    if (push(chat, GEN_SYSTEM, system_prompt))
        return true;
    gen_chat_close(chat);
    return false;
}

void gen_chat_close(gen_chat *chat)
{
    while (chat->count > 0)
        pop(chat);
    free(chat->messages);
    *chat = (gen_chat){0};
}

void gen_chat_send(gen_chat *chat, const char *text, const gen_call *call, gen_chat_result *result)
{
    gen_chat_result_init(result);
    if (!push(chat, GEN_USER, text)) {
        gen_chat_result_fail(result, "MemoryError", "out of memory");
        return;
    }
    chat->model->complete(chat->model, chat->messages, chat->count, call, result);
    if (result->outcome == GEN_DONE && !push(chat, GEN_ASSISTANT, result->text))
        gen_chat_result_fail(result, "MemoryError", "out of memory");
    if (result->outcome != GEN_DONE)
        pop(chat);
}
