/* libFuzzer: whatever a data set holds, taking it up keeps all its whole lines, leaves it with a sound end, and finds
 * the same in it the next time. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#include "generators/dataset_read.h"

#define CONVERSATIONS 100

static off_t read_it(int fd, gen_dataset_found *found)
{
    gen_index_set present;
    struct stat status;
    *found = (gen_dataset_found){0};
    MUST(gen_index_set_init(&present, CONVERSATIONS));
    MUST(gen_dataset_read(fd, &present, found) == NULL);
    uint64_t below = 0;
    for (uint64_t i = 0; i < CONVERSATIONS; i++)
        below += gen_index_set_has(&present, i);
    MUST(below == found->below && below <= found->lines);
    MUST(found->strange == 0 || found->first_strange > 0);
    gen_index_set_free(&present);
    MUST(fstat(fd, &status) == 0);
    return status.st_size;
}

/* What the file holds afterwards is what it held before, but for its end. */
static void check_kept(int fd, off_t length, const uint8_t *data, size_t size)
{
    MUST(length >= 0 && (size_t)length <= size + 1);
    size_t kept = (size_t)length < size ? (size_t)length : size;
    char *text = malloc((size_t)length + 1);
    MUST(text != NULL && pread(fd, text, (size_t)length, 0) == length);
    MUST(memcmp(text, data, kept) == 0);
    MUST(length == 0 || text[length - 1] == '\n');
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("dataset", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    MUST(fcntl(fd, F_SETFL, O_APPEND) == 0);
    gen_dataset_found first, second;
    off_t length = read_it(fd, &first);
    check_kept(fd, length, data, size);
    MUST(read_it(fd, &second) == length);
    MUST(second.torn_bytes == 0 && second.lines == first.lines && second.below == first.below &&
         second.strange == first.strange && second.has_seed == first.has_seed && second.seed == first.seed);
    close(fd);
    return 0;
}
