#include "grammar.h"

#include <string.h>

enum { WORDS = 5, WORD_KINDS = 5 };

/* Each word fits wherever its kind stands in a template below. */
typedef struct topic {
    const char *name;
    const char *thing[WORDS];   /* "my ..." */
    const char *goal[WORDS];    /* "I want to ..." */
    const char *trouble[WORDS]; /* "it ..." */
    const char *advice[WORDS];  /* an imperative */
    const char *fact[WORDS];    /* a sentence without its full stop */
} topic;

static const topic topics[] = {
    {"bread baking",
     {"sourdough starter", "rye loaf", "pizza dough", "baguette", "Dutch oven loaf"},
     {"get an open crumb", "bake before work", "cut the salt", "use more whole grain", "skip the stand mixer"},
     {"collapses when it is scored", "tastes flat", "sticks to the basket", "stays pale", "turns gummy in the middle"},
     {"weigh the flour instead of scooping it", "let the dough rest before you shape it", "steam the oven early",
      "proof it overnight in the fridge", "wait until it has cooled before you cut it"},
     {"Whole grain flour drinks more water than white flour", "Salt slows the yeast and tightens the gluten",
      "A cold dough is far easier to score", "Most of the flavour comes from time, not from yeast",
      "Steam keeps the crust soft long enough to open"}},
    {"home networks",
     {"router", "mesh system", "old laptop", "guest network", "network printer"},
     {"cover the garage", "keep work and home apart", "stop video calls from freezing", "block adverts for everyone",
      "reach files from outside"},
     {"drops out every evening", "is slow on one side of the house", "forgets its address",
      "works on the cable but not without", "restarts by itself"},
     {"move it to a free channel", "update the firmware first", "give it a fixed address", "test with a cable",
      "put it up high and away from metal"},
     {"The 5 GHz band is faster but fades through walls", "Two routers that both hand out addresses confuse everybody",
      "A cable between mesh points is worth more than a third one", "Old devices can hold back a whole network",
      "Most outages begin with the power supply"}},
    {"contracts",
     {"freelance contract", "lease", "non-compete clause", "service agreement", "termination notice"},
     {"limit the liability", "be paid on time", "end it early", "keep the rights to the work", "change one clause"},
     {"says nothing about late payment", "renews by itself", "points to another country's law",
      "contradicts its own appendix", "leaves the deadline open"},
     {"put the change in writing and have both sides sign it", "name a date rather than a period",
      "ask for a cap on damages", "keep the correspondence together", "define the scope before the price"},
     {"A clause that surprises one side is often not enforceable", "Silence is rarely consent",
      "An e-mail may be enough where no form was agreed", "The written text usually beats what was said",
      "A deadline without a date starts arguments"}},
    {"running",
     {"long run", "marathon plan", "left knee", "easy pace", "new pair of shoes"},
     {"run ten kilometres without a break", "get faster after forty", "train three times a week",
      "avoid another injury", "enjoy the first hour"},
     {"hurts the day after", "gets slower in the heat", "falls apart after an hour", "feels harder than it should",
      "never fits into the week"},
     {"add no more than a tenth a week", "keep the easy days truly easy", "strengthen your hips twice a week",
      "sleep before you add distance", "drink before you are thirsty"},
     {"Tendons adapt more slowly than lungs", "Most runners do their easy runs too fast",
      "Heat alone can cost half a minute a kilometre", "Shoes lose their cushioning after some hundred kilometres",
      "A rest day is part of the plan, not a gap in it"}},
    {"SQL databases",
     {"orders table", "nightly report", "composite index", "migration", "read replica"},
     {"find the slow query", "page through a million rows", "delete old rows safely", "keep history of changes",
      "avoid locking the table"},
     {"scans the whole table", "deadlocks under load", "gives other totals each time", "ignores the index",
      "takes longer every week"},
     {"read the plan before you add an index", "filter before you join", "delete in small batches",
      "page by key instead of by offset", "keep the statistics fresh"},
     {"An index that is not selective is not used", "Offsets read and throw away all the rows before them",
      "Long transactions keep old versions alive", "A count over everything has to look at everything",
      "The order of columns in an index matters"}},
    {"houseplants",
     {"monstera", "fiddle-leaf fig", "window-sill basil", "orchid", "old rubber tree"},
     {"keep it alive over winter", "get it to flower again", "repot without mess", "travel for three weeks",
      "grow it from a cutting"},
     {"drops its lowest leaves", "has brown tips", "leans to the window", "attracts small flies",
      "has not grown since spring"},
     {"water only when the top of the soil is dry", "turn it a little each week", "let the pot drain",
      "move it nearer to the light", "wipe the dust off the leaves"},
     {"More plants drown than dry out", "Tap water leaves salts that burn the tips", "Roots need air as much as water",
      "Growth stops by itself when the days are short", "A pot that is too large stays wet for too long"}},
    {"travel by train",
     {"night train", "rail pass", "seat reservation", "tight connection", "bicycle ticket"},
     {"cross three countries in a day", "travel with two small children", "take a bicycle along", "sleep on the way",
      "keep the price low"},
     {"is sold out weeks ahead", "arrives just after the last bus", "needs two tickets", "is replaced by a coach",
      "shows another price every day"},
     {"book the long leg first", "leave an hour for the change", "look at the neighbouring day",
      "print the reservation", "ask for the family compartment"},
     {"Through tickets protect a missed connection", "Cheap fares are bound to one train",
      "Night trains sell their couchettes first", "Some borders need a reservation even with a pass",
      "The fastest route is seldom the calmest"}},
    {"personal budgets",
     {"grocery budget", "emergency fund", "student loan", "shared account", "car insurance"},
     {"save three months of rent", "stop guessing at the end of the month", "pay off one debt first",
      "split costs fairly", "plan a large purchase"},
     {"is always gone by the twentieth", "grows faster than the pay", "is spread over four accounts",
      "comes as a surprise each spring", "depends on who remembers"},
     {"move the savings on pay day", "write down one month before you plan", "set yearly costs aside monthly",
      "pay the dearest debt first", "give every account one purpose"},
     {"A rule that runs by itself beats good intentions", "Small fixed costs add up faster than treats",
      "An emergency fund is insurance, not an investment", "Interest works on both sides",
      "A budget that allows no fun does not last"}},
};

static const topic general = {
    NULL,
    {"project", "first attempt", "plan", "setup", "routine"},
    {"get started", "do better than last time", "explain it to a friend", "avoid the usual mistakes",
     "understand the basics"},
    {"takes longer than planned", "does not turn out as expected", "works only sometimes", "costs too much",
     "confuses everybody"},
    {"begin with the smallest part", "change one thing at a time", "write down what you tried",
     "compare it with one that works", "ask somebody who did it before"},
    {"Most difficulties come from the first step", "A small test saves a large repair", "Habits matter more than tools",
     "The common advice fits the common case only", "What is measured is easier to mend"}};

static const char *const openers[] = {
    "My {thing} {trouble}. What should I look at first?",
    "I want to {goal}, but my {thing} {trouble}. Where do I begin?",
    "How can I {goal} when I have about {n} hours a week for {topic}?",
    "Is it normal that my {thing} {trouble}?",
    "I am new to {topic}. What is the best way to {goal}?",
    "A friend told me to {advice}. Does that help if my {thing} {trouble}?",
    "I have tried for {n} weeks to {goal}. What am I missing?",
};

static const char *const follow_ups[] = {
    "That makes sense. And if my {thing} still {trouble}?",
    "How long should I wait before I can tell whether it worked?",
    "You said: {advice}. How exactly would I do that?",
    "Would that change if I only want to {goal}?",
    "Okay, but I only have {n} days. What would you leave out?",
    "Thanks. Which mistake do most people make at this point?",
};

static const char *const introductions[] = {
    "That is a common question, and the answer is usually simple.", "Good that you ask before you spend money on it.",
    "There are {n} likely causes, so let us take them in order.",   "Yes, that happens often with {topic}.",
    "It depends on one thing that you can check in a minute.",
};

static const char *const explanations[] = {
    "{fact}.",
    "{fact}, which is why I would {advice}.",
    "First, {advice}; that alone helps in about {n} cases out of ten.",
    "If your {thing} {trouble}, {advice} and try again after {n} days.",
    "Then {advice}.",
    "Once you can {goal}, the rest is practice.",
    "It pays to {advice}, even when your {thing} looks fine.",
    "Keep an eye on your {thing}: if it {trouble} again, the cause is elsewhere.",
};

static const char *const closings[] = {
    "Start with that, and tell me what you see.",
    "If nothing changes within {n} days, we look at the {thing} itself.",
    "That should be enough to {goal}.",
    "Take your time with it.",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

size_t gen_grammar_topic_count(void)
{
    return COUNT(topics);
}

const char *gen_grammar_topic(size_t index)
{
    return topics[index % COUNT(topics)].name;
}

static const topic *find(const char *name)
{
    for (size_t i = 0; name != NULL && i < COUNT(topics); i++)
        if (strcmp(topics[i].name, name) == 0)
            return &topics[i];
    return &general;
}

/* One text in the making. Its thing stays the same; goals, advice and so on are dealt in turn, from a random place
 * on, so that a text does not repeat itself. */
typedef struct speech {
    gen_text *out;
    gen_random *random;
    const topic *topic;
    const char *name;
    unsigned at[WORD_KINDS];
} speech;

static speech begin(gen_text *out, gen_random *random, const char *name)
{
    speech s = {.out = out, .random = random, .topic = find(name), .name = name != NULL ? name : "this"};
    for (size_t i = 0; i < WORD_KINDS; i++)
        s.at[i] = gen_random_below(random, WORDS);
    return s;
}

static const char *pick(gen_random *random, const char *const *words, size_t count)
{
    return words[gen_random_below(random, (uint32_t)count)];
}

static const char *word(speech *s, const char *kind, size_t length)
{
    const struct {
        const char *kind;
        const char *const *words;
    } kinds[WORD_KINDS] = {{"thing", s->topic->thing},
                           {"goal", s->topic->goal},
                           {"trouble", s->topic->trouble},
                           {"advice", s->topic->advice},
                           {"fact", s->topic->fact}};
    static const char *const numbers[] = {"two", "three", "four", "five", "six", "seven"};
    if (length == 5 && memcmp(kind, "topic", 5) == 0)
        return s->name;
    for (size_t i = 0; i < WORD_KINDS; i++)
        if (strlen(kinds[i].kind) == length && memcmp(kinds[i].kind, kind, length) == 0)
            return kinds[i].words[i == 0 ? s->at[0] : s->at[i]++ % WORDS];
    return pick(s->random, numbers, COUNT(numbers)); /* {n} */
}

/* Appends a template with its {kinds} filled in. The name of the topic is never taken for a template. */
static void expand(speech *s, const char *template)
{
    for (;;) {
        size_t plain = strcspn(template, "{");
        gen_text_append(s->out, template, plain);
        if (template[plain] == '\0')
            return;
        const char *kind = template + plain + 1;
        size_t length = strcspn(kind, "}");
        gen_text_puts(s->out, word(s, kind, length));
        template = kind + length + 1;
    }
}

void gen_grammar_question(gen_text *out, gen_random *random, const char *name)
{
    speech s = begin(out, random, name);
    expand(&s, pick(random, openers, COUNT(openers)));
}

void gen_grammar_follow_up(gen_text *out, gen_random *random, const char *name)
{
    speech s = begin(out, random, name);
    expand(&s, pick(random, follow_ups, COUNT(follow_ups)));
}

void gen_grammar_answer(gen_text *out, gen_random *random, const char *name)
{
    speech s = begin(out, random, name);
    expand(&s, pick(random, introductions, COUNT(introductions)));
    /* Each explanation at most once: they are dealt like cards. */
    const char *deck[COUNT(explanations)];
    memcpy(deck, explanations, sizeof deck);
    size_t sentences = 3 + gen_random_below(random, COUNT(explanations) - 3);
    for (size_t i = 0; i < sentences; i++) {
        size_t from = i + gen_random_below(random, (uint32_t)(COUNT(explanations) - i));
        const char *card = deck[from];
        deck[from] = deck[i];
        gen_text_puts(out, " ");
        expand(&s, card);
    }
    gen_text_puts(out, " ");
    expand(&s, pick(random, closings, COUNT(closings)));
}

void gen_grammar_correspondent_prompt(gen_text *out, const char *name)
{
    gen_text_printf(out,
                    "You play a person who asks an expert for help with %s. Ask one short, concrete question at a "
                    "time, as people do in a chat, and stay the same person until the end.",
                    name != NULL ? name : "everyday problems");
}
