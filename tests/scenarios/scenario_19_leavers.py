"""What the evidence says of leavers: from the directory's own change on, part by part, and of whom the mask leaves out."""

import time

from harness import Client, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
protected: ["@breakglass:corp.example.com"]
rooms:
  {p}-hall: {name: Hall, members: employees}
guards:
  removals: {at_most: 100, within: 1h}
  departures: {at_most: 100, within: 1h}
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
"""
STAFF = ["amy", "ben", "ada", "cas"]


class Leavers(Scenario):
    site = Site("lvr", excluded=("ada",))

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF})
        cls.site.start()
        cls.site.apply(POLICY)
        cls.site.settle(40)

    def departure(self, name: str, **arguments) -> dict:
        rows = self.site.ask("audit.leavers", **arguments)["departures"]
        return next(row for row in rows if row["user"] == self.site.user(name))

    def test_a_leaver_while_the_daemon_was_stopped_is_counted_from_the_change(self):
        site = self.site
        site.stop()
        disabled = time.time()
        site.directory.disable(site.dn("ben"))
        until(lambda: time.time() - disabled > 8, "the daemon is away for a while", 20)
        site.start()
        site.wait("hall", "ben", "leave", 30)
        site.settle(30)
        late = self.departure("ben", promise="4s")
        self.assertEqual((late["promise"], late["parts"]["rooms"]["kept"], late["parts"]["sessions"]["kept"]),
                         ("missed", "late", "late"), late)
        self.assertEqual(self.departure("ben", promise="10m")["promise"], "kept")
        entry = site.trail(user=site.user("ben"), action="departed")[0]
        self.assertIn("written", entry["evidence"], "the controller tells the bind account when it was changed")
        self.assertLess(entry["evidence"]["written"], entry["evidence"]["time"])

    def test_whom_the_mask_leaves_out_is_named(self):
        site = self.site
        session = Client.login(site.login("ada"))
        until(lambda: site.membership("hall", "ada") == "invite", "invited, in the room's first fill")
        session.join(site.room("hall"))
        elsewhere = session.create_room(preset="private_chat", name="elsewhere")
        before = site.trail_end()
        site.directory.disable(site.dn("ada"))
        site.wait("hall", "ada", "leave", 20)
        site.settle(20)
        self.assertTrue(session.signed_in())
        self.assertIn(elsewhere, session.joined_rooms())
        said = [entry["result"] for entry in site.trail(before, user=site.user("ada")) if "result" in entry]
        self.assertNotIn("no such account", said)
        self.assertTrue(any("mask registration does not cover them" in text for text in said), said)
        failures = [line["text"] for line in site.status()["failures"] if site.user("ada") in line["action"]]
        self.assertTrue(any("sessions cannot be ended" in text for text in failures), failures)

        def kept() -> list:
            parts = self.departure("ada", promise="1s")["parts"]
            return [parts[part]["kept"] for part in ("sessions", "elsewhere")]

        until(lambda: kept() != ["open", "open"], "the second is over")
        self.assertEqual(kept(), ["not done", "not done"])

    def test_an_account_that_appears_after_its_person_left_is_signed_out(self):
        site = self.site
        site.person("tom", ["Staff"], account=False)
        until(lambda: site.membership("hall", "tom") == "invite", "invited")
        site.directory.disable(site.dn("tom"))
        site.wait("hall", "tom", "leave", 20)
        site.settle(20)
        session = Client.register(site.login("tom"))
        until(lambda: not session.signed_in(), "signed out", 20)

    def test_whose_login_is_changed_as_they_leave_is_signed_out(self):
        site = self.site
        site.person("una")                 # in no group, so in no room
        session = Client.login(site.login("una"))
        elsewhere = session.create_room(preset="private_chat", name="una's own")
        until(lambda: site.cli("why", site.login("una"), f"{site}-hall").returncode == 0, "she is known", 20)
        site.directory.disable_as(site.dn("una"), f"left-{site.login('una')}")
        until(lambda: not session.signed_in(), "signed out", 20)
        until(lambda: elsewhere not in site.masked("una").joined_rooms(), "out of her own room too", 20)

        def kept() -> list:
            rows = [row["parts"] for row in site.ask("audit.leavers")["departures"] if row["user"] == site.user("una")]
            return [(parts["sessions"]["kept"], parts["elsewhere"]["kept"]) for parts in rows]

        until(lambda: kept() == [("kept", "kept")], "it is on record", 20)

    def test_the_account_of_the_new_login_is_left_alone(self):
        """Somebody else's, whom the directory does not know; the login changes while the daemon is off."""
        site = self.site
        site.person("vic")                 # in no group, so in no room
        session, other = Client.login(site.login("vic")), Client.register(f"left-{site.login('vic')}")
        until(lambda: site.cli("why", site.login("vic"), f"{site}-hall").returncode == 0, "he is known", 20)
        site.stop()
        site.directory.disable_as(site.dn("vic"), f"left-{site.login('vic')}")
        site.start()
        until(lambda: not session.signed_in(), "vic is signed out", 20)
        site.settle()
        self.assertTrue(other.signed_in(), "somebody else")
        self.assertFalse([entry for entry in site.trail() if entry.get("user") == other.user_id and entry.get("intent")])

    def test_the_login_of_who_never_had_an_account_is_free_for_the_next(self):
        site = self.site
        site.person("zed", ["Staff"], account=False)
        until(lambda: site.membership("hall", "zed") == "invite", "invited")
        site.directory.delete(site.dn("zed"))
        site.wait("hall", "zed", "leave", 20)
        site.settle(20)
        site.person("zed", ["Staff"])                # another one
        session = Client.login(site.login("zed"))
        site.wait("hall", "zed", "join", 20)
        site.settle(20)
        self.assertTrue(session.signed_in())

    def test_who_was_in_a_conflict_and_gets_another_login_is_let_in(self):
        """The usual cure in the directory. The newcomer's name of before was never theirs."""
        site = self.site
        site.person("bob", ["Staff"])
        site.wait("hall", "bob", "join", 20)

        def rename(name: str, to: str) -> None:
            site.directory.set_attribute(site.dn(name), "userPrincipalName", f"{site.login(to)}@corp.example.com")
            site.directory.set_attribute(site.dn(name), "sAMAccountName", site.login(to))

        rename("bob", "bob9")
        site.person("new", account=False)
        rename("new", "bob")
        site.add("new", "Staff")
        until(lambda: site.status()["conflicts"], "the newcomer's login is bob's", 20)
        session, other = Client.register(site.login("rob")), Client.login(site.login("bob"))
        rename("new", "rob")
        site.wait("hall", "rob", "join", 40)
        until(lambda: not site.status()["conflicts"], "the conflict is over", 20)
        site.directory.disable(site.dn("new"))
        until(lambda: not session.signed_in(), "signed out", 20)
        site.wait("hall", "rob", "leave", 20)
        self.assertTrue(other.signed_in())
        self.assertEqual(site.membership("hall", "bob"), "join")
