"""`sluice route simulate` as people call it: where destinations go, what that costs, and price lists that are wrong.

Runs the program named by $SLUICE; speaks TAP.
"""

import json
import os
import sys
import tempfile
import unittest

import tap
from program import sluice


class Route(unittest.TestCase):
    CONFIG = """
[server]
data_directory = "data"
[[listener]]
endpoint = "127.0.0.1:0"
[[account]]
system_id = "acme"
password_hash = "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$%s"
charging = { mode = "postpaid", price = "0.03", max_loss = "0.01" }
[[provider]]
name = "north"
endpoints = ["127.0.0.1:1"]
system_id = "us"
prices = "north.csv"
[[provider]]
name = "south"
endpoints = ["127.0.0.1:1"]
system_id = "us"
prices = "south.csv"
networks = "networks.csv"
[[route]]
via = ["north", "south"]
""" % ("A" * 43)
    FILES = {
        "north.csv": "prefix,price\n44,0.02\n49,0.09\n",
        "south.csv": "mccmnc,price\n23415,0.015\n262,0.025\n",
        "networks.csv": "prefix,mccmnc\n4477,23415\n49,26201\n",
        "numbers.txt": "447700900123\n447800900123\n+4915112345678\n4915112345679\n33123456789\n",
    }

    def folder(self, **changed):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in {"sluice.toml": self.CONFIG, **self.FILES, **changed}.items():
            with open(os.path.join(folder.name, name), "w") as out:
                out.write(text)
        return lambda name: os.path.join(folder.name, name)

    def test_shares_costs_and_what_is_left(self):
        at = self.folder()
        done = sluice("route", "simulate", "--config", at("sluice.toml"), "--json",
                      "--html", at("plan.html"), at("numbers.txt"))
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["messages"], 5)
        self.assertEqual([(each["provider"], each["messages"], each["cost"], each["revenue"], each["margin"])
                          for each in result["providers"]],
                         [("south", 3, "0.065", "0.09", "0.025"), ("north", 1, "0.02", "0.03", "0.01")])
        self.assertEqual(result["refused"], {"unpriced": {"messages": 1, "example": "33123456789"}})
        with open(at("plan.html")) as page:
            text = page.read()
        self.assertIn("south", text)
        self.assertNotRegex(text, r"https?://")
        done = sluice("route", "simulate", "--config", at("sluice.toml"), at("numbers.txt"))
        self.assertRegex(done.stdout, r"south +3 +60\.0% +#{18} +0\.065 +0\.09 +0\.025")
        self.assertRegex(done.stdout, r"refused, unpriced: 1 \(20\.0%\), the first to 33123456789")

    def test_hours_of_routes_and_dates_of_prices(self):
        at = self.folder(**{
            "sluice.toml": self.CONFIG.replace('via = ["north", "south"]',
                                               'hours = ["22:00-06:00"]\ndays = ["tue"]\ntime_zone = "+01:00"\n'
                                               'via = ["south"]\n[[route]]\nvia = ["north"]'),
            "north.csv": "prefix,price,valid_from,valid_until\n44,0.02,,2026-11-30\n44,0.03,2026-12-01,\n",
            "numbers.txt": "447700900123\n"})

        def simulate(time):
            done = sluice("route", "simulate", "--config", at("sluice.toml"), "--json", "--at", time, at("numbers.txt"))
            self.assertEqual(done.returncode, 0, done.stderr)
            return [(each["provider"], each["cost"]) for each in json.loads(done.stdout)["providers"]]
        self.assertEqual(simulate("2026-11-30T23:59:59Z"), [("north", "0.02")])
        self.assertEqual(simulate("2026-12-01"), [("north", "0.03")])
        self.assertEqual(simulate("2026-12-01 21:00"), [("south", "0.015")])  # a Tuesday, 22:00 there
        self.assertEqual(simulate("2026-12-02T04:59"), [("south", "0.015")])
        self.assertEqual(simulate("2026-12-02T05:00"), [("north", "0.03")])
        done = sluice("route", "simulate", "--config", at("sluice.toml"), "--at", "tonight", at("numbers.txt"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("2026-12-01T14:00", done.stderr)

    def test_a_provider_away_costs_more_or_too_much(self):
        at = self.folder()
        done = sluice("route", "simulate", "--config", at("sluice.toml"), "--json",
                      "--down", "south", at("numbers.txt"))
        result = json.loads(done.stdout)  # what only south can carry within the loss waits for it
        self.assertEqual({each["provider"]: each["messages"] for each in result["providers"]}, {"north": 2, "south": 2})

    def capped(self, *options, caps="max_per_hour = 6", numbers="447700900123\n447700900124\n", **changed):
        """Both carry every number; south is the cheaper one, and has caps."""
        config = self.CONFIG.replace('networks = "networks.csv"\n', f'networks = "networks.csv"\n{caps}\n')
        at = self.folder(**{"sluice.toml": config, "traffic.csv": numbers, **changed})
        done = sluice("route", "simulate", "--config", at("sluice.toml"), "--json", "--at", "2026-12-01T10:30",
                      *options, "--html", at("plan.html"), at("traffic.csv"))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(at("plan.html")) as page:
            self.page = page.read()
        text = sluice("route", "simulate", "--config", at("sluice.toml"), "--at", "2026-12-01T10:30",
                      *options, at("traffic.csv"))
        self.assertEqual(text.returncode, 0, text.stderr)
        self.text = text.stdout
        return json.loads(done.stdout)

    def test_what_a_cap_leaves_spills_over(self):
        result = self.capped("--per-hour", "10", "--hours", "3")
        self.assertEqual(result["messages"], 30)
        told = ("provider", "messages", "spilled", "cost")
        self.assertEqual([tuple(each[name] for name in told) for each in result["providers"]],
                         [("south", 18, 0, "0.27"), ("north", 12, 12, "0.24")])
        self.assertEqual(result["hours"], [
            {"begins_at": f"2026-12-01T{hour}:00:00.000000Z", "messages": {"north": 4, "south": 6},
             "spilled": 4, "waiting": 0,
             "at_cap": ["south"]} for hour in (10, 11, 12)])
        self.assertEqual(result["waiting"], 0)
        self.assertRegex(self.text, r"2026-12-01T11:00 +4 +6 cap +4 +0  ")
        self.assertEqual(self.page.count("<title>2026-12-01T"), 3)
        self.assertIn("south 6 (its cap)", self.page)
        self.assertNotRegex(self.page, r"https?://")

    def test_a_day_has_a_cap_too(self):
        result = self.capped("--per-hour", "10", caps="max_per_day = 100")
        self.assertEqual(len(result["hours"]), 24)
        self.assertEqual([hour["messages"].get("south", 0) for hour in result["hours"]],
                         [10] * 10 + [0] * 4 + [10] * 10)  # the day ends at midnight, 14 hours on
        self.assertEqual(result["hours"][10]["at_cap"], ["south"])
        self.assertEqual(sum(hour["spilled"] for hour in result["hours"]), 40)

    def test_what_nobody_else_takes_waits_for_the_next_hour(self):
        only_south = self.CONFIG.replace('via = ["north", "south"]', 'via = ["south"]').replace(
            'networks = "networks.csv"\n', 'networks = "networks.csv"\nmax_per_hour = 6\nmax_queued = 5\n')
        result = self.capped("--per-hour", "8", "--hours", "4", **{"sluice.toml": only_south})
        self.assertEqual([hour["messages"] for hour in result["hours"]], [{"south": 6}] * 4)
        self.assertEqual([hour["waiting"] for hour in result["hours"]], [2, 4, 5, 5])
        self.assertEqual(result["waiting"], 5)
        self.assertEqual(result["refused"]["queue full"]["messages"], 32 - 4 * 6 - 5)

    def test_counts_and_proportions(self):
        numbers = "to,count\n447700900123,900\n4915112345678,100\n"
        result = self.capped(numbers=numbers)
        self.assertEqual(result["messages"], 1000)
        self.assertNotIn("hours", result, "without caps")
        for options in (("--hours", "1"), ("--per-hour", "1000", "--hours", "1")):
            result = self.capped(*options, numbers=numbers, caps="max_per_hour = 500")
            self.assertEqual({each["provider"]: each["messages"] for each in result["providers"]}["south"], 500)
        self.assertEqual(self.capped("--per-hour", "7", "--hours", "2", numbers=numbers, caps="")["messages"], 14)

    def test_what_makes_no_sense_is_told(self):
        at = self.folder(**{"traffic.csv": "to,count\n447700900123,many\n"})
        simulate = lambda *options: sluice("route", "simulate", "--config", at("sluice.toml"),
                                           *options, at("traffic.csv"))
        self.assertIn("line 2: 'many' is no number of messages", simulate().stderr)
        self.assertEqual(simulate("--hours", "0").returncode, 2)
        at = self.folder(**{"traffic.csv": "447700900123\n"})
        done = simulate("--per-hour", "20000000", "--hours", "2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("are more than 20000000", done.stderr)

    def test_rows_may_say_whose_they_are(self):
        at = self.folder(**{"traffic.csv": "account,to,from\nacme,447700900123,Shop\n\"acme\",4915112345678,\n"})
        done = sluice("route", "simulate", "--config", at("sluice.toml"), at("traffic.csv"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for text, says in (("account,to\nnobody,44\n", "line 2: there is no account 'nobody'"), ("44,45\n", "headings"),
                           ("to,from\n44\n", "line 2: 1 fields, not 2"), ("", "no destination")):
            at = self.folder(**{"traffic.csv": text})
            done = sluice("route", "simulate", "--config", at("sluice.toml"), at("traffic.csv"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(says, done.stderr)

    def test_what_is_likely_a_mistake_is_told(self):
        without = self.CONFIG.replace('prices = "south.csv"\nnetworks = "networks.csv"\n', "")
        at = self.folder(**{"sluice.toml": without})
        done = sluice("check", at("sluice.toml"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("route[1]: 'south' has neither prices nor a cost, and so is cheaper than all that have",
                      done.stderr)
        at = self.folder(**{"sluice.toml": self.CONFIG.replace('mode = "postpaid"', 'mode = "none"')})
        done = sluice("check", at("sluice.toml"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("account[1].charging: has no margin", done.stderr)

    def test_a_price_list_is_checked_line_by_line(self):
        at = self.folder(**{"north.csv": "prefix,price\n44,cheap\n"})
        done = sluice("check", at("sluice.toml"))
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"sluice.toml:\d+:\d+: provider\[1\].prices: .*north.csv:2: "
                                      r"column 2 .price.: 'cheap' is no price")


if __name__ == "__main__":
    tap.run(sys.modules[__name__])
