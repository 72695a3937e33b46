"""What happens to the directory, and what the daemon says and does about it: removes nobody, recovers by itself."""

import subprocess
import time

from harness import Scenario, Site, measured, settings, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}}
guards: {canaries: [rollcall-canary]}
"""
STAFF = ["amy", "ben", "cas", "dan", "eve", "fay"]


class DirectoryFaults(Scenario):
    site = Site("df", directory_proxy=True)

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben"]})

    def health(self, wanted: str, seconds: float = 15) -> dict:
        status = until(lambda: next((s for s in [self.site.status()] if s["directory"]["health"] == wanted), None),
                       f"the directory is {wanted}: {self.site.status()['directory']}", seconds)
        return status["directory"]

    def assert_untouched(self) -> None:
        self.assertEqual(self.site.joined("hall"), set(STAFF))
        self.assert_removes_nobody(self.before)

    def setUp(self):
        if not self.site.process and "down_at_the_start" not in self._testMethodName:
            self.site.start()
            self.site.apply(POLICY)
            self.site.settle(30)
        self.before = self.site.trail_end() if self.site.process else 0

    def test_a_directory_that_is_down_at_the_start_is_waited_for(self):
        site = self.site
        site.to_directory.refuse()
        site.write_policy(POLICY)
        site.start()
        self.assertIn(settings.DC_ADDRESS, self.health("unreachable")["text"])
        plan = site.cli("plan", "--exit-code")
        self.assertEqual(plan.returncode, 1, plan.stdout)
        self.assertIn(settings.DC_ADDRESS, plan.stderr)
        site.to_directory.accept()
        self.health("up")
        site.apply()
        site.settle(30)
        self.assertEqual(site.joined("hall"), set(STAFF))

    def test_a_directory_that_goes_away_removes_nobody_and_is_caught_up_with(self):
        site = self.site
        site.to_directory.refuse()
        self.health("unreachable")
        site.remove("ben", "Crew")                       # behind its back
        site.add("cas", "Crew")
        site.stop()
        site.start()                                     # even a start without a directory forgets nobody
        self.health("unreachable")
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon")
        self.assert_untouched()
        self.assertEqual(site.joined("crew"), {"amy", "ben"})
        self.assertEqual(site.why("amy", "crew")["verdict"], "member")
        began = time.monotonic()
        site.to_directory.accept()
        site.wait("crew", "cas", "join", 15)
        site.wait("crew", "ben", "leave", 15)
        measured("directory back → caught up", began)

    def test_a_line_that_goes_dead_loses_nothing(self):
        site = self.site
        site.to_directory.black_hole()
        site.add("dan", "Crew")
        self.assertEqual(site.cli("status").returncode, 0)
        self.assert_untouched()
        site.to_directory.pass_on()
        site.wait("crew", "dan", "join", 15)

    def test_a_cut_connection_is_made_again(self):
        site = self.site
        site.to_directory.cut()
        site.add("eve", "Crew")
        site.wait("crew", "eve", "join", 15)
        self.assert_untouched()

    def test_a_wrong_password_is_told_apart_and_a_right_one_is_enough(self):
        site = self.site
        right = site.password_file.read_text()
        site.stop()
        site.password_file.write_text("Wrong-password-1\n")
        site.start()
        told = self.health("wrong credentials")
        self.assertNotIn("Wrong-password-1", str(told))
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon")
        self.assert_untouched()
        plan = site.cli("plan")
        self.assertNotIn("Wrong-password-1", plan.stdout + plan.stderr)
        site.stop()
        site.password_file.write_text(right)
        site.start()
        self.health("up")
        site.settle()
        self.assert_untouched()
        self.assertNotIn("Wrong-password-1", (site.folder / "log").read_text())

    def test_an_untrusted_certificate_is_told_apart_and_nothing_is_sent_to_it(self):
        site = self.site
        trusted = (site.folder / "ca.pem").read_bytes()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=Somebody else", "-keyout", "/dev/null", "-out", site.folder / "ca.pem",
                        "-days", "2"], check=True, capture_output=True)
        site.stop()
        site.start()
        self.health("certificate not trusted")
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon")
        self.assert_untouched()
        (site.folder / "ca.pem").write_bytes(trusted)
        site.stop()
        site.start()
        self.health("up")
        site.settle()
        self.assert_untouched()

    def test_at_the_end_everybody_is_where_they_belong(self):
        site = self.site
        site.settle()
        self.assertEqual(site.joined("crew"), {"amy", "cas", "dan", "eve"})
        self.assertEqual(site.joined("hall"), set(STAFF))
        self.assert_every_intent_ended()
