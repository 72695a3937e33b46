"""The company that fills the lab: people and groups, the same every time (seeded), as plain data.

Knows nothing of LDAP or Matrix; directory_fill.py and accounts.py put it into the servers.
"""

import dataclasses
import random

# department, its share of the people, titles, group
DEPARTMENTS = {
    "Engineering": (30, ["Software Engineer", "Senior Software Engineer", "Staff Engineer", "Test Engineer"]),
    "Operations": (12, ["Systems Administrator", "Site Reliability Engineer", "Network Engineer"]),
    "Support": (14, ["Support Agent", "Support Engineer"]),
    "Sales": (16, ["Account Manager", "Sales Representative", "Sales Engineer"]),
    "Marketing": (8, ["Campaign Manager", "Designer", "Copywriter"]),
    "Finance": (6, ["Accountant", "Controller"]),
    "Human Resources": (5, ["Recruiter", "HR Partner"]),
    "Communications": (4, ["Press Officer", "Editor"]),
    "Legal": (3, ["Counsel", "Paralegal"]),
    "Compliance": (2, ["Compliance Officer"]),
}
TEAMS = {      # groups nested in a department's group, each with every n-th person of it
    "Engineering": ["Platform Team", "Product Team", "Mobile Team"],
    "Operations": ["SRE", "Network Team"],
    "Support": ["Support Tier 1", "Support Tier 2"],
    "Sales": ["Sales EMEA", "Sales Americas"],
}
SQUADS = {"Platform Team": ["Storage Squad", "Build Squad"], "SRE": ["SRE On-Call"]}
OFFICES = ["Amsterdam", "Berlin", "Bristol", "Gent", "Lisboa", "Remote"]
PROJECTS = ["Project Apollo", "Project Borealis", "Project Condor"]

GIVEN = """Ada Alan Amina Anke Bas Beatriz Bo Carla Chiara Daan Dora Elif Emma Esra Fatima Felix Femke Finn Freya
Gijs Greta Hugo Ida Ilse Imran Ines Jan Jasper Joao Jonas Julia Kai Karin Koen Lars Lena Leila Lotte Luca Maja Malik
Marta Mats Mei Mila Nadia Nico Nina Noor Olaf Omar Otto Paula Pieter Priya Rafael Rosa Ruben Saar Sami Sanne Sofia
Stijn Sven Tara Thijs Timo Uma Vera Victor Wout Yara Yusuf Zoe Renée Jürgen Søren""".split()
FAMILY = """Aalbers Abelard Achterberg Bakker Barros Becker Bergman Bos Brandt Castell Claes Costa Dekker Demir Diaz
Dubois Eriksen Faber Ferreira Fischer Gerritsen Haas Hansen Hendriks Ibrahim Jacobs Jansen Kaya Keller Kok Kramer
Kuipers Lambert Lang Larsen Lindqvist Maas Martens Meijer Molenaar Moreau Mulder Nguyen Novak Okafor Olsen Peeters
Pereira Petit Prins Richter Rossi Sanders Schmidt Schouten Silva Smits Sørensen Tanaka Timmer Usman Vermeer Visser
Vogel Vos Wagner Weber Wouters Xu Yilmaz Zimmer Zwart Müller Gonçalves""".split()
PLAIN = str.maketrans({"é": "e", "ü": "u", "ø": "o", "ç": "c", "ö": "o"})


@dataclasses.dataclass
class Person:
    login: str                       # sAMAccountName; the Matrix account is this in lower case
    given: str
    family: str
    department: str
    title: str
    office: str
    kind: str = "employee"           # employeeType: employee | contractor | intern | left
    ou: str = ""                     # below the base; OU=<department>,OU=Staff when empty
    password: bool = False           # has settings.PASSWORD in the directory too
    disabled: bool = False
    expires: int = 0                 # accountExpires as unix seconds, 0 for never
    primary_group: str = ""          # instead of Domain Users
    matrix: bool = True              # has an account on the homeserver

    @property
    def display_name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def where(self) -> str:
        return self.ou or f"OU={self.department},OU=Staff"


@dataclasses.dataclass
class Group:
    name: str                                            # cn and sAMAccountName
    people: list = dataclasses.field(default_factory=list)   # logins
    groups: list = dataclasses.field(default_factory=list)   # names
    ou: str = "OU=Groups"


@dataclasses.dataclass
class Company:
    ous: list           # parents first
    people: dict        # login → Person
    groups: dict        # name → Group


def _known_people() -> list:
    """The people whom tests and documents call by name."""
    return [
        Person("jdoe", "John", "Doe", "Engineering", "Engineering Lead", "Amsterdam", password=True),
        Person("asmith", "Alice", "Smith", "Operations", "Head of Operations", "Berlin", password=True),
        Person("mvisser", "Marit", "Visser", "Engineering", "Engineering Lead", "Amsterdam", password=True),
        Person("kbakker", "Kees", "Bakker", "Operations", "Site Reliability Engineer", "Remote",
               kind="contractor", password=True),
        Person("lvega", "Lucía", "Vega", "Engineering", "Software Engineer", "Lisboa", password=True),
        Person("cofficer", "Clara", "Officer", "Compliance", "Compliance Officer", "Amsterdam", password=True),
        Person("itadmin", "Ivo", "Admin", "Operations", "Systems Administrator", "Amsterdam", password=True),
    ]


def _service_accounts() -> list:
    return [Person("svc-rollcall", "Rollcall", "Service", "", "", "", kind="", ou="OU=Service", matrix=False),
            Person("rollcall-canary", "Rollcall", "Canary", "", "", "", kind="", ou="OU=Service", matrix=False)]


def _leavers(dice: random.Random) -> list:
    """People who have left, each in another way; `expired` have not been disabled."""
    gone, left = "OU=Leavers", "left"
    people = [Person(f"leaver{number}", dice.choice(GIVEN), f"Gone{number}", "Sales", "Account Manager", "Remote")
              for number in range(1, 7)]
    for person in people[0:2]:
        person.disabled, person.ou, person.kind = True, gone, left
    people[2].ou = gone                                  # only moved
    people[3].kind = left                                # only marked by HR
    people[4].disabled = True                            # only disabled
    people[5].expires = 1704067200                       # only expired, on 2024-01-01
    return people


def _login(given: str, family: str, taken: set) -> str:
    """First letter and family name, a number behind it when somebody has that already."""
    stem = (given[0] + family).translate(PLAIN)
    stem = stem.lower() if len(stem) % 7 else stem       # some logins are written with capitals
    login, number = stem, 1
    while login.lower() in taken:
        number += 1
        login = f"{stem}{number}"
    taken.add(login.lower())
    return login


def _everyone_else(count: int, taken: set, dice: random.Random) -> list:
    names = list(DEPARTMENTS)
    shares = [DEPARTMENTS[name][0] for name in names]
    people = []
    for number in range(max(count, 0)):
        # the first of each department come in order, so that none is empty in a small company
        department = names[number % len(names)] if number < 3 * len(names) else dice.choices(names, shares)[0]
        given, family = dice.choice(GIVEN), dice.choice(FAMILY)
        kind = dice.choices(["employee", "contractor", "intern"], [88, 9, 3])[0]
        people.append(Person(_login(given, family, taken), given, family, department,
                             dice.choice(DEPARTMENTS[department][1]), dice.choice(OFFICES), kind=kind))
    for person in people[40:200:40]:
        person.matrix = False                            # accounts that do not exist yet
    return people


def _groups(people: list, dice: random.Random) -> dict:
    groups = {}

    def add(name, members=(), nested=(), ou="OU=Groups"):
        groups[name] = Group(name, sorted(set(members)), list(nested), ou)

    staff = [person for person in people if not person.ou]
    for department in DEPARTMENTS:
        here = [person.login for person in staff if person.department == department and person.login != "lvega"]
        teams = TEAMS.get(department, [])
        for index, team in enumerate(teams):
            squads = SQUADS.get(team, [])
            crew = [login for login in here[index::len(teams)]]
            for place, squad in enumerate(squads):
                add(squad, crew[place + 1::len(squads) + 1])
            add(team, crew[0::len(squads) + 1], squads)
        # one person in six is in the department's group only by a team
        add(department, here if not teams else [login for n, login in enumerate(here) if n % 6], teams)
    add("SRE", groups["SRE"].people + ["kbakker"], groups["SRE"].groups)

    # Whoever has a primary group is not in its `member`: these three belong to Sales, and so to All Staff, by it only.
    field = [person for person in staff if person.department == "Sales" and person.login[:6] != "leaver"][:3]
    for person in field:
        person.primary_group = "Field Staff"
        for group in groups.values():
            group.people = [login for login in group.people if login != person.login]
    add("Field Staff")
    groups["Sales"].groups.append("Field Staff")

    add("All Staff", ["lvega", "itadmin"], list(DEPARTMENTS))
    add("Engineering Leads", ["jdoe", "mvisser"])
    add("Contractors", ["kbakker"] + [person.login for person in staff if person.kind == "contractor"])
    add("Rollcall Admins", ["itadmin", "asmith"])
    # A cycle that takes nobody anywhere: each holds the other.
    guild = [person.login for person in staff if person.department == "Engineering" and not person.password]
    add("Architecture Guild", guild[:4], ["Standards Board"])
    add("Standards Board", guild[4:6], ["Architecture Guild"])
    for number, project in enumerate(PROJECTS):
        crew = dice.sample([person.login for person in staff if not person.disabled], min(12, len(staff)))
        add(project, crew + ["jdoe"] if not number else crew, ou="OU=Projects")
    groups["Project Apollo"].groups.append("Storage Squad")
    return groups


OUS = ["OU=Staff", "OU=Leavers", "OU=Projects", "OU=Groups", "OU=Service"]
OUS += [f"OU={department},OU=Staff" for department in DEPARTMENTS]


def nobody() -> Company:
    """The organisational units and service accounts without a company, for tests that fill it themselves."""
    return Company(OUS, {person.login: person for person in _service_accounts()}, {})


def make(people: int = 240) -> Company:
    """The company with about that many people; the known ones, leavers and service accounts are always there."""
    dice = random.Random(20260301)
    fixed = _known_people() + _service_accounts() + _leavers(dice)
    taken = {person.login.lower() for person in fixed} | {"administrator", "guest", "krbtgt", "breakglass"}
    everyone = fixed + _everyone_else(people - len(fixed), taken, dice)
    groups = _groups(everyone, dice)
    return Company(OUS, {person.login: person for person in everyone}, groups)
