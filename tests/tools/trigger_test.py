"""`sluice trigger` as people call it: templates, and scripts tried without a gateway.

Runs the program named by $SLUICE; speaks TAP.
"""

import os
import sys
import tempfile
import unittest

import tap
from program import sluice


class Trigger(unittest.TestCase):
    """Templates, and scripts tried without a gateway."""

    # What each asks for, and what must come of it: arguments, and lines that are said.
    TRIED = {
        "acknowledge-with-credits": [
            (["--answers", '[{"changed": 1}]'], ["UPDATE SmppServerUsers", "verdict +goes on"]),
            (["--answers", '[{"changed": 0}]'], ["rejected with ESME_RSUBMITFAIL: no credits left"]),
            (["--answers", '[{"error": "away"}]'], ["rejected with ESME_RSYSERR"])],
        "apply-receipt": [([], ["verdict +goes on"])],
        "assemble-multipart": [([], ["verdict +goes on"])],
        "auto-reply": [(["--field", "text=help"], ["sends +12345 to 447700900123"])],
        "bind-check": [([], ["verdict +goes on"])],
        "database-query": [
            (["--field", "text=Dear %NAME%", "--answers", '[{"rows": [{"name": "Ann"}]}]'],
             ['changed +text = "Dear Ann"']),
            ([], ["warning +no name for"])],
        "empty": [([], ["verdict +goes on"])],
        "forward": [([], ["verdict +goes on"])],
        "forward-receipt": [([], ["verdict +goes on"])],
        "http-query": [
            (["--answers", '[{"status": 403}]'], ["http +GET http://", "rejected with ESME_RINVDSTADR: not allowed"]),
            (["--answers", '[{"status": 200}]'], ["verdict +goes on"])],
        "retry-and-failover": [([], ["verdict +goes on"])],
        "route-back-by-number": [
            (["--answers", '[{"rows": [{"SystemID": "Test1"}]}]'], ['changed +account = "Test1"']),
            (["--answers", '[{"rows": []}]'], ["verdict +goes on"])],
    }

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-trigger-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def script(self, text):
        file = os.path.join(self.folder, "script.lua")
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        return file

    def test_every_template_is_written_and_runs(self):
        listed = sluice("trigger", "list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        names = [line.split()[0] for line in listed.stdout.splitlines()]
        self.assertEqual(names, sorted(self.TRIED))
        for name, trials in self.TRIED.items():
            file = os.path.join(self.folder, name + ".lua")
            made = sluice("trigger", "new", name, "-o", file)
            self.assertEqual(made.returncode, 0, made.stderr)
            for arguments, wanted in trials:
                with self.subTest(name, arguments=arguments):
                    done = sluice("trigger", "test", file, *arguments)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    for line in wanted:
                        self.assertRegex(done.stdout, line)
                    self.assertRegex(done.stdout, r"(?m)^instructions +\d+$")

    def test_a_template_is_printed_or_written_once(self):
        printed = sluice("trigger", "new", "empty")
        self.assertIn("function on_", printed.stdout)
        file = os.path.join(self.folder, "empty.lua")
        self.assertEqual(sluice("trigger", "new", "empty", "-o", file).returncode, 0)
        again = sluice("trigger", "new", "auto-reply", "-o", file)
        self.assertEqual(again.returncode, 1)
        self.assertIn("exists already", again.stderr)
        with open(file, encoding="utf-8") as written:
            self.assertEqual(written.read(), printed.stdout)
        self.assertEqual(sluice("trigger", "new", "auto-reply", "-o", file, "--force").returncode, 0)
        unknown = sluice("trigger", "new", "nothing")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("sluice trigger list", unknown.stderr)

    def test_an_error_has_its_line_and_an_exit_code(self):
        for text, said in (("function on_submit(m)\n  error('oops')\nend", "script.lua:2: oops"),
                           ("function on_submit(m)\n  while true do end\nend", "script.lua:2: .*too many instructions"),
                           ("function on_submit(m)\n  m.nonsense = 1\nend", "script.lua:2: .*nonsense"),
                           ("function on_submit(m)\n", "script.lua:"), ("x = 1", "no function|--event")):
            with self.subTest(text):
                done = sluice("trigger", "test", self.script(text))
                self.assertIn(done.returncode, (1, 2))
                self.assertRegex(done.stdout + done.stderr, said)
        self.assertEqual(sluice("trigger", "test", "no-such-file.lua").returncode, 1)

    def test_what_is_wrong_is_said(self):
        script = self.script("function on_submit(m) sql.query('d', 'x') end function on_bind(b) end")
        for arguments in ([], ["--event", "nonsense"], ["--event", "route"],
                          ["--event", "submit", "--field", "nonsense=1"], ["--event", "submit", "--field", "text"],
                          ["--event", "submit", "--field", "esm_class=many"],
                          ["--event", "submit", "--message", "[]"], ["--event", "submit", "--message", "{"],
                          ["--event", "submit", "--answers", "{}"], ["--event", "submit", "--answers", "[1]"],
                          ["--event", "submit", "--answers", '[{"rows": [1]}]'],
                          ["--event", "submit", "--answers", '[{"status": "ok"}]'],
                          ["--event", "submit", "--answers", '[{"nonsense": 1}]']):
            with self.subTest(arguments):
                done = sluice("trigger", "test", script, *arguments)
                self.assertIn(done.returncode, (1, 2), done.stdout)
                self.assertNotEqual(done.stderr, "")

    def test_rows_by_their_columns(self):
        script = self.script("function on_submit(m) local r = sql.query('d', 'x') "
                             "m.text = r[2].a .. r[2].b .. tostring(r[1].b) end")
        done = sluice("trigger", "test", script, "--answers", '[{"rows": [{"a": 1}, {"b": 0.5, "a": "x"}]}]')
        self.assertIn('text = "x0.5nil"', done.stdout, done.stderr)


if __name__ == "__main__":
    tap.run(sys.modules[__name__])
