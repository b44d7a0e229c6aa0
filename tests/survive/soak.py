"""An hour of one monitor that nothing ends, and of a dashboard that follows it: do memory and descriptors stay where they
are, and is each acknowledged sample counted once in the end?

    soak.py --minutes 60 --folder DIR

Two streams, together about 2,000 samples a second, each carried on by a new thread every 1,000 calls. Prints memory and
descriptors of both processes each minute, and what was counted. AFMON and AFMON_RECORDER name what is run.
"""

import argparse
import os
import pathlib
import re
import tempfile
import time

import rounds


class Process:
    """What a process holds, from /proc."""

    def __init__(self, name, pid):
        self.name, self.pid = name, pid
        self.descriptors, self.memory_kib = [], []

    def look(self):
        self.descriptors.append(len(os.listdir(f"/proc/{self.pid}/fd")))
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        self.memory_kib.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]))

    def __str__(self):
        return f"{self.name} {self.memory_kib[-1] / 1024:.1f} MiB, {self.descriptors[-1]} descriptors"


def soak(folder, acks, seconds, every):
    """Looks at both processes each `every` seconds; returns these, and how many samples were acknowledged.

    The dashboard has a scraper and somebody who looks at the run.
    """
    recorder = rounds.start(folder, acks, 2, "a", "paced", "relay")
    try:
        with rounds.served(folder) as (server, url):
            looked_at = [Process("monitor", recorder.pid), Process("serve", server.pid)]
            began = time.monotonic()
            for tick in range(1, int(seconds / every) + 1):
                time.sleep(max(began + tick * every - time.monotonic(), 0))
                rounds.ask_served(url, "/metrics")
                rounds.ask_served(url, f"/api/v1/runs/{rounds.run_served(url)['id']}")
                for process in looked_at:
                    process.look()
                print(f"{tick * every:g} s: {sum(rounds.acknowledged(acks))} samples; "
                      f"{'; '.join(map(str, looked_at))}", flush=True)
            rounds.kill(recorder)
            rounds.recover(folder)
            total = rounds.check(folder, "a", rounds.acknowledged(acks))
            there = rounds.once(rounds.recorded(folder))
            rounds.wait_until_served(url, lambda run: run["samples"] == there)
    finally:
        if recorder.poll() is None:
            rounds.kill(recorder)
    return looked_at, total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as acks:
        looked_at, total = soak(arguments.folder / "run", pathlib.Path(acks) / "acks", arguments.minutes * 60, 60)
    for process in looked_at:
        half = len(process.memory_kib) // 2
        print(f"{process.name}: at most {max(process.memory_kib[:half]) / 1024:.1f} MiB and "
              f"{max(process.descriptors[:half])} descriptors in the first half, "
              f"{max(process.memory_kib[half:]) / 1024:.1f} MiB and {max(process.descriptors[half:])} in the second")
    print(f"{total} acknowledged samples, each in the file and counted by serve once")


if __name__ == "__main__":
    main()
