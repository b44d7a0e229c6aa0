/* Records: what lies in a ring. docs/formats.md describes every byte.
 *
 * A record is contiguous, begins at a multiple of 8 and is a multiple of 8 long. Numbers are in the machine's own
 * order: a ring is only ever read on the machine that wrote it. Lengths may come from a damaged file, so
 * afmon_record_check is asked before anything else looks at a record of a ring that this process did not write. */
#ifndef AFMON_INGEST_RECORD_H
#define AFMON_INGEST_RECORD_H

#include <afmon/afmon.h>

#include "ingest/numbers.h"

/* Longest record; the cap of what one call can record (names, texts and metadata together). */
#define AFMON_RECORD_MAX (UINT32_C(32) << 20)

enum afmon_record_kind {
    AFMON_RECORD_PAD = 1,    /* fills a ring's end, so that the next record is contiguous */
    AFMON_RECORD_SAMPLE = 2, /* a sample through a handle */
    AFMON_RECORD_METRIC = 3, /* a sample with its name and metadata */
    AFMON_RECORD_GENERATION = 4,
    AFMON_RECORD_EVALUATION = 5,
    AFMON_RECORD_LOG = 6,
};

struct afmon_record {
    uint32_t length; /* of the whole record */
    uint16_t kind;
    uint16_t flags; /* by kind */
    int64_t boot_ns;
};
_Static_assert(sizeof(struct afmon_record) == 16, "on-disk layout");

/* Every record but a pad ends with a seal: whoever copies a ring that is written meanwhile may get the beginning of one
 * record and the end of another, and the times of two differ. (Rings of version 1 have none.) */
typedef uint32_t afmon_seal;
static inline afmon_seal afmon_seal_of(int64_t boot_ns)
{
    return (afmon_seal)boot_ns;
}

struct afmon_record_sample {
    struct afmon_record head;
    double value;
    uint32_t definition; /* number in the session's dictionary */
    afmon_seal seal;
};
_Static_assert(sizeof(struct afmon_record_sample) == 32, "on-disk layout");

/* Followed by the name and the packed fields. */
struct afmon_record_metric {
    struct afmon_record head;
    double value;
    uint32_t name_length;
    uint32_t fields_length;
};
_Static_assert(sizeof(struct afmon_record_metric) == 32, "on-disk layout");

#define AFMON_TEXT_ABSENT UINT32_MAX /* length of a text that was not given */

/* Flags of generations and evaluations. */
enum {
    AFMON_TRACK_SUCCESS = 1,
    AFMON_TRACK_PROMPT = 2,
    AFMON_TRACK_COMPLETION = 4,
    AFMON_TRACK_TOTAL = 8,
    AFMON_TRACK_LENGTH = 16,
    AFMON_TRACK_UNKNOWN = 32, /* whether it succeeded; AFMON_TRACK_SUCCESS is not set then */
    /* 0x40 and above: a generation's numbers (ingest/numbers.h), of which an evaluation has this one */
    AFMON_TRACK_COST = 0x800,
};

/* Followed by the numbers that the flags name, the texts that were given, in the order of their lengths, and the packed
 * fields. */
struct afmon_record_generation {
    struct afmon_record head;
    double duration_s;
    double prompt_tokens;
    double completion_tokens;
    double total_tokens;
    double conversation_length;
    int32_t http_status;
    uint32_t model_length;
    uint32_t finish_length;
    uint32_t error_length;
    uint32_t error_type_length;
    uint32_t fields_length;
};
_Static_assert(sizeof(struct afmon_record_generation) == 80, "on-disk layout");

/* Followed by the texts that were given, the scores, and the packed fields. A score is a struct afmon_record_score
 * followed by its name and feedback, without alignment. */
struct afmon_record_evaluation {
    struct afmon_record head;
    double duration_s;
    double prompt_tokens;
    double completion_tokens;
    double total_tokens;
    uint32_t evaluator_length;
    uint32_t model_length;
    uint32_t error_length;
    uint32_t error_type_length;
    uint32_t scores_length; /* of all scores, in bytes */
    uint32_t score_count;
    uint32_t fields_length;
    uint32_t zero;
}; /* followed by what it cost, where the flags say so, and as a generation */
_Static_assert(sizeof(struct afmon_record_evaluation) == 80, "on-disk layout");

struct afmon_record_score {
    double value;
    uint32_t name_length;
    uint32_t feedback_length;
};
_Static_assert(sizeof(struct afmon_record_score) == 16, "on-disk layout");

#define AFMON_LOG_FILE_ONLY 16 /* flag of a log record: log handlers do not get it, for it is about them */

/* Flags are the level, and AFMON_LOG_FILE_ONLY. Followed by the message and the packed fields. */
struct afmon_record_log {
    struct afmon_record head;
    uint32_t message_length;
    uint32_t fields_length;
};
_Static_assert(sizeof(struct afmon_record_log) == 24, "on-disk layout");

/* What a record will be made of: measured first (length), then written where there is room for it. */
struct afmon_draft {
    uint16_t kind;
    uint32_t length;  /* 0: larger than AFMON_RECORD_MAX, or a field is not valid (then bad) */
    uint32_t samples; /* how many samples, and log records, it stands for */
    uint32_t logs;
    bool bad;
    size_t fields_length;
    const afmon_item *item; /* of a tracked call; NULL: none */
    uint32_t attempt;       /* of it */
    union {
        struct {
            const char *name;
            size_t name_length;
            double value;
            const afmon_field *fields;
            size_t count;
        } metric;
        struct {
            afmon_level level;
            bool file_only;
            const char *message;
            size_t message_length;
            const afmon_field *fields;
            size_t count;
        } log;
        struct {
            const afmon_generation *call;
            size_t text[4];
            struct afmon_call_numbers numbers;
        } generation;
        struct {
            const afmon_evaluation *call;
            size_t text[4];
            size_t scores_length;
        } evaluation;
    } as;
};

void afmon_draft_metric(struct afmon_draft *draft, const char *name, size_t name_length, double value,
                        const afmon_field *fields, size_t count);
void afmon_draft_log(struct afmon_draft *draft, afmon_level level, const char *message, size_t message_length,
                     const afmon_field *fields, size_t count);
void afmon_draft_generation(struct afmon_draft *draft, const afmon_generation *call);
void afmon_draft_evaluation(struct afmon_draft *draft, const afmon_evaluation *call);

/* Writes the record; at is a multiple of 8 and has room for draft->length bytes. */
void afmon_draft_write(const struct afmon_draft *draft, unsigned char *at, int64_t boot_ns);

/* True where the bytes, of which available may be read, begin with a whole record whose inner lengths fit. */
bool afmon_record_check(const unsigned char *at, uint64_t available);

/* True where a record that was checked is not the one that its seal was made for. Not of rings of version 1. */
bool afmon_record_is_torn(const unsigned char *at);

#endif
