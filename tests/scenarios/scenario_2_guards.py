"""Policy files that are edited, guards that hold, and what cannot be known: nobody loses anything by it."""

import json
import re

from harness import CommandFailed, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
  {p}-crew: {name: Crew, members: {group: "{p} Crew", except: {group: "{p} Barred"}}}
  {p}-pool: {name: Pool, members: {group: "{p} Pool"}}
guards:
  removals: {at_most: 3, within: 1h}
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
  canaries: [{p}-canary]
"""
CREW = ["amy", "ben", "cas", "dan", "eve", "fay", "gus", "hal"]
POOL = [f"pool{number}" for number in range(1, 7)]
STAFF = [*CREW, *POOL, "joe", "kim", "lou", "max"]


class Guards(Scenario):
    site = Site("gu", directory_every="2s")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill([*STAFF, "canary"], {"Staff": STAFF, "Crew": CREW, "Pool": POOL, "Barred": []})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def setUp(self):
        self.site.settle(30)
        self.before = self.site.trail_end()

    # --- the policy in force is the one last applied

    def test_N8_an_edited_half_written_or_deleted_policy_changes_nothing_until_it_is_applied(self):
        site = self.site
        force = site.status()["policy"]["version"]
        whole = site.policy_file.read_text()
        spoilt = {
            "edited": whole.replace("members: employees", "members: nobody"),
            "half-written": whole[:len(whole) // 2],
            "an unknown key": whole.replace("rooms:\n", "rooms:\n  {p}-x: {nmae: X, members: employees}\n".replace(
                "{p}", site.prefix)),
            "a group that nobody knows": whole.replace(f"{site} Pool", f"{site} Pond"),
            "an alias bomb": "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n" + whole,
            "deleted": None}
        for what, text in spoilt.items():
            with self.subTest(what):
                if text is None:
                    site.policy_file.unlink()
                else:
                    site.policy_file.write_text(text)
                status = site.status()["policy"]
                self.assertTrue(status["edited"], status)
                self.assertEqual(status["version"], force)
                site.ask("plan") if what == "edited" else self.assert_refused(text, what)
        site.write_policy(whole)
        self.assertFalse(site.status()["policy"]["edited"])
        site.add("joe", "Crew")                          # the old policy is still the one that works
        site.wait("crew", "joe", "join")
        self.assert_removes_nobody(self.before)
        self.assertEqual(site.joined("hall"), set(STAFF))

    def assert_refused(self, text: str | None, what: str) -> None:
        done = self.site.cli("plan", "--exit-code")
        self.assertEqual(done.returncode, 2, f"{what}: {done.stdout}{done.stderr}")
        if text is not None:
            self.assertRegex(done.stderr, r"company\.yaml:\d+:\d+", what)
        done = self.site.cli("apply", "--yes", "--reason", "by mistake")
        self.assertEqual(done.returncode, 2, f"{what}: {done.stdout}{done.stderr}")
        self.assertTrue(done.stderr.strip())

    def test_plan_exit_codes_are_0_for_nothing_3_for_changes_2_for_errors_4_for_holds(self):
        site = self.site
        whole = site.policy_file.read_text()
        exit_of = lambda: site.cli("plan", "--exit-code").returncode  # noqa: E731
        self.assertEqual(exit_of(), 0)
        site.policy_file.write_text(whole.replace("name: Hall", "name: Great Hall"))
        self.assertEqual(exit_of(), 3)
        self.assertEqual(site.cli("plan").returncode, 0)
        site.policy_file.write_text(whole.replace("name: Hall", "nmae: Hall"))
        self.assertEqual(exit_of(), 2)
        site.policy_file.write_text(whole.replace("members: employees", "members: nobody"))
        self.assertEqual(exit_of(), 4)
        site.write_policy(whole)
        self.assertEqual(exit_of(), 0)
        self.assertEqual(site.changed(self.before), [], "planning did something")

    def test_a_saved_plan_is_applied_exactly_or_refused(self):
        site = self.site
        whole = site.policy_file.read_text()
        saved = str(site.folder / "saved-plan.json")
        site.write_policy(whole.replace("name: Hall", "name: Great Hall"))
        self.assertEqual(site.cli("plan", "--out", saved).returncode, 0)
        site.add("kim", "Pool")
        site.wait("pool", "kim", "join")
        site.write_policy(whole.replace("name: Hall", "name: Greatest Hall"))
        refused = site.cli("apply", saved, "--yes", "--reason", "saved")
        self.assertEqual(refused.returncode, 1, refused.stdout + refused.stderr)
        site.write_policy(whole.replace("name: Hall", "name: Great Hall"))
        done = site.cli("apply", saved, "--yes", "--reason", "saved")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        until(lambda: site.bot.state_content(site.room("hall"), "m.room.name")["name"] == "Great Hall", "the new name")
        site.apply(whole)
        site.remove("kim", "Pool")
        site.wait("pool", "kim", "leave")

    # --- what cannot be read is unknown

    def test_an_unreadable_group_changes_nothing_in_either_direction(self):
        site = self.site
        crew = site.joined("crew")
        put_back = site.directory.deny_read(site.group_dn("Crew"), "member")
        try:
            until(lambda: f"{site} Crew" in str(site.status()["unreadable_groups"]), "status names the group")
            site.remove("amy", "Crew")
            site.add("lou", "Crew")
            site.add("lou", "Pool")
            site.wait("pool", "lou", "join")             # what came before is known by now
            self.sweep()
            self.assertEqual(site.joined("crew"), crew)
            self.assertEqual(site.why("amy", "crew")["verdict"], "unknown")
            self.assertNotEqual(site.why("lou", "crew")["verdict"], "member")
            self.assert_removes_nobody(self.before)
        finally:
            put_back()
        site.wait("crew", "amy", "leave")
        site.wait("crew", "lou", "join")
        site.settle()
        self.assertEqual(site.status()["unreadable_groups"], [])
        self.assertEqual(site.joined("crew"), crew - {"amy"} | {"lou"})

    def test_an_unreadable_except_admits_nobody(self):
        site = self.site
        put_back = site.directory.deny_read(site.group_dn("Barred"), "member")
        try:
            until(lambda: f"{site} Barred" in str(site.status()["unreadable_groups"]), "status names the group")
            site.add("max", "Crew")
            site.add("max", "Pool")
            site.wait("pool", "max", "join")
            self.sweep()
            self.assertIsNone(site.membership("crew", "max"))
            self.assert_removes_nobody(self.before)
        finally:
            put_back()
        site.wait("crew", "max", "join")

    def test_groups_that_are_hidden_whole_are_unknown_and_not_empty(self):
        site = self.site
        crew = site.joined("crew")
        put_back = []
        try:
            site.add("pool6", "Barred")
            site.add("pool6", "Crew")
            for group in ("Crew", "Barred"):
                put_back.append(site.directory.deny_read(site.group_dn(group)))
            until(lambda: {f"{site} Crew", f"{site} Barred"} <= set(site.status()["unreadable_groups"]),
                  "status names both groups", 20)
            self.sweep()
            self.assertEqual(site.joined("crew"), crew)
            self.assertIsNone(site.membership("crew", "pool6"))
            self.assert_removes_nobody(self.before)
        finally:
            for one in put_back:
                one()
            site.remove("pool6", "Crew")
        until(lambda: site.status()["unreadable_groups"] == [], "both are known again", 20)
        site.settle()
        self.assertEqual(site.joined("crew"), crew)
        self.assert_removes_nobody(self.before)
        site.remove("pool6", "Barred")

    def test_whoever_has_a_hidden_login_stays_who_they_were(self):
        site = self.site
        put_back = site.directory.deny_read(site.dn("ben"), "sAMAccountName")
        try:
            site.directory.set_attribute(site.dn("ben"), "description", "so that the daemon looks again")
            until(lambda: "1 of" in site.status()["directory"]["text"], "status says that somebody cannot be read")
            self.sweep()
            self.assertEqual((site.membership("crew", "ben"), site.membership("hall", "ben")), ("join", "join"))
            self.assert_removes_nobody(self.before)
        finally:
            put_back()
        until(lambda: site.status()["directory"]["text"] == "", "all can be read again", 20)

    def test_an_unreadable_account_state_is_not_departed(self):
        site = self.site
        put_back = site.directory.deny_read(site.dn("ben"), "userAccountControl")
        try:
            site.directory.set_attribute(site.dn("ben"), "description", "so that the daemon looks")
            until(lambda: site.ask("why", user=site.user("ben"))["departed"] == "unknown", "ben's state is unknown")
            self.sweep()
            self.assertEqual(site.membership("crew", "ben"), "join")
            self.assert_removes_nobody(self.before)
        finally:
            put_back()
        until(lambda: site.ask("why", user=site.user("ben"))["departed"] == "no", "ben's state is known again")

    def sweep(self) -> None:
        """Until a complete read of the directory that began after now has ended."""
        last = lambda: self.site.status()["directory"]["last_answer"]  # noqa: E731
        for _ in range(2):
            was = last()
            until(lambda: last() != was, "another complete read", 10)

    # --- a read that cannot be believed

    def test_a_complete_read_without_its_canary_freezes_removals_and_shows_a_hold(self):
        site = self.site
        put_back = site.directory.deny_read(site.dn("canary"))
        try:
            status = until(lambda: next((s for s in [site.status()] if s["directory"]["frozen"] and s["holds"]), None),
                           "frozen, and shown as a hold", 10)
            self.assertIn("canary", status["directory"]["frozen"])
            self.assertEqual([hold["guard"] for hold in status["holds"]], ["canaries"])
            self.assertEqual(site.cli("holds").returncode, 4)
            pool = site.joined("pool")
            site.remove("pool1", "Pool")
            site.directory.disable(site.dn("pool2"))     # a departure is positive evidence, and goes on
            site.wait("pool", "pool2", "leave")          # later than the removal
            self.assertEqual(site.joined("pool"), pool - {"pool2"})
        finally:
            put_back()
        site.wait("pool", "pool1", "leave", 20)
        status = site.settle()
        self.assertEqual((status["directory"]["frozen"], status["holds"]), ("", []))

    def test_a_canary_that_is_given_up_lets_nobody_be_removed_whom_no_plan_showed(self):
        site = self.site
        whole = site.policy_file.read_text()
        put_back = site.directory.deny_read(site.dn("canary"))
        try:
            until(lambda: site.status()["directory"]["frozen"], "frozen", 10)
            site.remove("pool3", "Pool")
            site.write_policy(whole.replace(f"canaries: [{site.prefix}-canary]", "canaries: []"))
            plan = site.ask("plan")
            self.assertIn("a canary is given up", json.dumps(plan["diagnostics"]))
            site.ask("apply", plan=plan["hash"], reason="it is gone, they say")
            hold = until(lambda: next((h for h in site.status()["holds"] if h["guard"] == "removals"), None), "held", 20)
            self.assertEqual(hold["actions"], [f"remove {site}-pool {site.user('pool3')}"])
            self.assertIn("gave up a canary", hold["cause"])
            self.assert_removes_nobody(self.before)
            site.ask("approve", id=hold["id"], reason="pool3 did leave")
            site.wait("pool", "pool3", "leave")
        finally:
            put_back()
        self.sweep()                                     # it is shown again
        site.apply(whole)
        site.settle()

    def test_a_canary_that_is_deleted_is_missed_at_once(self):
        site = self.site
        whole = site.policy_file.read_text()
        site.person("canary2", [], account=False)
        self.sweep()
        site.apply(whole.replace(f"[{site.prefix}-canary]", f"[{site.prefix}-canary2]"))
        site.directory.delete(site.dn("canary2"))
        frozen = until(lambda: site.status()["directory"]["frozen"], "frozen", 10)
        self.assertIn("was deleted from the directory: name another account", frozen)
        site.apply(whole)
        until(lambda: not site.status()["directory"]["frozen"], "believed again", 20)

    def test_a_directory_that_shows_nobody_removes_nobody(self):
        site = self.site
        hall = site.joined("hall")
        put_back = site.directory.hide_children(f"OU={site.prefix}")
        try:
            until(lambda: re.match(r"\d+ of \d+ people are not shown any more: .*canary", site.status()["directory"]["frozen"]),
                  "frozen, and said how many are hidden beside the canary", 20)
            self.assertEqual(site.ask("why", user=site.user("ben"))["departed"], "no")
            self.assertEqual(site.joined("hall"), hall)
            self.assert_removes_nobody(self.before)
        finally:
            put_back()
        until(lambda: not site.status()["directory"]["frozen"], "believed again", 20)
        site.settle()
        self.assertEqual(site.joined("hall"), hall)
        self.assert_removes_nobody(self.before)

    # --- more than a guard allows

    def hold(self) -> dict:
        return until(lambda: next((h[0] for h in [site_holds(self.site)] if len(h) == 1), None), "one hold")

    def test_more_removals_than_allowed_are_one_hold_that_a_restart_keeps_and_approve_carries_out(self):
        site = self.site
        crew = site.joined("crew")
        keep = {"hal", "joe"} & crew
        site.members("Crew", sorted(keep))
        hold = self.hold()
        gone = crew - keep
        self.assertEqual(hold["guard"], "removals")
        self.assertEqual(set(hold["actions"]), {f"remove {site}-crew {site.user(name)}" for name in gone})
        site.add("kim", "Pool")                          # the rest goes on
        site.wait("pool", "kim", "join")
        self.assertEqual(site.joined("crew"), crew)

        site.stop()
        site.start()
        site.settle(left=len(gone))
        self.assertEqual(self.hold()["id"], hold["id"], "a restart made another hold")
        site.kill()
        site.start()
        site.settle(left=len(gone))
        self.assertEqual(self.hold()["id"], hold["id"], "a crash made another hold")
        self.assertEqual(site.joined("crew"), crew)

        unsure = site.cli("approve", hold["id"])
        self.assertEqual(unsure.returncode, 2, "approved without a reason")
        site.directory.add_to_group(site.dn("cas"), site.group_dn("Crew"))      # no longer wanted out
        until(lambda: site.user("cas") not in str(site_holds(site)), "the hold is without cas")
        answered = site.cli("approve", hold["id"], "--reason", "the crew is dissolved", json_out=True)
        self.assertEqual(answered.returncode, 0, answered.stderr)
        self.assertIn(site.user("cas"), str(answered.json["unwanted"]))
        self.assertEqual(len(answered.json["wanted"]), len(gone) - 1)
        site.settle()
        self.assertEqual(site.joined("crew"), keep | {"cas"})
        self.assertEqual(site_holds(site), [])
        left = {user for action, room, user in site.changed(self.before) if action == "leave"}
        self.assertEqual(left, {site.user(name) for name in gone - {"cas"}})

    def test_a_rejected_hold_stays_rejected_until_its_cause_or_the_policy_changes(self):
        site = self.site
        site.members("Pool", [*POOL[2:], "lou", "max", "kim"])
        site.settle()
        pool = site.joined("pool")
        self.assertGreaterEqual(len(pool), 5)
        site.members("Pool", [])
        hold = self.hold()
        done = site.cli("reject", hold["id"], "--reason", "HR pressed the wrong button")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(site_holds(site), [])
        site.stop()
        site.start()
        site.add("pool1", "Crew")
        site.wait("crew", "pool1", "join")
        self.assertEqual(site.joined("pool"), pool)
        self.assertEqual(site_holds(site), [])

        # visible, not to be done, and not brought back by applying what is in force already
        [rejection] = site.status()["rejected"]
        self.assertEqual((rejection["hold"], len(rejection["actions"])), (hold["id"], len(pool)))
        self.assertEqual(site.ask("plan")["actions"], 0)
        self.assertEqual(site.cli("plan", "--exit-code").returncode, 0)
        self.assertIn("HR pressed the wrong button", site.cli("holds").stdout)
        site.cli("apply", "--yes", "--reason", "nothing new")
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon")
        self.assertEqual((site_holds(site), site.joined("pool")), ([], pool))

        # who departs after all is not kept in by it
        site.directory.disable(site.dn("kim"))
        site.wait("pool", "kim", "leave")
        self.assertEqual(site.joined("pool"), pool - {"kim"})

        # another policy: the same question again
        right = site.policy_file.read_text()
        site.apply(right.replace("name: Pool", "name: The Pool"))
        until(lambda: len(site_holds(site)) == 1, "the hold is back")
        self.assertEqual(site.status()["rejected"], [])
        self.assertEqual(site.joined("pool"), pool - {"kim"})
        site.apply(right)
        site.members("Pool", sorted(pool - {"kim"}))
        site.settle()

    def test_a_wrong_matrix_id_template_on_a_running_company_removes_nobody(self):
        site = self.site
        rooms = {key: site.joined(key) for key in ("hall", "crew", "pool")}
        right = site.policy_file.read_text()
        applied = site.apply(POLICY.replace("@{sAMAccountName|lower}:", "@{sAMAccountName|lower}-wrong:"))
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon")
        for key, members in rooms.items():
            self.assertLessEqual(members, site.joined(key), f"somebody lost {key}: {applied['holds']}")
        self.assert_removes_nobody(self.before)
        site.apply(right)
        site.settle()
        self.assertEqual(site_holds(site), [])
        for key, members in rooms.items():
            self.assertEqual(site.joined(key), members)

    def test_more_departures_than_allowed_are_held_by_their_own_guard(self):
        site = self.site
        text = POLICY.replace("guards:\n", "guards:\n  departures: {at_most: 1, within: 1h}\n")
        site.apply(text)
        for name in ("pool3", "pool4", "pool5"):
            site.directory.disable(site.dn(name))
        status = until(lambda: next((s for s in [site.status()] if s["holds"]), None), "a hold")
        self.assertEqual(status["holds"][0]["guard"], "departures")
        until(lambda: "pool5" in str(site_holds(site)), "all of them are held")
        [hold] = site_holds(site)
        site.ask("approve", id=hold["id"], reason="they have left indeed")
        for name in ("pool3", "pool4", "pool5"):
            site.wait("hall", name, "leave")

    def test_at_the_end_the_trail_is_whole(self):
        self.site.settle()
        self.assert_every_intent_ended()
        with self.assertRaises(CommandFailed):
            self.site.ask("approve", id="000000000000", reason="no such hold")


def site_holds(site: Site) -> list:
    return site.ask("holds")["holds"]
