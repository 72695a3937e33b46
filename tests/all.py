"""Every test in parts, with one count at the end. tests/all calls it when everything is installed.

    unit        a debug build, benchmarks too; the unit tests, the simulation and the include check
    checks      clang-format, clang-tidy, and the program built as people build it
    sanitizers  the same tests under ASan and UBSan, those with threads under TSan
    scenarios   the directory bridge and whole stories against a lab of real servers

The scenarios wait for servers most of the time, so checks and sanitizers run beside them, with the lowest priority; and
beside each other, since their tests wait too: ASan, which is the longest, and the others one after another. No test has a
time limit of its own, since nobody knows how busy a machine is: all of it together has one.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("unit", "checks", "sanitizers", "scenarios")
JOBS = "2"
LIMIT = 80 * 60      # seconds, for everything: something hangs. CI ends a run after 90 minutes
BEGAN = time.monotonic()
# One in so many cases of the exhaustive tests under a sanitizer (tests/share.h); `unit` tries all.
SHARE = {"ROLLCALL_TEST_SHARE": "20"}
# Programs whose tests start threads: those of the engine, and the simulation, have fake servers on a clock of their own.
THREADED = ("http", "matrix", "syslog", "directory", "control", "audit", "anchors")
# Suites of these that take long and do all that they do on the thread of the test: files, or a daemon without its socket.
ON_ONE_THREAD = ("Mutation.*", "HandedOn.*", "Verify.*", "ReviewCrash.*", "Audit.*", "Handler.*", "Looking.*", "Outsider.*", "Remarks.*",
                 "Retention.*", "RotateKey.*")


class Count:
    passed = failed = skipped = 0

    def __init__(self):
        self.lock = threading.Lock()
        self.faults = []         # what failed, a line each

    def add(self, passed=0, failed=0, skipped=0, faults=()):
        with self.lock:
            self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
            self.faults += faults

    def step(self, title, good):
        self.add(passed=int(good), failed=int(not good), faults=[] if good else [title])


count = Count()


class Priority(threading.local):
    words: tuple = ()            # before every command of this thread


priority = Priority()


def descendants(pid):
    """pid → what it runs, of a process and all that it started, in sessions of their own too."""
    listed = subprocess.run(["ps", "-e", "--no-headers", "-o", "pid,ppid,etime,args"], capture_output=True, text=True).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    found, new = {}, {str(pid)}
    while new:
        found.update({int(row[0]): " ".join(row[2:]) for row in rows if row[0] in new})
        new = {row[0] for row in rows if row[1] in new}
    return found


def run(title, words, quiet=True, **options):
    """Runs one step; its output is shown when it fails, or as it comes where it has something to tell."""
    print(f"{title} …", flush=True)
    began = time.monotonic()
    process = subprocess.Popen([*priority.words, *words], cwd=ROOT, text=True, stdin=subprocess.DEVNULL, errors="replace",
                               stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
                               **options)
    try:
        output, _ = process.communicate(timeout=max(1.0, LIMIT - (began - BEGAN)))
    except subprocess.TimeoutExpired:
        running = descendants(process.pid)
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        output, _ = process.communicate()
        print(f"{title}: all of it has taken {LIMIT // 60} minutes, and this was running:\n" + "\n".join(running.values()), flush=True)
    took = time.monotonic() - began
    good = process.returncode == 0
    if not good and quiet:
        print("\n".join(output.splitlines()[-200:]), flush=True)
    print(f"{title}: {'done' if good else 'FAILED'} in {took:.0f} s", flush=True)
    return subprocess.CompletedProcess(words, process.returncode, output or "")


def counted(title, words, **options):
    """Runs a step that counts as one test; has it passed?"""
    good = run(title, words, **options).returncode == 0
    count.step(title, good)
    return good


# By what the compiler says it read: ccache's own preprocessing fails on a precompiled header, and kept nothing then.
BUILDING = dict(os.environ, CXX="ccache g++", CCACHE_BASEDIR=str(ROOT), CCACHE_NOHASHDIR="1", CCACHE_DEPEND="1",
                CCACHE_SLOPPINESS="pch_defines,time_macros")


def configure(folder, *options):
    if (ROOT / folder / "build.ninja").exists():
        return True
    title = f"configuring {folder}"
    good = run(title, ["meson", "setup", folder, *options], env=BUILDING).returncode == 0
    if not good:
        count.step(title, False)
    return good


def build(folder, *options, only=()):
    """Configures and builds; `only` the programs of these tests."""
    if not configure(folder, *options):
        return False
    programs = [os.path.relpath(test["cmd"][0], ROOT / folder) for test in listed_tests(folder) if test["name"] in only]
    return counted(f"building {folder}", ["ninja", "-j", JOBS, "-C", folder, *programs], env=BUILDING)


def listed_tests(folder):
    listed = subprocess.run(["meson", "introspect", folder, "--tests"], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(listed.stdout)


def meson_tests(folder, *words, environment=None):
    """Runs tests of a build and counts the single cases, which the runners report as JUnit files."""
    report = ROOT / folder / "meson-logs" / "testlog.junit.xml"
    report.unlink(missing_ok=True)
    title = f"testing {folder} {' '.join(words)}".strip()
    result = run(title,
                 ["meson", "test", "-C", folder, "--no-rebuild", "--num-processes", JOBS, "--timeout-multiplier", "0", "--print-errorlogs", *words],
                 env=dict(os.environ, **(environment or {})))
    named = False
    if report.exists():
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            cases, failed, skipped = int(suite.get("tests", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0)), int(suite.get("skipped", 0) or 0)
            faults = [f"{title}: {suite.get('name')}.{case.get('name')}" for case in suite.iter("testcase")
                      if case.find("failure") is not None or case.find("error") is not None]
            count.add(cases - failed - skipped, failed, skipped, faults)
            named = named or failed > 0
    if result.returncode != 0 and not named:
        count.step(title, False)


# The quickest build there is: of its headers most are precompiled. As people build it, the program alone is compiled too.
QUICK = ("--buildtype=debug", "-Dbenchmarks=true")


def unit():
    if build("build", *QUICK):
        meson_tests("build", "--no-suite", "lab")


# By eights: headers and templates are most of what a source takes. `unit` compiles each by itself, which shows what one lacks.
BY_EIGHTS = ("--unity=on", "-Dunity_size=8")


def optimised():
    if configure("build-optimised", "--buildtype=debugoptimized", *BY_EIGHTS):
        counted("building build-optimised", ["ninja", "-j", JOBS, "-C", "build-optimised", "daemon/rollcall"], env=BUILDING)


def checks():
    counted("clang-format", ["tests/check_format"])
    if configure("build-tidy"):    # of a kind without precompiled headers: clang does not read g++'s
        counted("clang-tidy", ["tests/check_tidy", "build-tidy"])


# `unit` has compiled each source by itself, with every warning an error; together some shadow each other's names.
SANITIZED = ("--buildtype=debug", "-Db_lundef=false", "-Dwerror=false", *BY_EIGHTS)


def asan():
    if build("build-asan", *SANITIZED, "-Db_sanitize=address,undefined"):
        meson_tests("build-asan", "--no-suite", "lab",
                    environment={"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", **SHARE})


def tsan():
    if build("build-tsan", *SANITIZED, "-Db_sanitize=thread", only=THREADED):
        meson_tests("build-tsan", *THREADED,
                    environment={"TSAN_OPTIONS": "halt_on_error=1", "GTEST_FILTER": "-" + ":".join(ON_ONE_THREAD), **SHARE})


def scenarios():
    if not (ROOT / "build" / "daemon" / "rollcall").exists() and not build("build", *QUICK):
        return
    environment = {"ROLLCALL_LAB": os.environ.get("ROLLCALL_LAB", "/var/tmp/rollcall-lab-tests"),
                   "ROLLCALL_LAB_NET": os.environ.get("ROLLCALL_LAB_NET", "127.0.9"), "ROLLCALL": str(ROOT / "build/daemon/rollcall")}
    full = dict(os.environ, **environment)
    if run("starting the lab", ["tests/lab/lab", "up", "--fresh", "--people", "220"], env=full).returncode != 0:
        return count.step("starting the lab", False)
    try:
        values = subprocess.run(["tests/lab/lab", "env"], cwd=ROOT, capture_output=True, text=True, env=full).stdout
        for name, value in re.findall(r"^(?:export )?(\w+)='?([^'\n]*)'?$", values, re.MULTILINE):
            environment[name] = value
        meson_tests("build", "--suite", "lab", environment=environment)
        process = run("scenarios", ["tests/scenarios/run"], env=dict(os.environ, **environment))
        if process.returncode == 0:
            print(process.stdout, flush=True)
        told = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", process.stdout, re.MULTILINE)
        if told:
            count.add(*(int(n or 0) for n in told[-1]), faults=re.findall(r"^FAILED (\w+\.\w+: .*)$", process.stdout, re.MULTILINE))
        if process.returncode != 0 and (not told or told[-1][1] == "0"):
            count.step("scenarios", False)
    finally:
        run("stopping the lab", ["tests/lab/lab", "down"], env=full)


def in_order(steps, words=()):
    priority.words = words
    for step in steps:
        step()


def beside_each_other(*rows, words=()):
    """Each row of steps on a thread of its own; those threads, which run."""
    threads = [threading.Thread(target=in_order, args=(row, words)) for row in rows if row]
    for thread in threads:
        thread.start()
    return threads


def main():
    wanted = sys.argv[1:] or PARTS
    for part in wanted:
        if part not in PARTS:
            sys.exit(f"tests/all: no part '{part}'; there are {', '.join(PARTS)}")
    if "unit" in wanted:
        unit()
    with_scenarios = "scenarios" in wanted
    sanitizers = "sanitizers" in wanted
    threads = beside_each_other([asan] if sanitizers else [],
                                ([checks, optimised] if "checks" in wanted else []) + ([tsan] if sanitizers else []),
                                words=("nice", "-n", "19") if with_scenarios else ())
    if with_scenarios:
        scenarios()
    for thread in threads:
        thread.join()
    for fault in count.faults:
        print(f"FAILED: {fault}")
    print(f"all of it in {(time.monotonic() - BEGAN) / 60:.1f} minutes")
    print(f"{count.passed} passed, {count.failed} failed" + (f", {count.skipped} skipped" if count.skipped else ""))
    sys.exit(1 if count.failed else 0)


if __name__ == "__main__":
    main()
