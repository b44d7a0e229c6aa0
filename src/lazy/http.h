/* libmicrohttpd, opened when first used: lazy/lazy.h. */
#ifndef AFMON_LAZY_HTTP_H
#define AFMON_LAZY_HTTP_H

#include "lazy/lazy.h"

#define AFMON_LAZY_HTTP_FUNCTIONS(X)                                                                                   \
    X(MHD_add_response_header)                                                                                         \
    X(MHD_create_response_from_buffer_with_free_callback_cls)                                                          \
    X(MHD_create_response_from_callback)                                                                               \
    X(MHD_create_response_from_fd64)                                                                                   \
    X(MHD_destroy_response)                                                                                            \
    X(MHD_get_connection_info)                                                                                         \
    X(MHD_get_daemon_info)                                                                                             \
    X(MHD_get_timeout)                                                                                                 \
    X(MHD_lookup_connection_value)                                                                                     \
    X(MHD_lookup_connection_value_n)                                                                                   \
    X(MHD_queue_response)                                                                                              \
    X(MHD_resume_connection)                                                                                           \
    X(MHD_run)                                                                                                         \
    X(MHD_start_daemon)                                                                                                \
    X(MHD_stop_daemon)                                                                                                 \
    X(MHD_suspend_connection)

AFMON_LAZY_HTTP_FUNCTIONS(AFMON_LAZY_RENAME)

#include <microhttpd.h>

#endif
