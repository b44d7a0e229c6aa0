/* Sanitizers take their time, and memory of their own: then less is done of what is only more of the same. */
#ifndef AFMON_TESTS_SANITIZED_H
#define AFMON_TESTS_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
