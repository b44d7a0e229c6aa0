"""Numbers are written as Python's repr writes them and read as Python's float reads them: compared over many values.

The program tool_number of tests/unit is looked for (below AFMON_TOOLS, else build/).
"""

import math
import os
import pathlib
import random
import re
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("AFMON_TOOLS", ROOT / "build"))
RANDOM_DOUBLES = 200_000
SEED = 20261123


def run_tool(mode, lines):
    tool = next(path for path in TOOLS.rglob("tool_number") if path.is_file())
    text = "\n".join(lines) + "\n"
    done = subprocess.run([tool, mode], input=text.encode(), stdout=subprocess.PIPE, check=True, timeout=300)
    answers = done.stdout.decode("ascii").split("\n")
    assert answers.pop() == "" and len(answers) == len(lines)
    return answers


def bits_of(value):
    return struct.pack(">d", value).hex()


def from_bits(bits):
    return struct.unpack(">d", struct.pack(">Q", bits))[0]


def random_double(rng):
    """One of the kinds of doubles that there are, the finite ones."""
    kind = rng.randrange(10)
    if kind == 0:
        return rng.random()
    if kind == 1:
        return rng.randrange(10**15) / 1e9
    if kind == 2:
        return float(rng.randrange(-(10**rng.randrange(1, 23)), 10 ** rng.randrange(1, 23)))
    if kind == 3:
        return rng.lognormvariate(0, 3)
    if kind == 4:
        return round(rng.uniform(-1e6, 1e6), rng.randrange(12))
    if kind == 5:
        return from_bits(rng.randrange(1, 1 << rng.randrange(1, 53)))  # subnormal
    if kind == 6:
        return math.ldexp(1.0, rng.randrange(-1074, 1024))  # interval not symmetric
    if kind == 7:
        return float(f"{rng.randrange(1, 10 ** rng.randrange(1, 17))}e{rng.randrange(-20, 20)}")
    while True:
        value = from_bits(rng.getrandbits(64))
        if math.isfinite(value):
            return value


def neighbours(value):
    return [math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf)]


def edges():
    values = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2.0**53, 2.0**63, 2.0**64, 9.5e-5]
    values += [1.0 / 3, 1e15 / 1e9, (1e15 - 1) / 1e9, 5e-9, 99999e-9, 100000e-9]
    for exponent in range(-30, 31):
        values += neighbours(float(f"1e{exponent}")) + [float(f"9.999999999999999e{exponent}")]
    for exponent in (-6, -5, -4, -3, 14, 15, 16, 17, 22, 23):
        values += [float(f"{digits}e{exponent}") for digits in ("1", "1.5", "1.234567890123456", "9.99")]
    return [value for value in values if math.isfinite(value)]


def test_doubles_print_as_python_prints_them():
    rng = random.Random(SEED)
    values = edges() + [random_double(rng) for _ in range(RANDOM_DOUBLES)]
    values += [-value for value in values[:5000]]
    answers = run_tool("format", [bits_of(value) for value in values])
    wrong = [(repr(value), answer) for value, answer in zip(values, answers) if repr(value) != answer]
    assert wrong == []


def test_what_is_not_finite_prints_as_null():
    assert run_tool("format", ["7ff8000000000000", "fff8000000000001", "7ff0000000000000", "fff0000000000000"]) == [
        "null"
    ] * 4


def test_doubles_read_as_python_reads_them():
    rng = random.Random(SEED + 1)
    texts = []
    for _ in range(RANDOM_DOUBLES // 2):
        value = random_double(rng)
        texts += [repr(value), f"{value:.{rng.randrange(25)}e}"]
    wrong = [
        (text, answer)
        for text, answer in zip(texts, run_tool("parse", texts))
        if answer != ("none" if math.isinf(float(text)) else bits_of(float(text)))
    ]
    assert wrong == []


def halfway_texts(rng, count):
    """Decimals that lie exactly between two doubles, and a hair beside: where a sloppy reader rounds wrongly."""
    for _ in range(count):
        bits = rng.randrange(1, 0x7FE << 52)
        low, high = from_bits(bits), from_bits(bits + 1)
        if low < 1e-30 or low > 1e30:
            continue
        numerator = sum(x.as_integer_ratio()[0] * (2**200 // x.as_integer_ratio()[1]) for x in (low, high))
        digits = str(numerator * 5**201)  # (low + high) / 2 * 10**201, exactly
        for text in (digits, digits[:-1] + str(int(digits[-1]) - 1 if digits[-1] != "0" else 1), digits + "1"):
            yield text + f"e-{201 + len(text) - len(digits)}"


def test_decimals_between_two_doubles_are_rounded_rightly():
    texts = list(halfway_texts(random.Random(SEED + 2), 4000))
    assert len(texts) > 500
    answers = run_tool("parse", texts)
    assert [t for t, a in zip(texts, answers) if a != bits_of(float(t))] == []


JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")


def mutated_number(rng):
    text = list(repr(random_double(rng)))
    for _ in range(rng.randrange(3)):
        where = rng.randrange(len(text) + 1)
        text[where : where + rng.randrange(2)] = rng.choice("0123456789+-.eE xnN,")
    return "".join(text)


def test_only_json_numbers_are_numbers():
    rng = random.Random(SEED + 3)
    texts = [mutated_number(rng) for _ in range(50_000)]
    texts += ["0x10", "1_000", "inf", "NaN", "Infinity", "-", "01", "-01", "1.", ".5", "+1", "1e", "1e+", "٣", "1,5"]
    texts += ["1e400", "-1e400", "1e-400", "-1e-400", "0e999999999999", "1e99999999999999999999", "1" + "0" * 400]
    texts += ["0." + "0" * 400 + "1e401", "1" + "0" * 400 + "e-400", "0" + "." + "0" * 5000, "9" * 5000 + "e-4999"]
    texts += ["1e-99999999999999999999", "-0", "-0.0", "-0e5", "2.4703282292062327e-324", "2.4703282292062328e-324"]
    wrong = []
    for text, answer in zip(texts, run_tool("parse", texts)):
        is_number = JSON_NUMBER.match(text) and not math.isinf(float(text))
        if answer != (bits_of(float(text)) if is_number else "none"):
            wrong.append((text, answer))
    assert wrong == []


def test_integers():
    rng = random.Random(SEED + 4)
    values = [rng.randrange(-(1 << bits), 1 << bits) for bits in range(1, 66) for _ in range(200)]
    values += [sign * (10**power + near) for power in range(20) for near in (-1, 0, 1) for sign in (1, -1)]
    values += [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**40]
    expected = [str(value) if -(2**63) <= value < 2**63 else "none" for value in values]
    assert run_tool("int", [str(value) for value in values]) == expected
    assert run_tool("int", ["-0", "", "-", "+1", "01", "1.0", "1e3", " 1", "1 ", "0x1"]) == ["0"] + ["none"] * 9
