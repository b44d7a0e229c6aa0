/* Items as the samples of a run tell of them: item_started, item_time, and the calls that name them. What is known does
 * not depend on the order of the samples, so an outcome may come before the beginning. */
#ifndef AFMON_MODEL_ITEMS_H
#define AFMON_MODEL_ITEMS_H

#include <afmon/afmon.h>

#include "base/slots.h"
#include "catalog/facts.h"
#include "catalog/item_id.h"
#include "model/accumulator.h"

#define AFMON_KINDS_MAX 32 /* further ones are one, "(other)" */

enum afmon_item_outcome {
    AFMON_OUTCOME_NONE = 0, /* open, or abandoned */
    AFMON_OUTCOME_ACCEPTED,
    AFMON_OUTCOME_REJECTED,
    AFMON_OUTCOME_FAILED
};

/* An item of a kind. */
struct afmon_model_item {
    uint64_t hash;      /* of kind and id; first */
    uint64_t id;        /* hash of the id */
    int64_t started_ns; /* its latest beginning */
    int64_t ended_ns;   /* its latest outcome */
    uint32_t file;      /* of that beginning (afmon_run_file_of) */
    uint32_t why;       /* number of its reason or error type */
    uint32_t starts;
    uint32_t attempts; /* of the latest outcome */
    uint8_t kind;
    uint8_t outcome; /* enum afmon_item_outcome */
};

/* What an id, whatever its kind, was used by. */
struct afmon_model_item_use {
    uint64_t hash;      /* of the id; first */
    uint64_t tokens[3]; /* prompt, completion, total */
    uint32_t calls;
    uint32_t wholes; /* calls that stand for an item themselves; they are calls only where nothing else used tokens */
    uint32_t failures;
    uint32_t attempt; /* the highest that a call was of; 0: none was told */
    /* In whole millionths of a millionth of a dollar: sums do not depend on the order in which they are read. */
    uint64_t pico_usd;
    uint64_t pico_usd_latest; /* of the highest attempt that cost something */
    uint32_t priced;
    uint32_t priced_attempt; /* that one */
};

struct afmon_model_kind {
    char *name;    /* NULL: the kind has no item */
    uint64_t hash; /* of the text that it was made of: most samples are found by it */
    struct afmon_accumulator times;
};

struct afmon_model_why {
    uint64_t hash; /* first */
    char *text;
};

struct afmon_model_items {
    uint32_t most; /* items that are kept, at most; 0: any number */
    struct afmon_slots items;
    struct afmon_slots uses;
    struct afmon_slots whys; /* number 0: none is given */
    struct afmon_model_kind kinds[AFMON_KINDS_MAX + 1];
    uint64_t left_out;           /* samples of items beyond the most */
    uint64_t calls_without_item; /* of whoever adds calls */
};

void afmon_model_items_init(struct afmon_model_items *items, uint32_t most);
void afmon_model_items_free(struct afmon_model_items *items, const struct afmon_sketch_limits *limits);
size_t afmon_model_items_bytes(const struct afmon_model_items *items);

/* One sample, on its way in. */
struct afmon_item_sample {
    const struct afmon_sample_facts *facts;
    struct afmon_item_id id; /* length 0: none is kept apart */
    int64_t time_ns;
    double value;
    uint32_t file;
};

/* The id that a sample names; not given: none. A number and a text that look alike are one. */
struct afmon_piece afmon_item_sample_id(const struct afmon_item_sample *sample);

/* Hashes of the id (0: none is named), and of an item of a kind, by the name that is shown of it. */
uint64_t afmon_model_item_id_of(const char *id, size_t length);
uint64_t afmon_model_item_id(const struct afmon_item_sample *sample);
uint64_t afmon_model_item_hash(uint64_t id, const char *kind);

/* ---- One item: what its samples say of it, in any order ---- */

void afmon_model_item_note_start(struct afmon_model_item *item, const struct afmon_item_sample *sample);
/* True: it is the latest outcome that is known, and `why` is to be that of this sample. */
bool afmon_model_item_note_outcome(struct afmon_model_item *item, const struct afmon_item_sample *sample);
/* Made again after its outcome, it has none. */
bool afmon_model_item_has_outcome(const struct afmon_model_item *item);
enum afmon_item_outcome afmon_model_outcome_of(const struct afmon_piece *text);
/* The reason of what was rejected, the error type of what failed. */
const struct afmon_piece *afmon_model_why_of(const struct afmon_sample_facts *facts);

/* ---- All items of a run ---- */

/* item_started and item_time; false: no memory. Without an id they are left out. */
bool afmon_model_item_started(struct afmon_model_items *items, const struct afmon_item_sample *sample);
bool afmon_model_item_ended(struct afmon_model_items *items, const struct afmon_item_sample *sample,
                            const struct afmon_sketch_limits *limits);

/* A tracked call: its generation_time (whole: its operation stands for an item), a failure of it (success_rate), its
 * tokens by kind. */
bool afmon_model_item_call(struct afmon_model_items *items, const struct afmon_item_sample *sample, bool whole);
bool afmon_model_item_failure(struct afmon_model_items *items, const struct afmon_item_sample *sample);
bool afmon_model_item_tokens(struct afmon_model_items *items, const struct afmon_item_sample *sample, size_t kind);
/* What it cost, in US dollars: not negative. */
bool afmon_model_item_cost(struct afmon_model_items *items, const struct afmon_item_sample *sample);

#endif
