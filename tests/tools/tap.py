"""Test results as meson reads them."""

import sys
import unittest


class Tap(unittest.TestResult):
    """A line a test, as meson reads them."""

    def startTestRun(self):
        super().startTestRun()
        self.number = 0

    def line(self, word, test, directive=""):
        self.number += 1
        print(f"{word} {self.number} - {type(test).__name__}.{test._testMethodName}{directive}", flush=True)

    def addSuccess(self, test):
        self.line("ok", test)

    def addSkip(self, test, reason):
        self.line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.line("not ok", test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print(f"# {line}")

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is None:
            return
        self.line("not ok", test, f" {subtest._subDescription()}")
        for line in self._exc_info_to_string(error, subtest).splitlines():
            print(f"# {line}")


def run(module):
    """Runs the module's tests, or those named on the command line, and ends the program."""
    loader = unittest.defaultTestLoader
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    result = Tap()
    result.startTestRun()
    suite.run(result)
    print(f"1..{result.number}")
    sys.exit(0 if result.wasSuccessful() else 1)
