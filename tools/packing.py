"""What tools/wheels does with a wheel that auditwheel has filled: its tag, whose libraries are in it and under which
licences, the list of them (CycloneDX), and the tarball with the command."""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

# The extension is made of the limited API of this Python (python/afmon/meson.build); meson-python tags by the one that it runs.
PYTHON_TAG = "cp310"
ROOT = pathlib.Path(__file__).resolve().parent.parent


# ---- whose is what ----

class Package:
    """A Debian package: the names of the files that it brings, and under which licences."""

    def __init__(self, name, version, files, copyright_text):
        self.name, self.version, self.files, self.copyright = name, version, files, copyright_text


def binary_package(path):
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as unpacking:
        with tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive:
            files, text = set(), ""
            for member in archive:
                files.add(member.name.rsplit("/", 1)[-1])
                if member.isfile() and re.fullmatch(r"\./usr/share/doc/[^/]+/copyright", member.name):
                    text = archive.extractfile(member).read().decode("utf-8", "replace")
    name, version = subprocess.run(["dpkg-deb", "--showformat", "${Package} ${Version}", "--show", path], check=True,
                                   stdout=subprocess.PIPE, text=True).stdout.split()
    return Package(name, version, files, text)


def source_package(name, folder):
    (description,) = folder.glob("*.dsc")
    (licences,) = folder.glob("*/debian/copyright")
    library = name if name.startswith("lib") else f"lib{name}"
    return Package(name, description.stem.split("_", 1)[1], {library}, licences.read_text(encoding="utf-8"))


def packages(archives, sources):
    """Debian's packages that the libraries may be of: those that were built from source first."""
    return [*(source_package(name, folder) for name, folder in sources.items()),
            *(binary_package(path) for path in sorted(archives.glob("*.deb")))]


def carried(folder, known):
    """The packages of the libraries in the folder afmon.libs, and of the fonts."""
    names = [re.sub(r"-[0-9a-f]{8}(?=\.)", "", path.name, count=1) for path in sorted((folder / "afmon.libs").iterdir())]
    found = []
    for name in [*names, "DejaVuSans.ttf"]:
        owner = next((one for one in known if name in one.files or name.split(".so")[0] in one.files), None)
        if owner is None:
            raise RuntimeError(f"{name} is of no package that was asked for")
        if owner not in found:
            found.append(owner)
    return sorted(found, key=lambda one: one.name)


def bill_of_materials(version, inside):
    """As CycloneDX has it."""
    components = [{"type": "library", "name": one.name, "version": one.version, "purl": f"pkg:deb/debian/{one.name}@{one.version}"}
                  for one in inside]
    for line in (ROOT / "tools" / "pins.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(("carquet ", "uplot ")):
            _, registry, name, number, *_ = line.split()
            components.append({"type": "library", "name": name, "version": number, "purl": f"pkg:{registry}/{name}@{number}"})
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
                       "metadata": {"component": {"type": "application", "name": "afmon", "version": version}},
                       "components": components}, indent=1) + "\n"


# ---- the wheel and the tarball ----

def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = pathlib.Path(archive.extract(member, folder))
            if not member.is_dir():
                path.chmod(0o755 if member.external_attr >> 16 & 0o111 else 0o644)


def pack(folder, info, path):
    """Writes the folder as a wheel, with the digest of each file, and the same bytes from the same files."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != info / "RECORD")
    lines = []
    for file in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
        lines.append(f"{file.relative_to(folder)},sha256={digest},{file.stat().st_size}")
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,"]) + "\n", encoding="utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in [*files, info / "RECORD"]:
            member = zipfile.ZipInfo(str(file.relative_to(folder)), (1980, 1, 1, 0, 0, 0))
            member.external_attr = (0o100755 if os.access(file, os.X_OK) and file.stat().st_mode & 0o111 else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, file.read_bytes())


def write_tarball(folder, info, path):
    """The command with what it needs, in one folder that may lie anywhere: unpack and run."""
    name = path.name.removesuffix(".tar.xz")

    def owned_by_nobody(member):
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(path, "w:xz", preset=6) as archive:
        def add(source, target):
            archive.add(source, f"{name}/{target}", filter=owned_by_nobody)

        for part in ("bin", "lib"):
            add(folder / "afmon" / part, f"lib/afmon/{part}")
        add(folder / "afmon.libs", "lib/afmon.libs")
        add(info / "licenses", "share/doc/afmon/licenses")
        add(info / "sboms", "share/doc/afmon/sboms")
        for page in sorted((ROOT / "man").glob("*.1")):
            add(page, f"share/man/man1/{page.name}")
        link = tarfile.TarInfo(f"{name}/bin/afmon")
        link.type, link.linkname = tarfile.SYMTYPE, "../lib/afmon/bin/afmon"
        archive.addfile(link)


def finish(repaired, known, target):
    """Adds what is to be told, and writes wheel and tarball into the target folder. Their paths."""
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        unpack(repaired, folder)
        (info,) = folder.glob("*.dist-info")
        name, version, tag, *rest = repaired.name.split("-")
        about = (info / "WHEEL").read_text(encoding="utf-8")
        (info / "WHEEL").write_text(about.replace(f"Tag: {tag}-", f"Tag: {PYTHON_TAG}-"), encoding="utf-8")
        inside = carried(folder, known)
        for one in inside:
            (info / "licenses" / "carried").mkdir(parents=True, exist_ok=True)
            (info / "licenses" / "carried" / f"{one.name}.txt").write_text(one.copyright, encoding="utf-8")
        shutil.rmtree(info / "sboms", ignore_errors=True)
        (info / "sboms").mkdir()
        (info / "sboms" / "afmon.cdx.json").write_text(bill_of_materials(version, inside), encoding="utf-8")
        machine = re.search(r"manylinux_\d+_\d+_(\w+)\.whl$", repaired.name)[1]
        wheel = target / "-".join([name, version, PYTHON_TAG, *rest])
        tarball = target / f"afmon-{version}-linux-{machine}.tar.xz"
        pack(folder, info, wheel)
        write_tarball(folder, info, tarball)
        shutil.copyfile(info / "sboms" / "afmon.cdx.json", target / f"afmon-{version}-linux-{machine}.cdx.json")
    return wheel, tarball


def write_checksums(folder):
    """In the form that `sha256sum --check` reads."""
    files = sorted(file for file in folder.iterdir() if file.name != "SHA256SUMS")
    (folder / "SHA256SUMS").write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files),
                                       encoding="utf-8")
