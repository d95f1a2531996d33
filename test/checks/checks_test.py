"""The checks of the source tree can fail: each meets a small tree that breaks
its rule, and one that does not."""

import importlib.machinery
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "checks"))
sys.path.insert(0, os.path.join(ROOT, "tools"))

# pylint: disable=wrong-import-position
import compile_fail  # noqa: E402
import compile_time  # noqa: E402
import cpp_functions  # noqa: E402
import demo_table  # noqa: E402
import headers  # noqa: E402
import instructions  # noqa: E402
import layers  # noqa: E402
import readme  # noqa: E402
import tidy  # noqa: E402


class Tree(unittest.TestCase):
    """A source tree in a temporary folder."""

    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, **contents):
        """File names have __ for the slash and end in _hpp, _cpp or _md."""
        for name, text in contents.items():
            stem, _, suffix = name.replace("__", "/").rpartition("_")
            self.write_file(f"{stem}.{suffix}", text)

    def write_file(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


class CompileTimeTest(unittest.TestCase):
    def test_few_seconds_pass_whatever_the_machine(self):
        self.assertTrue(compile_time.judge([9, 5.9], [1, 1]))

    def test_a_busy_machine_may_take_longer(self):
        self.assertTrue(compile_time.judge([7.4], [3]))
        self.assertFalse(compile_time.judge([7.6], [3]))

    def test_a_slow_compile_fails_where_nothing_else_runs(self):
        self.assertFalse(compile_time.judge([6.5, 6.1, 6.2], [2, 2, 2.1]))


class LayersTest(Tree):
    def expect(self, *parts):
        problems = layers.check(self.root)
        self.assertEqual(len(problems), len(parts), problems)
        for problem, part in zip(problems, parts):
            self.assertIn(part, problem)

    def test_a_lower_layer_may_not_include_an_upper_one(self):
        self.write(libflow__graph__a_hpp="\n",
                   libflow__time__b_hpp='#include "libflow/graph/a.hpp"\n')
        self.expect("libflow/time/b.hpp:1: libflow/time may not include")

    def test_an_upper_layer_may_include_a_lower_one(self):
        self.write(libflow__core__a_hpp="\n",
                   libflow__time__b_hpp='#include "libflow/core/a.hpp"\n')
        self.expect()

    def test_one_file_of_a_layer_can_be_opened_to_another(self):
        self.write(libflow__graph__partitioning_hpp="\n",
                   libflow__graph__other_hpp="\n",
                   libflow__exchange__a_hpp=(
                       '#include "libflow/graph/partitioning.hpp"\n'
                       '#include "libflow/graph/other.hpp"\n'))
        self.expect("libflow/exchange/a.hpp:2:")

    def test_caf_stays_under_actors_and_test(self):
        self.write(libflow__core__a_hpp="#include <caf/actor.hpp>\n",
                   actors__subtask__a_hpp="#include <caf/actor.hpp>\n",
                   test__actors__a_cpp="#include <caf/actor.hpp>\n",
                   backends__memory__a_hpp="#include <caf/actor.hpp>\n")
        self.expect("backends/memory/a.hpp:1: CAF",
                    "libflow/core/a.hpp:1: CAF")

    def test_a_program_includes_caf_only_with_the_actor_api(self):
        self.write_file("actors/flow_actors.hpp", "")
        self.write_file("apps/good/main.cpp",
                        '#include <actors/flow_actors.hpp>\n'
                        '#include <caf/actor.hpp>\n')
        self.write_file("apps/bad/main.cpp", "#include <caf/actor.hpp>\n")
        self.expect("apps/bad/main.cpp:1: only programs that use")

    def test_an_actor_meets_another_only_through_messages(self):
        self.write(actors__job__a_hpp='#include "actors/task/b.hpp"\n'
                                      '#include "actors/messages/m.hpp"\n',
                   actors__task__b_hpp="", actors__messages__m_hpp="")
        self.expect("actors/job/a.hpp:1:")

    def test_leveldb_and_codec_libraries_have_one_place_each(self):
        self.write(backends__leveldb__a_cpp="#include <leveldb/db.h>\n",
                   backends__memory__a_cpp="#include <leveldb/db.h>\n",
                   libflow__core__codec_hpp="#include <boost/pfr.hpp>\n",
                   libflow__core__text_hpp="#include <cereal/cereal.hpp>\n")
        self.expect("backends/memory/a.cpp:1: LevelDB",
                    "libflow/core/text.hpp:1: Cereal")

    def test_includes_start_at_the_root(self):
        self.write(libflow__core__a_hpp='#include "b.hpp"\n',
                   libflow__core__b_hpp='#include "libflow/core/no.hpp"\n')
        self.expect("start at the root", "does not exist")

    def test_the_umbrella_reaches_no_heavy_library(self):
        self.write_file("libflow/flow.hpp", '#include "libflow/api/a.hpp"\n')
        self.write_file("libflow/api/a.hpp", "#include <CLI/CLI.hpp>\n")
        self.expect("libflow/api/a.hpp:1: CLI/CLI.hpp is reachable")

    def test_nothing_but_tests_includes_tests(self):
        self.write(test__support__a_hpp="",
                   libflow__core__a_hpp='#include "test/support/a.hpp"\n')
        self.expect("libflow/core/a.hpp:1: nothing but test/")


class HeadersTest(Tree):
    COMMAND = ["g++", "-std=c++20", "-I", ".", *headers.WARNINGS]

    def check(self, names, cache=None):
        return headers.check(self.root, self.COMMAND, names, cache)

    def test_a_header_that_lacks_an_include_is_found(self):
        self.write(libflow__a_hpp="#pragma once\nstd::string name();\n",
                   libflow__b_hpp="#pragma once\nint number();\n")
        problems, _ = self.check(["libflow/a.hpp", "libflow/b.hpp"])
        self.assertEqual(len(problems), 1)
        self.assertIn("libflow/a.hpp does not compile alone", problems[0])

    def test_a_warning_in_a_header_is_an_error(self):
        self.write(libflow__a_hpp="#pragma once\n"
                                  "inline int f(long x) { return x; }\n")
        problems, _ = self.check(["libflow/a.hpp"])
        self.assertEqual(len(problems), 1)

    def test_a_header_is_compiled_again_when_what_it_includes_changes(self):
        self.write(libflow__a_hpp='#include "libflow/b.hpp"\n',
                   libflow__b_hpp="int number();\n")
        cache = os.path.join(self.root, "cache")
        self.assertEqual(self.check(["libflow/a.hpp"], cache), ([], 1))
        self.assertEqual(self.check(["libflow/a.hpp"], cache), ([], 0))
        self.write(libflow__b_hpp="nonsense\n")
        problems, _ = self.check(["libflow/a.hpp"], cache)
        self.assertEqual(len(problems), 1)

    def test_the_first_include_of_a_source_is_proven(self):
        self.write(libflow__a_cpp='#include "libflow/a.hpp"\n'
                                  '#include "libflow/b.hpp"\n')
        file = os.path.join(os.path.realpath(self.root), "libflow/a.cpp")
        self.assertEqual(headers.proven_by_sources(
            self.root, [{"file": file, "command": "g++"}]), {"libflow/a.hpp"})
        self.assertEqual(headers.proven_by_sources(
            self.root, [{"file": file, "command": "g++ -include "
                         "cmake_pch.hxx"}]), set())


class CppFunctionsTest(unittest.TestCase):
    def lengths(self, text):
        return [length for _, length, _ in cpp_functions.functions(text)]

    def test_free_functions_and_members_are_found(self):
        self.assertEqual(self.lengths("namespace a {\n"
                                      "int f() {\n  return 1;\n}\n"
                                      "class b : public c<int(int)> {\n"
                                      "public:\n"
                                      "  int g() const noexcept { return 1; }\n"
                                      "};\n}\n"), [3, 1])

    def test_templates_constraints_and_operators_are_functions(self):
        self.assertEqual(self.lengths(
            "template <class T>\n  requires(sizeof(T) > 4)\n"
            "auto f(T x) -> decltype(x) {\n  return x;\n}\n"
            "bool operator<(a x, a y) {\n  return x.v < y.v;\n}\n"), [5, 3])

    def test_a_constructor_with_braced_members_is_one_function(self):
        self.assertEqual(self.lengths("a::a(int x)\n  : x_{x},\n"
                                      "    y_(x), z_{} {\n  run();\n}\n"), [5])

    def test_lambdas_and_local_types_belong_to_their_function(self):
        self.assertEqual(self.lengths(
            "void f() {\n  struct s {\n    int v{1};\n  };\n"
            "  auto g = [](int x) {\n    return x;\n  };\n}\n"), [8])

    def test_data_is_no_function(self):
        self.assertEqual(self.lengths(
            "constexpr int table[] = {f(1),\n 2};\nenum class e : int { a };\n"
            "struct s {\n  int v{0};\n  int w = 0;\n};\n"), [])

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        self.assertEqual(self.lengths(
            "#define OPEN \\\n  {\n"
            "int f() { // {\n  char c = '{'; /* { */\n"
            '  auto s = "{\\"{"; auto r = R"x({)x";\n'
            "  return 1'000'000;\n}\n"), [5])

    def test_a_test_case_is_a_function(self):
        self.assertEqual(self.lengths('TEST_CASE("a, (b) {") {\n  f();\n}\n'),
                         [3])


class TidyTest(Tree):
    def test_a_long_function_is_found(self):
        body = "  f();\n" * 69
        self.write(libflow__a_cpp="void g() {\n" + body + "}\n",
                   libflow__b_cpp="void g() {\n" + body[7:] + "}\n")
        problems, lengths = tidy.check_functions(self.root)
        self.assertEqual(lengths, [71, 70])
        self.assertEqual(len(problems), 1)
        self.assertIn("libflow/a.cpp:1: function of 71 lines", problems[0])

    def test_long_files_and_lines_and_markers_are_found(self):
        self.write(libflow__a_cpp="\n" * 801,
                   libflow__b_cpp="// " + "x" * 98 + "\n",
                   libflow__c_cpp="// TO" + "DO: later\n")
        problems = tidy.check_lengths(self.root)
        self.assertEqual([problem.split(":")[0] for problem in problems],
                         [f"libflow/{name}.cpp" for name in "abc"])

    def test_files_that_belong_to_nothing_are_found(self):
        self.write(libflow__a_cpp='#include "libflow/a.hpp"\n',
                   libflow__a_hpp='#include "libflow/b.hpp"\n',
                   libflow__b_hpp="", libflow__dead_hpp="",
                   libflow__dead_cpp="")
        commands = [{"file": os.path.join(self.root, "libflow/a.cpp")}]
        problems = tidy.check_dead_files(self.root, commands)
        self.assertEqual(problems,
                         ["libflow/dead.cpp: no target compiles it",
                          "libflow/dead.hpp: no source includes it"])

    def test_a_case_that_must_not_compile_is_named_beside(self):
        self.write_file("test/compile_fail/a.cpp", "")
        self.write_file("test/compile_fail/b.cpp", "")
        self.write_file("test/compile_fail/CMakeLists.txt",
                        "flow_compile_fail(a a.cpp EXPECT x)\n")
        problems = tidy.check_dead_files(self.root, [])
        self.assertEqual(problems,
                         ["test/compile_fail/b.cpp: no target compiles it"])

    def test_a_readme_names_all_files_of_its_folder(self):
        self.write(libflow__core__a_hpp="", libflow__core__b_hpp="",
                   libflow__time__c_hpp="", actors__job__d_hpp="")
        self.write_file("libflow/core/README.md", "The files: `a.hpp`.\n")
        self.write_file("libflow/time/README.md", "`c`\n" * 26)
        self.assertEqual(tidy.check_readmes(self.root),
                         ["actors/job: README.md is missing",
                          "libflow/core/README.md: does not name b.hpp",
                          "libflow/time/README.md: over 25 lines"])


class ReadmeTest(Tree):
    def document(self, *blocks):
        self.write_file("README.md", "\n".join(
            f"{before}\n```sh\n{script}\n```\n" for before, script in blocks))

    def test_a_command_that_fails_is_found(self):
        self.document(("", "false"), ("", "true"))
        problems, counts = readme.check(self.root)
        self.assertEqual(len(problems), 1)
        self.assertIn("README.md:2: ended with 1", problems[0])
        self.assertEqual(counts["run"], 2)

    def test_a_command_of_ci_is_not_run_twice(self):
        self.write_file(".ci/run", "step 'the demo' exit-3 --now\n")
        self.document(("", "# the demo\nexit-3 \\\n  --now"))
        problems, counts = readme.check(self.root)
        self.assertEqual(problems, [])
        self.assertEqual(counts["run elsewhere"], 1)

    def test_blocks_are_left_out_for_a_reason_and_rarely(self):
        left_out = ("<!-- not run: needs a cluster -->", "false")
        self.document(left_out, left_out, ("", "true"))
        self.assertEqual(readme.check(self.root)[0], [])
        self.document(left_out, left_out, left_out, ("", "true"))
        self.assertEqual(len(readme.check(self.root)[0]), 1)
        self.document(("<!-- not run: -->", "false"))
        self.assertIn("ended with 1", readme.check(self.root)[0][0])


class CompileFailTest(Tree):
    def reason(self, text, expect):
        self.write(a_cpp=text)
        return compile_fail.check("g++", self.root,
                                  os.path.join(self.root, "a.cpp"), expect)

    WRONG = "#ifdef FLOW_COMPILE_FAIL\n%s\n#endif\n"

    def test_the_intended_error_passes(self):
        self.assertIsNone(self.reason(
            self.WRONG % 'static_assert(false, "takes one argument");',
            "takes one"))

    def test_another_error_does_not(self):
        self.assertIn("do not match", self.reason(self.WRONG % "nonsense",
                                                  "takes one"))

    def test_a_wrong_use_that_compiles_does_not(self):
        self.assertIn("compiles with the wrong use",
                      self.reason("int number();\n", "."))

    def test_an_error_besides_the_wrong_use_does_not(self):
        self.assertIn("does not compile without",
                      self.reason("nonsense\n", "nonsense"))

    def test_long_diagnostics_do_not(self):
        # One error whose chain of instantiations is that long.
        notes = "\n".join(f"int f(int, int{', int' * n});" for n in range(20))
        self.assertIn("lines of diagnostics",
                      self.reason(notes + "\n" + self.WRONG % "int g = f(1);",
                                  "no matching"))


def script(name):
    """A program of tools/ as a module."""
    loader = importlib.machinery.SourceFileLoader(
        name, os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class InstructionsTest(unittest.TestCase):
    def test_a_query_may_grow_by_a_twentieth(self):
        self.assertIsNone(instructions.problem_of("q0", 105, 100))
        self.assertIsNone(instructions.problem_of("q0", 50, 100))
        self.assertIn("106", instructions.problem_of("q0", 106, 100))
        self.assertIn("not known", instructions.problem_of("q0", 1, None))

    def test_all_queries_and_benches_are_known(self):
        self.assertEqual(list(instructions.read_golden()),
                         instructions.NAMES)


class FiguresTest(unittest.TestCase):
    def setUp(self):
        self.figures = script("figures")

    def test_a_line_has_what_its_bench_tells(self):
        self.assertEqual(
            self.figures.row({
                "bench": "chain", "config": {"variant": "fused"},
                "runtime_ns_per_record": 1.926, "baseline_ns_per_record": 3.7,
                "ratio": {"median": 0.52, "p5": 0.5, "p95": 0.549},
                "bar": 0.6, "verdict": "ok", "p99_us": 11123.4,
                "checksum_equal": True}),
            "| chain fused | 1.93 | 3.7 | 0.52 (0.50-0.55) | 0.6 | ok "
            "| p99_us 11,123 |")
        self.assertEqual(self.figures.row({"bench": "calibrate"}),
                         "| calibrate |  |  |  |  |  |  |")

    def test_only_what_stands_between_the_marks_changes(self):
        page = f"a\n{self.figures.BEGIN}\nold\n{self.figures.END}\nz\n"
        self.assertEqual(
            self.figures.rewritten(page, "new"),
            f"a\n{self.figures.BEGIN}\nnew\n{self.figures.END}\nz\n")
        with self.assertRaises(SystemExit):
            self.figures.rewritten("no marks", "new")

    def test_the_page_has_the_marks(self):
        with open(os.path.join(ROOT, "docs/performance.md"),
                  encoding="utf-8") as file:
            self.assertIn("| bench |",
                          self.figures.rewritten(file.read(), "| bench |"))


class DemoTableTest(Tree):
    HEADER = ("window_start,origin,city,state,flights,delayed,"
              "delay_sum_min,delay_max_min,distance_sum_miles\n")

    def test_the_busiest_cells_come_first_with_quoted_fields_whole(self):
        self.write_file("part-0-0.csv", self.HEADER
                        + "2001-01-01T00:00:00Z,ORD,Chicago,IL,5,1,2,3,4\n")
        self.write_file("part-1-0.csv", self.HEADER
                        + '2001-01-07T19:00:00Z,DFW,"Dallas, Fort ""W""",TX,'
                          '90,1,2,3,4\n')
        lines = demo_table.table(demo_table.busiest(
            demo_table.read_rows(self.root))).splitlines()
        self.assertEqual(re.split(" {2,}", lines[1])[:5],
                         ["2001-01-07T19:00", "DFW", 'Dallas, Fort "W"', "TX",
                          "90"])
        self.assertEqual(len(lines), 3)

    def test_a_cell_that_fired_again_counts_once(self):
        self.write_file("part-0-0.csv", self.HEADER
                        + "2001-01-01T00:00:00Z,ORD,Chicago,IL,5,1,2,3,4\n"
                        + "2001-01-01T00:00:00Z,ORD,Chicago,IL,6,1,2,3,4\n")
        rows = demo_table.read_rows(self.root)
        self.assertEqual([row["flights"] for row in rows], ["6"])

    def test_no_rows_are_an_error(self):
        self.assertEqual(demo_table.main([self.root]), 1)


if __name__ == "__main__":
    unittest.main()
