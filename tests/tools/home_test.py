"""Whose mobile-originated messages are, changed by command while a gateway runs: what the store keeps of it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import tap
from program import LIMIT, SLUICE, sluice


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def until(what, condition):
    """The limit only ends a hang."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} never came")
        time.sleep(0.1)


class Home(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = os.path.join(self.folder.name, "sluice.toml")
        self.admin, self.port, mc = free_port(), free_port(), free_port()
        with open(self.file, "w") as out:
            out.write(f'[server]\nshards = 2\ndata_directory = "data"\n[admin]\nendpoint = "127.0.0.1:{self.admin}"\n'
                      f'[[listener]]\nendpoint = "127.0.0.1:{self.port}"\n[[provider]]\nname = "north"\n'
                      f'endpoints = ["127.0.0.1:{mc}"]\nsystem_id = "us"\n[[route]]\nvia = ["north"]\n')
        self.running = []
        self.start("mc", "--listen", f"127.0.0.1:{mc}", "--no-status", "--mo-rate", "20", "--mo-to", "12345",
                   "--mo-text", "WIN a car")
        for name in "shop", "games":
            self.kept("account", "add", name, "--password", stdin="secret\n")
        self.gateway = self.start("run", "--config", self.file, "--no-status")

    def tearDown(self):
        for process in reversed(self.running):
            self.stop(process)
        self.folder.cleanup()

    def start(self, *arguments):
        process = subprocess.Popen([SLUICE, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL)
        self.running.append(process)
        return process

    def stop(self, process):
        self.running.remove(process)
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def kept(self, *arguments, code=0, stdin=""):
        done = sluice(*arguments[:2], "--config", self.file, *arguments[2:], stdin=stdin)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def ctl(self, *arguments):
        return sluice("ctl", "--admin", f"127.0.0.1:{self.admin}", *arguments)

    def unowned(self):
        done = self.ctl("--json", "unowned")
        return json.loads(done.stdout)["count"] if done.returncode == 0 else None

    def owner(self, to, text=""):
        asked = self.ctl("--json", "route", "home", "--provider", "north", "--to", to, "--text", text)
        return json.loads(asked.stdout)["accounts"]

    def test_rules_and_numbers_change_while_sessions_and_messages_stay(self):
        until("a message of nobody", lambda: self.unowned())
        receiver = self.start("receive", "--host", f"127.0.0.1:{self.port}", "--system-id", "games",
                              "--password", "secret")
        shown = lambda: json.loads(self.ctl("--json", "sessions", "--account", "games").stdout)
        sessions = lambda: [each["id"] for each in shown()["sessions"]]
        until("the session", sessions)
        before = sessions()
        self.assertGreater(self.unowned(), 0, "it is bound and has no claim")

        said = self.kept("home", "add", "win", 'to=["12345"]', 'keywords=["WIN"]', 'accounts=["games"]')
        self.assertIn("the gateway knows", said)
        until("what was nobody's to go to its owner", lambda: self.unowned() == 0)
        self.assertEqual(sessions(), before)
        self.assertIsNone(receiver.poll())
        self.assertIn('keywords = ["WIN"]', self.kept("home", "list"))

        # Mistakes change nothing.
        self.assertIn("there is a home win already", self.kept("home", "add", "win", 'accounts=["games"]', code=1))
        for wrong in 'accounts=["nobody"]', 'to=["12345-123"]', "share=some", "nonsense=1":
            self.assertIn("nothing was changed", self.kept("home", "set", "win", wrong, code=1))
        self.assertIn("nothing was changed", self.kept("account", "remove", "games", code=1))
        self.assertEqual(self.owner("12345", "win"), ["games"])

        # Every form, several owners, and a default.
        self.kept("home", "add", "range", 'to=["447700900100-447700900199", "4477??001"]', 'accounts=["shop", "games"]')
        self.kept("home", "add", "rest", 'accounts=["shop"]')
        for number in "447700900150", "447799001":
            self.assertEqual(self.owner(number), ["shop", "games"])
        self.assertEqual(self.owner("447700900200"), ["shop"])
        self.kept("home", "remove", "rest")
        self.assertEqual(self.owner("447700900200"), [])

        # An account's own numbers.
        self.kept("account", "assign", "shop", "12346", "4670*")
        self.kept("account", "assign", "shop", "12347", "12346")
        self.assertIn("belongs to account", self.kept("account", "assign", "games", "12347", code=1))
        self.assertEqual([self.owner(number) for number in ("12346", "46701", "12347")], [["shop"]] * 3)
        self.kept("account", "release", "shop", "12346", "4670*")
        self.assertIn("none of its numbers", self.kept("account", "release", "shop", "12346", code=1))
        self.assertEqual([self.owner(number) for number in ("12346", "46701", "12347")], [[], [], ["shop"]])

        # Over a restart.
        self.stop(self.gateway)
        self.running.remove(receiver)
        receiver.wait(timeout=LIMIT)
        self.gateway = self.start("run", "--config", self.file, "--no-status")
        until("the gateway", lambda: self.unowned() is not None)
        self.assertEqual([self.owner("12345", "win"), self.owner("12347"), self.owner("447700900150")],
                         [["games"], ["shop"], ["shop", "games"]])
        self.kept("home", "remove", "win")
        until("messages that are nobody's again", lambda: self.unowned() > 0)
        self.kept("account", "release", "shop", "12347")
        self.assertEqual(self.owner("12347"), [])


if __name__ == "__main__":
    tap.run(sys.modules[__name__])
