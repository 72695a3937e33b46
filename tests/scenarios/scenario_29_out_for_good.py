"""Whoever is out stays out of the room and of its past, whatever is hidden, banned or taken out of the policy afterwards."""

import datetime

from harness import PATIENCE, Client, Scenario, Site, until
from rollcall_lab.matrix import MatrixError

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
  on_departure: {leave: managed_rooms}
rooms:
  {p}-hall: {name: Hall, members: {group: "{p} Team"}, owners: {user: {p}-lead}}
  {p}-sales: {name: Sales, members: {attribute: department, is: Sales}}
  {p}-open: {name: Open, members: {all: [{group: "{p} Team"}], except: {attribute: department, is: Legal}}}
"""
EXTRA = "".join(f"  {{p}}-x{i}: {{name: X{i}, members: {{group: \"{{p}} Team\"}}}}\n" for i in range(4))
STAFF = ["lead", "amy", "ben", "cleo", "dan", "eve", "finn", "gus"]
SECRET = "said before they were out"


class OutForGood(Scenario):
    site = Site("og")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Team": STAFF, "Staff": STAFF})
        site.person("stranger")
        site.directory.set_attribute(site.dn("dan"), "department", "Sales")
        site.directory.set_attribute(site.dn("finn"), "department", "Legal")
        site.start()
        site.apply(POLICY + EXTRA)
        site.settle(60)
        cls.lead = Client.login(site.login("lead"))
        cls.lead.send(site.room("hall"), SECRET)

    def reads(self, name: str) -> list | int:
        try:
            return self.site.masked(name).messages(self.site.room("hall"))
        except MatrixError as error:
            return error.status

    def left(self, name: str) -> bool:
        """Does the auditor's answer say that they read on?"""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        answer = self.site.ask("audit.access", room=f"{self.site}-hall", at=now)
        return any(stay["standing"] == "left" for person in answer["people"] if person["user"] == self.site.user(name)
                   for stay in person["stays"])

    def forgets_after_leave(self, before: int) -> bool:
        entries = self.site.trail(before)
        left = max((i for i, entry in enumerate(entries) if entry.get("membership") == "leave"), default=len(entries))
        return any(entry.get("action") == "forget" and entry.get("result", "").startswith("done") for entry in entries[left:])

    def test_1_a_ban_that_is_taken_back_opens_the_past_to_nobody(self):
        site, hall = self.site, self.site.room("hall")
        self.assertIn(SECRET, str(self.reads("ben")), "whoever is in the room reads it")
        site.remove("amy", "Team")
        site.wait("hall", "amy", "leave")
        site.directory.disable(site.dn("cleo"))
        site.wait("hall", "cleo", "leave")
        site.settle()
        for name in ("amy", "cleo", "stranger"):
            self.assertEqual(self.reads(name), 403, name)
            before = site.trail_end()
            self.lead.ban(hall, site.user(name))
            self.lead.unban(hall, site.user(name))
            until(lambda: self.forgets_after_leave(before), f"{name} is made to forget anew")
            site.settle()
            self.assertEqual(self.reads(name), 403, name)
            self.assertFalse(self.left(name), name)
        before = site.trail_end()
        self.lead.set_state(hall, "m.room.member", {"membership": "leave", "reason": "once more"}, site.user("amy"))
        until(lambda: self.forgets_after_leave(before), "amy is made to forget once more")
        self.assertEqual(self.reads("amy"), 403)

    def test_2_what_is_hidden_on_one_person_is_unknown_of_them(self):
        site = self.site
        self.assertEqual((site.membership("sales", "dan"), site.membership("open", "finn")), ("join", None))
        put_back = [site.directory.deny_read(site.dn(name), "department") for name in ("dan", "finn")]
        try:
            for name in ("dan", "finn"):
                site.directory.set_attribute(site.dn(name), "description", "so that the daemon looks")
            until(lambda: site.why("dan", "sales")["verdict"] == "unknown", "dan's department is unknown")
            until(lambda: site.why("finn", "open")["verdict"] == "unknown", "finn's department is unknown")
            site.settle()
            self.assertEqual((site.membership("sales", "dan"), site.membership("open", "finn")), ("join", None))
        finally:
            for back in put_back:
                back()
        for name in ("dan", "finn"):
            site.directory.set_attribute(site.dn(name), "description", "so that the daemon looks again")
        until(lambda: site.why("dan", "sales")["verdict"] == "member", "dan's department is known again")

    def test_3_who_has_departed_stays_so_where_their_state_is_hidden(self):
        site = self.site
        site.ask("pause", all=True, reason="so that nothing is done yet")
        site.directory.disable(site.dn("ben"))
        until(lambda: site.ask("why", user=site.user("ben"))["departed"] == "yes", "ben has departed")
        put_back = [site.directory.deny_read(site.dn("ben"), attribute) for attribute in ("userAccountControl", "accountExpires")]
        try:
            site.directory.set_attribute(site.dn("ben"), "description", "so that the daemon looks")
            until(lambda: "hidden" in site.ask("why", user=site.user("ben"))["departure"], "the state is hidden")
            site.stop()
            site.start()
            self.assertEqual(site.ask("why", user=site.user("ben"))["departed"], "yes")
            site.ask("resume", reason="go on")
            site.wait("hall", "ben", "leave")
        finally:
            for back in put_back:
                back()

    def test_4_who_departs_leaves_rooms_that_a_guard_holds(self):
        site = self.site
        site.apply(POLICY)
        held = site.ask("holds")["holds"]
        self.assertEqual([hold["guard"] for hold in held], ["rooms.released"])
        site.directory.disable(site.dn("eve"))
        for i in range(4):
            site.wait(f"x{i}", "eve", "leave")
        site.settle(20 * PATIENCE)
        row = next(row for row in site.ask("audit.leavers")["departures"] if row["user"] == site.user("eve"))
        self.assertEqual((row["promise"], row["remains"], row["unforgotten"]), ("kept", [], []))
        self.assertEqual(site.membership("x0", "gus"), "join")
