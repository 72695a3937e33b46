"""The second registration was forgotten at the homeserver: one cause, told once, and nothing fails for each person."""

from harness import Client, Scenario, Site, settings, synapse, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-apollo: {name: Project Apollo, members: employees}
  {p}-borealis: {name: Project Borealis, members: employees}
"""
PEOPLE = ["amy", "ben", "cem", "dan", "eva"]


class ForgottenMask(Scenario):
    site = Site("fm", mask_known=False)

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(PEOPLE, {"Staff": PEOPLE})
        site.write_policy(POLICY)

    def test_one_cause_is_one_line_and_all_is_made_up_for(self):
        site = self.site
        checked = site.cli("check", "--online", json_out=True)
        self.assertEqual(checked.returncode, 1, checked.stdout + checked.stderr)
        self.assertEqual([line["what"] for line in checked.json["seen"] if not line["ok"]], ["mask registration"])
        self.assertNotIn("RC-", checked.stderr, "it says itself what it found")
        self.assertNotIn("1970", checked.stdout)
        site.start()
        site.apply()
        until(lambda: site.status()["homeserver"]["mask_text"], "the forgotten registration is told", 20)
        until(lambda: site.status()["rooms"]["created"] == 2, "the rooms are there", 20)
        status = site.status()
        self.assertIn("rollcall-mask.yaml", status["homeserver"]["mask_text"])
        self.assertEqual(status["failures"], [])
        log = (site.folder / "log").read_text()
        self.assertEqual(log.count("RC-MASK-UNKNOWN"), 1, log[-3000:])
        self.assertNotIn("RC-RETRY", log)
        self.assertNotIn("RC-REFUSED", log)
        self.assertIn("rollcall-mask.yaml", site.cli("status").stdout)
        synapse.set_registrations(synapse.registrations() + site.registrations[1:])
        site.room("apollo", 120)      # its address needs the second registration
        for name in PEOPLE:
            site.wait("apollo", name, "join", 120)
        site.settle(60)
        self.assertEqual(site.status()["homeserver"]["mask_text"], "")

    def test_who_had_departed_is_signed_out_again_where_the_homeserver_was_put_back(self):
        """As after a backup: they are in no managed room, and their session is there."""
        site = self.site
        site.directory.disable(site.dn("eva"))
        for room in ("apollo", "borealis"):
            site.wait(room, "eva", "leave", 20)
        site.settle()
        eva = Client.login(site.login("eva"))
        synapse.restart(settings.CORP)
        dan = Client.login(site.login("dan"))
        self.assertTrue(eva.signed_in())
        dan.send(site.room("apollo"), "is anybody there?")      # whose transaction is the first of that homeserver
        until(lambda: not eva.signed_in(), "eva is signed out once more", 60)
        row = until(lambda: next((row for row in site.ask("audit.leavers", promise="1s")["departures"]
                                  if row["user"] == site.user("eva") and row["signed_out"]), None), "it is done again")
        self.assertEqual(row["parts"]["sessions"]["kept"], "late", row)
        self.assertIn("RC-SIGNED-IN-AGAIN", (site.folder / "log").read_text())
