"""Simulated runs of `afmon generate --max-cost` against a server that keeps an account of its own.

    budget.py [--runs 1000] [--seed 0] [--folder DIR]

Each run has 1 to 4 processes with 64 conversations at a time in one run folder, which are killed (SIGKILL) at any time and
begun again. The server charges before it answers, as the most that the call may use or less, and then answers, refuses,
fails, forgets to say what was used, takes too long, or breaks the connection. docs/prices.md says what was counted. AFMON
names the command.
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import random
import shutil
import tempfile

AFMON = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))
MODEL = "priced"
PRICES = {MODEL: {"input": 0.15, "output": 0.6, "cached_input": 0.075}}
INPUT, OUTPUT, CACHED = 150_000, 600_000, 75_000  # the same, in picodollars a token
ADDED = 512  # tokens that a server may add: AFMON_TOKENS_ADDED
CONCURRENCY = 64
TIMEOUT_S = 0.4
STOPPED = 3
# What becomes of a request, and whether it is charged.
FATES = [("answer", True, 80), ("silent", True, 3), ("refuse", False, 5), ("overloaded", False, 3), ("fail", True, 3),
         ("late", True, 1), ("break", True, 3), ("break early", False, 2)]


class Account:
    """A loopback server of one run, and what it has charged."""

    def __init__(self, dice):
        self.dice = dice
        self.dear = dice.random() < 0.5  # calls use the most that they may
        self.charged = 0
        self.requests = 0

    def usage(self, body, length):
        share = 1 if self.dear else self.dice.random() * 0.3
        prompt = int((length + ADDED) * share)
        cached = int(prompt * self.dice.random()) if not self.dear else 0
        completion = int(body["max_tokens"] * (1 if self.dear else self.dice.random()))
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
                "prompt_tokens_details": {"cached_tokens": cached}}

    def charge(self, usage):
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        self.charged += ((usage["prompt_tokens"] - cached) * INPUT + cached * CACHED + usage["completion_tokens"] * OUTPUT)

    async def answer(self, raw, writer):
        fate, charged, _ = self.dice.choices(FATES, [weight for _, _, weight in FATES])[0]
        self.requests += 1
        usage = self.usage(json.loads(raw), len(raw))
        if fate == "break early":
            return False
        if charged:
            self.charge(usage)
        await asyncio.sleep(2 * TIMEOUT_S if fate == "late" else self.dice.random() * 0.02)
        if fate == "break":
            return False
        status = {"refuse": 429, "overloaded": 503, "fail": self.dice.choice([500, 502, 504])}.get(fate, 200)
        answer = {"error": {"message": fate}}
        if status == 200:
            answer = {"model": MODEL, "choices": [{"message": {"role": "assistant", "content": "Well."},
                                                   "finish_reason": "stop"}]}
            if fate != "silent":
                answer["usage"] = usage
        content = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nRetry-After: 0.01\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        return True

    async def serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            goes_on = True
            while goes_on:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
                goes_on = await self.answer(await reader.readexactly(length), writer)
        writer.close()


async def generate(folder, number, port, limit, dice, first):
    """Starts a process; one that comes later goes on with its data set, and mostly with the limit that the run has."""
    words = [AFMON, "generate", "conversations", "--base-url", f"http://127.0.0.1:{port}/v1", "--model", MODEL,
             "--log-dir", folder / "run", "--output", folder / f"{number}.jsonl", "--prices", folder / "prices.json",
             "--respondent-prompt", "You tell.", "--correspondent-prompt", "You ask.", "--max-tokens", dice.choice([16, 64, 200]),
             "--conversations", 100_000, "--concurrency", CONCURRENCY, "--max-turns", 2, "--max-retries", 3,
             "--timeout", f"{TIMEOUT_S}s", "--seed", number]
    if first or dice.random() < 0.3:
        words += ["--max-cost", f"{limit / 1e12:.12f}usd"]
    if (folder / f"{number}.jsonl").exists():
        words.append("--resume")
    with open(folder / "output.txt", "ab") as output:
        return await asyncio.create_subprocess_exec(*map(str, words), stdout=output, stderr=output)


async def keep_going(folder, number, port, limit, dice, kills, counts):
    """One process of the run, killed and begun again some times."""
    for again in range(kills + 1):
        process = await generate(folder, number, port, limit, dice, number == 0)
        if again == kills:
            assert await asyncio.wait_for(process.wait(), 60) == STOPPED, (folder / "output.txt").read_text()[-2000:]
            return
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 0.05 + dice.random() * 0.4)
        if process.returncode is None:
            process.kill()
            counts["killed"] += 1
            await process.wait()


async def budget_of(folder):
    process = await asyncio.create_subprocess_exec(AFMON, "show", "--json", str(folder / "run"), stdout=asyncio.subprocess.PIPE)
    text, _ = await process.communicate()
    return json.loads(text)["summary"]["cost"]["budget"]


def judge(account, limit, budget):
    """What is wrong; None: nothing."""
    held = round((budget["spent_usd"] + budget["uncertain_usd"]) * 1e12)
    if account.charged > limit:
        return f"{account.charged} picodollars were charged, and the limit is {limit}"
    if held > limit + 1:
        return f"the ledger has {held} picodollars, and the limit is {limit}"
    if account.charged > held + 1:
        return f"{account.charged} picodollars were charged, and the ledger has {held}"
    if budget["over_calls"] or budget["reserved_calls"] or not budget["stopped"]:
        return f"it does not add up: {budget}"
    return None


async def play(seed, folder, counts):
    dice = random.Random(seed)
    account = Account(random.Random(seed + 1))
    folder = pathlib.Path(folder) / str(seed)
    folder.mkdir()
    (folder / "prices.json").write_text(json.dumps(PRICES))
    server = await asyncio.start_server(account.serve, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    limit = dice.randrange(4_000_000_000, 60_000_000_000)
    processes = dice.randrange(1, 5)
    first = asyncio.ensure_future(keep_going(folder, 0, port, limit, dice, dice.randrange(0, 4), counts))
    while not (folder / "run" / "ledger").exists() and not first.done():
        await asyncio.sleep(0.002)
    others = [keep_going(folder, i, port, limit, dice, dice.randrange(0, 4), counts) for i in range(1, processes)]
    await asyncio.gather(first, *others)
    budget = await budget_of(folder)
    server.close()
    counts["runs"] += 1
    counts["processes"] += processes
    counts["requests"] += account.requests
    counts["share"] += account.charged / limit
    wrong = judge(account, limit, budget)
    if wrong is None:
        shutil.rmtree(folder)
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    counts = dict.fromkeys(["runs", "processes", "requests", "killed", "share"], 0)
    passed = 0
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for seed in range(arguments.seed, arguments.seed + arguments.runs):
            wrong = asyncio.run(play(seed, folder, counts))
            if wrong is not None:
                passed += 1
                print(f"seed {seed}: {wrong}", flush=True)
            if counts["runs"] % 50 == 0 or seed == arguments.seed + arguments.runs - 1:
                print(f"{passed} of {counts['runs']} runs are wrong; {counts['processes']} processes, {counts['killed']} kills, "
                      f"{counts['requests']} requests, {counts['share'] / counts['runs']:.1%} of the limit charged", flush=True)
    return 1 if passed else 0


if __name__ == "__main__":
    raise SystemExit(main())
