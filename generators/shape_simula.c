/* OpenSimula in small: taxonomies and strategies once, then tasks that a critic and a double critic may refuse. */
#include "shape_internal.h"

enum { FACTORS = 3, MIXES = 8, META_PROMPTS = 40, CRITIC_ROUNDS = 2, FIELDS_MAX = 4 };

static bool ask(gen_work *work, const char *operation, const afmon_field *more, size_t count)
{
    afmon_field fields[FIELDS_MAX] = {afmon_string("component", "opensimula")};
    size_t used = 1;
    for (size_t i = 0; i < count && used < FIELDS_MAX; i++)
        fields[used++] = more[i];
    return gen_ask(work, &(gen_asked){.operation = operation, .fields = fields, .field_count = used});
}

/* ---- Before all tasks ---- */

static bool grow_factor(gen_work *work, int64_t factor)
{
    const afmon_field root[] = {afmon_int("factor_id", factor), afmon_int("depth", 0)};
    const afmon_field below[] = {afmon_int("factor_id", factor), afmon_int("depth", 1)};
    return ask(work, "opensimula.taxonomy.propose_children", root, 2) &&
           ask(work, "opensimula.taxonomy.critic_merge_children", root, 2) &&
           ask(work, "opensimula.taxonomy.plan_next_level", below, 2);
}

bool gen_prepare_simula(gen_work *work)
{
    bool prepared = ask(work, "opensimula.taxonomy.propose_factors", NULL, 0);
    for (int64_t factor = 0; prepared && factor < FACTORS; factor++)
        prepared = grow_factor(work, factor);
    return prepared && ask(work, "opensimula.sampling.infer_strategies", NULL, 0);
}

/* ---- A task ---- */

typedef struct task {
    gen_work *work;
    afmon_field ids[2]; /* of the mix that it is drawn from, and of its meta prompt */
    bool mcq;           /* a question with choices */
} task;

static bool write_scenario(const task *t)
{
    static const char *const ways[] = {"opensimula.meta.generate_scenarios",
                                       "opensimula.meta.generate_scenarios_sequential"};
    if (!ask(t->work, ways[gen_random_chance(&t->work->random, 0.25)], t->ids, 1))
        return false;
    return !gen_random_chance(&t->work->random, 0.4) || ask(t->work, "opensimula.meta.complexify", t->ids, 2);
}

/* True: the call was made; *satisfied says whether the critic has nothing against it, perhaps once it was refined. */
static bool criticize(const task *t, bool *satisfied)
{
    for (int round = 0; round < CRITIC_ROUNDS; round++) {
        if (!ask(t->work, "opensimula.critic.requirement", t->ids, 2))
            return false;
        *satisfied = gen_random_chance(&t->work->random, 0.75);
        if (*satisfied)
            return true;
        if (round + 1 < CRITIC_ROUNDS && !ask(t->work, "opensimula.critic.refine", t->ids, 2))
            return false;
    }
    return true;
}

static bool probe(const task *t, bool *satisfied)
{
    *satisfied = true;
    if (!t->mcq)
        return true;
    if (!ask(t->work, "opensimula.double_critic.probe_correct", t->ids, 2) ||
        !ask(t->work, "opensimula.double_critic.probe_incorrect", t->ids, 2))
        return false;
    *satisfied = gen_random_chance(&t->work->random, 0.85);
    return true;
}

/* Some of what was made is placed in the taxonomy, and compared. What comes of that is no item's. */
static void evaluate(const task *t)
{
    const afmon_field place[] = {afmon_int("factor_id", (int64_t)(t->work->index % FACTORS)), afmon_int("depth", 1)};
    t->work->item = NULL;
    if (t->work->index % 8 == 0)
        (void)ask(t->work, "opensimula.eval.assign_datapoint_to_taxonomy", place, 2);
    if (t->work->index % 16 == 0)
        (void)ask(t->work, "opensimula.eval.elo_complexity_batch", NULL, 0);
}

void gen_make_task(gen_work *work)
{
    task t = {.work = work, .mcq = work->index % 2 == 1};
    bool satisfied = false;
    bool probed_well = false;
    t.ids[0] = afmon_int("mix_id", gen_random_below(&work->random, MIXES));
    t.ids[1] = afmon_int("meta_prompt_id", gen_random_below(&work->random, META_PROMPTS));
    if (!gen_begin_item(work, "task", work->index, &work->item))
        return;
    const char *operation = t.mcq ? "opensimula.task.mcq_generate" : "opensimula.task.single_qa_generate";
    bool made = write_scenario(&t) && ask(work, operation, t.ids, 2) && criticize(&t, &satisfied) &&
                (!satisfied || probe(&t, &probed_well));
    if (!made)
        gen_end_item(work, work->item, GEN_FAILED_ITEM, NULL);
    else if (!satisfied || !probed_well)
        gen_end_item(work, work->item, GEN_REJECTED, satisfied ? "double critic" : "critic");
    else
        gen_end_item(work, work->item, GEN_ACCEPTED, NULL);
    if (made && satisfied && probed_well)
        evaluate(&t);
}
