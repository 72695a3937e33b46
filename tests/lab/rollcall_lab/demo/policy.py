"""The demo company's policy file."""

import datetime

TEXT = """\
# Who belongs where. `rollcall plan` shows what it would do, `rollcall apply` puts it in force.
people:
  matrix_id: "@{{sAMAccountName|lower}}:corp.example.com"
  identities:
    - {{user: jdoe, matrix_id: "@john.doe:corp.example.com"}}
  employees: {{group: All Staff}}                 # nobody else becomes a member
  on_departure: {{leave: every_room, sign_out: true}}

protected: ["@breakglass:corp.example.com"]     # never removed

spaces:
  company: {{name: Example Corp, members: employees}}
  projects: {{name: Projects, space: company, members: employees}}

rooms:
  announcements:
    name: Announcements
    space: company
    members: employees
    owners: {{group: Communications}}
    who_posts: owners
    leaving: rejoin
  engineering:
    name: Engineering
    topic: Build, ship, run
    space: company
    members:
      any:
        - {{group: Engineering}}                  # and the teams and squads nested in it
        - {{group: SRE}}
      except: {{group: Contractors}}
    owners: {{group: Engineering Leads}}
  operations:
    name: Operations
    space: company
    members: {{all: [employees, {{attribute: department, in: [Operations, Support]}}]}}
    owners: {{user: asmith}}
  apollo:
    name: Project Apollo
    space: projects
    members: {{group: Project Apollo}}
    owners: {{user: jdoe}}
    outsiders: approved                         # those named below, and nobody else

outsiders:
  anna:
    who: "@anna:partner.example.org"
    rooms: [apollo]
    sponsor: jdoe                               # when John leaves, so does Anna
    reason: Contract 2026-118
    until: {until}

guards:
  canaries: [rollcall-canary]                   # no complete read of the directory lacks this account
  grace: 0s                                     # so that whoever tries it sees a removal at once; 10s unless written
"""


def text(today: datetime.date) -> str:
    return TEXT.format(until=today + datetime.timedelta(days=90))


def part(whole: str, begin: str, end: str) -> str:
    """The lines from the one that begins so to the one before the next that begins so."""
    lines = whole.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(begin))
    last = next((number for number, line in enumerate(lines) if number > first and line.startswith(end)), len(lines))
    return "\n".join(lines[first:last])
