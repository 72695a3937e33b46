"""The parts of tests/all: what each builds and runs, with its time, and what all of them counted."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAB = ROOT / "tests" / "lab" / "lab"
SCENARIOS = ROOT / "tests" / "scenarios" / "run"
PARTS = ["unit", "checks", "sanitizers", "scenarios"]

DEBUG = ["--buildtype=debugoptimized"]
# -O0 -g1: sanitized files with templates take five times as long to compile otherwise
SANITIZED = ["-Doptimization=0", "-Ddebug=true", "-Dcpp_args=-g1", "-Dwerror=false"]
ADDRESS = [*SANITIZED, "-Db_sanitize=address,undefined"]
THREAD = [*SANITIZED, "-Db_sanitize=thread"]
THREADED = ["http", "matrix", "directory", "control", "engine", "app"]     # tests whose code has threads
STRICT = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
          "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
CLOSING = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


class Run:
    """Runs commands one after another, tells how each ended, and counts tests."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.logs = ROOT / "build" / "test-logs"
        self.logs.mkdir(parents=True, exist_ok=True)

    def part(self, words: str) -> None:
        print(f"\n{words}", flush=True)

    def command(self, words: str, command: list, environment: dict | None = None, seconds: float = 1800) -> tuple:
        """Whether it ended well, what it said, and how long it took; the end of what it said is shown if it did not."""
        log = self.logs / (re.sub(r"\W+", "-", words) + ".log")
        began = time.monotonic()
        with open(log, "w+", errors="replace") as output:
            try:
                status = subprocess.run([str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=subprocess.STDOUT, timeout=seconds,
                                        env={**os.environ, **(environment or {})}).returncode
            except subprocess.TimeoutExpired:
                status = f"not within {seconds:g} s"
            output.seek(0)
            said = output.read()
        took = time.monotonic() - began
        if status != 0:
            print(f"  FAILED  {words} ({took:.1f} s, {status}); the end of {log.relative_to(ROOT)}:", flush=True)
            print("\n".join("    " + line for line in said.splitlines()[-60:]), flush=True)
        return status == 0, said, took

    def done(self, words: str, took: float, note: str = "") -> None:
        print(f"  ok      {words} ({took:.1f} s{', ' + note if note else ''})", flush=True)

    def check(self, words: str, command: list, **options) -> bool:
        """A command that is one test."""
        well, said, took = self.command(words, command, **options)
        self.passed += well
        self.failed += not well
        if well:
            self.done(words, took, said.strip().splitlines()[-1] if said.strip() else "")
        return well

    def build(self, words: str, folder: str, options: list, targets: list | None = None) -> bool:
        """Configures unless it is configured, compiles; a build that fails is a failed test."""
        began = time.monotonic()
        if not (ROOT / folder / "build.ninja").exists():
            well, _, _ = self.command(f"configure {folder}", ["meson", "setup", *options, folder])
            if not well:
                self.failed += 1
                return False
        names = targets(folder) if callable(targets) else []
        well, said, _ = self.command(words, ["ninja", "-j2", "-C", folder, *names])
        self.failed += not well
        if well:
            compiled = sum(1 for line in said.splitlines() if re.match(r"\[\d+/\d+\] .*[Cc]ompiling", line))
            self.done(words, time.monotonic() - began, f"{compiled} files compiled")
        return well

    def meson(self, words: str, folder: str, *options: str, environment: dict | None = None) -> None:
        """meson test; counts the cases inside each GoogleTest executable."""
        log = ROOT / folder / "meson-logs" / "testlog.json"
        log.unlink(missing_ok=True)
        well, _, took = self.command(words, ["meson", "test", "-C", folder, "--no-rebuild", "--num-processes", "2",
                                             "--print-errorlogs", *options], environment)
        passed, failed, skipped = _count(log)
        failed += not well and not failed
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        if well:
            self.done(words, took, f"{passed} tests" + (f", {skipped} skipped" if skipped else ""))

    def closing_line(self, words: str, command: list, **options) -> None:
        """A runner that ends with `N passed, N failed`."""
        well, said, took = self.command(words, command, **options)
        found = CLOSING.findall(said)
        passed, failed, skipped = (int(number or 0) for number in found[-1]) if found else (0, 0, 0)
        failed += (not well or not found) and not failed
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        if well and not failed:
            self.done(words, took, f"{passed} tests" + (f", {skipped} skipped" if skipped else ""))


def _count(log: pathlib.Path) -> tuple:
    """(passed, failed, skipped): the cases of each executable that wrote its own report, other tests as one each."""
    passed = failed = skipped = 0
    report = log.with_name("testlog.junit.xml")
    inside = {}
    if log.exists() and report.exists():
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            inside.setdefault(suite.get("name"), []).extend(suite.findall("testcase"))
    tests = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    for cases in inside.values():
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                skipped += 1
            else:
                passed += 1
    if not inside:
        passed = sum(test["result"] == "OK" for test in tests)
        skipped = sum(test["result"] == "SKIP" for test in tests)
    # an executable that crashed left no report of its cases
    broken = sum(test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") for test in tests)
    return passed, max(failed, broken), skipped


def threaded(folder: str) -> list:
    """Executables of the tests that TSan is for."""
    listed = subprocess.run(["meson", "introspect", "--tests", folder], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [os.path.relpath(test["cmd"][0], ROOT / folder) for test in json.loads(listed.stdout) if test["name"] in THREADED]


def unit(run: Run) -> None:
    run.part("Unit tests")
    if run.build("build", "build", DEBUG):
        run.meson("unit tests", "build", "--no-suite", "lab")


def checks(run: Run) -> None:
    run.part("Checks of the sources")
    run.check("includes", ["tests/check_includes"])
    run.check("format", ["tests/check_format"])
    if run.build("build for tidy", "build", DEBUG):
        run.check("tidy", ["tests/check_tidy", "build"])


def sanitizers(run: Run) -> None:
    run.part("AddressSanitizer and UndefinedBehaviorSanitizer")
    if run.build("build with ASan and UBSan", "build-asan", ADDRESS):
        run.meson("tests with ASan and UBSan", "build-asan", "--no-suite", "lab", "--timeout-multiplier", "5", environment=STRICT)
    run.part("ThreadSanitizer")
    if run.build("build with TSan", "build-tsan", THREAD, threaded):
        names = [test for test in THREADED if _has(test, "build-tsan")]
        run.meson("tests with TSan", "build-tsan", "--timeout-multiplier", "5", *names, environment=STRICT)


def _has(test: str, folder: str) -> bool:
    listed = subprocess.run(["meson", "test", "-C", folder, "--list"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True).stdout
    return any(re.split(r"[ /]+", line.strip())[-1] == test for line in listed.splitlines())


def scenarios(run: Run) -> None:
    run.part("Against a real directory and real homeservers")
    well, _, took = run.command("start the lab", [LAB, "up"])
    if not well:
        run.failed += 1
        return
    run.done("start the lab", took)
    exports = subprocess.run([LAB, "env"], stdout=subprocess.PIPE, text=True, check=True).stdout
    lab = dict(re.findall(r"^export (\w+)='(.*)'$", exports, re.MULTILINE))
    if not run.build("build", "build", DEBUG):
        return
    run.check("the lab's own check", [LAB, "check"])
    run.meson("directory bridge against the lab", "build", "--suite", "lab", environment=lab)
    if SCENARIOS.exists():
        run.closing_line("scenarios", [SCENARIOS], environment={**lab, "ROLLCALL": str(ROOT / "build" / "daemon" / "rollcall")})


def main() -> int:
    began = time.monotonic()
    run = Run()
    wanted = sys.argv[1:] or PARTS
    for part in PARTS:
        if part in wanted:
            globals()[part](run)
    print(f"\nall of it took {(time.monotonic() - began) / 60:.1f} minutes")
    print(f"{run.passed} passed, {run.failed} failed" + (f", {run.skipped} skipped" if run.skipped else ""), flush=True)
    return 1 if run.failed or not run.passed else 0


if __name__ == "__main__":
    sys.exit(main())
