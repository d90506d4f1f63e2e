"""`sluice dump` as people call it: PDUs in hexadecimal, in files and in captures.

Runs the program named by $SLUICE; speaks TAP.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

import tap
from program import LIMIT, SLUICE, sluice


class Dump(unittest.TestCase):
    ENQUIRE_LINK = "00000010 00000015 00000000 00000001"

    def test_shows_pdus_of_hex(self):
        done = sluice("dump", stdin=self.ENQUIRE_LINK + "\n" + self.ENQUIRE_LINK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("enquire_link"), 2)
        self.assertIn("2 PDUs, 0 malformed", done.stdout)

    def test_marks_what_is_malformed(self):
        for text in ("00000011 00000004 00000000 00000001 ff", "00000004", "00000020 00000015 00000000 00000001"):
            with self.subTest(text):
                done = sluice("dump", stdin=text)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout, r"(?m)^!")
                self.assertIn("1 PDUs, 1 malformed", done.stdout)

    def test_names_tlvs_of_the_configuration(self):
        response = "00000017 80000004 00000000 00000001 14540003 323400"
        example = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "sluice.example.toml")
        self.assertIn("tlv 0x1454 - ", sluice("dump", stdin=response).stdout)
        done = sluice("dump", "--config", example, stdin=response)
        self.assertIn('tlv 0x1454 mccmnc "24"', done.stdout)
        self.assertEqual(sluice("dump", "--config", "no-such-file", stdin=response).returncode, 1)

    def test_passwords_are_hidden(self):
        bind = "0000001f 00000009 00000000 00000001 6100 736563726574 00 00 34 00 00 00"
        bind = bind.replace("0000001f", f"{len(bytes.fromhex(bind)):08x}")
        self.assertNotIn("secret", sluice("dump", stdin=bind).stdout)
        self.assertIn("secret", sluice("dump", "--passwords", stdin=bind).stdout)

    def test_masks_numbers_and_texts(self):
        number, text = b"447700900123", b"Hello"
        body = b"\0\1\1" + number + b"\0\1\1" + number + b"\0" + bytes(9) + bytes([len(text)]) + text
        pdu = f"{16 + len(body):08x} 00000004 00000000 00000001 {body.hex()}"
        whole = sluice("dump", stdin=pdu).stdout
        self.assertIn("447700900123", whole)
        self.assertIn("Hello", whole)
        done = sluice("dump", "--mask-numbers", "last4", "--mask-text", stdin=pdu)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('destination_addr: "********0123"', done.stdout)
        for hidden in ("4477", "Hello", "34343737", "48656c6c6f", "48 65 6c"):
            self.assertNotIn(hidden, done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "masks.toml")
            with open(config, "w") as file:
                file.write('[privacy]\nmask_numbers = "all"\n')
            done = sluice("dump", "--config", config, stdin=pdu)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('destination_addr: "************"', done.stdout)
            self.assertIn("Hello", done.stdout)
            self.assertIn("0123", sluice("dump", "--config", config, "--mask-numbers", "last4", stdin=pdu).stdout)
        self.assertEqual(sluice("dump", "--mask-numbers", "some", stdin=pdu).returncode, 2)

    def test_says_what_it_cannot_read(self):
        self.assertEqual(sluice("dump", stdin="hello").returncode, 1)
        done = sluice("dump", "no-such-file")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-such-file", done.stderr)

    def test_ends_quietly_when_nobody_reads_on(self):
        done = subprocess.run(["sh", "-c", f"{SLUICE} dump - | head -n 1"], input=self.ENQUIRE_LINK * 5000,
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.stderr, "")

    def test_captures(self):
        captures = sorted(glob.glob(os.path.join(os.environ.get("SLUICE_SHARED", ""), "captures", "*.pcap*")))
        if not captures:
            self.skipTest("no captures (SLUICE_SHARED)")
        for capture in captures:
            with self.subTest(os.path.basename(capture)):
                done = sluice("dump", capture)
                self.assertIn(done.returncode, (0, 1), done.stderr)
                pdus, malformed = map(int, re.search(r"(\d+) PDUs, (\d+) malformed\n$", done.stdout).groups())
                self.assertGreater(pdus, 5)
                self.assertLess(malformed, pdus / 2)
                self.assertEqual(done.returncode, 1 if malformed else 0)
                self.assertIn("bind_", done.stdout)
                with open(capture, "rb") as file:
                    piped = subprocess.run(["sh", "-c", f"cat | {SLUICE} dump -"], stdin=file, capture_output=True,
                                           text=True, timeout=LIMIT)
                self.assertEqual(piped.stdout, done.stdout)


if __name__ == "__main__":
    tap.run(sys.modules[__name__])
