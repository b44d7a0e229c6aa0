#include "feeds/birth.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

bool afmon_birth_init(struct afmon_birth *birth)
{
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    birth->page = page == MAP_FAILED ? NULL : page;
    if (birth->page == NULL)
        return false;
    if (madvise(page, page_size(), MADV_WIPEONFORK) != 0) {
        afmon_birth_free(birth);
        return false;
    }
    *birth->page = 1;
    return true;
}

void afmon_birth_free(struct afmon_birth *birth)
{
    if (birth->page != NULL)
        munmap(birth->page, page_size());
    birth->page = NULL;
}

bool afmon_birth_is_new(struct afmon_birth *birth)
{
    bool is_new = *birth->page == 0;
    *birth->page = 1;
    return is_new;
}
