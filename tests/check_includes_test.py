"""Tests of check_includes on small trees: what it must find, and what it must let pass."""

import pathlib
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parent / "check_includes"


def check(**files: str) -> tuple:
    """Exit status and lines for a tree of one include a file, and what may follow it; `__` stands for / and `_cc`, `_h` end a name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, included in files.items():
            path = pathlib.Path(folder, name.replace("__", "/").replace("_cc", ".cc").replace("_h", ".h"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"// a file\n#include {included}\n")
        done = subprocess.run([CHECK, "--root", folder], stdout=subprocess.PIPE, text=True)
        return done.returncode, done.stdout.splitlines()


class CheckIncludes(unittest.TestCase):
    def refused(self, part: str, **files: str) -> None:
        status, lines = check(**files)
        self.assertEqual(status, 1, lines)
        self.assertEqual(len(lines), 2, lines)
        self.assertIn(part, lines[0])

    def passes(self, **files: str) -> None:
        self.assertEqual(check(**files), (0, ["check_includes: every include is where it may be"]))

    def test_says_where(self):
        status, lines = check(policy__a_cc='"schema/json.h"')
        self.assertEqual(status, 1)
        self.assertTrue(lines[0].startswith("policy/a.cc:2: schema/json.h "), lines)

    def test_layers(self):
        self.refused("which may use: policy", policy__base__a_cc='"bridges/http/client.h"')
        self.refused("schema", schema__a_h='"daemon/log.h"')
        self.refused("bridges/directory", bridges__directory__a_cc='"bridges/matrix/call.h"')
        self.refused("bridges/http", bridges__http__a_cc='"schema/json.h"')
        self.refused("daemon/store", daemon__store__a_cc='"daemon/engine/engine.h"')
        self.refused("daemon/engine", daemon__engine__a_cc='"daemon/control/socket.h"')
        self.refused("daemon/control", daemon__control__a_cc='"daemon/app.h"')
        self.refused("of the tests", daemon__a_cc='"tests/sim/world.h"')
        self.refused("no path from the project's top", policy__a_cc='"world.h"')
        self.passes(bridges__matrix__a_cc='"bridges/http/client.h"', daemon__store__a_cc='"policy/base/rows.h"',
                    daemon__cli__a_cc='"daemon/control/handler.h"', daemon__main_cc='"daemon/cli/commands.h"',
                    daemon__engine__a_cc='"daemon/log.h"')

    def test_a_folder_without_rules_is_refused(self):
        self.refused("give bridges/webhook its line", bridges__webhook__a_cc='"policy/world.h"')

    def test_libraries_behind_one_door(self):
        self.refused("schema/json.cc", daemon__control__a_cc="<rapidjson/document.h>")
        self.refused("daemon/cli/arguments.cc", daemon__main_cc="<CLI/CLI.hpp>")
        self.refused("schema/time_zone.cc", daemon__cli__times_cc="<date/tz.h>")
        self.refused("daemon/store/sqlite.cc", daemon__store__rows_cc="<sqlite3.h>")
        self.refused("has no line in LIBRARIES", schema__a_cc="<zip.h>")
        self.passes(schema__json_cc="<rapidjson/reader.h>", tests__daemon__store__a_cc="<sqlite3.h>")

    def test_pure_folders(self):
        self.refused("are pure", policy__a_cc="<fstream>")
        self.refused("are pure", schema__a_cc="<sys/stat.h>")
        self.passes(policy__a_cc="<vector>", bridges__http__a_cc="<mutex>")

    def test_what_is_precompiled_is_included_all_the_same(self):
        self.refused("fmt/format.h is used and not included", policy__a_cc='<string>\nauto a = fmt::format("a");')
        self.refused("vector is used and not included", tests__policy__a_cc="<string>\nstd::vector<int> a;")
        self.refused("policy/a.cc:3: vector", policy__a_cc='"policy/b.h"\nstd::vector<int> a;', policy__b_h='"policy/a.h"', policy__a_h='"policy/b.h"')
        self.passes(policy__a_cc='"policy/b.h"\nstd::vector<int> a;', policy__b_h='"policy/c.h"', policy__c_h="<vector>")
        self.passes(policy__a_cc="<string>\n// fmt::format() would do", policy__b_h="<string>\nstd::vector<int> a;")

    def test_tests_mirror(self):
        self.refused("its tests must do without", tests__policy__a_cc='"schema/json.h"')
        self.refused("policy/base/result.h only", tests__policy__a_cc="<tl/expected.hpp>")
        self.passes(tests__policy__a_cc='"tests/policy/world_builder.h"', tests__sim__a_cc='"daemon/engine/engine.h"',
                    tests__schema__a_cc="<gtest/gtest.h>")


if __name__ == "__main__":
    unittest.main()
