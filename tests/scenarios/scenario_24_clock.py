"""The daemon's clock is set while it runs, or was wrong when it started; the servers' clocks are right."""

import datetime
import time

from harness import CORP, Scenario, Site, measured, until
from rollcall_lab import accounts

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall:
    name: Hall
    members: employees
    owners: {user: {p}-lead}
"""
PEOPLE = ["lead", "amy", "ben", "cem", "dan", "eve", "temp"]
HOUR = 3_600
DAY = 24 * HOUR


def when(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Clock(Scenario):
    site = Site("ck", homeserver_proxy=True, directory_proxy=True)

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(PEOPLE, {"Staff": PEOPLE})
        site.directory.set_expiry(site.dn("temp"), time.time() + 30 * DAY)
        site.set_clock(0)
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def setUp(self):
        self.site.set_clock(0)
        self.believed()
        self.site.settle(30)         # whom the scenario before took out has their past taken away after that

    def believed(self):
        until(lambda: self.site.status()["clock"]["text"] == "", "the clocks agree", 60, 0.2)

    def doubted(self) -> str:
        return until(lambda: self.site.status()["clock"]["text"], "it is said that the clock is wrong", 60, 0.2)

    def homeserver_is_away_for_a_moment(self, leaver: str):
        """While something is asked of it."""
        self.site.to_homeserver.refuse()
        self.site.directory.disable(self.site.dn(leaver))
        until(lambda: self.site.status()["homeserver"]["health"] != "up", "the homeserver is missed", 30)
        self.site.to_homeserver.accept()
        self.site.wait("hall", leaver, "leave", 60)

    def leaves(self, name: str):
        began = time.monotonic()
        self.site.directory.disable(self.site.dn(name))
        self.site.wait("hall", name, "leave", 30)
        measured("disabled, with a clock that was set → out of the room", began)

    def test_1_months_ahead_for_a_moment(self):
        site, before = self.site, self.site.trail_end()
        site.set_clock(90 * DAY)
        until(lambda: "the domain controller" in self.doubted(), "what the other clocks say is said", 90, 0.5)
        self.leaves("amy")
        self.assertIn("temp", site.joined("hall"))
        site.set_clock(0)
        self.believed()
        self.homeserver_is_away_for_a_moment("ben")
        self.leaves("cem")
        departed = [entry["user"] for entry in site.trail(before, kind="directory") if entry.get("action") == "departed"]
        self.assertEqual(departed, [site.user(name) for name in ("amy", "ben", "cem")])
        self.assertIn("temp", site.joined("hall"))

    def test_2_two_hours_back(self):
        site, before = self.site, self.site.trail_end()
        site.set_clock(-2 * HOUR)
        self.assertIn("set", self.doubted())
        self.homeserver_is_away_for_a_moment("dan")
        self.leaves("eve")
        entries = site.trail(before)
        for entry in entries:
            apart = when(entry["time"]) - when(entry["written"]) if "written" in entry else datetime.timedelta()
            self.assertAlmostEqual(apart.total_seconds(), 7_200, delta=5, msg=str(entry))
        said = [entry["result"] for entry in entries if entry.get("action") == "clock"]
        self.assertTrue(any("set back by 2h" in text for text in said), said)
        times = [entry["time"] for entry in entries]
        self.assertEqual(times, sorted(times))
        verified = site.cli("audit", "verify")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_3_a_start_a_year_behind(self):
        site = self.site
        for name in ("late", "soon"):
            site.person(name, ["Staff"], account=False)
        for name in ("late", "soon"):
            until(lambda name=name: site.trail(kind="result", user=site.user(name)), f"{name} has no account", 30, 0.1)
        end = time.time() + 15
        site.directory.set_expiry(site.dn("late"), end)
        written = site.directory.usn()
        until(lambda: site.status()["directory"]["usn"] >= written, "the end is known", 10)
        site.stop()
        site.to_directory.refuse()
        until(lambda: time.time() > end, "the account has ended", 20)
        site.set_clock(-365 * DAY)
        site.start()
        for name in ("late", "soon"):
            accounts.make(CORP, site.login(name), name.capitalize())
        site.wait("hall", "soon", "join", 60)       # no date concerns them
        self.assertNotIn("late", site.joined("hall"))
        self.assertIn("it is not certain what date it is", str(site.why("late", "hall")))
        self.assertIn("says", self.doubted())
        start = [entry for entry in site.trail() if entry["kind"] == "start"][-1]
        self.assertIn("is before", start["result"])
        site.to_directory.accept()
        # By that clock the domain controller's certificate is not valid yet: the clock is named, and nothing is said of its
        # authority.
        text = until(lambda: (said := site.status()["directory"])["health"] == "certificate not trusted" and said["text"],
                     "the certificate is not taken", 60)
        self.assertTrue(text.startswith("this machine's clock says "), text)
        self.assertIn("is valid from ", text)
        self.assertIn("set this machine's clock if it is wrong", text)
        site.set_clock(0)
        until(lambda: site.why("late", "hall")["verdict"] == "out", "it is certain that the account has ended", 90, 0.5)
        self.assertNotIn("late", site.joined("hall"))
