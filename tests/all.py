"""Every test in parts, with one count at the end. tests/all calls it when everything is installed.

    unit        a debug build, benchmarks too; the unit tests, the simulation and the include check
    checks      clang-format and clang-tidy
    sanitizers  the same tests under ASan and UBSan, those with threads under TSan
    scenarios   the directory bridge and whole stories against a lab of real servers
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("unit", "checks", "sanitizers", "scenarios")
JOBS = "2"
THREADED = ("http", "matrix", "syslog", "directory", "control", "engine", "audit", "anchors")


class Count:
    passed = failed = skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped

    def step(self, good):
        self.add(passed=int(good), failed=int(not good))


count = Count()


def run(title, words, quiet=True, **options):
    """Runs one step; its output is shown when it fails, or as it comes where it has something to tell."""
    print(f"{title} …", flush=True)
    began = time.monotonic()
    result = subprocess.run(words, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, errors="replace",
                            stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None, **options)
    took = time.monotonic() - began
    if result.returncode != 0 and quiet:
        print("\n".join(result.stdout.splitlines()[-200:]), flush=True)
    print(f"{title}: {'done' if result.returncode == 0 else 'FAILED'} in {took:.0f} s", flush=True)
    return result


BUILDING = dict(os.environ, CXX="ccache g++", CCACHE_BASEDIR=str(ROOT), CCACHE_NOHASHDIR="1")


def configure(folder, *options):
    if (ROOT / folder / "build.ninja").exists():
        return True
    good = run(f"configuring {folder}", ["meson", "setup", folder, *options], env=BUILDING).returncode == 0
    if not good:
        count.step(False)
    return good


def build(folder, *options, only=()):
    """Configures and builds; `only` the programs of these tests."""
    if not configure(folder, *options):
        return False
    programs = [os.path.relpath(test["cmd"][0], ROOT / folder) for test in listed_tests(folder) if test["name"] in only]
    good = run(f"building {folder}", ["ninja", "-j", JOBS, "-C", folder, *programs], env=BUILDING).returncode == 0
    count.step(good)
    return good


def listed_tests(folder):
    listed = subprocess.run(["meson", "introspect", folder, "--tests"], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(listed.stdout)


def meson_tests(folder, *words, environment=None):
    """Runs tests of a build and counts the single cases, which the runners report as JUnit files."""
    report = ROOT / folder / "meson-logs" / "testlog.junit.xml"
    report.unlink(missing_ok=True)
    result = run(f"testing {folder} {' '.join(words)}".strip(),
                 ["meson", "test", "-C", folder, "--no-rebuild", "--num-processes", JOBS, "--timeout-multiplier", "10", "--print-errorlogs", *words],
                 env=dict(os.environ, **(environment or {})))
    counted = False
    if report.exists():
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            cases, failed, skipped = int(suite.get("tests", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0)), int(suite.get("skipped", 0) or 0)
            count.add(cases - failed - skipped, failed, skipped)
            counted = counted or failed > 0
    if result.returncode != 0 and not counted:
        count.step(False)


def unit():
    if build("build", "--buildtype=debugoptimized", "-Dbenchmarks=true"):
        meson_tests("build", "--no-suite", "lab")


def checks():
    count.step(run("clang-format", ["tests/check_format"]).returncode == 0)
    if configure("build-tidy"):    # of a kind without precompiled headers: clang does not read g++'s
        count.step(run("clang-tidy", ["tests/check_tidy", "build-tidy"]).returncode == 0)


def sanitizers():
    quick = ["--buildtype=debug", "-Db_lundef=false"]
    if build("build-asan", *quick, "-Db_sanitize=address,undefined"):
        meson_tests("build-asan", "--no-suite", "lab", environment={"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "ROLLCALL_SIM_SEEDS": "8"})
    if build("build-tsan", *quick, "-Db_sanitize=thread", only=THREADED):
        # the ten thousand changes to a log are on one thread, and long
        meson_tests("build-tsan", *THREADED, environment={"TSAN_OPTIONS": "halt_on_error=1", "GTEST_FILTER": "-Mutation*"})


def scenarios():
    if not (ROOT / "build" / "daemon" / "rollcall").exists() and not build("build", "--buildtype=debugoptimized", "-Dbenchmarks=true"):
        return
    environment = {"ROLLCALL_LAB": os.environ.get("ROLLCALL_LAB", "/var/tmp/rollcall-lab-tests"),
                   "ROLLCALL_LAB_NET": os.environ.get("ROLLCALL_LAB_NET", "127.0.9"), "ROLLCALL": str(ROOT / "build/daemon/rollcall")}
    full = dict(os.environ, **environment)
    if run("starting the lab", ["tests/lab/lab", "up", "--fresh", "--people", "220"], env=full).returncode != 0:
        return count.step(False)
    try:
        values = subprocess.run(["tests/lab/lab", "env"], cwd=ROOT, capture_output=True, text=True, env=full).stdout
        for name, value in re.findall(r"^(?:export )?(\w+)='?([^'\n]*)'?$", values, re.MULTILINE):
            environment[name] = value
        meson_tests("build", "--suite", "lab", environment=environment)
        process = subprocess.run(["tests/scenarios/run"], cwd=ROOT, text=True, stdin=subprocess.DEVNULL, capture_output=True, env=dict(os.environ, **environment))
        print(process.stdout + process.stderr, flush=True)
        told = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", process.stdout + process.stderr, re.MULTILINE)
        if told:
            count.add(*(int(n or 0) for n in told[-1]))
        if process.returncode != 0 and (not told or told[-1][1] == "0"):
            count.step(False)
    finally:
        run("stopping the lab", ["tests/lab/lab", "down"], env=full)


def main():
    wanted = sys.argv[1:] or PARTS
    for part in wanted:
        if part not in PARTS:
            sys.exit(f"tests/all: no part '{part}'; there are {', '.join(PARTS)}")
    began = time.monotonic()
    for part in PARTS:
        if part in wanted:
            globals()[part]()
    print(f"all of it in {(time.monotonic() - began) / 60:.1f} minutes")
    print(f"{count.passed} passed, {count.failed} failed" + (f", {count.skipped} skipped" if count.skipped else ""))
    sys.exit(1 if count.failed else 0)


if __name__ == "__main__":
    main()
