#!/usr/bin/env python3
"""How long a browser takes to show a run of 10 million samples, from the start of `afmon serve` to its first charts.

    build-python/bin/python3 bench/bench_paint.py BUILD [FOLDER [SAMPLES]]

BUILD was made with -Dbench=true: its bench_serve writes the run. Chromium is up and has nothing open when the command
starts; a chart counts when it is in the page and the picture after it has been drawn. Medians of five, in turns with a
run of 1,000 samples, whose time is the browser's and the page's.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
ROUNDS = 5
SMALL = 1000
MUST_MS = 1500
PATIENCE_S = 60
PAINTED = """async () => {
  while (!document.querySelector(".uplot canvas")) await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}"""


def first_run(address):
    """The run's place in the page: as soon as the server lists it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{address}/api/v1/runs", timeout=PATIENCE_S) as answer:
            runs = json.load(answer)["runs"]
        if runs:
            return f"{address}/#/run/{runs[0]['id']}"
        time.sleep(0.005)
    raise SystemExit("bench_paint: no run is listed")


def paint_ms(browser, command, folder):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto("about:blank")
    began = time.perf_counter()
    with subprocess.Popen([command, "serve", folder, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            if "127.0.0.1:" not in line:
                raise SystemExit("bench_paint: the server does not start")
            page.goto(first_run(line.split()[2].rstrip("/")))
            page.evaluate(PAINTED)
            return (time.perf_counter() - began) * 1000
        finally:
            server.terminate()
            page.close()


def measure(build, folder, samples):
    runs = {samples: folder / "large", SMALL: folder / "small"}
    for count, place in runs.items():
        subprocess.run([build / "bench" / "bench_serve", "--write", place, str(count)], check=True)
    took = {count: [] for count in runs}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        paint_ms(browser, build / "cli" / "afmon", runs[SMALL])  # the browser's own first page
        for _ in range(ROUNDS):
            for count, place in runs.items():
                took[count].append(paint_ms(browser, build / "cli" / "afmon", place))
        browser.close()
    large, small = (statistics.median(took[count]) for count in (samples, SMALL))
    print(f"{'from the start to the first charts, 1,000 samples':<48} {small:10.1f} ms")
    print(f"{f'the same of a run of {samples:,} samples':<48} {large:10.1f} ms    {large / small:.2f} times, must hold: {MUST_MS:,} ms")


def main():
    if len(sys.argv) < 2:
        raise SystemExit("usage: bench_paint.py BUILD [FOLDER [SAMPLES]]")
    samples = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        measure(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder), samples)


if __name__ == "__main__":
    main()
