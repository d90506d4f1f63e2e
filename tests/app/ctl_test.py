"""`sluice ctl` as people and scripts call it: against a gateway of its own, and against none."""

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SLUICE = sys.argv.pop(1)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([SLUICE, *arguments], capture_output=True, text=True, timeout=60)


class WithoutAGateway(unittest.TestCase):
    def test_nobody_answers(self):
        result = run("ctl", "--admin", f"127.0.0.1:{free_port()}", "status")
        self.assertEqual(result.returncode, 4)
        self.assertIn("no gateway answers at 127.0.0.1", result.stderr)
        self.assertIn(" run ", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_somebody_else_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            ctl = subprocess.Popen([SLUICE, "ctl", "--admin", f"127.0.0.1:{port}", "status"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
            connection, _ = other.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            connection.close()
            _, errors = ctl.communicate(timeout=60)
        self.assertEqual(ctl.returncode, 4)
        self.assertIn("is no gateway", errors)

    def test_wrong_usage(self):
        for arguments in (["ctl"], ["ctl", "nonsense"], ["ctl", "trace"], ["ctl", "kick"],
                          ["ctl", "receipts", "--limit", "0"],
                          ["ctl", "log-level", "a", "b", "c"], ["ctl", "route"], ["ctl", "route", "explain"],
                          ["ctl", "route", "explain", "--account", "demo"], ["ctl", "--admin", "nowhere", "status"],
                          ["ctl", "status", "more"]):
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertNotEqual(result.stderr, "")

    def test_help_has_examples(self):
        result = run("ctl", "--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("sluice ctl status", result.stdout)
        self.assertIn("Exit codes", result.stdout)


class GatewayCase(unittest.TestCase):
    """With a gateway, its built-in message centre behind it, for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sluice-ctl-")
        cls.admin = f"127.0.0.1:{free_port()}"
        cls.log = open(pathlib.Path(cls.folder.name) / "log", "w+")
        cls.gateway = subprocess.Popen(
            [SLUICE, "run", "--no-status", "--data", cls.folder.name + "/data", "--listen", "127.0.0.1:0",
             "--shards", "2", "--admin", cls.admin], stdout=subprocess.PIPE, stderr=cls.log, text=True)
        first = cls.gateway.stdout.readline()  # it says where it listens once it does
        cls.smpp = re.search(r"127\.0\.0\.1:\d+", first).group(0)
        cls.await_binds()

    @classmethod
    def await_binds(cls):
        """At the start, and after another test has kicked one."""
        deadline = time.monotonic() + 60
        status = None
        while not status or status.returncode != 0 or json.loads(status.stdout)["provider_binds"] < 2:
            assert time.monotonic() < deadline, status and status.stdout + status.stderr
            status = run("ctl", "--admin", cls.admin, "--json", "status")

    @classmethod
    def tearDownClass(cls):
        cls.gateway.send_signal(signal.SIGTERM)
        rest, _ = cls.gateway.communicate(timeout=60)
        cls.log.seek(0)
        log = cls.log.read()
        cls.log.close()
        cls.folder.cleanup()
        assert cls.gateway.returncode == 0, rest + log

    def ctl(self, *arguments: str, code: int = 0) -> str:
        """What it said, on either output."""
        result = run("ctl", "--admin", self.admin, *arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def json(self, *arguments: str) -> dict:
        return json.loads(self.ctl(*arguments, "--json"))

    def send(self) -> str:
        """Returns the message's id."""
        result = run("send", "--host", self.smpp, "--to", "+447700900123", "Hello")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return re.search(r"accepted, id (\w+)", result.stdout).group(1)


class WithAGateway(GatewayCase):
    def test_status(self):
        text = self.ctl("status")
        self.assertIn("healthy", text)
        self.assertIn(self.smpp, text)
        self.assertEqual(self.json("status")["shards"], 2)

    def test_lists(self):
        self.await_binds()
        self.assertIn("demo", self.ctl("accounts"))
        self.assertIn("2/2", self.ctl("providers"))
        sessions = self.ctl("sessions").splitlines()
        self.assertEqual(sessions[0].split()[:4], ["ID", "PEER", "ROLE", "NAME"])
        self.assertTrue(any("provider" in line for line in sessions[1:]))
        self.ctl("queues")
        self.assertIn("no triggers are configured", self.ctl("triggers"))
        self.assertIn("no receipt is without its message", self.ctl("receipts", "--limit", "5"))
        self.assertEqual(self.json("receipts")["quarantined"], 0)
        for name in ("accounts", "providers", "sessions", "queues", "receipts", "triggers"):
            self.assertIsInstance(self.json(name)[name], list)

    def test_trace(self):
        message = self.send()
        deadline = time.monotonic() + 60
        while "receipt" not in [event["event"] for event in self.json("trace", message)["events"]]:
            self.assertLess(time.monotonic(), deadline)
        text = self.ctl("trace", message)
        for event in ("accepted", "send", "response", "DELIVERED"):
            self.assertIn(event, text)
        self.assertEqual(self.json("trace", message)["id"], message)
        self.assertIn("nothing is known of it", self.ctl("trace", "935264711023099904", code=1))
        self.assertIn("no message id", self.ctl("trace", "!", code=1))

    def test_messages(self):
        message = self.send()
        lines = self.ctl("messages", "--to", "4477*", "--since", "1h").splitlines()
        self.assertEqual(lines[0].split()[:2], ["ACCEPTED", "ID"])
        self.assertTrue(any(message in line for line in lines[1:]))
        self.assertEqual(self.json("messages", "--limit", "1")["messages"][0]["id"], message)
        self.assertIn("no message fits", self.ctl("messages", "--from", "Nobody"))
        self.assertIn("state is", self.ctl("messages", "--state", "lost", code=1))

    def test_kick_many(self):
        self.assertEqual(self.ctl("kick", "--account", "demo"), "0 sessions are unbinding\n")
        self.assertIn("whose session", self.ctl("kick", code=2))

    def test_route_explain(self):
        text = self.ctl("route", "explain", "--account", "demo", "--from", "Sluice", "--to", "+447700900123")
        self.assertIn("447700900123", text)
        self.assertIn("mc", text)
        self.assertIn("no account nobody", self.ctl("route", "explain", "--account", "nobody", "--to", "1", code=1))

    def test_route_home(self):
        text = self.ctl("route", "home", "--provider", "mc", "--to", "999", "--text", "Stop!")
        self.assertIn("to '999', keyword 'stop'", text)
        self.assertIn("it is nobody's", text)
        self.assertIn("no provider nowhere", self.ctl("route", "home", "--provider", "nowhere", "--to", "1", code=1))

    def test_refunds(self):
        self.assertIn("nothing is to be given back", self.ctl("refunds"))
        self.assertIn("nothing is to be given back to acme", self.ctl("write-off", "acme", code=1))

    def test_unowned(self):
        self.assertIn("every message has an owner", self.ctl("unowned"))

    def test_log_level(self):
        self.assertEqual(self.ctl("log-level", "debug"), "level debug\n")
        self.assertEqual(self.json("status")["log"]["level"], "debug")
        self.ctl("log-level", "gateway", "error")
        self.assertEqual(self.json("status")["log"]["subsystems"], {"gateway": "error"})
        self.assertEqual(self.ctl("log-level"), "level debug\n  gateway  error\n")
        self.ctl("log-level", "gateway", "default")
        for subsystem in ("sessions", "triggers", "storage", "databases", "history", "admin", "log"):
            self.ctl("log-level", subsystem, "warning")
            self.assertEqual(self.json("status")["log"]["subsystems"], {subsystem: "warning"})
            self.ctl("log-level", subsystem, "default")
        self.assertIn("nothing logs as", self.ctl("log-level", "kitchen", "info", code=1))
        self.ctl("log-level", "info")
        self.assertIn("loud", self.ctl("log-level", "loud", code=1))

    def test_kick(self):
        provider = next(s for s in self.json("sessions")["sessions"] if s["role"] == "provider")
        self.assertIn("unbinding", self.ctl("kick", provider["id"]))
        self.assertIn("no session", self.ctl("kick", "0.999999.1", code=1))

    def test_reload_without_a_file(self):
        self.assertIn("nothing to reload", self.ctl("reload", code=1))

    def test_metrics(self):
        self.assertIn("\nsluice_accepted_total{shard=\"1\"} ", self.ctl("metrics"))


class Killed(unittest.TestCase):
    """The history of a gateway that was killed, with a last write that was cut short."""

    def start(self) -> str:
        """Returns where it listens."""
        self.gateway = subprocess.Popen(
            [SLUICE, "run", "--no-status", "--data", self.folder.name + "/data", "--listen", "127.0.0.1:0", "--shards",
             "2", "--admin", self.admin], stdout=subprocess.PIPE, stderr=self.log, text=True)
        return re.search(r"127\.0\.0\.1:\d+", self.gateway.stdout.readline()).group(0)

    def end(self, with_signal: int):
        self.gateway.send_signal(with_signal)
        self.gateway.communicate(timeout=60)

    def json(self, *arguments: str) -> dict:
        result = run("ctl", "--admin", self.admin, *arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def events(self, message: str) -> list[str]:
        return [event["event"] for event in self.json("trace", message)["events"]]

    def test_what_was_written_is_there_and_the_rest_is_cut_off(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-ctl-")
        self.addCleanup(self.folder.cleanup)
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+")
        self.addCleanup(self.log.close)
        self.admin = f"127.0.0.1:{free_port()}"
        smpp = self.start()
        ids = []
        for _ in range(3):
            sent = run("send", "--host", smpp, "--to", "+447700900123", "Hello")
            self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)
            ids.append(re.search(r"accepted, id (\w+)", sent.stdout).group(1))
            self.assertIn("accepted", self.events(ids[-1]))  # which writes what was noted
        self.end(signal.SIGKILL)
        segments = sorted(pathlib.Path(self.folder.name, "data", "history").glob("*.segment"))
        self.assertTrue(segments)
        with open(segments[-1], "ab") as segment:
            segment.write(b"half a block")

        smpp = self.start()
        try:
            for message in ids:
                self.assertIn("accepted", self.events(message))
            self.assertEqual(run("send", "--host", smpp, "--to", "+447700900123", "Hello").returncode, 0)
            self.assertEqual(len(self.json("messages")["messages"]), 4)
        finally:
            self.end(signal.SIGTERM)
        self.log.seek(0)
        self.assertIn("the last 12 octets of ", self.log.read())


class Draining(GatewayCase):
    def test_drain(self):
        self.assertIn("draining", self.ctl("drain"))
        self.assertIn("NOT HEALTHY", self.ctl("status"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
