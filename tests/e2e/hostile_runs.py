"""Runs as nobody should write them, by a seed: times at the edges of what a time can be, numbers at the edges of what a
number can be, names that are no names. Whoever reads them must say something, and may not fall over."""
import json
import random

# Nanoseconds in an int64_t end in 1677 and 2262; what lies beyond is no time, and a line that has it no sample.
TIMES = ["1677-09-21T00:12:43.146Z", "1677-09-21T00:12:43.145225Z", "1677-09-21T00:00:00Z", "1700-01-01T00:00:00Z",
         "1900-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "2025-11-02T01:30:00",
         "2026-11-23T09:00:00.000001+00:00", "2126-01-01T00:00:00Z", "2262-04-11T23:47:16.854775Z",
         "2262-04-11T23:47:16.854776Z", "2262-04-11T23:47:17Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
NUMBERS = ["0.0", "-0.0", "1.0", "1e308", "-1e308", "1.7976931348623157e308", "1e-320", "5e-324", "-5e-324", "NaN",
           "Infinity", "-Infinity", "null", "true", "1e400", "9007199254740992.0", "9007199254740993",
           "18446744073709551615", "18446744073709551616", "9223372036854775807", "-9223372036854775808", "1e19", "-1.0",
           "-1e19", "1e15", "999999.5", "1e-9", "0.1"]
TEXTS = ["", "x" * 200, "ü" * 100, "😀" * 50, "a\nb\r\nc\td", "\x00", "\x1b[31mred\x1b[0m\x07", "\u202ebidi\u2066", "<script>alert(1)</script>",
         "=1+1", "../../etc/passwd", "%s%n", "a|b`c", "\"quoted\\", "\u2028", "\ud800"]
METRICS = ["generation_time", "success_rate", "error_rate", "api_errors", "prompt_token_count", "completion_token_count",
           "total_token_count", "conversation_length", "evaluation_time", "evaluation_score_tone", "evaluation_error_rate",
           "item_time", "item_started", "cost_usd", "time_to_first_token", "output_tokens_per_second"]
PREFIXES = ["model_usage:", "finish_reason:", "evaluation_score_", ""]
KEYS = ["model_name", "operation", "error_type", "error", "item_id", "kind", "outcome", "attempt", "evaluator_type",
        "success", "afmon_source"]


def time_of(chance, calm):
    if calm or chance.random() < 0.5:
        return f"2026-11-23T09:{chance.randrange(60):02d}:{chance.randrange(60):02d}.{chance.randrange(10**6):06d}+00:00"
    return chance.choice(TIMES)


def number_of(chance):
    if chance.random() < 0.5:
        return repr(chance.uniform(-1, 10 ** chance.randrange(1, 19)))
    return chance.choice(NUMBERS)


def line_of(chance, calm):
    if chance.random() < 0.8:
        name = chance.choice(METRICS)
    else:
        name = chance.choice(PREFIXES) + chance.choice(TEXTS)
    parts = [f'"metric": {json.dumps(name)}', f'"value": {number_of(chance)}']
    for key in chance.sample(KEYS, chance.randrange(4)):
        value = chance.choice([json.dumps(chance.choice(TEXTS)), number_of(chance), "null", "true", '{"a": [1, {}]}'])
        parts.append(f"{json.dumps(key)}: {value}")
    parts.append(f'"timestamp": "{time_of(chance, calm)}"')
    return "{" + ", ".join(parts) + "}"


def log_line_of(chance):
    at = chance.choice(["2026-11-23 09:00:00,000", "1677-09-21 00:12:44,000", "2262-04-11 23:47:16,999", "9999-12-31 23:59:59,999"])
    count = chance.choice(["18446744073709551615", "9223372036854775807", "1", "-1", "1e308"])
    data = chance.choice([
        f'"message": "Samples or log records were dropped", "a": {count}, "b": {count}, "level": "error"',
        f'"message": "Run plan", "planned": {count}, "done": {count}, "operation": "conversation_generation", "level": "info"',
        f'"message": "Alert: {"x" * 300}", "alert": "low_success_rate", "state": "fired", "since": "{chance.choice(TIMES)}", '
        f'"renotify": {count}, "value": {number_of(chance)}, "level": "warning"',
        f'"message": {json.dumps(chance.choice(TEXTS))}, "level": "info"',
    ])
    return f"{at} - {{{data}}}"


def write(folder, seed):
    """Writes the run of a seed. One in three keeps to an hour, so that what is done by time has something to do."""
    chance = random.Random(seed)
    calm = seed % 3 == 0
    folder.mkdir(parents=True)
    lines = [line_of(chance, calm) for _ in range(chance.choice([1, 2, 30, 400]))]
    if chance.random() < 0.3:
        lines.insert(0, "no sample")
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if chance.random() < 0.7:
        log = [log_line_of(chance) for _ in range(20)]
        (folder / "afterimage.log").write_text("\n".join(log) + "\n", encoding="utf-8")
