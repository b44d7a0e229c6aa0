/* A companion of libafmon.so (lazy/lazy.h) is nothing but what it is linked with. */
typedef int afmon_companion;
