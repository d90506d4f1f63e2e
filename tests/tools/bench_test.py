"""`sluice bench` as people meet it: that it accounts for every message, whatever the gateway does with them, and what
it says about mistakes. The gateway is a fake one that sins as told, or a real one.

Runs the program named by $SLUICE; speaks TAP.
"""

import collections
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

import tap

SLUICE = os.environ["SLUICE"]
HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 120  # seconds: against hanging, far above what a slow machine needs
COUNT = 200


def bench(*arguments):
    return subprocess.run([SLUICE, "bench", *arguments], capture_output=True, text=True, timeout=LIMIT)


def measured(*arguments):
    """The process and the JSON that it wrote."""
    with tempfile.TemporaryDirectory() as own:
        file = os.path.join(own, "result.json")
        done = bench("--json", file, "--dir", own, "--count", str(COUNT), "--warm-up", "0", "--patience", "1",
                     *arguments)
        if not os.path.exists(file):
            raise AssertionError(done.stdout + done.stderr)
        with open(file) as text:
            return done, json.load(text)


def faked(*sins, extra=()):
    """What the bench says of one session through the fake gateway: the process, and the only run's result."""
    command = " ".join([sys.executable, os.path.join(HERE, "fake_gateway.py"), *sins])
    done, result = measured("--target-command", command, "--sessions", "1", "--window", "10", *extra)
    return done, result["series"][0]["points"][0]["runs"][0]


class Accounting(unittest.TestCase):
    def assert_account(self, run, **expected):
        clean = {"sent": COUNT, "accepted": COUNT, "refused": 0, "unanswered": 0, "delivered": COUNT,
                 "receipted": COUNT, "lost": 0, "receipts_lost": 0, "duplicated": 0, "receipts_duplicated": 0,
                 "out_of_order": 0, "strangers": 0, "receipts_unknown": 0, "receipts_refused": 0,
                 "delivered_though_refused": 0}
        account = dict(run["account"])
        account.pop("refusals", None)
        self.assertEqual(account, clean | expected)

    def test_a_sound_gateway(self):
        done, run = faked()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_account(run)
        self.assertIn("nothing lost", done.stdout)
        self.assertNotIn("FAULT", done.stdout)
        self.assertNotIn("faults", run)

    def test_without_receipts(self):
        done, run = faked(extra=["--no-receipts"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_account(run, receipted=0)

    def test_every_kind_of_text_is_known_again(self):
        done, run = faked(extra=["--mix", "gsm7:1,latin1:1,ucs2:1,long:1", "--size", "24-160"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_account(run)

    def test_a_lost_message(self):
        done, run = faked("--lose", "7")
        self.assertEqual(done.returncode, 1)
        self.assert_account(run, lost=1, delivered=COUNT - 1, receipted=COUNT - 1)
        self.assertIn("1 messages LOST", done.stdout)

    def test_a_message_sent_twice(self):
        done, run = faked("--twice", "7")
        self.assertEqual(done.returncode, 1)
        # Its second receipt is one too many as well.
        self.assert_account(run, duplicated=1, receipts_duplicated=1)
        self.assertIn("1 deliveries DUPLICATED", done.stdout)

    def test_a_message_overtaken(self):
        done, run = faked("--swap", "7")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assert_account(run, out_of_order=1)
        self.assertIn("1 out of order", done.stdout)

    def test_a_refused_message(self):
        done, run = faked("--refuse", "7")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assert_account(run, accepted=COUNT - 1, refused=1, delivered=COUNT - 1, receipted=COUNT - 1)
        self.assertEqual(run["account"]["refusals"], {"ESME_RSUBMITFAIL": 1})

    def test_a_lost_receipt(self):
        done, run = faked("--lose-receipt", "7")
        self.assertEqual(done.returncode, 1)
        self.assert_account(run, receipts_lost=1, receipted=COUNT - 1)
        self.assertIn("1 receipts LOST", done.stdout)

    def test_a_receipt_sent_twice(self):
        done, run = faked("--receipt-twice", "7")
        self.assertEqual(done.returncode, 1)
        self.assert_account(run, receipts_duplicated=1)

    def test_a_receipt_with_a_wrong_id(self):
        done, run = faked("--wrong-receipt", "7")
        self.assertEqual(done.returncode, 1)
        self.assert_account(run, receipts_lost=1, receipts_unknown=1, receipted=COUNT - 1)

    def test_a_gateway_that_dies(self):
        done = bench("--target-command", f"{sys.executable} {HERE}/fake_gateway.py --crash 50", "--count", "100",
                     "--warm-up", "0", "--patience", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("gateway", done.stderr)


class RealRun(unittest.TestCase):
    def test_closed_loop_and_sweep(self):
        done, result = measured("--sweep", "window=1,20", "--runs", "2", "--sessions", "3", "--accounts", "2",
                                "--threads", "2", "--providers", "2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        points = result["series"][0]["points"]
        self.assertEqual([point["label"] for point in points], ["window=1", "window=20"])
        for point in points:
            self.assertEqual(len(point["runs"]), 2)
            for key in ("messages_per_second", "cpu_us", "response_p99_ms", "provider_p99_ms", "receipt_p99_ms",
                        "anonymous_mib", "written_bytes", "syncs_per_second", "generator_running"):
                spread = point["spread"][key]
                self.assertLessEqual(spread["least"], spread["median"])
                self.assertLessEqual(spread["median"], spread["most"])
            for run in point["runs"]:
                self.assertEqual(run["account"]["receipted"], COUNT)
                self.assertEqual(run["measured"]["messages"], COUNT)
                self.assertGreater(run["measured"]["syncs_per_second"], 0)
                self.assertGreater(run["measured"]["written_bytes"], 0)

    def test_open_loop_keeps_its_rate(self):
        done, result = measured("--rate", "1000", "--no-receipts")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        run = result["series"][0]["points"][0]["runs"][0]
        self.assertGreaterEqual(run["measured"]["seconds"], (COUNT - 1) / 1000)
        self.assertEqual(run["account"]["delivered"], COUNT)


class Page(html.parser.HTMLParser):
    """Counts elements, and whether each that is opened is closed."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.count, self.links = [], collections.Counter(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.count[tag] += 1
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.count[tag] += 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")


class Reports(unittest.TestCase):
    def test_html_and_markdown(self):
        with tempfile.TemporaryDirectory() as folder:
            page, tables = os.path.join(folder, "r.html"), os.path.join(folder, "r.md")
            done, result = measured("--sweep", "window=1,10,100", "--html", page, "--markdown", tables)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(page) as file:
                shown = file.read()
            parsed = Page(shown)
            self.assertEqual(parsed.open, [])
            self.assertEqual(parsed.links, [], "it opens without a network")
            self.assertEqual(parsed.count["section"], 1)
            self.assertEqual(parsed.count["svg"], 6)
            self.assertEqual(parsed.count["table"], 3)
            self.assertGreater(parsed.count["circle"], 6 * 3)
            with open(tables) as file:
                text = file.read()
            self.assertIn("| window=10 |", text)
            self.assertIn("nothing lost, nothing twice", text)
            self.assertRegex(text, r"sluice bench --json result.json --dir \S+ .* --html r.html --markdown r.md\n")
            pictures = re.findall(r"!\[[^]]+\]\((r-[^)]+\.svg)\)", text)
            self.assertEqual(len(pictures), 6)
            for name in pictures:
                picture = ElementTree.parse(os.path.join(folder, name))
                self.assertGreaterEqual(len(picture.findall(".//{http://www.w3.org/2000/svg}circle")), 3, name)
            for report in (shown, text, json.dumps(result)):
                self.assertNotIn(os.path.dirname(folder) + "/", report, "a path of this machine")


class Scenarios(unittest.TestCase):
    def test_life(self):
        done, result = measured("--scenario", "life", "--scenario", "forward")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([series["name"] for series in result["series"]], ["life", "forward"])
        for series, receipted in zip(result["series"], (COUNT, 0)):
            self.assertEqual(series["points"][0]["runs"][0]["account"]["receipted"], receipted)

    def test_durability_is_compared_with_enquire_link_and_the_disk(self):
        done, result = measured("--scenario", "durability")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        points = result["series"][0]["points"]
        self.assertEqual([point["label"] for point in points], ["gateway", "enquire_link", "disk alone"])
        for point in points[1:]:
            self.assertGreater(point["spread"]["response_p50_ms"]["median"], 0)
            self.assertNotIn("messages_per_second", point["spread"])
        self.assertEqual(len(result["series"][0]["notes"]), 2)

    def test_a_backlog_survives_a_kill(self):
        done, result = measured("--scenario", "backlog")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        points = result["series"][0]["points"]
        self.assertEqual([point["at"] for point in points], [COUNT // 10 * i for i in range(1, 11)])
        account = points[-1]["runs"][0]["account"]
        self.assertEqual((account["sent"], account["delivered"], account["lost"], account["duplicated"]),
                         (COUNT, COUNT, 0, 0))
        self.assertTrue(any("first delivery" in note for note in result["series"][0]["notes"]))


class Tune(unittest.TestCase):
    def test_recommends_and_applies(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "sluice.toml")
            with open(file, "w") as out:
                out.write("# ours\n[server]\nnode = 3\nshards = 64  # many\n")
            done = subprocess.run([SLUICE, "tune", "--runs", "3", "--seconds", "0.1", "--sessions", "4", "--window",
                                   "10", "--dir", folder, "--apply", file, "--html", os.path.join(folder, "t.html")],
                                  capture_output=True, text=True, timeout=4 * LIMIT)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for expected in ("Recommended", "[server]", "io = ", "shards = ", "window = "):
                self.assertIn(expected, done.stdout)
            shards = re.search(r"^shards = (\d+)$", done.stdout, re.MULTILINE).group(1)
            with open(file) as text:
                written = text.read()
            self.assertIn(f"shards = {shards}  # many\n", written)
            self.assertIn("# ours\n", written)
            self.assertIn("node = 3\n", written)
            self.assertEqual(subprocess.run([SLUICE, "check", file], capture_output=True).returncode, 0)
            with open(os.path.join(folder, "t.html")) as page:
                self.assertGreater(Page(page.read()).count["svg"], 2)

    def test_a_file_with_errors_is_refused_before_anything_is_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "sluice.toml")
            with open(file, "w") as out:
                out.write("[server]\nshards = \"many\"\n")
            done = subprocess.run([SLUICE, "tune", "--apply", file], capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(done.returncode, 3)
            self.assertIn("sluice.toml:2:", done.stderr)


class Mistakes(unittest.TestCase):
    def test_usage(self):
        for arguments, expected in [
            (["--window", "0"], "window"),
            (["--sweep", "windows=1"], "cannot be swept"),
            (["--sweep", "window"], "NAME=VALUE"),
            (["--sweep", "window=1,x"], "window is 1 to 65535"),
            (["--size", "5"], "at least 12"),
            (["--size", "20", "--mix", "ucs2"], "at least 24"),
            (["--size", "161"], "at most 160"),
            (["--mix", "klingon"], "none of gsm7"),
            (["--mix", "gsm7:0"], "share"),
            (["--threads", "2"], "--accounts"),
            (["--target", "127.0.0.1:1"], "--account"),
            (["--target", "127.0.0.1:1", "--account", "x"], "SYSTEM_ID:PASSWORD"),
            (["--target", "127.0.0.1:1", "--account", "x:y"], "--provider-port"),
            (["--target", "127.0.0.1:1", "--target-command", "x"], "--target"),
            (["--account", "x:y"], "--target"),
            (["--target-command", "x", "--providers", "2"], "--providers"),
            (["--settings", "no-such-file"], "no-such-file"),
            (["--scenario", "nonsense"], "scenario"),
        ]:
            with self.subTest(" ".join(arguments)):
                done = bench(*arguments)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(expected, done.stderr)

    def test_a_gateway_that_does_not_start(self):
        done = bench("--target-command", "echo something went wrong; false")
        self.assertEqual(done.returncode, 1)
        self.assertIn("something went wrong", done.stderr)

    def test_a_gateway_that_is_not_there(self):
        done = bench("--target", "127.0.0.1:1", "--account", "x:y", "--provider-port", "29999")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(re.search("cannot connect|refused", done.stderr), done.stderr)


if __name__ == "__main__":
    tap.run(sys.modules[__name__])
