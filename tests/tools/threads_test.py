"""The whole gateway on its threads, under load, with operators at work: shards, committers, password pool, log, admin
port.

Built for ThreadSanitizer: `sluice run` ends with an error, and a report on its standard error, when it finds a race. It
is worth running without, too: `sluice bench` accounts for every message. Runs the program named by $SLUICE; speaks TAP.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import tap

SLUICE = os.environ["SLUICE"]
LIMIT = 300  # seconds: against hanging, far above what a slow machine needs
ACCOUNTS = {"north": "pw-north", "south": "pw-south", "west": "pw-west"}
COUNT = 3000


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def password_line(clear):
    """`password_hash = "..."`"""
    done = subprocess.run([SLUICE, "hash-password", "-"], input=clear, capture_output=True, text=True,
                          timeout=LIMIT, check=True)
    return done.stdout.strip()


class Gateway:
    def __init__(self, folder, shards, io):
        self.folder, self.shards, self.io, self.port = folder, shards, io, free_port()
        self.passwords = {name: password_line(clear) for name, clear in ACCOUNTS.items()}
        self.write(weight=1)
        self.errors = open(os.path.join(folder, "errors"), "w+")
        self.process = subprocess.Popen([SLUICE, "run", "--config", self.file, "--no-status"], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors)
        self.listening = self.wait_for(r"listens on (\S+:\d+)")
        self.admin = self.wait_for(r"admin port (\S+:\d+)")

    @property
    def file(self):
        return os.path.join(self.folder, "sluice.toml")

    def write(self, weight):
        """The configuration; `weight` is what a reload changes."""
        accounts = "".join(f'[[account]]\nsystem_id = "{name}"\n{password}\nmax_queued = {100000 + weight}\n'
                           for name, password in self.passwords.items())
        with open(self.file, "w") as out:
            out.write(f"""
[server]
shards = {self.shards}
io = "{self.io}"
data_directory = "data"
max_data_size = "1GiB"
[[listener]]
endpoint = "127.0.0.1:0"
[admin]
endpoint = "127.0.0.1:0"
[log]
level = "debug"
{accounts}
[[provider]]
name = "centre"
system_id = "provider"
password = "secret"
endpoints = ["127.0.0.1:{self.port}"]
binds = 4
[[route]]
via = [{{ provider = "centre", weight = {weight} }}]
""")

    def wait_for(self, pattern):
        while line := self.process.stdout.readline():
            if found := re.search(pattern, line):
                return found.group(1).rstrip(",")
        self.process.wait()
        raise AssertionError("ended at its start:\n" + self.said())

    def said(self):
        self.errors.flush()
        with open(self.errors.name) as text:
            return text.read()

    def ctl(self, *arguments):
        return subprocess.run([SLUICE, "ctl", "--admin", self.admin, *arguments], capture_output=True, text=True,
                              timeout=LIMIT)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=LIMIT)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.errors.close()


class UnderLoad(unittest.TestCase):
    def life(self, shards, io):
        with tempfile.TemporaryDirectory() as folder:
            gateway = Gateway(folder, shards, io)
            load = subprocess.Popen(
                [SLUICE, "bench", "--target", gateway.listening, "--provider-port", str(gateway.port),
                 "--sessions", "9", "--window", "20", "--count", str(COUNT), "--warm-up", "0", "--patience", "60",
                 "--threads", "2", "--admin", gateway.admin, "--pid", str(gateway.process.pid)] +
                [f"--account={name}:{clear}" for name, clear in ACCOUNTS.items()],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                weight, asked = 1, 0
                while load.poll() is None:
                    weight += 1
                    gateway.write(weight)
                    for command in (["reload"], ["sessions"], ["accounts"], ["providers"], ["queues"], ["metrics"],
                                    ["log-level", "info" if weight % 2 else "debug"], ["receipts"]):
                        done = gateway.ctl(*command)
                        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}{gateway.said()}")
                        asked += 1
                said = load.stdout.read()
                self.assertEqual(load.returncode, 0, said + gateway.said())
                self.assertIn("nothing lost", said)
                self.assertGreater(asked, 0)
            finally:
                if load.poll() is None:
                    load.kill()
                load.wait()
                load.stdout.close()
                code = gateway.end()
            with open(os.path.join(folder, "errors")) as text:
                errors = text.read()
            self.assertEqual(code, 0, errors)
            self.assertNotIn("ThreadSanitizer", errors)


def add(shards, io):
    def test(self):
        self.life(shards, io)

    setattr(UnderLoad, f"test_{shards}_shards_{io}", test)


for each in (1, 2, 4):
    for backend in ("io_uring", "epoll"):
        add(each, backend)

if __name__ == "__main__":
    tap.run(sys.modules[__name__])
