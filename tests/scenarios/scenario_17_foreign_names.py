"""People of other homeservers may be called anything: who has a control character in their name is seen, named, and
taken out like any other."""

import secrets
import sqlite3

from harness import CORP, PARTNER, Client, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-open:
    name: Open
    members: employees
    owners: {user: {p}-lead}
    outsiders: approved
outsiders:      # so that her server, which is Eve's too, is let in
  anna: {who: "@anna:partner.example.org", rooms: [{p}-open], sponsor: {p}-lead, reason: Contract, until: 2099-01-31}
"""
EVE = "@\u0007eve:partner.example.org"


def make_user(user: str) -> Client:
    """In the partner's own database, as no registration would: a row like Bob's, and a token."""
    token = "syt_" + secrets.token_hex(16)
    with sqlite3.connect(PARTNER.folder / "homeserver.db", timeout=30) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(users)")]
        others = ", ".join(column for column in columns if column != "name")
        if not database.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone():
            database.execute(f"INSERT INTO users (name, {others}) SELECT ?, {others} FROM users WHERE name = ?",
                             (user, "@bob:partner.example.org"))
        number = database.execute("SELECT coalesce(max(id), 0) + 1000 FROM access_tokens").fetchone()[0]
        database.execute("INSERT INTO access_tokens (id, user_id, token) VALUES (?, ?, ?)", (number, user, token))
    return Client(token, user, PARTNER)


class ForeignNames(Scenario):
    site = Site("fn")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(["lead", "amy"], {"Staff": ["lead", "amy"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def test_a_guest_with_a_control_character_in_their_name_is_taken_out(self):
        site, room = self.site, self.site.room("open")
        lead, eve = Client.login(site.login("lead")), make_user(EVE)
        self.assertEqual(eve.whoami()["user_id"], EVE)
        site.stop()           # so that she is in before anybody looks
        lead.invite(room, EVE)
        until(lambda: room in eve.invitations(), "she is invited", 20)
        eve.join(room, CORP)
        until(lambda: site.bot.members(room).get(EVE) == "join", "she is in", 20)
        site.start()
        until(lambda: site.bot.members(room).get(EVE) == "leave", "she is out again", 30)
        site.settle(30)
        entries = [entry for entry in site.trail(user=EVE)]
        self.assertIn("leave", [entry.get("action") for entry in entries if entry["kind"] == "result"])
        listed = site.cli("audit", "list", "--user", EVE).stdout
        self.assertIn("\ufffdeve:partner.example.org", listed)
        self.assertNotIn("\u0007", listed)
        lead.invite(room, EVE)     # … and while somebody looks
        until(lambda: site.bot.members(room).get(EVE) == "leave", "the invitation is taken back", 20)
        self.assertEqual(site.status()["not_understood"], [])
