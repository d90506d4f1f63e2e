"""The command line as people meet it: help, exit codes, what is said about mistakes, and the commands working together.

Runs the program named by $SLUICE; speaks TAP.
"""

import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

import tap
from program import LIMIT, SLUICE, sluice

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMANDS = ["run", "check", "send", "receive", "mc", "dump", "hash-password", "account", "home", "bench", "tune",
            "route", "tls", "trigger"]


class Server:
    """`sluice mc` or `sluice run` on a port of its own, ended by a signal."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([SLUICE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, text=True)
        self.said = ""
        while not (found := re.search(r"listens on (\S+:\d+)", self.said)):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"ended before it listened:\n{self.said}")
            self.said += line
        self.endpoint = found.group(1).rstrip(",")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.said += self.process.stdout.read()  # not communicate: it would lose what readline has read ahead
        return self.process.wait(timeout=LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def mc(*options):
    return Server("mc", "--listen", "127.0.0.1:0", "--no-status", *options)


def run(folder, *options):
    return Server("run", "--listen", "127.0.0.1:0", "--admin", "none", "--shards", "2", "--data", folder, "--no-status",
                  *options)


class Help(unittest.TestCase):
    def test_every_command_has_examples_and_exit_codes(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = sluice(command, "--help")
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout, r"Examples?:\n  sluice |Examples?:\n  (echo|fortune)")
                self.assertIn("Exit codes: 0 ", done.stdout)
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 160)

    def test_the_program_lists_its_commands(self):
        done = sluice("--help")
        self.assertEqual(done.returncode, 0)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", done.stdout)

    def test_version(self):
        self.assertRegex(sluice("--version").stdout, r"^sluice \d+\.\d+\.\d+\n$")

    def test_every_command_is_documented(self):
        with open(os.path.join(ROOT, "docs/cli.md")) as file:
            text = file.read()
        for command in COMMANDS:
            self.assertIn(f"## sluice {command}\n", text)
            for option in re.findall(r"--[a-z-]+", sluice(command, "--help").stdout):
                if option != "--help":
                    self.assertIn(option, text, f"sluice {command}")


class Usage(unittest.TestCase):
    def wrong(self, *arguments, says=""):
        done = sluice(*arguments)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(says, done.stderr)

    def test_no_command(self):
        self.wrong(says="subcommand is required")

    def test_unknown_command(self):
        self.wrong("frobnicate")

    def test_unknown_option(self):
        self.wrong("mc", "--frobnicate", says="--frobnicate")

    def test_missing_argument(self):
        self.wrong("check", says="file is required")
        self.wrong("send", "hello", says="--to is required")

    def test_values_name_their_option_and_what_is_allowed(self):
        self.wrong("mc", "--latency", "5", says="--latency: \"5\" is not a time: a number with us, ms")
        self.wrong("mc", "--errors", "NONSENSE=5", says="--errors: \"NONSENSE\" is no command_status")
        self.wrong("mc", "--outcomes", "DELIVERED", says="--outcomes: \"DELIVERED\" is not NAME=PERCENT")
        self.wrong("mc", "--response-id", "octal", says="decimal, hex or HEX")
        self.wrong("mc", "--never-answer", "101", says="--never-answer")
        self.wrong("mc", "--receipt-text", "none", "--no-receipt-tlvs", says="leaves nothing")
        self.wrong("mc", "--mo-text", "x" * 161, says="--mo-text: it does not fit into one message")
        self.wrong("send", "--to", "1", "--coding", "gsm7", "ç", says="GSM 7 has no \"ç\"")
        self.wrong("send", "--to", "1", "ç", "--coding", "gsm7", says="GSM 7 has no \"ç\"")  # no second --to
        self.wrong("send", "--to", "1", "--coding", "binary", "xyz", says="hex")
        self.wrong("run", "--io", "select", says="--io")
        self.wrong("run", "--listen", "nonsense", says="HOST:PORT")


class MessageCentre(unittest.TestCase):
    def test_ends_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with mc() as centre:
                self.assertEqual(centre.end(number), 0)

    def test_says_that_its_port_is_taken(self):
        with mc() as centre:
            done = sluice("mc", "--listen", centre.endpoint)
            self.assertEqual(done.returncode, 1)
            self.assertIn(centre.endpoint, done.stderr)
            self.assertIn("in use", done.stderr)


class Send(unittest.TestCase):
    def test_shows_id_and_receipt(self):
        with mc("--first-id", "4711") as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "+447700900123", "Hello")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"447700900123 accepted, id 4711 ")
            self.assertRegex(done.stdout, r"447700900123 DELIVRD, id 4711 ")

    def test_reads_standard_input_and_splits_long_texts(self):
        with mc() as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "1", "--to", "2", "-", stdin="é" * 300 + "\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.count("accepted"), 4)
            self.assertIn("2 part 2/2 DELIVRD", done.stdout)

    def test_many_are_summed_up(self):
        with mc() as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "447700900123", "--count", "1000",
                          "--window", "50", "--binds", "2", "Hello")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("1000 of 1000 accepted", done.stdout)
            self.assertIn("receipts: 1000 of 1000: 1000 DELIVRD", done.stdout)

    def test_refusals_fail(self):
        with mc("--errors", "RTHROTTLED=100") as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "1", "Hello")
            self.assertEqual(done.returncode, 1)
            self.assertIn("refused: ESME_RTHROTTLED", done.stdout)

    def test_failed_delivery_fails(self):
        with mc("--outcomes", "UNDELIV=100") as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "1", "Hello")
            self.assertEqual(done.returncode, 1)
            self.assertIn("1 UNDELIV err 001", done.stdout)

    def test_a_missing_receipt_fails(self):
        with mc("--receipt-delay", "1h") as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "1", "--wait", "0", "Hello")
            self.assertEqual(done.returncode, 1)
            self.assertIn("--wait", done.stderr)
            done = sluice("send", "--host", centre.endpoint, "--to", "1", "--no-receipt", "Hello")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_receive_prints_what_comes(self):
        with mc("--mo-rate", "100", "--mo-from", "447700900999", "--mo-to", "12345", "--mo-text", "Grüße") as centre:
            for bind in ([], ["--receiver"]):
                done = sluice("receive", "--host", centre.endpoint, "--count", "3", "--wait", "20", *bind)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stdout.splitlines()[:3], ["message from 447700900999 to 12345: Grüße"] * 3)
        with mc() as centre:
            done = sluice("receive", "--host", centre.endpoint, "--count", "1", "--wait", "0.2")
            self.assertEqual(done.returncode, 1)
            self.assertIn("0 of 1 have come", done.stderr)
            done = sluice("receive", "--host", centre.endpoint, "--wait", "0.2")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_receive_prints_receipts(self):
        with mc("--receipt-delay", "500ms", "--outcomes", "UNDELIV=100") as centre:
            sent = sluice("send", "--host", centre.endpoint, "--to", "1", "--wait", "0", "Hello")
            self.assertEqual(sent.returncode, 1)
            done = sluice("receive", "--host", centre.endpoint, "--count", "1", "--wait", "20")
            self.assertRegex(done.stdout, r"^receipt UNDELIV for the message to 1, id \d+, err 001$")

    def test_says_why_it_cannot_bind(self):
        with mc("--password", "other") as centre:
            done = sluice("send", "--host", centre.endpoint, "--to", "1", "Hello")
            self.assertEqual(done.returncode, 1)
            self.assertIn("ESME_RINVPASWD", done.stderr)

    def test_says_why_it_cannot_connect(self):
        with mc() as centre:
            endpoint = centre.endpoint
            centre.end()
        done = sluice("send", "--host", endpoint, "--to", "1", "Hello")
        self.assertEqual(done.returncode, 1)
        self.assertIn("refused", done.stderr)
        self.assertEqual(sluice("send", "--host", "no.such.host.invalid", "--to", "1", "Hello").returncode, 1)


class Run(unittest.TestCase):
    def test_the_embedded_default_serves_at_once(self):
        with tempfile.TemporaryDirectory() as folder, run(folder) as gateway:
            done = sluice("send", "--host", gateway.endpoint, "--to", "+447700900123", "Hello")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("DELIVRD", done.stdout)
            self.assertEqual(gateway.end(), 0)
            self.assertIn(f"send --host {gateway.endpoint} --to", gateway.said)

    def test_says_what_to_do_when_the_port_is_taken(self):
        with tempfile.TemporaryDirectory() as folder, mc() as centre:
            done = sluice("run", "--listen", centre.endpoint, "--admin", "none", "--data", folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn("in use", done.stderr)
            self.assertIn("choose another port", done.stderr)

    def test_a_second_signal_ends_it_at_once(self):
        body = b"demo\0demo\0\0\x34\0\0\0"
        bind = struct.pack(">IIII", 16 + len(body), 9, 0, 1) + body
        with tempfile.TemporaryDirectory() as folder, run(folder) as gateway:
            host, port = gateway.endpoint.split(":")
            with socket.create_connection((host, int(port)), LIMIT) as customer:  # one who never answers unbind
                customer.sendall(bind)
                self.assertEqual(customer.recv(16)[8:12], bytes(4))
                gateway.process.send_signal(signal.SIGTERM)
                while "stopping" not in gateway.said:
                    gateway.said += gateway.process.stdout.readline()
                self.assertEqual(gateway.end(), -signal.SIGTERM)

    def test_refuses_a_file_with_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "wrong.toml")
            with open(file, "w") as out:
                out.write("[server]\nshards = \"many\"\n")
            done = sluice("run", "--config", file)
            self.assertEqual(done.returncode, 3)
            self.assertIn("wrong.toml:2:", done.stderr)

    def test_reads_its_file_again(self):
        account = '[[account]]\nsystem_id = "{}"\n' + sluice("hash-password", "-", stdin="secret\n").stdout
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "sluice.toml")

            def write(text):
                with open(file, "w") as out:
                    out.write(text)

            def reloads(gateway, expected):
                gateway.process.send_signal(signal.SIGHUP)
                while expected not in gateway.said:
                    line = gateway.process.stdout.readline()
                    self.assertNotEqual(line, "", gateway.said)
                    gateway.said += line

            write(account.format("acme"))
            with run(folder, "--config", file) as gateway:
                reloads(gateway, "nothing has changed")
                write(account.format("acme") + account.format("other"))
                reloads(gateway, "changed: ")
                write("nonsense = [\n")
                reloads(gateway, "reload refused")
                self.assertEqual(gateway.end(), 0)

class Check(unittest.TestCase):
    def test_the_example_is_fine(self):
        done = sluice("check", os.path.join(ROOT, "docs/sluice.example.toml"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for what in ("listener ", "account ", "provider ", "route "):
            self.assertIn("\n" + what, done.stdout)

    def test_errors_have_lines(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write("[server]\nshards = -1\nunknown = 1\n")
            file.flush()
            done = sluice("check", file.name)
        self.assertEqual(done.returncode, 3)
        self.assertIn(":2:", done.stderr)
        self.assertIn(":3:", done.stderr)

    def test_accounts_of_a_database_are_no_account(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('[[database]]\nname = "customers"\nconnection = "DSN=x"\n'
                       '[[account_source]]\nname = "theirs"\ndatabase = "customers"\n'
                       'find = "SELECT * FROM Users WHERE SystemID = {system_id}"\n')
            file.flush()
            done = sluice("check", file.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\naccounts  theirs: found in database customers\n", done.stdout)
        self.assertNotIn("disabled", done.stdout)

    def test_no_such_file(self):
        self.assertEqual(sluice("check", "no-such-file.toml").returncode, 3)


class HashPassword(unittest.TestCase):
    def test_prints_the_line_for_the_file(self):
        done = sluice("hash-password", "-", stdin="secret\n")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r'^password_hash = "\$scrypt\$ln=\d+,r=\d+,p=\d+\$\S+"\n$')
        self.assertNotEqual(done.stdout, sluice("hash-password", "-", stdin="secret\n").stdout)

    def test_knows_what_other_systems_have_kept(self):
        done = sluice("hash-password", "--scheme", "sha1-utf16le", "-", stdin="Pwd1\n")
        self.assertEqual(done.stdout, 'password_hash = "$sha1-utf16le$DC215545BA63D605FBCD647A9555270F566D918B"\n')
        self.assertEqual(sluice("hash-password", "--scheme", "md5", "-", stdin="Pwd1\n").returncode, 2)

    def on_terminal(self, *answers):
        """What it printed, and what the terminal showed meanwhile."""
        keyboard, terminal = pty.openpty()
        process = subprocess.Popen([SLUICE, "hash-password"], stdin=terminal, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        for prompt, answer in zip(("password: ", "again: "), answers):
            said = b""
            while not said.endswith(prompt.encode()):
                said += process.stderr.read(1)
            os.write(keyboard, answer.encode() + b"\n")
        out, err = process.communicate(timeout=LIMIT)
        echo_is_back = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.set_blocking(keyboard, False)
        try:
            shown = os.read(keyboard, 1000)
        except BlockingIOError:
            shown = b""
        os.close(keyboard)
        os.close(terminal)
        return process.returncode, out.decode(), err.decode(), shown.decode(), echo_is_back

    def test_asks_twice_without_echo(self):
        code, out, _, shown, echo_is_back = self.on_terminal("secret", "secret")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^password_hash = ")
        self.assertNotIn("secret", shown)
        self.assertTrue(echo_is_back)

    def test_refuses_two_that_differ(self):
        code, out, err, _, _ = self.on_terminal("secret", "Secret")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("not the same", err)

    def test_wants_a_password(self):
        self.assertEqual(sluice("hash-password", "-", stdin="\n").returncode, 1)

    def test_asks_only_on_a_terminal(self):
        done = sluice("hash-password", stdin="secret\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("sluice hash-password -", done.stderr)


class Account(unittest.TestCase):
    def test_adds_changes_lists_and_removes_while_a_gateway_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "sluice.toml")
            with socket.create_server(("127.0.0.1", 0)) as free:
                admin = free.getsockname()[1]
            with open(file, "w") as out:
                out.write(f'[server]\nshards = 1\ndata_directory = "data"\n[admin]\nendpoint = "127.0.0.1:{admin}"\n'
                          '[[listener]]\nendpoint = "127.0.0.1:0"\n[[provider]]\nname = "north"\n'
                          'endpoints = ["127.0.0.1:1"]\nsystem_id = "us"\n[[route]]\nvia = ["north"]\n')
            account = lambda command, *more, stdin="": sluice("account", command, "--config", file, *more, stdin=stdin)

            # Without a gateway.
            done = account("add", "../a b", "--password", "max_sessions=2", stdin="secret\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("counts from the next start", done.stdout)
            self.assertEqual(os.listdir(os.path.join(folder, "data", "accounts")), ["%2E%2E%2Fa%20b.toml"])
            with Server("run", "--config", file) as gateway:
                names = lambda: sluice("ctl", "--admin", f"127.0.0.1:{admin}", "--json", "accounts").stdout
                self.assertIn("../a b", names())
                done = account("add", "shop", "--password", "rate=50", stdin="secret\n")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("the gateway knows", done.stdout)
                self.assertIn('"shop"', names())
                self.assertEqual(account("add", "shop", "--password", stdin="x\n").returncode, 1)
                self.assertEqual(account("set", "shop", "max_sessions=7", "rate=").returncode, 0)
                listed = account("list").stdout
                self.assertIn("max_sessions = 7", listed)
                self.assertNotIn("rate", listed)
                self.assertNotIn("scrypt", listed)
                self.assertIn('"max_sessions": 7', re.sub(r":(?=\S)", ": ", names()))
                wrong = account("set", "shop", "max_sessions=none")
                self.assertEqual(wrong.returncode, 1)
                self.assertIn("nothing was changed", wrong.stderr)
                self.assertIn("shop.toml:", wrong.stderr)
                self.assertIn("max_sessions = 7", account("list").stdout)
                done = account("topup", "shop", "5")
                self.assertEqual(done.returncode, 1)
                self.assertIn("is not charged", done.stderr)
                self.assertEqual(account("set", "shop", "credits=2").returncode, 0)
                for _ in range(2):
                    done = account("topup", "shop", "2.5", "--reference", "invoice 1")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("shop has 4.5 now", done.stdout)
                self.assertIn("booked before", done.stdout)
                self.assertEqual(account("topup", "shop", "much").returncode, 2)
                self.assertEqual(account("remove", "shop").returncode, 0)
                self.assertNotIn('"shop"', names())
                self.assertEqual(account("remove", "shop").returncode, 1)
                self.assertEqual(gateway.end(), 0)
            self.assertEqual(sluice("check", file).returncode, 0)
            done = account("topup", "shop", "1")
            self.assertEqual(done.returncode, 1)
            self.assertIn("no gateway answers", done.stderr)


class Tls(unittest.TestCase):
    def test_a_first_try(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = os.path.join(folder, "a.pem"), os.path.join(folder, "a.key")
            files = ["--certificate", certificate, "--key", key]
            made = sluice("tls", "self-signed", *files)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn(f'certificate = "{certificate}"', made.stdout)
            self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
            again = sluice("tls", "self-signed", *files)
            self.assertEqual(again.returncode, 1)
            self.assertIn("exists already", again.stderr)
            shown = sluice("tls", "show", certificate)
            self.assertIn("for          localhost", shown.stdout)
            pin = re.search(r"public key   (sha256:[0-9a-f]{64})", shown.stdout).group(1)
            self.assertIn(pin, made.stdout)

            with mc("--tls-certificate", certificate, "--tls-key", key) as centre:
                send = ["send", "--host", centre.endpoint, "--to", "447700900123", "hello"]
                for trust in (["--tls-ca", certificate], ["--tls-pin", pin], ["--tls-insecure"]):
                    sent = sluice(*send, "--tls", *trust)
                    self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)
                stranger = sluice(*send, "--tls")
                self.assertEqual(stranger.returncode, 1)
                self.assertIn("not signed by a known authority", stranger.stderr)
                misnamed = sluice(*send, "--tls", "--tls-ca", certificate, "--tls-name", "other.example")
                self.assertIn("for another name", misnamed.stderr)
                self.assertEqual(sluice(*send).returncode, 1, "in clear")

    def test_mistakes(self):
        self.assertEqual(sluice("tls", "self-signed", "--name", "no name").returncode, 1)
        self.assertIn("does not exist", sluice("tls", "show", "none.pem").stderr)
        self.assertEqual(sluice("send", "--tls-ca", "x", "--to", "1", "x").returncode, 2)


if __name__ == "__main__":
    tap.run(sys.modules[__name__])
