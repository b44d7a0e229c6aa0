#include "prompts.h"

#include <string.h>

static const char correspondent_request[] =
    "I am making a data set of conversations between an assistant and the people who use it. One language model "
    "plays the assistant, a second one plays the user. Below is the system prompt of the assistant. Write the system "
    "prompt that makes a model play the user.\n"
    "\n"
    "# An example\n"
    "<assistant_system_prompt>\n"
    "You are an experienced contract lawyer. Answer questions about contracts, liability and negotiation precisely, "
    "and refer to general legal principles. Do not send people to another lawyer.\n"
    "</assistant_system_prompt>\n"
    "<user_system_prompt>\n"
    "Let us play a game. I am a contract lawyer with long experience. You play a client who needs advice on one "
    "concrete problem with a contract. Ask me about it the way a client would. I answer, and you ask what follows "
    "from my answer. Begin when I tell you to ask your first question, and never step out of the game.\n"
    "</user_system_prompt>\n"
    "\n"
    "# What the prompt has to do\n"
    "- Say that I am the expert in what the assistant's prompt names, and that I will answer.\n"
    "- Tell the model to play one believable person, to ask what such a person really asks, and to remain that person "
    "until the end.\n"
    "- Tell it to stay on one thread: each message follows from what was said before.\n"
    "- Tell it never to answer in the assistant's place, and to offer no help, no lists and no lectures.\n"
    "- Be written in the language of the assistant's prompt.\n"
    "Write the prompt and nothing else.\n"
    "\n"
    "# The assistant\n"
    "<assistant_system_prompt>\n";

void gen_prompt_for_correspondent(gen_text *out, const char *respondent_prompt)
{
    gen_text_puts(out, correspondent_request);
    gen_text_puts(out, respondent_prompt);
    gen_text_puts(out, "\n</assistant_system_prompt>\n");
}

char *gen_trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

/* Takes a fence of three back-quotes (and a language's name behind the first) away. */
static char *without_fence(char *text)
{
    size_t length = strlen(text);
    if (length < 6 || strncmp(text, "```", 3) != 0 || strcmp(text + length - 3, "```") != 0)
        return text;
    text[length - 3] = '\0';
    text += 3;
    char *line_end = strchr(text, '\n');
    return gen_trim(line_end != NULL ? line_end : text);
}

char *gen_prompt_unwrap(char *answer)
{
    static const char open[] = "<user_system_prompt>", close[] = "</user_system_prompt>";
    char *text = strstr(answer, open);
    text = text != NULL ? text + sizeof open - 1 : answer;
    char *end = strstr(text, close);
    if (end != NULL)
        *end = '\0';
    return without_fence(gen_trim(text));
}

void gen_prompt_first_question(gen_text *out, const char *topic)
{
    gen_text_puts(out, "Ask your first question.");
    if (topic != NULL) {
        gen_text_puts(out, " It shall be about this: ");
        gen_text_puts(out, topic);
    }
}

void gen_prompt_follow_up(gen_text *out, const char *reply)
{
    gen_text_puts(out, "The assistant has answered you:\n\n<assistant_reply>\n");
    gen_text_puts(out, reply);
    gen_text_puts(out, "\n</assistant_reply>\n\n"
                       "You are still the same user as in your messages before. Write your next message to the "
                       "assistant: one short follow-up question or request that comes naturally from this reply.\n"
                       "- Write in the language of your earlier messages.\n"
                       "- Do not answer in the assistant's place: no advice, no lists, no offers of help.\n"
                       "- Keep to your situation; do not make up a new job, person or subject.\n"
                       "- Write the message alone, without any introduction.\n");
}
