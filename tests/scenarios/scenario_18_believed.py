"""A success of the homeserver is believed when its effect was seen: garbage, and plain lies, under 200."""

import urllib.error

from harness import Client, Scenario, Site, until
from rollcall_lab.matrix import MatrixError

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
protected: ["@breakglass:corp.example.com"]
rooms:
  {p}-hall: {name: Hall, members: employees}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}}
guards:
  removals: {at_most: 100, within: 1h}
  departures: {at_most: 100, within: 1h}
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
  rooms: {created: 100, released: 100, within: 1h}
"""
STAFF = ["amy", "ben", "cas", "dan", "eve", "fay"]
HTML = b"<!DOCTYPE html><title>Maintenance</title><p>We will be back soon."
ROOMS = ("hall", "crew")


class Believed(Scenario):
    site = Site("bel", homeserver_proxy=True)

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF, "Crew": STAFF})
        cls.site.start()
        cls.site.apply(POLICY)
        cls.site.settle(40)

    def tearDown(self):
        self.site.to_homeserver.well()

    def leaves(self, name: str, raw: bytes, passed_on: bool, times: int = 1) -> list:
        """They leave while the homeserver's answers are these; what the trail says came of it."""
        site = self.site
        sessions = [Client.login(site.login(name)), Client.login(site.login(name))]
        elsewhere = sessions[0].create_room(preset="private_chat", name="elsewhere")
        for method, path in (("POST", "/logout/all"), ("POST", "/kick"), ("POST", "/forget"),
                             ("PUT", r"/state/m\.room\.member/")):
            site.to_homeserver.answered_with(method, path, raw, passed_on, times)
        before = site.trail_end()
        site.directory.disable(site.dn(name))
        until(lambda: not any(session.signed_in() for session in sessions), "signed out", 20)
        until(lambda: all(site.membership(key, name) == "leave" for key in ROOMS), "out of every room", 20)
        site.settle(30)
        for room in (*map(site.room, ROOMS), elsewhere):
            with self.assertRaises((MatrixError, urllib.error.HTTPError), msg="the past is taken away"):
                site.masked(name).state(room)
        return [entry for entry in site.trail(before, user=site.user(name)) if entry["kind"] in ("result", "failure")]

    def assert_done(self, name: str, results: list) -> None:
        done = [(entry["action"], entry.get("room_key", "")) for entry in results if entry["result"].startswith("done")]
        for what in ("sign out", ""), ("leave", ""):
            self.assertEqual(done.count((what[0], "")), 1, results)
        for key in ROOMS:
            for action in ("leave", "forget"):
                self.assertEqual(done.count((action, f"{self.site}-{key}")), 1, (key, action, results))
        row = next(row for row in self.site.ask("audit.leavers")["departures"] if row["user"] == self.site.user(name))
        self.assertEqual({part: row["parts"][part]["kept"] for part in row["parts"]},
                         dict.fromkeys(("sessions", "rooms", "elsewhere", "past"), "kept"), row)
        self.assert_every_intent_ended()

    def test_a_page_of_html_is_no_removal(self):
        self.assert_done("ben", self.leaves("ben", HTML, passed_on=False))

    def test_a_page_of_html_instead_of_the_answer_is_looked_behind(self):
        self.assert_done("cas", self.leaves("cas", HTML, passed_on=True))

    def test_neither_an_empty_nor_a_cut_body_says_anything(self):
        self.assert_done("dan", self.leaves("dan", b"", passed_on=False))
        self.assert_done("eve", self.leaves("eve", b'{"event_id":"$', passed_on=False))

    def test_what_is_only_said_to_be_done_is_not(self):
        results = self.leaves("fay", b'{"event_id":"$invented"}', passed_on=False)
        accepted = {entry["action"] for entry in results if entry["result"].startswith("accepted")}
        self.assertLessEqual({"sign out", "leave"}, accepted, results)
        self.assert_done("fay", results)
