/* libFuzzer: whatever a killed process left in its session file and its ring, a recovery reads it or sets it aside; it
 * finds nothing the second time; and where nothing is damaged the files are, byte by byte, what a reader that may not
 * write said that they would be.
 *
 * The input: a struct shape, then the dictionary, then the ring's records. */
#include "folder.h"

#include "ingest/recover.h"
#include "ingest/ring.h"
#include "ingest/session.h"

#define SERIAL UINT64_C(0x1111111111111111)
#define CAPACITY 4096
#define METRICS_FILE "metrics.jsonl"
#define LOG_FILE "afterimage.log"

/* How the input begins. */
struct shape {
    uint8_t flags;
    uint8_t whole_lines;  /* in the metrics file, before the batch that was on its way */
    uint16_t head;        /* in units of 8 bytes */
    uint16_t until;       /* the same, from head; 0: no batch was on its way */
    uint16_t note_length; /* of the batch's lines */
    uint16_t landed;      /* bytes of them in the metrics file */
    uint16_t log_length;  /* of its log lines */
    uint16_t log_landed;  /* bytes of them in the log */
    uint16_t dictionary;  /* length */
};
/* flags: the input overwrites headers, cuts the ring's file, has seals in its records */
enum { RAW_RING = 1, RAW_SESSION = 2, SHORT_RING = 4, SEALED = 8 };

static const char line[] = "{\"metric\": \"m\", \"value\": 1.0, \"timestamp\": \"2026-11-24T09:30:12.123456+00:00\"}\n";

/* Text of a batch, of which a part landed: it has one newline, its last byte. */
static void write_part(const char *name, size_t length, size_t landed)
{
    char text[UINT16_MAX];
    if (length == 0)
        return;
    memset(text, 'x', length);
    text[length - 1] = '\n';
    fuzz_folder_write(name, text, landed < length ? landed : length, O_APPEND);
}

static void write_files(const struct shape *shape)
{
    fuzz_folder_write(METRICS_FILE, NULL, 0, O_TRUNC);
    fuzz_folder_write(LOG_FILE, NULL, 0, O_TRUNC);
    for (int i = 0; i < shape->whole_lines; i++)
        fuzz_folder_write(METRICS_FILE, line, sizeof line - 1, O_APPEND);
    write_part(METRICS_FILE, shape->note_length, shape->landed);
    write_part(LOG_FILE, shape->log_length, shape->log_landed);
}

static void write_session(const struct shape *shape, const uint8_t *dictionary, size_t length)
{
    union {
        struct afmon_session_header header;
        unsigned char bytes[AFMON_SESSION_HEADER];
    } session = {0};
    memcpy(session.header.magic, "AFMONSES", 8);
    session.header.version = AFMON_SESSION_VERSION;
    session.header.header_size = AFMON_SESSION_HEADER;
    session.header.serial = SERIAL;
    strcpy(session.header.metrics_file, METRICS_FILE);
    strcpy(session.header.log_file, LOG_FILE);
    if ((shape->flags & RAW_SESSION) != 0)
        memcpy(session.bytes, dictionary, length < sizeof session.header ? length : sizeof session.header);
    char name[AFMON_FILE_NAME + sizeof AFMON_PRIVATE_FOLDER];
    memcpy(name, AFMON_PRIVATE_FOLDER "/", sizeof AFMON_PRIVATE_FOLDER);
    afmon_session_file_name(SERIAL, name + sizeof AFMON_PRIVATE_FOLDER);
    fuzz_folder_write(name, session.bytes, sizeof session.bytes, O_TRUNC);
    fuzz_folder_write(name, dictionary, length, O_APPEND);
}

static void fill_ring(struct afmon_ring_header *header, const struct shape *shape, size_t used)
{
    memcpy(header->magic, "AFMONRNG", 8);
    header->version = (shape->flags & SEALED) != 0 ? AFMON_RING_VERSION : 1;
    header->header_size = AFMON_RING_HEADER;
    header->session = SERIAL;
    header->capacity = CAPACITY;
    header->head = (uint64_t)shape->head * 8;
    header->tail = header->head + used;
    header->note.until = header->head + (uint64_t)shape->until * 8;
    header->note.metrics_offset = (int64_t)(shape->whole_lines * (sizeof line - 1));
    header->note.metrics_length = shape->note_length;
    header->note.log_length = shape->log_length;
}

static void write_ring(const struct shape *shape, const uint8_t *records, size_t length)
{
    static union {
        struct afmon_ring_header header;
        unsigned char bytes[AFMON_RING_HEADER + CAPACITY];
    } ring;
    memset(&ring, 0, sizeof ring);
    size_t used = (length < CAPACITY ? length : CAPACITY) & ~(size_t)7;
    fill_ring(&ring.header, shape, used);
    for (size_t i = 0; i < used; i++)
        ring.bytes[AFMON_RING_HEADER + (ring.header.head + i) % CAPACITY] = records[i];
    if ((shape->flags & RAW_RING) != 0)
        memcpy(ring.bytes, records, length < sizeof ring.header ? length : sizeof ring.header);
    char name[AFMON_FILE_NAME + sizeof AFMON_PRIVATE_FOLDER];
    memcpy(name, AFMON_PRIVATE_FOLDER "/", sizeof AFMON_PRIVATE_FOLDER);
    afmon_ring_file_name(SERIAL, 0, name + sizeof AFMON_PRIVATE_FOLDER);
    fuzz_folder_write(name, ring.bytes, (shape->flags & SHORT_RING) != 0 ? length : sizeof ring.bytes, O_TRUNC);
}

static void make_run(const uint8_t *data, size_t size, const struct shape *shape)
{
    char private_folder[256];
    fuzz_folder_clear();
    snprintf(private_folder, sizeof private_folder, "%s/%s", fuzz_folder(), AFMON_PRIVATE_FOLDER);
    MUST(mkdir(private_folder, 0777) == 0);
    size_t dictionary = shape->dictionary < size ? shape->dictionary : size;
    write_files(shape);
    write_session(shape, data, dictionary);
    write_ring(shape, data + dictionary, size - dictionary);
}

static void read_file(const char *name, struct afmon_buffer *text)
{
    char path[256], part[4096];
    afmon_buffer_clear(text);
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "rb");
    for (size_t got; file != NULL && (got = fread(part, 1, sizeof part, file)) > 0;)
        afmon_buffer_add(text, part, got);
    if (file != NULL)
        fclose(file);
    MUST(!text->failed);
}

/* A reader that may not write says what the file would be like after a recovery. */
static void expect(const struct afmon_left_file *left, struct afmon_buffer *expected)
{
    read_file(left->name, expected);
    MUST(left->end >= 0 && (uint64_t)left->end <= expected->length);
    expected->length = (size_t)left->end;
    afmon_buffer_add(expected, left->text.data, left->text.length);
    MUST(!expected->failed);
}

static void must_be(const char *name, const struct afmon_buffer *expected)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, (size_t)1 << 24);
    read_file(name, &text);
    MUST(text.length == expected->length);
    MUST(text.length == 0 || memcmp(text.data, expected->data, text.length) == 0);
    afmon_buffer_free(&text);
}

static void recover_twice(const struct afmon_left *left)
{
    struct afmon_recovery first = {0}, second = {0};
    struct afmon_buffer expected[4];
    afmon_error error;
    MUST(left->count <= 4);
    for (size_t i = 0; i < left->count; i++) {
        afmon_buffer_init(&expected[i], (size_t)1 << 24);
        expect(&left->files[i], &expected[i]);
    }
    MUST(afmon_recover_folder(fuzz_folder(), &first, &error) == AFMON_OK);
    for (size_t i = 0; i < left->count; i++) {
        if (first.damaged == 0)
            must_be(left->files[i].name, &expected[i]);
        read_file(left->files[i].name, &expected[i]);
    }
    MUST(first.damaged > 0 || left->damaged == 0); /* a recovery counts session files, too */
    MUST(afmon_recover_folder(fuzz_folder(), &second, &error) == AFMON_OK);
    MUST(second.records == 0 && second.damaged == first.damaged);
    for (size_t i = 0; i < left->count; i++) {
        must_be(left->files[i].name, &expected[i]);
        afmon_buffer_free(&expected[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shape shape;
    if (size < sizeof shape)
        return 0;
    memcpy(&shape, data, sizeof shape);
    make_run(data + sizeof shape, size - sizeof shape, &shape);
    struct afmon_left left = {0};
    afmon_error error;
    MUST(afmon_recover_peek(fuzz_folder(), &left, &error) == AFMON_OK);
    recover_twice(&left);
    afmon_left_free(&left);
    return 0;
}
