/* What the monitor is told about calls and conversations. */
#ifndef AFMON_GENERATORS_TRACK_H
#define AFMON_GENERATORS_TRACK_H

#include <afmon/afmon.h>

#include "chat.h"
#include "conversation.h"

/* A call that ended. One that the run's end cut short is only logged. */
void gen_track_call(afmon_monitor *monitor, const gen_call *call, const gen_chat_result *result);

/* A failed attempt that is tried again: one sample of api_errors, with retried = true. The last attempt of a call is
 * part of gen_track_call. For gen_call.on_retry; user is the monitor. */
void gen_track_retry(void *user, const gen_call *call, const gen_chat_result *failed);

void gen_track_conversation(afmon_monitor *monitor, const gen_conversation *conversation);

#endif
