"""A run that was killed, in a folder that may only be read: every reader sees what a recovery would make of it."""
import collections
import contextlib
import json
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import time

import pytest
from conftest import COMMAND
from served import serve

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


def recorded(folder):
    """Bytes that have gone through the rings."""
    return sum(struct.unpack_from("=Q", path.read_bytes(), 64)[0] for path in folder.glob(".afmon/*.ring"))


def kill_while_it_records(folder, size=50_000):
    """A demo that has recorded so much: some of it is in files, some in rings."""
    with subprocess.Popen([COMMAND, "demo", "--log-dir", folder, "--duration", "60"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 30
        while time.monotonic() < end and recorded(folder) < size:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)


def allow(folder, mode):
    subprocess.run(["chmod", "-R", mode, folder], check=True)


@contextlib.contextmanager
def by_modes(folder):
    allow(folder, "a+rX,a-w")
    try:
        yield folder, NOBODY
    finally:
        allow(folder, "u+w")


@contextlib.contextmanager
def by_mount(folder):
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    mount = folder.parent / "mounted"
    mount.mkdir()
    if subprocess.run(["mount", "--bind", folder, mount], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
        yield mount, []
    finally:
        subprocess.run(["umount", mount], check=True)


@pytest.fixture(params=[by_modes, by_mount])
def unwritable(request):
    """A folder with what makes it one that may only be read."""
    with tempfile.TemporaryDirectory() as place:  # others look into it: not below pytest's own folder
        os.chmod(place, 0o755)
        yield pathlib.Path(place) / "run", request.param


def call(prefix, *words):
    done = subprocess.run([*prefix, COMMAND, *map(str, words)], capture_output=True, text=True, cwd="/", check=False,
                          env={**os.environ, "TZ": "UTC"})
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def summary_in(text):
    """Its bytes."""
    begin = text.index('"summary":') + len('"summary":')
    begin += len(text[begin:]) - len(text[begin:].lstrip())
    _, end = json.JSONDecoder().raw_decode(text, begin)
    return text[begin:end]


def outcomes_in(summary):
    """How many items have each, where any has."""
    counts = collections.Counter()
    for kind in json.loads(summary)["items"]:
        counts.update({outcome: kind[outcome] for outcome in ("accepted", "rejected", "failed", "abandoned", "open")})
    return +counts


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def seen_by_serve(prefix, folder):
    with serve(folder, before=prefix) as served:
        run = served.the_run(folder.name)
        state = served.json("/api/v1/runs")["runs"][0]["state"]
        _, _, body = served.ask(f"/api/v1/runs/{run}")
        lines = served.json(f"/api/v1/runs/{run}/log?limit=1000&routine=yes")["lines"]
        return state, summary_in(body.decode()), len(lines)


# A run that had just begun, and one of which most is in files.
@pytest.mark.parametrize("size", [3_000, 100_000])
def test_every_reader_sees_the_run(unwritable, size):
    folder, without_writing = unwritable
    kill_while_it_records(folder, size=size)
    before = contents(folder)
    with without_writing(folder) as (place, prefix):
        seen = summary_in(call(prefix, "show", place, "--json"))
        watched = call(prefix, "watch", place, "--once", "--json")
        checked = call(prefix, "check", place, "--json")
        reported = call(prefix, "report", place, "--format", "json", "-o", "-")
        listed = call(prefix, "items", place, "--limit", "0", "--json").splitlines()
        exported = json.loads(call(prefix, "export", place, "--format", "json", "-o", "-"))
        state, served, lines = seen_by_serve(prefix, place)
        assert contents(place) == {place / path.relative_to(folder): data for path, data in before.items()}
    assert summary_in(watched) == seen and json.loads(watched)["state"] == "ended"
    assert summary_in(checked) == seen and summary_in(reported) == seen
    assert served == seen and state == "ended"
    assert collections.Counter(json.loads(line)["outcome"] for line in listed) == outcomes_in(seen)
    assert sum(map(len, exported.values())) == json.loads(seen)["samples"]
    after = json.loads(call([], "show", folder, "--json"))
    assert after["summary"] == json.loads(seen) and after["summary"]["samples"] > 0
    assert lines == min(sum(path.read_text().count("\n") for path in folder.glob("*.log")), 1000)
    assert not (folder / ".afmon").exists()


def test_a_dashboard_goes_on_where_the_run_is_recovered(unwritable):
    """What it has read of the rings stands in the files then, and does not count again."""
    folder, without_writing = unwritable
    kill_while_it_records(folder)
    with without_writing(folder) as (place, prefix), serve(place, before=prefix) as served:
        run = served.the_run(place.name)
        _, _, body = served.ask(f"/api/v1/runs/{run}")
        seen = summary_in(body.decode())
        allow(folder, "u+w")
        recovered = summary_in(call([], "show", folder, "--json"))
        assert json.loads(recovered) == json.loads(seen)
        time.sleep(2)
        _, _, body = served.ask(f"/api/v1/runs/{run}")
        assert summary_in(body.decode()) == seen


