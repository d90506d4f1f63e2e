"""House rules that a reader would notice and a compiler would not.

Files stay small and lines of code short, nothing names a package registry or a path of one machine, and no unfinished
work is left marked in the text: what is open belongs into an issue.
"""

import pathlib
import re
import subprocess
import sys

MAX_LINES = 600
MAX_COLUMNS = 120
CODE = (".cpp", ".hpp", ".mjs", ".py", "meson.build")
NOT_WRITTEN_HERE = {"LICENSE", "tests/peers/package-lock.json"}

FORBIDDEN = {
    "a package registry's host": re.compile(
        r"\b(?:registry|deb|security|packages|mirror)\.[a-z0-9-]+\.(?:org|com|io|net)\b"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|home|root|tmp)/[\w.]"),
    "an unfinished-work marker": re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"),
}


def tracked_files(root: pathlib.Path) -> list[str]:
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def findings(root: pathlib.Path, name: str) -> list[str]:
    try:
        text = (root / name).read_text()
    except UnicodeDecodeError:
        return []  # a fuzzer's seed or a picture
    found = []
    lines = text.splitlines()
    if len(lines) > MAX_LINES and name not in NOT_WRITTEN_HERE:
        found.append(f"{name}: {len(lines)} lines; more than {MAX_LINES} is more than one purpose")
    for number, line in enumerate(lines, 1):
        if name.endswith(CODE) and len(line) > MAX_COLUMNS:
            found.append(f"{name}:{number}: {len(line)} columns; a line of code has at most {MAX_COLUMNS}")
        for what, pattern in FORBIDDEN.items():
            if name not in NOT_WRITTEN_HERE and pattern.search(line):
                found.append(f"{name}:{number}: {what}: {line.strip()}")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    names = tracked_files(root)
    found = [finding for name in names for finding in findings(root, name)]
    print("\n".join(found) or f"{len(names)} files, nothing to say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
