"""What tools/wheels made, in bare Debian systems: wheel and tarball need the C library, and Python, and nothing else."""
import json
import pathlib
import re
import subprocess
import urllib.request
import zipfile

import pytest
from conftest import ROOT, made, unpacked
from receivers import make_certificate, receivers

MACHINE = "x86_64"
IMPORT_MAX = 0.9  # times what these take alone, which hardly a package does without
SIZE_MAX = 14_000_000

RECORD = """
import pathlib, json
import afmon
with afmon.GenerationMonitor("run", metrics_interval=0) as monitor:
    for i in range(20):
        monitor.track_generation(1.0 + i / 3, i % 4 > 0, model_name="m", total_token_count=10, operation="answer_generation")
        monitor.track_evaluation(0.1, True, "judge", {"quality": i / 20})
    assert monitor.get_metrics("generation_time")["count"] == 20
print(json.dumps(sorted({line.split()[-1] for line in pathlib.Path("/proc/self/maps").read_text().splitlines() if ".so" in line})))
"""
USE = """
import afmon
run = afmon.open_run("run")
for format, name in {"json": "run.json", "csv": "run.csv", "excel": "run.xlsx", "parquet": "run.parquet"}.items():
    run.export(name, format)
assert len(afmon.visualize_metrics("run", "charts")) == 6
assert afmon.report("run", "report.html").stat().st_size > 10_000
assert afmon.summary("run")["verdict"] == "degraded"
assert isinstance(afmon.check_rules("run", "rules.yaml"), list)
"""
# Shortest texts of doubles, and exact reading of them, are the C++ library's, which the wheel brings.
NUMBERS = """
import json, random, struct
import afmon
values = [struct.unpack("<d", random.Random(n).randbytes(8))[0] for n in range(20000)]
values = [value for value in values if value - value == 0]
with afmon.GenerationMonitor("numbers", metrics_interval=0) as monitor:
    for value in values:
        monitor.record_metric("any", value)
lines = open("numbers/metrics.jsonl").read().splitlines()
texts = [line.split('"value": ')[1].split(",")[0] for line in lines]
assert [float(text) for text in texts] == values
assert all(len(text) <= len(repr(value)) + 4 for text, value in zip(texts, values))
assert [sample["value"] for sample in afmon.open_run("numbers").samples("any")] == values
"""
IMPORT = """
import time
begin = time.process_time()
import MODULES
print(time.process_time() - begin)
"""


@pytest.fixture(scope="module")
def python(bare):
    """An environment of its own with the wheel alone, as a user makes it."""
    if "bullseye" in str(bare.folder):
        pytest.skip("Debian 11 has Python 3.9")
    wheel = made(f"*_{MACHINE}.whl")
    bare.put(wheel)
    bare.put(ROOT / "examples" / "rules.yaml")
    bare.run("python3", "-m", "venv", "env")
    bare.run("env/bin/pip", "install", "--quiet", "--no-index", wheel.name)
    return "env/bin/python3"


@pytest.fixture(scope="module")
def afmon(bare):
    """The command of the tarball, unpacked."""
    return unpacked(bare, MACHINE)


def test_wheel():
    wheel = made(f"*_{MACHINE}.whl")
    assert re.fullmatch(r"afmon-[\d.]+-cp310-abi3-manylinux_2_31_\w+\.whl", wheel.name)
    assert wheel.stat().st_size <= SIZE_MAX
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (bill,) = [name for name in names if name.endswith("/sboms/afmon.cdx.json")]
        listed = {part["name"] for part in json.loads(archive.read(bill))["components"]}
    assert {"libcairo2", "curl", "libssl1.1", "fonts-dejavu-core", "carquet", "uplot"} <= listed
    for library in listed - {"carquet", "uplot"}:
        assert any(name.endswith(f"/licenses/carried/{library}.txt") for name in names), library


def test_no_compiler(bare):
    output, _ = bare.run("sh", "-c", "command -v cc gcc clang c++ || echo none; id -u")
    assert output.split() == ["none", "1000"]


def test_record_loads_the_c_library_alone(bare, python):
    output, errors = bare.run(python, "-c", RECORD)
    assert errors == ""
    loaded = {name.rsplit("/", 1)[-1] for name in json.loads(output)}
    ours = {name for name in loaded if "afmon" in name}
    assert len(ours) == 2 and not [name for name in json.loads(output) if "afmon.libs" in name]


def test_everything(bare, python):
    bare.run(python, "-c", RECORD)
    _, errors = bare.run(python, "-c", USE)
    assert errors == ""
    sizes = {path.name: path.stat().st_size for path in bare.home.glob("run.*")}
    assert sizes["run.json"] > 1000 and sizes["run.xlsx"] > 1000 and sizes["run.parquet"] > 1000


def test_numbers(bare, python):
    bare.run(python, "-c", NUMBERS)


def test_import_is_quick(bare, python):
    def taken(modules):
        return min(float(bare.run(python, "-c", IMPORT.replace("MODULES", modules))[0]) for _ in range(20))

    ours, theirs = taken("afmon"), taken("dataclasses, datetime, json, pathlib, typing")
    print(f"import afmon: {ours * 1000:.1f} ms of the processor, of that the standard library {theirs * 1000:.1f} ms")
    assert ours <= IMPORT_MAX * theirs


def test_command_of_the_wheel(bare, python):
    version = subprocess.run([ROOT / "tools" / "version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for command in (["env/bin/afmon"], [python, "-m", "afmon"]):
        output, _ = bare.run(*command, "--version")
        assert output == f"afmon {version}"


def test_demo(bare, afmon):
    output, errors = bare.run(afmon, "demo", "--conversations", "200", "--duration", "3", "--log-dir", "demo")
    assert "(9 charts)" in output, (output, errors)
    for name, format in (("a.json", "json"), ("a.csv", "csv"), ("a.xlsx", "excel"), ("a.parquet", "parquet")):
        bare.run(afmon, "export", "demo", "--format", format, "--output", name)
    output, errors = bare.run(afmon, "show", "demo")
    assert "generation_time" in output and errors == ""
    output, errors = bare.run(afmon, "watch", "demo", "--once")
    assert "sim-large" in output and errors == ""


def test_charts_have_letters(bare, afmon):
    """The system has no font: the one that was brought has to be there, or a title would be empty boxes."""
    assert not list((bare.folder / "usr" / "share" / "fonts").rglob("*.ttf"))
    bare.run(afmon, "demo", "--conversations", "50", "--duration", "1", "--log-dir", "letters")
    _, errors = bare.run(afmon, "plot", "letters", "--format", "pdf", "--save-dir", "pictures")
    assert errors == "time_to_first_token: not drawn: no samples for time_to_first_token\n"
    assert b"DejaVu" in next((bare.home / "pictures").glob("*.pdf")).read_bytes()


def test_serve(bare, afmon):
    bare.run(afmon, "demo", "--conversations", "50", "--duration", "1", "--log-dir", "served/demo")
    with bare.start(afmon, "serve", "served", "--listen", "127.0.0.1:0") as server:
        try:
            address = ""
            while "http://" not in address:
                address = server.stdout.readline()
                assert address, server.stderr.read()
            url = re.search(r"http://\S+:\d+", address)[0]
            with urllib.request.urlopen(url + "/", timeout=30) as page:
                assert b"uPlot" in page.read() or page.status == 200
            with urllib.request.urlopen(url + "/api/v1/runs", timeout=30) as runs:
                assert "demo" in runs.read().decode()
        finally:
            server.kill()


PLACES = ["etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt"]


@pytest.fixture
def trusted(bare, place):
    """The system's only file of certificates, in this place; what the system had is there again afterwards."""
    kept = {path: path.read_bytes() for path in (bare.folder / one for one in PLACES) if path.exists()}
    for path in kept:
        path.unlink()
    made_here = bare.folder / place
    made_here.parent.mkdir(parents=True, exist_ok=True)
    made_here.write_text("")
    yield made_here
    made_here.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize("place", PLACES)
def test_certificates_of_the_system(bare, afmon, tmp_path, trusted):
    """TLS is the tarball's; whom to trust the system says, in Debian's place or in Fedora's."""
    certificate, key = make_certificate(tmp_path)
    ask = [afmon, "generate", "conversations", "--simulate", "--conversations", "5", "--respondent-prompt", "x", "--log-dir"]
    with receivers() as make:
        receiver = make(certificate=(certificate, key))
        bare.run(*ask, f"distrusting/{trusted.name}", "--output", f"{trusted.name}.a", "--otlp", receiver.url)
        assert receiver.taken() == []
        trusted.write_bytes(pathlib.Path(certificate).read_bytes())
        bare.run(*ask, f"trusting/{trusted.name}", "--output", f"{trusted.name}.b", "--otlp", receiver.url)
        assert receiver.taken() != []
