"""Finds the scenarios, runs those that were asked for in the order in which they are written, and counts."""

import importlib
import pathlib
import shutil
import sys
import time
import unittest

import harness

MODULES = sorted(file.stem for file in pathlib.Path(__file__).parent.glob("scenario_*.py"))


def scenarios() -> list:
    """(class, names of its tests as written), module by module."""
    found = []
    for module in map(importlib.import_module, MODULES):
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, harness.Scenario) and thing.__module__ == module.__name__:
                found.append((thing, [name for name in vars(thing) if name.startswith("test_")]))
    return found


class Result(unittest.TestResult):
    """One line for each scenario as it ends."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self._began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def _say(self, word: str, test, more: str = ""):
        took = time.monotonic() - self._began if isinstance(test, harness.Scenario) else 0
        print(f"{word:7} {took:5.1f} s  {type(test).__name__}.{getattr(test, '_testMethodName', test)}{more}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._say("passed", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say("FAILED", test, "\n" + self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._say("FAILED", test, "\n" + self.errors[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("skipped", test, f": {reason}")


def main(wanted: list) -> int:
    keep = "-v" in wanted
    wanted = [name for name in wanted if name != "-v"]
    suite, sites = unittest.TestSuite(), []
    for case, names in scenarios():
        chosen = [name for name in names if not wanted or any(part in f"{case.__name__}.{name}" for part in wanted)]
        suite.addTests(case(name) for name in chosen)
        if chosen:
            sites.append(case.site)
    if not sites:
        print(f"there is no scenario called {' or '.join(wanted)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    harness.prepare(sites)
    result = Result()
    suite.run(result)
    for what, seconds in harness.latencies:
        print(f"{seconds * 1000:7.0f} ms  {what}")
    for test, told in result.failures + result.errors:      # once more at the end, where whoever looks begins
        print(f"FAILED {type(test).__name__}.{getattr(test, '_testMethodName', test)}: {told.strip().splitlines()[-1]}")
    failed = len(result.failures) + len(result.errors)
    if keep and failed:
        print(f"kept: {harness.Site.folder_of_all}")
    else:
        shutil.rmtree(harness.Site.folder_of_all, ignore_errors=True)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"{time.monotonic() - began:.0f} s\n{result.passed} passed, {failed} failed{skipped}")
    return 1 if failed else 0
