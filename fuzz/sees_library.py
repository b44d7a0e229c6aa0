"""sees_library.py ARCHIVE: fails where the fuzzer does not see the code of an object in the library."""
import re
import subprocess
import sys



def main():
    text = subprocess.run(["nm", "-A", sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout
    objects, seen = set(), set()
    for line in text.splitlines():
        name = re.split(r":(?=[^:]*$)", line)[0]
        if re.search(r" [tT] (?!sancov|asan)", line):
            objects.add(name)
        if " __sanitizer_cov_" in line:
            seen.add(name)
    # src/lazy/ passes calls on to other libraries: there is nothing to reach in it
    blind = sorted(name for name in objects - seen if "_src_lazy_" not in name)
    print(f"{len(seen)} objects seen", *(f"not seen: {name}" for name in blind), sep="\n")
    return 1 if blind or len(seen) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
