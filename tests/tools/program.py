"""The program under test, as people call it: the one named by $SLUICE."""

import os
import subprocess

SLUICE = os.environ["SLUICE"]
LIMIT = 120  # seconds: against hanging, far above what a slow machine needs


def sluice(*arguments, stdin=""):
    return subprocess.run([SLUICE, *arguments], input=stdin, capture_output=True, text=True, timeout=LIMIT)
