"""The homeserver does not reach the daemon, or tells it only part of what happens: said at once, and made up for."""

import json

from harness import CORP, PARTNER, Client, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-apollo:
    name: Project Apollo
    members: employees
    owners: {user: {p}-lead}
    who_invites: owners
"""
BOB = "@bob:partner.example.org"


def only_joins(method: str, path: str, body: bytes) -> bytes:
    """A transaction without any event but joins."""
    if "/transactions/" not in path:
        return body
    said = json.loads(body)
    said["events"] = [event for event in said.get("events", [])
                      if event.get("type") == "m.room.member" and event["content"].get("membership") == "join"]
    return json.dumps(said).encode()


class WayBack(Scenario):
    site = Site("wb", homeserver_proxy=True)

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(["lead", "amy", "ben", "cem"], {"Staff": ["lead", "amy", "ben", "cem"]})
        site.write_policy(POLICY)

    def events(self) -> dict:
        return self.site.status()["homeserver"]["events"]

    def seen(self, answer) -> dict:
        return {line["what"]: line for line in answer.json["seen"]}

    def test_1_check_online_without_a_daemon_listens_for_the_ping_itself(self):
        site = self.site
        checked = site.cli("check", "--online", json_out=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertTrue(all(line["ok"] for line in checked.json["seen"]), checked.json["seen"])
        self.assertEqual(set(self.seen(checked)), {"homeserver", "mask registration", "events", "directory"})
        site.from_homeserver.refuse()
        checked = site.cli("check", "--online", json_out=True)
        self.assertEqual(checked.returncode, 1, checked.stdout + checked.stderr)
        self.assertEqual([what for what, line in self.seen(checked).items() if not line["ok"]], ["events"])
        self.assertIn("appservice.url", self.seen(checked)["events"]["text"])
        plan = site.cli("plan")
        self.assertEqual(plan.returncode, 1, plan.stdout + plan.stderr)
        self.assertIn("✗ events: ", plan.stdout, "a plan says as well that nothing would be followed")
        site.to_homeserver.refuse()
        checked = site.cli("check", "--online", json_out=True)
        self.assertEqual(checked.returncode, 1)
        self.assertEqual([what for what, line in self.seen(checked).items() if not line["ok"]],
                         ["homeserver", "mask registration", "events"])
        for what in "mask registration", "events":
            self.assertIn("not tried", self.seen(checked)[what]["text"])
        self.assertTrue(self.seen(checked)["directory"]["ok"])
        self.assertEqual(site.cli("plan").returncode, 1)
        site.to_homeserver.accept()
        site.from_homeserver.accept()

    def test_2_a_wrong_way_back_is_told_and_an_outsider_goes_all_the_same(self):
        site = self.site
        site.start()
        site.apply()
        site.settle(30)
        room = site.room("apollo")
        self.assertEqual(self.events()["state"], "arrive")
        site.stop()
        site.from_homeserver.refuse()
        lead, bob = Client.login(site.login("lead")), Client.login(BOB, PARTNER)
        site.start()
        until(lambda: self.events()["state"] == "missing", "the broken way is told", 20)
        self.assertIn("(appservice.url)", self.events()["text"])
        self.assertEqual(site.cli("status", "--exit-code").returncode, 1)
        checked = site.cli("check", "--online")
        self.assertEqual(checked.returncode, 1)
        self.assertIn("✗ events", checked.stdout)
        lead.invite(room, BOB)
        until(lambda: room in bob.invitations(), "bob is invited", 20)
        until(lambda: site.bot.members(room).get(BOB) == "leave", "the invitation is taken back", 60)
        site.from_homeserver.accept()
        until(lambda: self.events()["state"] == "arrive", "the way is back", 90)

    def test_3_what_is_left_out_is_missed(self):
        site = self.site
        site.from_homeserver.edit = only_joins
        site.remove("amy", "Staff")
        site.wait("apollo", "amy", "leave", 30)
        until(lambda: self.events()["state"] == "missing", "a leave that does not come back is missed", 60)
        self.assertIn("m.room.member (leave)", self.events()["text"])
        site.from_homeserver.well()
        site.remove("ben", "Staff")
        site.wait("apollo", "ben", "leave", 30)
        until(lambda: self.events()["state"] == "arrive", "leaves come again", 30)
        self.assertEqual(site.cli("status", "--exit-code").returncode, 0, site.cli("status").stdout)

    def test_4_what_was_swallowed_is_seen_to_come_again_by_whoever_asks(self):
        """A proxy said 200 to every transaction and passed none on; then it is mended, and nobody does anything."""
        site = self.site
        site.from_homeserver.answered_with("PUT", "/transactions/", b"{}", times=-1)
        site.remove("cem", "Staff")
        site.wait("apollo", "cem", "leave", 30)
        site.apply(POLICY.replace("name: Project Apollo", "name: Apollo\n    topic: The moon\n    history: joined\n"
                                  "    outsiders: approved\n    who_posts: owners\n    alias: {p}-moon"))
        kinds = ("m.room.member (leave)", "m.room.name", "m.room.topic", "m.room.history_visibility", "m.room.power_levels",
                 "m.room.canonical_alias")
        until(lambda: all(kind in self.events()["text"] for kind in kinds), "all that is swallowed is missed", 60)
        checked = site.cli("check", "--online")
        self.assertEqual(checked.returncode, 1, checked.stdout)
        self.assertIn("✗ events: ", checked.stdout)
        self.assertNotIn("could not", checked.stdout, "the homeserver takes what the bot tries")
        site.from_homeserver.well()
        checked = until(lambda: (one := site.cli("check", "--online")).returncode == 0 and one,
                        "asked a second later, all is well", 5, 0.5)
        self.assertIn("tells again of what was missing: ", checked.stdout)
        self.assertEqual(site.cli("status", "--exit-code").returncode, 0, site.cli("status").stdout)
        own = [room for room in site.bot.joined_rooms()
               if (site.bot.state_content(room, "m.room.name") or {}).get("name") == "Rollcall: do events arrive?"]
        self.assertEqual([site.bot.joined(room) for room in own], [{site.bot_id}], "one room, and nobody else in it")

    def test_5_a_suspension_that_was_lifted_is_tried_anew_by_whoever_asks(self):
        """Synapse lets a suspended bot remove people, and neither invite nor write state."""
        site, admin = self.site, Client.breakglass()
        suspend = f"/_synapse/admin/v1/suspend/{site.bot_id}"
        admin.call("PUT", suspend, {"suspend": True})
        try:
            site.person("new", ["Staff"], account=False)   # who is invited
            until(lambda: any(one["refused"] and one.get("barred") for one in site.status()["failures"]),
                  "the invitation is put off for a quarter of an hour", 60)
            checked = site.cli("check", "--online")
            self.assertEqual(checked.returncode, 1, checked.stdout)
            self.assertIn("✗ bot: ", checked.stdout)
        finally:
            admin.call("PUT", suspend, {"suspend": False})
        until(lambda: site.cli("check", "--online").returncode == 0, "asked a second later, all is well", 5, 0.5)
        site.wait("apollo", "new", "invite", 10)
