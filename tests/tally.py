"""Adds up what a run of tools/test left in its reports folder and prints the closing line.

usage: tally.py FOLDER [BROKEN-STAGE...]

FOLDER holds STAGE.junit.xml files and, for stages run by meson, its STAGE.json with one line a test program. A stage
named as broken counts at least one failure, also when it left no report: it did not build, say.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree

MESON_FAILURES = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}


def count(stage_file: pathlib.Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) test cases of one stage."""
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(stage_file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    # A program that meson had to end leaves no failing case behind.
    programs = stage_file.with_name(stage_file.name.replace(".junit.xml", ".json"))
    if programs.exists():
        bad = sum(json.loads(line)["result"] in MESON_FAILURES for line in programs.read_text().splitlines())
        failed = max(failed, bad)
    return passed, failed, skipped


def main() -> int:
    folder, broken = pathlib.Path(sys.argv[1]), sys.argv[2:]
    stages = {file.name.removesuffix(".junit.xml"): count(file) for file in sorted(folder.glob("*.junit.xml"))}
    for stage in broken:
        passed, failed, skipped = stages.get(stage, (0, 0, 0))
        stages[stage] = (passed, max(failed, 1), skipped)
    passed, failed, skipped = (sum(column) for column in zip(*stages.values())) if stages else (0, 0, 0)
    for stage, (good, bad, left_out) in stages.items():
        print(f"   {stage}: {good} good, {bad} bad, {left_out} left out")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
