"""The dashboard in Chromium: it lives, it can be used by everybody, and nothing that a run holds is executed."""
import json
import pathlib
import time

import pytest
from playwright.sync_api import expect, sync_playwright

from conftest import Run
from served import serve

AXE = pathlib.Path(__file__).resolve().parents[2] / "subprojects" / "axe-core" / "axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>"
WAIT_MS = 30_000


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def fill(run, count=30):
    for i in range(count):
        for name, value in (("success_rate", float(i % 5 > 0)), ("error_rate", float(i % 5 == 0)), ("generation_time", i / 7 + 0.1),
                            ("prompt_token_count", 20.0), ("cost_usd", 0.0125), (f"evaluation_score_{HOSTILE}", 0.7)):
            run.add(name, value, at=i, operation=HOSTILE, model_name=HOSTILE)
    run.add_text('2026-11-23 09:00:00,001 - {"message": "' + HOSTILE + '", "x": "<script>alert(2)</script>", "level": "error"}\n',
                 "afterimage.log")


def open_page(browser, address, **options):
    page = browser.new_page(**options)
    page.trouble = []
    page.on("dialog", lambda dialog: (page.trouble.append("dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(("http://127.0.0.1:", "data:")) else page.trouble.append(request.url))
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    return page


def check(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert not page.trouble


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_use_it(browser, tmp_path, theme, width):
    fill(Run(tmp_path / HOSTILE))
    fill(Run(tmp_path / "other"))
    with serve(tmp_path) as served:
        ids = [served.the_run(HOSTILE), served.the_run("other")]
        for place in ("", f"#/run/{ids[0]}", f"#/compare/{ids[0]}/{ids[1]}"):
            page = open_page(browser, f"{served.url}/{place}", color_scheme=theme, viewport={"width": width, "height": 844})
            page.get_by_text(HOSTILE).first.wait_for()
            if place:
                page.locator(".uplot canvas").nth(4).wait_for()
            check(page)
            page.close()


def test_it_lives_and_comes_back(browser, tmp_path):
    run = Run(tmp_path / "run")
    with serve(tmp_path) as served:
        port = served.port
        page = open_page(browser, served.url)
        page.get_by_text("Connected", exact=True).wait_for()
        fill(run, 10)
        page.get_by_role("link", name="run").click()
        generations = page.locator(".fact", has_text="Calls").locator("dd").first
        expect(generations).to_have_text("10", timeout=WAIT_MS)
        fill(run, 5)
        expect(generations).to_have_text("15", timeout=WAIT_MS)
    page.get_by_text("Reconnecting").wait_for()
    fill(run, 1)
    with serve(tmp_path, port=port):
        page.get_by_text("Connected", exact=True).wait_for()
        expect(generations).to_have_text("16", timeout=WAIT_MS)
        assert not page.trouble
        page.close()


def test_runs_appear_by_themselves(browser, tmp_path):
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.get_by_text("There is no run yet").wait_for()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / ".afmon").mkdir()
        row = page.locator(".runs tbody tr", has_text="new")
        expect(row).to_contain_text("waiting", timeout=WAIT_MS)
        expect(row).to_contain_text("No data")
        row.get_by_role("link").click()
        page.get_by_text("no samples yet").wait_for()
        fill(Run(tmp_path / "new"), 10)
        expect(page.locator(".fact", has_text="Calls").locator("dd").first).to_have_text("10", timeout=WAIT_MS)
        page.locator(".uplot canvas").nth(3).wait_for()
        check(page)


def test_runs_are_called_and_searched(browser, tmp_path):
    for name in ("one", "two"):
        run = Run(tmp_path / name)
        fill(run, 5)
        run.add_text('2026-11-23 09:00:00,000 - {"message": "Run record", "session": "00000000000000aa", "name": "' + name + HOSTILE
                     + '", "note": "note ' + HOSTILE + '", "tags": {"side": "' + name + HOSTILE + '"}, "level": "info"}\n', "afterimage.log")
    with serve(tmp_path) as served:
        ids = [served.the_run(name) for name in ("one", "two")]
        page = open_page(browser, served.url)
        rows = page.locator(".runs tbody tr")
        expect(rows).to_have_count(2, timeout=WAIT_MS)
        page.get_by_label("Search runs by name, tag or note").fill("SIDE=two")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(f"two{HOSTILE} twoside=two{HOSTILE}")
        check(page)
        page.goto(f"{served.url}/#/run/{ids[0]}")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"one{HOSTILE}", timeout=WAIT_MS)
        expect(page.locator(".called")).to_have_text(f"oneside=one{HOSTILE}note {HOSTILE}")
        check(page)


def loading(served, name):
    """What the server sends of a run of which a third is read yet."""
    run = {**served.json(f"/api/v1/runs/{served.the_run(name)}"), "loaded": 0.34, "plan": {"planned": 90, "done": 30, "per_s": 2.0, "eta_s": 30.0}}
    return lambda route: route.fulfill(content_type="text/event-stream", body=f"retry: 100000\nevent: run\ndata: {json.dumps(run)}\n\n")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_not_read_yet_is_said(browser, tmp_path, theme, width):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, served.url, color_scheme=theme, viewport={"width": width, "height": 844})
        page.route("**/stream", loading(served, "run"))
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_text("Loading: 34% of the run has been read, its newest part first.").wait_for()
        expect(page.get_by_role("progressbar", name="Part of the run")).to_have_js_property("value", 0.34)
        page.get_by_text("30 of 90 (33.3%)").wait_for()
        page.locator(".uplot canvas").nth(3).wait_for()
        check(page)


def test_a_build_without_charts_says_so(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.route("**/uPlot.iife.min.js", lambda route: route.fulfill(status=404))
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_text("This build of afmon has no charts: run tools/fetch uplot").wait_for()
        page.get_by_role("heading", name="Operations").wait_for()
        check(page)


def test_the_report_opens(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}")
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Report").click()
        popup.value.get_by_text("Written by afmon").wait_for()
        assert not page.trouble


def test_the_log_is_searched(browser, tmp_path):
    run = Run(tmp_path / "run")
    fill(run)
    for i in range(3):
        run.add_text(f'2026-11-23 09:00:0{i},500 - {{"message": "Generation metrics", "data": {{"success": true, "n": {i}}}, "level": "info"}}\n', "afterimage-2.log")
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}")
        log = page.get_by_label("Log lines, the latest first").locator("li")
        expect(log).to_have_count(1)
        expect(log).to_contain_text("<script>alert(2)</script>")
        page.get_by_label("also what went well").check()
        expect(log).to_have_count(4)
        assert page.locator(".log .message").all_text_contents() == ["Generation metrics", "Generation metrics", "Generation metrics", HOSTILE]
        page.get_by_label("also what went well").uncheck()
        page.get_by_label("Text").fill("ALERT(2)")
        page.keyboard.press("Enter")
        page.get_by_text("1 lines").wait_for()
        check(page)


# The page keeps its charts to itself; the test looks over the shoulder of the library.
PLOTS = """(() => {
  let made = null;
  window.plots = [];
  const keep = { construct(target, words) { const plot = new target(...words); window.plots.push(plot); return plot; } };
  Object.defineProperty(window, "uPlot", { get: () => made, set: (real) => { made = new Proxy(real, keep); } });
})();"""


def test_two_runs_in_figures(browser, tmp_path):
    fill(Run(tmp_path / "one"), 10)
    fill(Run(tmp_path / "two"), 20)
    Run(tmp_path / "two").add("success_rate", 0.0, at=20)
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.get_by_label("Compare one").check()
        page.get_by_label("Compare two").check()
        page.get_by_role("button", name="Compare two runs").click()

        def row(name):
            return page.locator(".figures tr", has=page.get_by_role("rowheader", name=name, exact=True))

        expect(row("Calls")).to_contain_text("1021+110.0%", timeout=WAIT_MS)
        expect(row("Calls failed")).to_contain_text("20.0%23.8%+3.8 points")
        check(page)


def wait_until(page, condition, argument=None, seconds=60):
    """As page.wait_for_function, which evaluates a text from within the page from its second look on: ours forbids that."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(100)


def test_runs_are_drawn_over_each_other(browser, tmp_path):
    """On one axis, from the start of each."""
    for name, seconds, tokens, begin in (("quick", 0.5, 10_000.0, 0), ("slow", 40.0, 10_001.0, 5000), ("third", 1.0, 10_000.0, 90_000)):
        for i in range(30):
            Run(tmp_path / name).add("generation_time", seconds, at=begin + i)
            Run(tmp_path / name).add("success_rate", 1.0, at=begin + i)
            Run(tmp_path / name).add("prompt_token_count", tokens, at=begin + i)
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.add_init_script(PLOTS)
        ids = [served.the_run(name) for name in ("quick", "slow", "third")]
        page.goto(f"{served.url}/#/compare/{'/'.join(ids)}")
        latency = page.locator("figure", has_text="Generation time: p50")
        expect(latency.locator(".legend")).to_contain_text("quick 500 ms" "slow 40.0 s" "third 1.00 s")
        found = page.evaluate("""() => window.plots.filter((p) => p.root.isConnected && p.series[2].label === "slow" && p.scales.y.distr === 3)
            .map((p) => [p.scales.y.min, p.scales.y.max, p.data[0][0], p.data[0].at(-1)])""")
        low, high, first, last = found[0]
        assert low < 0.5 and 40 < high < 60 and first < 1 and 28 < last < 31
        expect(page.locator(".figures tr", has_text="Call latency p50")).to_contain_text("500 ms40.0 s1.00 s")
        page.goto(f"{served.url}/#/compare/{ids[0]}/{ids[1]}")
        expect(page.locator(".figures tr", has_text="Prompt tokens")).to_contain_text("about the same")
        check(page)


def plot_of(key):
    """The library's chart of a figure."""
    return f"""window.plots.findLast((p) => p.root.isConnected && p.root.closest("[data-chart={key}]"))"""


def brush(page, key, begin, end):
    """Draws over a part of a chart, from one share of its width to another."""
    over = page.locator(f"[data-chart={key}] .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.mouse.move(box["x"] + begin * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 60, steps=4)
    page.mouse.up()


def long_run(tmp_path):
    """Two hours with a gap, an hour in which calls fail, and a call that is alone in the gap."""
    run = Run(tmp_path / "run")
    for i in range(0, 7200, 10):
        if 3000 < i < 3600 and i != 3300:
            continue
        bad = i % 50 == 0 and i > 3600
        for name, value in (("success_rate", float(not bad)), ("error_rate", float(bad)), ("generation_time", 0.5 + i % 70)):
            run.add(name, value, at=i, model_name="m")
    return run


def test_one_time_axis(browser, tmp_path):
    """A brush zooms all charts, stays while the run goes on, is in the address, and can be taken back."""
    run = long_run(tmp_path)
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.add_init_script(PLOTS)
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.locator("[data-chart=heat] canvas").wait_for()
        page.locator("[data-chart=evaluation]").wait_for(state="detached")
        whole = page.evaluate(f"({plot_of('latency')}).scales.x")
        assert not page.get_by_role("button", name="Back to the time before").is_visible()
        brush(page, "rates", 0.25, 0.5)
        wait_until(page, f"({plot_of('throughput')}).scales.x.max < {whole['max'] - 600}")
        assert "from=" in page.url and "to=" in page.url
        zoomed = page.evaluate(f"[({plot_of('latency')}).scales.x, ({plot_of('rates')}).scales.x]")
        assert zoomed[0] == zoomed[1]
        wait_until(page, f"({plot_of('heat')}).scales.x.max === {zoomed[0]['max']}")
        wait_until(page, f"({plot_of('rates')}).data[0].length < 121 && ({plot_of('rates')}).data[0][1] - ({plot_of('rates')}).data[0][0] < 30")  # finer pieces
        run.add("success_rate", 1.0, at=7300)
        expect(page.locator(".fact", has_text="Calls").locator("dd").first).to_have_text("662", timeout=WAIT_MS)
        assert page.evaluate(f"({plot_of('latency')}).scales.x") == zoomed[0]
        address = page.url
        other = open_page(browser, address)
        expect(other.locator(".range")).to_have_text(page.locator(".range").inner_text(), timeout=WAIT_MS)
        other.close()
        brush(page, "latency", 0.4, 0.6)
        wait_until(page, f"({plot_of('latency')}).scales.x.min > {zoomed[0]['min']}")
        page.get_by_role("button", name="Back to the time before").click()
        wait_until(page, f"({plot_of('latency')}).scales.x.min === {zoomed[0]['min']}")
        assert page.url == address
        page.get_by_role("button", name="Later").click()
        wait_until(page, f"({plot_of('latency')}).scales.x.min > {zoomed[0]['min']}")
        page.get_by_label("Whole run").check()
        wait_until(page, f"({plot_of('latency')}).scales.x.min === {whole['min']}")
        page.locator("[data-chart=rates] .u-over").hover()
        expect(page.locator("[data-chart=latency] .at")).not_to_be_empty()  # the cursor is in all charts
        check(page)


def test_charts_hide_nothing(browser, tmp_path):
    long_run(tmp_path)
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.add_init_script(PLOTS)
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.locator("[data-chart=latency] canvas").wait_for()
        wait_until(page, f"({plot_of('latency')})?.data[0].length > 100")
        gaps = page.evaluate(f"({plot_of('latency')}).data[1].filter((x) => x === null).length")
        alone = page.evaluate(f"(({plot_of('latency')}).series[1].points.filter(({plot_of('latency')}), 1)).length")
        assert gaps > 5 and alone >= 1  # the gap is open, and the call in it is seen
        assert page.evaluate(f"({plot_of('rates')}).scales.y.max") < 0.9  # a few percent fill the axis
        assert page.evaluate(f"({plot_of('latency')}).scales.y.distr") == 3
        summary = served.json(f"/api/v1/runs/{served.the_run()}")["summary"]
        latency = summary["calls"]["latency_s"]  # all of them are calls
        assert f"p99 {latency['p99']:.1f} s" in page.locator("[data-chart=latency] .legend").inner_text()  # of the whole period
        rows = page.locator("section", has=page.get_by_role("heading", name="Alerts", exact=True)).locator("tbody tr")
        names = [alert["name"] for alert in summary["alerts"]]
        assert names and rows.count() == len(set(names)) < len(names)
        unfold = page.get_by_role("button", name="intervals: ").first
        unfold.click()
        expect(rows).to_have_count(len(set(names)) + names.count(unfold.get_attribute("aria-label").split(": ")[1]))
        page.get_by_role("button", name="in charts: interval 1 of").first.click()
        page.wait_for_url("**from=**")
        check(page)


def items_run(tmp_path):
    """Four conversations that tell of themselves: two were accepted, one was rejected, one failed; with the texts of what was made."""
    run = Run(tmp_path / "run")
    log = {"message": "Run record", "session": "00000000000000aa", "data_set": str(tmp_path / "run" / "made.jsonl"), "level": "info"}
    run.add_text(f"2026-11-23 09:00:00,000 - {json.dumps(log)}\n", "afterimage.log")
    for item, (outcome, why) in enumerate((("accepted", {}), ("accepted", {}), ("rejected", {"reason": HOSTILE}), ("failed", {"error_type": "RateLimitError"}))):
        named = {"operation": "ask", "model_name": "m", "item_id": item}
        bad = {"error": "Error code: 429 - slow down", "error_type": "RateLimitError", "status": 429} if outcome == "failed" else {}
        run.add("item_started", 1.0, at=100 * item, kind="conversation", item_id=item)
        for name, value in (("success_rate", float(not bad)), ("error_rate", float(bool(bad))), ("generation_time", 2.0), ("total_token_count", 70.0)):
            run.add(name, value, at=100 * item + 5, **named, **(bad if name == "error_rate" else {}))
        run.add("item_time", 8.0, at=100 * item + 8, kind="conversation", item_id=item, outcome=outcome, attempts=1, **why)
        made = {"id": item, "conversations": [{"from": "human", "value": f"question {item}"}, {"from": "gpt", "value": HOSTILE}]}
        run.add_text(json.dumps(made) + "\n", "made.jsonl")
    return run


def test_from_a_figure_to_what_is_behind_it(browser, tmp_path):
    items_run(tmp_path)
    with serve(tmp_path, "--texts") as served:
        run = served.the_run()
        page = open_page(browser, "about:blank")
        page.add_init_script(PLOTS)
        page.goto(f"{served.url}/#/run/{run}")
        rows = page.locator("section", has=page.get_by_role("heading", name="Items", exact=True)).locator("tbody tr")
        for figure, found in (("2 accepted conversations", ["conversation 1", "conversation 0"]), ("1 rejected conversations", ["conversation 2"]),
                              ("RateLimitError", ["conversation 3"]), ("ask", ["conversation 3", "conversation 2", "conversation 1", "conversation 0"])):
            page.get_by_role("link", name=figure).first.click()
            expect(rows).to_have_count(len(found), timeout=WAIT_MS)
            assert [row.locator("a").inner_text() for row in rows.all()] == found
            page.go_back()
        page.locator("[data-chart=rates] canvas").wait_for()
        page.locator("[data-chart=rates] .u-over").click(position={"x": 2, "y": 30})  # the piece of time in which a call failed
        expect(rows).to_have_count(1, timeout=WAIT_MS)
        expect(rows).to_contain_text("conversation 3")
        page.get_by_role("button", name="Any time").click()
        page.get_by_label("outcome").select_option("rejected")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(HOSTILE)
        check(page)
        page.get_by_role("link", name="conversation 2").click()
        expect(page.locator(".turns li")).to_have_text(["userquestion 2", f"assistant{HOSTILE}"], timeout=WAIT_MS)
        expect(page.locator(".calls li")).to_have_count(1)
        expect(page.locator(".calls li")).to_contain_text("2.00 s")
        expect(page.locator(".connection")).to_be_hidden()  # nothing is followed here
        check(page)


def test_an_item_streams_in(browser, tmp_path):
    run = items_run(tmp_path)
    with serve(tmp_path) as served:
        run.add("item_started", 1.0, at=900, kind="conversation", item_id="with/slash ?&#")
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}/items")
        page.get_by_role("link", name="with/slash").click()
        page.get_by_text("No call names it yet").wait_for()
        page.get_by_text("Its text is not there: afmon serve --texts shows it").wait_for()
        run.add("generation_time", 3.0, at=904, operation="ask", item_id="with/slash ?&#")
        run.add("success_rate", 1.0, at=904, operation="ask", item_id="with/slash ?&#")
        expect(page.locator(".calls li")).to_contain_text("3.00 s", timeout=WAIT_MS)
        check(page)


def test_failed_calls_are_errors_of_the_log(browser, tmp_path):
    run = Run(tmp_path / "run")
    fill(run)
    for i, good in enumerate((True, False)):
        record = {"message": "Generation metrics", "data": {"success": good, "error": None if good else "slow down"}, "level": "info"}
        run.add_text(f"2026-11-23 09:00:0{i + 2},500 - {json.dumps(record)}\n", "afterimage-2.log")
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}")
        log = page.get_by_label("Log lines, the latest first").locator("li")
        expect(log).to_have_count(2)
        page.get_by_label("Level", exact=True).select_option("error")
        expect(log).to_have_count(2)
        page.get_by_label("Text").fill("SLOW down")
        page.keyboard.press("Enter")
        page.get_by_text("1 lines").wait_for()
        expect(log).to_contain_text(["error"])
        assert not page.trouble


def metrics_run(tmp_path):
    run = Run(tmp_path / "run")
    for i in range(60):
        run.add("reward \u2713 " + HOSTILE, 100.0 if i % 2 else 1.0, at=i)
        run.add("queue_depth", float(i), at=i)
        run.add("conversation_length", 2.0, at=i)
        run.add("success_rate", 1.0, at=i)
    return run


def test_every_metric_can_be_explored(browser, tmp_path):
    metrics_run(tmp_path)
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.add_init_script(PLOTS)
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_role("link", name="Metrics").click()
        charts = page.locator("figure")
        page.locator("figure canvas").nth(3).wait_for()
        expect(charts).to_have_count(4)
        page.get_by_label("name").fill("REWARD")
        expect(charts).to_have_count(1)
        expect(charts).to_contain_text(HOSTILE)
        expect(charts.locator(".legend")).to_contain_text("mean 50.5")
        reward = """window.plots.findLast((p) => p.root.isConnected)"""
        raw = page.evaluate(f"Math.max(...{reward}.data[1].slice(5, 40))")
        page.get_by_label("smoothing").select_option("15")
        wait_until(page, f"{reward}?.series.length === 3 && Math.max(...{reward}.data[1].slice(60, 90)) < {raw} && Math.max(...{reward}.data[2].slice(60, 90)) === {raw}")
        page.get_by_label("aggregate").select_option("max")
        expect(charts.locator(".legend")).to_contain_text("max 100")
        page.get_by_label("log axis").check()
        wait_until(page, f"{reward}?.scales.y.distr === 3")
        address = page.url
        page.get_by_role("button", name="Pin").click()
        page.goto("about:blank")
        page.goto(address)  # all of it is in the address
        expect(charts.locator(".legend")).to_contain_text("max 100")
        page.get_by_label("name").fill("")
        expect(charts).to_have_count(4)
        expect(charts.first).to_contain_text("reward")  # what is pinned comes first
        page.get_by_role("button", name="Unpin").wait_for()
        page.locator("figure canvas").nth(3).wait_for()
        check(page)


def test_keys_lead_everywhere(browser, tmp_path):
    metrics_run(tmp_path)
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}")
        page.locator("[data-chart=rates] canvas").wait_for()
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys").wait_for()
        check(page)
        page.keyboard.press("Escape")
        for key, part in (("+", "**from=**"), ("0", "**/#/run/*"), ("gm", "**/metrics"), ("gi", "**/items"), ("go", "**/#/run/*"), ("gr", "**/#/")):
            for one in key:
                page.keyboard.press(one)
            page.wait_for_url(part)
        assert not page.trouble


def test_addresses_that_lead_nowhere(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        for address in ("#/run/0123456789abcdef", "#/nothing"):
            page = open_page(browser, f"{served.url}/{address}")
            page.get_by_role("heading", name="Not found").wait_for()
            check(page)
            page.close()
        page = open_page(browser, f"{served.url}/#/run/0123456789abcdef/items")
        page.get_by_text("There is no such run").wait_for()


def test_under_the_path_of_a_proxy(browser, tmp_path):
    (tmp_path / "token").write_text("correct-horse-battery")
    fill(Run(tmp_path / "run"))
    with serve(tmp_path, "--token-file", tmp_path / "token") as served:
        page = open_page(browser, "about:blank")
        outside = []
        page.on("request", lambda request: None if "/afmon/" in request.url else outside.append(request.url))
        page.route("**/afmon/**", lambda route: route.continue_(url=route.request.url.replace("/afmon/", "/")))
        page.goto(f"{served.url}/afmon/login")
        page.get_by_label("Token").fill("correct-horse-battery")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        outside.clear()  # the browser resolves the redirection by what it was changed into (tests/unit/test_http.c has it)
        page.goto(f"{served.url}/afmon/")
        page.get_by_role("link", name="run", exact=True).click()
        page.locator("[data-chart=heat] canvas").wait_for()
        assert outside == [] and not page.trouble


def test_the_table_of_runs(browser, tmp_path):
    """Sorted and filtered as the address says; rows that nothing happened to stay as they are."""
    for at, name in enumerate(("fast", "slow", "bad")):
        run = Run(tmp_path / name)
        for i in range(20):
            run.add("generation_time", {"fast": 0.5, "slow": 9.0, "bad": 2.0}[name], at=1000 * at + i)
            run.add("success_rate", 0.0 if name == "bad" else 1.0, at=1000 * at + i)
            run.add("evaluation_score_truth", 0.25 * (at + 1), at=1000 * at + i)
    with serve(tmp_path) as served:
        served.the_run("fast")
        page = open_page(browser, served.url)
        names = page.locator(".runs tbody th a")
        expect(names).to_have_text(["bad", "slow", "fast"])  # the latest first
        page.get_by_role("button", name="Call p50").click()
        expect(names).to_have_text(["fast", "bad", "slow"])
        page.get_by_role("button", name="Call p50").click()
        expect(names).to_have_text(["slow", "bad", "fast"])
        expect(page.locator(".runs tbody tr").first).to_contain_text("9.00 s–0.50")
        page.evaluate("document.querySelector('.runs tbody tr').dataset.mark = 'kept'")
        Run(tmp_path / "fast").add("success_rate", 1.0, at=30)
        expect(page.locator(".runs tbody tr").last).to_contain_text("21", timeout=WAIT_MS)
        assert page.locator(".runs tbody tr").first.get_attribute("data-mark") == "kept"
        page.get_by_label("Which runs").select_option("failed")
        expect(names).to_have_text(["bad"])
        other = open_page(browser, page.url)
        expect(other.locator(".runs tbody th a")).to_have_text(["bad"], timeout=WAIT_MS)
        check(page)


def test_what_a_run_cost(browser, tmp_path):
    run = Run(tmp_path / "run")
    run.add_text('2026-11-23 09:00:00,000 - {"message": "Run plan", "planned": 10, "done": 0, "kind": "row", "level": "info"}\n', "afterimage.log")
    for item in range(4):
        run.add("item_started", 1.0, at=item, kind="row", item_id=item)
        run.add("cost_usd", 0.25, at=item + 0.5, operation="ask", model_name="m", item_id=item)
        run.add("item_time", 0.5, at=item + 0.5, kind="row", item_id=item, outcome="accepted" if item else "failed", attempts=1)
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run('run')}")
        expect(page.locator(".fact", has_text="Cost")).to_contain_text("$1.00about $2.50 in all")
        table = page.locator("section", has=page.get_by_role("heading", name="Cost", exact=True))
        for row, cells in (("All priced calls", "$1.00"), ("At the end of the plan, about", "$2.50"), ("rows", "$1.00$0.750$0.250$0.333"), ("m", "$1.00")):
            expect(table.get_by_role("row", name=row).first).to_contain_text(cells)
        expect(page.locator("figure", has_text="Spent, in US dollars")).to_contain_text("spent $1.00")
        assert not page.trouble


def test_a_hidden_page_lets_go_of_its_stream(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.clock.install()
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_text("Connected", exact=True).wait_for()
        hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
        page.evaluate(hide, True)
        page.clock.run_for(11_000)
        page.get_by_text("Paused").wait_for()
        served.until("/api/v1/status", lambda status: status["streams"] == 0)
        page.evaluate(hide, False)
        page.get_by_text("Connected", exact=True).wait_for()


def go_to(page, wanted, key="Tab"):
    """Presses the key until the element has the focus."""
    wanted.first.wait_for()
    for _ in range(60):
        page.keyboard.press(key)
        if wanted.first.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def press(page, wanted, key, way="Tab"):
    go_to(page, wanted, way)
    page.keyboard.press(key)


def first_chart(page):
    return page.locator(".uplot canvas").first.evaluate("(canvas) => canvas.toDataURL()")


def test_the_keyboard_is_enough(browser, tmp_path):
    """Nothing but keys, from the list of runs to a line of the log."""
    for name in ("one", "two"):
        fill(Run(tmp_path / name))
        Run(tmp_path / name).add("success_rate", 1.0, at=1200)  # longer than ten minutes: there is a period to choose
    with serve(tmp_path) as served:
        served.the_run("one")
        served.the_run("two")
        page = open_page(browser, served.url)
        page.get_by_label("Compare two").wait_for()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for name in ("two", "one"):  # as the list has them: the latest first
            press(page, page.get_by_label(f"Compare {name}"), "Space")
            expect(page.get_by_label(f"Compare {name}")).to_be_checked()
        press(page, page.get_by_role("button", name="Compare two runs"), "Enter", "Shift+Tab")
        page.get_by_role("heading", name="Two runs side by side").wait_for()
        page.locator(".figures").get_by_text("Calls failed").wait_for()

        theme = page.get_by_role("button", name="Theme")
        press(page, theme, "Space", "Shift+Tab")
        expect(theme).to_have_text("Theme: light")
        page.keyboard.press("Enter")
        expect(theme).to_have_text("Theme: dark")

        press(page, page.get_by_role("link", name="Runs", exact=True), "Enter")
        press(page, page.get_by_role("link", name="one", exact=True), "Enter")
        page.get_by_role("heading", name="one", level=1).wait_for()
        go_to(page, page.get_by_label("Whole run"))
        page.locator(".uplot canvas").nth(3).wait_for()
        whole = first_chart(page)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_label("Last 5 minutes")).to_be_checked()
        wait_until(page, "(whole) => document.querySelector('.uplot canvas').toDataURL() !== whole", whole)
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_label("Whole run")).to_be_checked()

        level = page.get_by_label("Level", exact=True)
        press(page, level, "ArrowDown")
        expect(level).to_have_value("warning")
        go_to(page, page.get_by_label("Text"), "Shift+Tab")
        page.keyboard.type("nothing like it")
        page.keyboard.press("Enter")
        page.get_by_text("0 lines").wait_for()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("ALERT(2)")
        press(page, page.get_by_role("button", name="Search"), "Space")
        page.get_by_text("1 lines").wait_for()
        assert not page.trouble


def test_the_theme_is_kept(browser, tmp_path):
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.get_by_role("button", name="Theme").click()
        page.get_by_role("button", name="Theme").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_login(browser, tmp_path):
    (tmp_path / "token").write_text("correct-horse-battery")
    fill(Run(tmp_path / "run"))
    with serve(tmp_path, "--token-file", tmp_path / "token") as served:
        page = open_page(browser, served.url)
        expect(page.get_by_role("alert")).to_be_hidden()
        page.get_by_label("Token").fill("wrong-wrong-wrong-wrong")
        page.keyboard.press("Enter")
        page.wait_for_url("**/login#wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)
        page.get_by_label("Token").fill("correct-horse-battery")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="run").wait_for()
        page.goto(f"{served.url}/?token=correct-horse-battery")
        page.get_by_role("link", name="run").wait_for()
        assert "token" not in page.url
