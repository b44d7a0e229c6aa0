"""JSON strings, UTF-8 and time stamps agree with Python's own: compared over many values.

The program tool_text of tests/unit is looked for (below AFMON_TOOLS, else build/).
"""

import datetime
import itertools
import json
import os
import pathlib
import random
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("AFMON_TOOLS", ROOT / "build"))
SEED = 20261123
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ["Europe/Istanbul", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]


def run_tool(mode, lines, zone="UTC"):
    tool = next(path for path in TOOLS.rglob("tool_text") if path.is_file())
    text = "\n".join(lines) + "\n"
    done = subprocess.run(
        [tool, mode],
        input=text.encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
        env={**os.environ, "TZ": zone},
    )
    answers = done.stdout.decode("utf-8").split("\n")
    assert answers.pop() == "" and len(answers) == len(lines)
    return answers


# ---- UTF-8 ----------------------------------------------------------------------------------------------------------

# Bytes at the edges of Unicode's table 3-7 and one inside each range.
EDGES = bytes.fromhex("00 22 41 5c 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff")
# The examples of the Unicode standard, tables 3-8 to 3-11 (3.9, U+FFFD substitution of maximal subparts).
STANDARD = ["c0afe080bff0818241", "eda080edbfbfedaf41", "f4919293ff4180bf42", "e180e2f09192f1bf41"]


def byte_strings():
    rng = random.Random(SEED)
    yield from (bytes(edges) for length in (1, 2, 3) for edges in itertools.product(EDGES, repeat=length))
    yield from (bytes.fromhex(example) for example in STANDARD)
    for _ in range(20_000):
        yield bytes(rng.choices(EDGES, k=rng.randrange(40)))
    for _ in range(20_000):
        text = "".join(rng.choices('aZ "\\\n\x00\x1f\x7f\x80ğŞ漢😀\u2028\ufffd\U0010ffff', k=rng.randrange(40)))
        encoded = bytearray(text.encode())
        for _ in range(rng.randrange(3)):
            if encoded:
                encoded[rng.randrange(len(encoded))] = rng.randrange(256)
        yield bytes(encoded)
    for length in range(1, 40):  # each place within the words that are looked at together
        for place in range(length):
            for byte in EDGES:
                yield b"x" * place + bytes([byte]) + b"y" * (length - place - 1)


def is_utf8(data):
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


def test_ill_formed_utf8_is_replaced_as_python_does():
    samples = list(byte_strings())
    expected = [f"{is_utf8(s):d} {s.decode('utf-8', 'replace').encode().hex()}" for s in samples]
    answers = run_tool("utf8", [sample.hex() for sample in samples])
    assert [(s.hex(), a) for s, a, e in zip(samples, answers, expected) if a != e] == []


def json_of(data):
    """Python escapes the same characters, but for DEL."""
    return json.dumps(data.decode("utf-8", "replace"), ensure_ascii=False).replace("\x7f", "\\u007f")


def test_json_strings_are_written_as_python_writes_them():
    samples = list(byte_strings())
    answers = run_tool("string", [sample.hex() for sample in samples])
    assert [(s.hex(), a) for s, a in zip(samples, answers) if a != json_of(s)] == []


# ---- Is it JSON? ----------------------------------------------------------------------------------------------------

NOT_JSON = """{a:1}|{'a':1}|[1,]|[,1]|{"a":1,}|{"a"}|{"a":}|{,}|[1 2]|[1]]|[[1]|{"a":1|"a|a"|tru|nul|TRUE|NaN|Infinity|-|01|1.|.5
+1|1e|0x1|"\\x"|"\\u12"|"\\u12g4"|"\\ud800"|"\\udc00"|"\\ud800\\u0041"|"\t"|{"\\u0000":1}|{1:2}|[1}|{"a":1]|//|1 1|[1]x
1e999|-1e999|9223372036854775808|"\x00"|""".replace("\n", "|").split("|")
JSON = """{}|[]|{"a":1}|[1,2]|[ 1 , 2 ]| {"a" : [ ] } |"a"|""|null|true|false|0|-0|-0.0|1e5|1E+5|1.5e-7|"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"
"\\ud83d\\ude00"|"\\u0000"|[[[[]]]]|{"a":{"b":[{"c":null}]}}|"ğ漢😀"|[1,"a",null,true,{}]|1e-999|9223372036854775807|"\x7f"
\t[1]""".replace("\n", "|").split("|")


def test_json_is_told_from_what_is_not():
    assert run_tool("json", [text.encode().hex() for text in NOT_JSON]) == ["0"] * len(NOT_JSON)
    assert run_tool("json", [text.encode().hex() for text in JSON]) == ["1"] * len(JSON)
    assert run_tool("json", ["22ff22", "5b" * 256 + "5d" * 256, "5b" * 257 + "5d" * 257, "5b" * 1_000_000]) == list("0100")


def python_takes(data):
    def refuse(_):
        raise ValueError

    def finite(text):
        return float(text) if abs(float(text)) != float("inf") else refuse(text)

    def int64(text):
        return int(text) if -(2**63) <= int(text) < 2**63 else refuse(text)

    try:
        json.loads(data.decode("utf-8"), parse_constant=refuse, parse_float=finite, parse_int=int64)
    except ValueError:
        return False
    return True


def random_json(rng, depth=0):
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [random_json(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {f"k{i}": random_json(rng, depth + 1) for i in range(rng.randrange(4))}
    return rng.choice([None, True, False, rng.randrange(-99, 99), rng.uniform(-9, 9) * 1e9, 'a"\\\nğ', ""])


def test_mutated_json_is_judged_as_python_judges_it():
    rng = random.Random(SEED + 1)
    samples = []
    for _ in range(30_000):
        data = bytearray(json.dumps(random_json(rng), ensure_ascii=rng.random() < 0.5).encode())
        for _ in range(rng.randrange(3)):
            where = rng.randrange(len(data) + 1)
            data[where : where + rng.randrange(2)] = rng.choice([b"", b",", b"]", b"}", b'"', b"0", b"-", b" ", b"\\", b":"])
        samples.append(bytes(data))
    answers = run_tool("json", [sample.hex() for sample in samples])
    assert [(s, a) for s, a in zip(samples, answers) if a != f"{python_takes(s):d}"] == []


# ---- Time -----------------------------------------------------------------------------------------------------------


def ns_of(moment):
    return (moment - EPOCH) // datetime.timedelta(microseconds=1) * 1000


def some_ns():
    rng = random.Random(SEED + 2)
    for _ in range(20_000):
        yield rng.randrange(-(2**63) + 10**9, 2**63)
        yield rng.randrange(0, 2 * 10**18)
    yield from (0, -1, 1, -999, -1000, -1001, 999_999_999, -(10**9), -(10**9) - 1, 2**63 - 1, -(2**63))
    for year in range(1678, 2262):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            midnight = ns_of(datetime.datetime(year, month, day, tzinfo=UTC))
            yield from (midnight - 1, midnight)


def at(ns):
    return EPOCH + datetime.timedelta(microseconds=ns // 1000)


def test_time_stamps_are_those_of_python():
    moments = list(some_ns())
    answers = run_tool("stamp", [str(ns) for ns in moments])
    expected = [at(ns).isoformat(timespec="microseconds") for ns in moments]
    assert [pair for pair in zip(moments, answers, expected) if pair[1] != pair[2]] == []


def test_written_time_stamps_read_back():
    moments = [ns // 1000 * 1000 for ns in some_ns() if ns > -(2**63) + 1000]
    answers = run_tool("time", run_tool("stamp", [str(ns) for ns in moments]))
    assert [pair for pair in zip(moments, answers) if str(pair[0]) != pair[1]] == []


OFFSETS = [datetime.timedelta(hours=h, minutes=m, seconds=s) for h in (-12, -3, 0, 5) for m in (0, 30) for s in (0, 28)]


def aware_texts():
    rng = random.Random(SEED + 3)
    for _ in range(20_000):
        zone = datetime.timezone(rng.choice(OFFSETS))
        moment = at(rng.randrange(-(2**62), 2**62)).replace(microsecond=rng.choice([0, 1, 123000, 999999]))
        local = moment.astimezone(zone)
        text = rng.choice([local.isoformat(), str(local), local.isoformat(timespec="microseconds")])
        if local.utcoffset().seconds % 60 == 0 and rng.random() < 0.3:
            text = text[:-3] + text[-2:]  # "+0130"
        yield text, ns_of(moment)
        yield moment.astimezone(UTC).isoformat().replace("+00:00", "Z"), ns_of(moment)


def test_times_with_an_offset_are_read_as_python_reads_them():
    pairs = list(aware_texts())
    answers = run_tool("time", [text for text, _ in pairs])
    assert [(*p, a) for p, a in zip(pairs, answers) if str(p[1]) != a] == []


def test_fractions_of_up_to_nine_digits():
    texts = ["1970-01-01T00:00:00." + "123456789"[:n] + "Z" for n in range(1, 10)]
    assert run_tool("time", texts) == [str(int("123456789"[:n].ljust(9, "0"))) for n in range(1, 10)]
    assert run_tool("time", ["1969-12-31T23:59:59.5Z", "1970-01-01T23:59:60Z", "1970-01-01t00:00:01z"]) == [
        "-500000000",
        "86400000000000",
        "1000000000",
    ]


NO_TIMES = """2026-11-23||2026-11-23T09:20|2026-13-01T00:00:00Z|2026-00-01T00:00:00Z|2026-02-29T00:00:00Z|2026-04-31T00:00:00Z
2026-11-23T24:00:00Z|2026-11-23T09:60:00Z|2026-11-23T09:20:61Z|2026-11-23T09:20:35.Z|2026-11-23T09:20:35.1234567890Z
2026-11-23T09:20:35+0|2026-11-23T09:20:35+24:00|2026-11-23T09:20:35+01:60|2026-11-23T09:20:35+01:00x|2026-11-23T09:20:35ZZ
2026-11-23x09:20:35Z| 2026-11-23T09:20:35Z|2026-11-23T09:20:35Z |26-11-23T09:20:35Z|-2026-11-23T09:20:35Z|2026/11/23T09:20:35Z
1600-01-01T00:00:00Z|2300-01-01T00:00:00Z|0000-01-01T00:00:00Z|9999-12-31T23:59:59Z|2026-11-23T09:20:35 +01:00|now""".replace(
    "\n", "|"
).split("|")


def test_what_is_no_time_is_refused():
    assert run_tool("time", NO_TIMES) == ["none"] * len(NO_TIMES)


def changes_of(zone):
    """Local wall times around each change of a zone's offset from 1970 to 2037, as it is in Python's own zone data."""
    zoneinfo = pytest.importorskip("zoneinfo")
    info = zoneinfo.ZoneInfo(zone)
    moment = datetime.datetime(1971, 1, 1, tzinfo=UTC)
    step = datetime.timedelta(days=1)
    while moment.year < 2037:
        if moment.astimezone(info).utcoffset() != (moment + step).astimezone(info).utcoffset():
            for minutes in range(-180, 60 * 27, 10):
                yield (moment + datetime.timedelta(minutes=minutes, seconds=1)), info
        moment += step


@pytest.mark.parametrize("zone", ZONES)
def test_naive_times_are_local_with_gaps_and_overlaps_as_in_python(zone):
    """Python is run in that zone, too: both then use the same zone data of the system."""
    rng = random.Random(SEED + 4)
    walls = {moment.astimezone(info).replace(tzinfo=None, fold=0) for moment, info in changes_of(zone)}
    walls |= {moment.replace(tzinfo=None) for moment, _ in changes_of(zone)}
    walls |= {at(rng.randrange(-10**18, 2 * 10**18)).replace(tzinfo=None) for _ in range(2000)}
    texts = [str(wall) for wall in sorted(walls)]
    code = (
        "import sys,datetime\n"
        "for line in sys.stdin:\n"
        "    t = datetime.datetime.fromisoformat(line.strip())\n"
        "    print(int(t.replace(microsecond=0).timestamp()) * 10**9 + t.microsecond * 1000)\n"
    )
    expected = python_in(zone, code, texts)
    assert [t for t in zip(texts, run_tool("time", texts, zone), expected) if t[1] != t[2]] == []


def python_in(zone, code, lines):
    done = subprocess.run(
        ["/usr/bin/python3", "-c", code],
        input="\n".join(lines) + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "TZ": zone},
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize("zone", ZONES)
def test_log_times_are_those_of_pythons_logging(zone):
    rng = random.Random(SEED + 5)
    moments = [ns_of(moment) + rng.randrange(10**9) for moment, _ in changes_of(zone)]
    moments += [rng.randrange(0, 2 * 10**18) for _ in range(2000)] + [-1, 0, 999_999, 1_000_000]
    code = (
        "import sys,time\n"
        "for line in sys.stdin:\n"
        "    s, ns = divmod(int(line), 10**9)\n"
        "    print(time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(s)) + ',%03d' % (ns // 10**6))\n"
    )
    lines = [str(ns) for ns in moments]
    assert run_tool("log", lines, zone) == python_in(zone, code, lines)
