/* What the sources of the groups share: AFMON_LAZY_TABLE makes a group's jumps, and the table by which they are filled.
 */
#ifndef AFMON_LAZY_TABLE_H
#define AFMON_LAZY_TABLE_H

#include <stddef.h>

#include "lazy/lazy.h"

struct afmon_lazy_entry {
    const char *function;
    void **place;
};

struct afmon_lazy_table {
    const struct afmon_lazy_entry *entries;
    size_t count;
};

#ifdef __ELF__

/* A jump changes no register that arguments are in, so it fits every function, one of variable arguments, too. */
#if defined(__x86_64__)
#define AFMON_LAZY_TO_PLACE(place) "endbr64\n\tjmp *" place "(%rip)\n"
#define AFMON_LAZY_TO_FUNCTION(name) "endbr64\n\tjmp " name "@PLT\n"
#elif defined(__aarch64__)
#define AFMON_LAZY_TO_PLACE(place) "hint #34\n\tadrp x16, " place "\n\tldr x16, [x16, :lo12:" place "]\n\tbr x16\n"
#define AFMON_LAZY_TO_FUNCTION(name) "hint #34\n\tb " name "\n"
#else
#error "libafmon is made for x86_64 and aarch64: another machine needs its two jumps here"
#endif

#define AFMON_LAZY_SYMBOL(name, instructions)                                                                          \
    __asm__(".pushsection .text\n\t.globl afmon_lazy_" #name "\n\t.hidden afmon_lazy_" #name                           \
            "\n\t.type afmon_lazy_" #name ", %function\n\t.balign 16\nafmon_lazy_" #name ":\n\t" instructions          \
            "\t.size afmon_lazy_" #name ", . - afmon_lazy_" #name "\n\t.popsection");

#ifdef AFMON_LIBRARIES_LINKED
#define AFMON_LAZY_JUMP(name) AFMON_LAZY_SYMBOL(name, AFMON_LAZY_TO_FUNCTION(#name))
#define AFMON_LAZY_TABLE(group, functions) functions(AFMON_LAZY_JUMP)
#else
#define AFMON_LAZY_PLACE(name)                                                                                         \
    extern void *afmon_lazy_place_##name;                                                                              \
    void *afmon_lazy_place_##name;
#define AFMON_LAZY_JUMP(name) AFMON_LAZY_SYMBOL(name, AFMON_LAZY_TO_PLACE("afmon_lazy_place_" #name))
#define AFMON_LAZY_ENTRY(name) {#name, &afmon_lazy_place_##name},
#define AFMON_LAZY_TABLE(group, functions)                                                                             \
    functions(AFMON_LAZY_PLACE)                                                                                        \
        functions(AFMON_LAZY_JUMP) static const struct afmon_lazy_entry entries[] = {functions(AFMON_LAZY_ENTRY)};     \
    const struct afmon_lazy_table afmon_lazy_table_##group = {entries, sizeof entries / sizeof *entries};
#endif

#else
#define AFMON_LAZY_TABLE(group, functions)
#endif

#define AFMON_LAZY_DECLARE(GROUP, group, what) extern const struct afmon_lazy_table afmon_lazy_table_##group;
AFMON_LAZY_GROUPS(AFMON_LAZY_DECLARE)
#undef AFMON_LAZY_DECLARE

#endif
