"""A room's first fill while those who are in already write: everybody whom the policy wants there is there."""

import threading
import urllib.parse
import uuid

from harness import MatrixError, Scenario, Site, until

ROOMS = [f"room{number}" for number in range(1, 9)]
PEOPLE = ["amy", "ben", "cas", "dan", "eve", "fay"]
POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
""" + "".join(f"  {{p}}-{key}: {{name: {key}, members: {{group: \"{{p}} Staff\"}}}}\n" for key in ROOMS)


class FirstFill(Scenario):
    site = Site("ff")

    def write(self, over: threading.Event) -> None:
        """Amy writes into whatever room she is in, as fast as she can."""
        amy = self.site.masked("amy")
        while not over.is_set():
            for room in amy.joined_rooms():
                try:
                    amy.call("PUT", f"/_matrix/client/v3/rooms/{urllib.parse.quote(room, safe='')}/send/m.room.message/{uuid.uuid4()}",
                             {"msgtype": "m.text", "body": "who else is here?"})
                except MatrixError as error:
                    self.assertIn(error.status, (403, 429))     # not in it any more, or too fast

    def test_nobody_is_lost_where_people_write_while_the_door_is_shut(self):
        site = self.site
        site.fill(PEOPLE, {"Staff": PEOPLE})
        site.start()
        over = threading.Event()
        writers = [threading.Thread(target=self.write, args=(over,)) for _ in range(4)]
        for writer in writers:
            writer.start()
        try:
            site.apply(POLICY)
            site.settle(60)
        finally:
            over.set()
            for writer in writers:
                writer.join()
        for key in ROOMS:
            until(lambda room=key: site.joined(room) == set(PEOPLE), f"everybody is in {key}", 40)
