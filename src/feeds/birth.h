/* Has this process been forked since? What a feed holds then is its parent's to send. */
#ifndef AFMON_FEEDS_BIRTH_H
#define AFMON_FEEDS_BIRTH_H

#include <stdbool.h>

struct afmon_birth {
    unsigned char *page; /* wiped in a forked child */
};

bool afmon_birth_init(struct afmon_birth *birth); /* false: no memory */
void afmon_birth_free(struct afmon_birth *birth);

/* True in the first call of a forked child. One thread at a time. */
bool afmon_birth_is_new(struct afmon_birth *birth);

#endif
