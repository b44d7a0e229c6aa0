"""The wheel: built as `pip wheel` builds it, installed into an empty environment without a compiler, and used."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ["AFMON_WHEEL_BUILD"])
TOOLS = pathlib.Path(sys.executable).parent  # Debian's meson makes no wheel of the limited API

USE = r"""
import json, pathlib, sys
import afmon

folder = pathlib.Path("run")
with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
    monitor.record_metric("answer", 42, {"question": "äö"})
    for i in range(20):
        monitor.track_generation(1.0 + i, i % 4 > 0, model_name="m", total_token_count=10, operation="answer_generation")
        monitor.track_evaluation(0.1, True, "judge", {"quality": i / 20})
    assert monitor.get_metrics("generation_time")["count"] == 20
assert json.loads((folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])["question"] == "äö"
run = afmon.open_run(folder)
assert run.info.sample_count == sum(len(run.samples(name)) for name in run.metrics) > 100
assert "arrow_array_stream" in repr(run.__arrow_c_stream__())
for format, name in {"json": "run.json", "csv": "run.csv", "excel": "run.xlsx", **PARQUET}.items():
    run.export(name, format)
assert len(afmon.visualize_metrics(folder)) == 6
assert afmon.report(folder, "report.html").stat().st_size > 10_000
assert [span.worst.name for span in afmon.check(folder)] == ["low_success_rate"]
assert afmon.summary(folder)["verdict"] == "degraded"
assert isinstance(afmon.check_rules(folder, "rules.yaml"), list)
# Everything that is opened when first used is used: nobody need listen where it sends.
with afmon.GenerationMonitor("sending", prometheus_listen="127.0.0.1:0", otlp="http://127.0.0.1:9"):
    pass
maps = {line.split()[-1] for line in pathlib.Path("/proc/self/maps").read_text().splitlines() if ".so" in line}
print(json.dumps({"file": afmon.__file__, "libraries": sorted(maps)}))
"""


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built into a folder that stays, so that only what has changed is compiled."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", f"-Cbuild-dir={BUILD}",
        "--outdir", folder, ROOT, env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"})
    (made,) = folder.iterdir()
    return made


def install(wheel, folder):
    """An empty environment with this wheel alone; its interpreter."""
    run(sys._base_executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python3"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
    return python


def use(python, folder):
    """Uses it where no compiler is found, and nothing of this checkout. What it printed."""
    have_parquet = '{"parquet": "run.parquet"}' if (ROOT / "subprojects" / "carquet" / "meson.build").exists() else "{}"
    shutil.copy(ROOT / "examples" / "rules.yaml", folder)
    environment = {"PATH": str(python.parent), "LANG": "C", "HOME": os.environ.get("HOME", "/")}
    said = run(python, "-I", "-c", USE.replace("PARQUET", have_parquet), cwd=folder, env=environment)
    return json.loads(said.splitlines()[-1])


def test_tag_and_content(wheel):
    assert re.fullmatch(r"afmon-[\d.]+-cp311-abi3-linux_\w+\.whl", wheel.name)
    everything = zipfile.ZipFile(wheel).namelist()
    assert sum(name.endswith(("/licenses/LICENSE", "/licenses/NOTICE")) for name in everything) == 2
    names = {name for name in everything if ".dist-info/" not in name}
    package = ROOT / "python" / "afmon"
    written = {f"afmon/{file.relative_to(package)}" for kind in ("*.py", "*.pyi", "py.typed") for file in package.rglob(kind)}
    companions = {"charts", "curl", "excel", "http", "json", "parquet", "proxy", "yaml"}
    if not (ROOT / "subprojects" / "carquet" / "meson.build").exists():
        companions.remove("parquet")
    assert names == written | {"afmon/_afmon.abi3.so", "afmon/bin/afmon", "afmon/lib/libafmon.so.0",
                               *(f"afmon/lib/afmon/{name}.so" for name in companions)}
    assert {"afmon/py.typed", "afmon/_afmon.pyi"} <= names


def test_used_without_a_compiler(wheel, tmp_path):
    told = use(install(wheel, tmp_path / "empty"), tmp_path)
    assert told["file"].startswith(str(tmp_path / "empty"))
    carried = str(tmp_path / "empty")
    assert all(library.startswith(carried) for library in told["libraries"] if "libafmon" in library)
    assert run(tmp_path / "empty" / "bin" / "afmon", "--version").startswith("afmon ")
    assert (tmp_path / "run.xlsx").exists()


def needed(wheel, folder):
    zipfile.ZipFile(wheel).extractall(folder)
    listed = run("objdump", "-p", *folder.glob("afmon/lib/afmon/*.so"))
    return set(re.findall(r"NEEDED +(\S+)", listed)) - {"libafmon.so.0"}


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not Debian")
def test_debian_packages_in_the_docs(wheel, tmp_path):
    """Those that a machine without a compiler needs: no fewer, and no more."""
    libraries = needed(wheel, tmp_path)
    owners = run("dpkg-query", "-S", *(f"*/{library}" for library in libraries))
    packages = {line.split(":")[0] for line in owners.splitlines() if not line.startswith("libc6")}
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    written = set(re.search(r"apt-get install((?: |\\\n|[\w.+-])+)\n", text)[1].replace("\\\n", " ").split())
    assert written == packages


def test_self_contained_one(wheel, tmp_path):
    """auditwheel puts the libraries into the wheel, all but those that every Linux with a desktop has."""
    run(TOOLS / "auditwheel", "repair", "--wheel-dir", tmp_path, wheel, env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"})
    (repaired,) = tmp_path.glob("*.whl")
    assert re.fullmatch(r"afmon-[\d.]+-cp311-abi3-manylinux_\d+_\d+_\w+\.whl", repaired.name)
    told = use(install(repaired, tmp_path / "empty"), tmp_path)
    carried = [library for library in told["libraries"] if "afmon.libs" in library]
    for name in ("libcairo", "libcurl", "libfontconfig", "libjansson", "libmicrohttpd", "libpango-1", "libxlsxwriter", "libyaml"):
        assert any(f"/{name}-" in library for library in carried), name


def test_versions_that_build_it():
    """pyproject.toml has those of tests/requirements.txt, which this test builds with."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    tested = (ROOT / "tests" / "requirements.txt").read_text(encoding="utf-8")
    assert all("==" in each for each in wanted)
    assert [each for each in wanted if not each.startswith("ninja") and f"{each} \\\n" not in tested] == []
