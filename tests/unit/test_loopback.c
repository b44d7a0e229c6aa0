/* Which hosts are this machine. */
#include "check.h"

#include "base/loopback.h"

static void addresses_and_names_of_this_machine(void **state)
{
    (void)state;
    static const char *const ours[] = {"127.0.0.1",   "127.255.0.9",       "::1",
                                       "[::1]",       "localhost",         "LOCALHOST",
                                       "a.localhost", "[0:0:0:0:0:0:0:1]", "[::ffff:127.1.2.3]"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (!afmon_host_is_loopback(ours[i]))
            fail_msg("%s is this machine", ours[i]);
}

static void names_that_only_look_like_it(void **state)
{
    (void)state;
    static const char *const others[] = {"127.0.0.1.evil.invalid",
                                         "127.evil.invalid",
                                         "localhost.evil.invalid",
                                         "evil-localhost",
                                         ".localhost",
                                         "",
                                         "10.0.0.1",
                                         "[::2]",
                                         "::1.evil.invalid",
                                         "128.0.0.1",
                                         "[127.0.0.1]",
                                         "0.0.0.0",
                                         "[]",
                                         "["};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (afmon_host_is_loopback(others[i]))
            fail_msg("%s is not this machine", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_names_of_this_machine),
        cmocka_unit_test(names_that_only_look_like_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
