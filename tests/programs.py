"""Prints what ninja must build for the tests of some suites.

usage: programs.py BUILD-FOLDER SUITE...
"""

import json
import os
import pathlib
import sys


def main() -> int:
    build, suites = pathlib.Path(sys.argv[1]).resolve(), set(sys.argv[2:])

    def told(what: str) -> list[dict]:
        return json.loads((build / f"meson-info/intro-{what}.json").read_text())

    needed = {target for test in told("tests") if suites & {suite.split(":")[-1] for suite in test["suite"]}
              for target in test["depends"]}
    files = {file for target in told("targets") if target["id"] in needed for file in target["filename"]}
    print("\n".join(sorted(os.path.relpath(file, build) for file in files)))
    return 0 if files else 1


if __name__ == "__main__":
    sys.exit(main())
