"""What happened while nobody listened: the trail knows it once the homeserver tells of it, however late."""

import datetime
import time

from harness import CORP, PARTNER, PATIENCE, Client, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-apollo:
    name: Project Apollo
    members: employees
    owners: {user: {p}-lead}
    outsiders: approved
outsiders:      # so that her server, which is Bob's too, is let in
  anna: {who: "@anna:partner.example.org", rooms: [{p}-apollo], sponsor: {p}-lead, reason: Contract, until: 2099-01-31}
"""
BOB = "@bob:partner.example.org"
MOMENT = datetime.timedelta(seconds=2) * PATIENCE


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class Away(Scenario):
    site = Site("aw", homeserver_proxy=True)

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(["lead", "amy"], {"Staff": ["lead", "amy"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def who_read(self, at: datetime.datetime) -> dict:
        answer = self.site.ask("audit.access", room=f"{self.site}-apollo", at=at.isoformat())
        return {person["user"]: stay for person in answer["people"] for stay in person["stays"]
                if stay["standing"] == "joined"}

    def test_a_guest_who_came_and_went_meanwhile_is_named(self):
        site, room = self.site, self.site.room("apollo")
        lead, bob = Client.login(site.login("lead")), Client.login(BOB, PARTNER)
        site.stop()
        site.from_homeserver.refuse()          # so the room is read before anything is told of it
        lead.invite(room, BOB)
        until(lambda: room in bob.invitations(), "bob is invited")
        bob.join(room, CORP)
        until(lambda: site.bot.members(room).get(BOB) == "join", "bob is in")
        time.sleep(0.1)      # apart from both events, by more than the clock's grain
        inside = now()
        time.sleep(0.1)
        bob.call("POST", f"/_matrix/client/v3/rooms/{room}/leave", {})
        until(lambda: site.bot.members(room).get(BOB) == "leave", "bob is out")
        time.sleep(0.1)
        gone = now()
        site.start()
        site.settle(30)
        self.assertNotIn(BOB, self.who_read(inside), "so far only the room was read")
        site.from_homeserver.accept()
        site.stop()
        site.start()         # which asks the homeserver to send again what was not taken

        def told_late():
            return [entry for entry in site.trail(user=BOB) if entry["source"] == "late"]
        until(lambda: len(told_late()) == 3, "what was missed is told of", 60)
        self.assertEqual([entry["was"] for entry in told_late()], ["invite", "join", "leave"])
        self.assertFalse([entry for entry in told_late() if "membership" in entry], "none of it is so now")
        self.assertIn(BOB, self.who_read(inside))
        self.assertNotIn(BOB, self.who_read(gone))
        stay = self.who_read(inside)[BOB]
        self.assertTrue(stay["found"])
        self.assertEqual(stay["why"]["by"], site.user("lead"), "who let him in")
        self.assertLess(datetime.datetime.fromisoformat(stay["to"]) - inside, MOMENT)
        self.assertEqual(set(self.who_read(now())), set(site.bot.joined(room)), "what Synapse says now")
        shown = site.cli("audit", "access", f"{site}-apollo", "--at", inside.isoformat())
        self.assertIn("learned of later", shown.stdout)
