"""Whole runs: the same document however they are run, gates, reports, and what happens without a daemon."""

from __future__ import annotations

import json
import random
import re
import signal
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import pytest

from django_mercury.testing.merge import without_timing
from support.daemon import Daemon
from support.project import PROJECT, Project

SITE = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()
from django.test import Client
assert Client().get("/echo/").status_code == 200
"""
MEANT_TO_FAIL = 1  # the suite has tests that fail


def document(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def stable(path: Path) -> str:
    """Return a report without what depends on the clock, as text."""
    return json.dumps(without_timing(document(path)), sort_keys=True, indent=1)


def node_ids(project: Project) -> list[str]:
    lines = project.run("-m", "pytest", "--collect-only", "-q").splitlines()
    return [line for line in lines if "::" in line]


# ------------------------------------------------------------------------------------------ the same document
def test_pytest_in_any_order_and_with_workers_gives_the_same_document(project: Project, tmp_path: Path) -> None:
    serial = tmp_path / "serial.json"
    project.pytest(f"--mercury-report={serial}", status=MEANT_TO_FAIL)
    assert len(document(serial)["tests"]) == 17
    ids = node_ids(project)
    for seed in (1, 2, 3):
        shuffled = random.Random(seed).sample(ids, len(ids))
        other = tmp_path / f"order{seed}.json"
        project.pytest(f"--mercury-report={other}", *shuffled, status=MEANT_TO_FAIL)
        assert stable(other) == stable(serial)
    workers = tmp_path / "workers.json"
    project.pytest("-n", "4", f"--mercury-report={workers}", status=MEANT_TO_FAIL)
    assert stable(workers) == stable(serial)


def test_djangos_runner_in_any_order_and_with_workers_gives_the_same_document(project: Project, tmp_path: Path) -> None:
    serial = tmp_path / "serial.json"
    project.manage("mercury_test", "library.test_public_names", "--noinput", "--json", str(serial))
    counts = document(serial)["summary"]
    assert (counts["tests"], counts["passed"]) == (50, 50)
    assert counts["findings"] == {"n_plus_one": 1, "query_in_loop": 2, "repeated_query": 2, "write_loop": 1}
    for name, options in {
        "parallel": ["--parallel", "4"],
        "one": ["--shuffle", "1"],
        "two": ["--shuffle", "2"],
        "three": ["--shuffle", "3"],
    }.items():
        other = tmp_path / f"{name}.json"
        project.manage("mercury_test", "library.test_public_names", "--noinput", "--json", str(other), *options)
        assert stable(other) == stable(serial)


def test_shards_merge_into_the_document_of_the_whole(project: Project, tmp_path: Path) -> None:
    whole = tmp_path / "whole.json"
    project.pytest(f"--mercury-report={whole}", status=MEANT_TO_FAIL)
    ids = node_ids(project)
    shards = []
    for number in (0, 1):
        shards.append(tmp_path / f"shard{number}.json")
        project.pytest(f"--mercury-report={shards[-1]}", *ids[number::2], status=MEANT_TO_FAIL)
    merged, page = tmp_path / "merged.json", tmp_path / "merged.html"
    project.run("-m", "django_mercury", "report", *map(str, shards), "--json", str(merged), "--html", str(page))
    assert stable(merged) == stable(whole)
    assert "test_pages.py::test_loop" in page.read_text()


# --------------------------------------------------------------------------------------- reports and gates
def test_every_report_is_written_although_tests_fail(project: Project, tmp_path: Path) -> None:
    files = [tmp_path / "deep" / f"report.{form}" for form in ("json", "html", "sarif")]
    junit = tmp_path / "junit.xml"
    output = project.pytest(
        *[f"--mercury-report={file}" for file in files], f"--junitxml={junit}", status=MEANT_TO_FAIL
    )
    assert all(file.stat().st_size > 1000 for file in files)
    assert "Mercury" in output
    case = next(case for case in xml.etree.ElementTree.parse(junit).iter("testcase") if case.get("name") == "test_loop")
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert properties["mercury_query_count"] == "13"
    assert properties["mercury_findings"] == "1"


def test_html_of_djangos_runner_is_written_although_a_test_fails(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    project.manage("mercury_test", "failing", "--noinput", "--no-discover", "--html", str(page), status=1)
    assert "test_fails" in page.read_text()


def test_findings_of_a_kind_fail_the_run(project: Project) -> None:
    fine = ["suite/test_pages.py::test_page", "suite/test_pages.py::test_loop"]
    project.pytest(*fine)
    output = project.pytest(*fine, "--mercury-fail-on=n_plus_one:fail", status=1)
    assert re.search(r"FAILED n_plus_one:fail: N\+1 queries, 12 calls at library/views\.py:\d+, in suite", output)
    project.pytest(fine[0], "--mercury-fail-on=n_plus_one:fail")
    project.pytest("suite/test_pages.py::test_loop_of[4]", "--mercury-fail-on=n_plus_one")
    project.pytest("suite/test_pages.py::test_loop_of[4]", "--mercury-fail-on=any:notice", status=1)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--mercury-fail-on=n+1", "'n+1' has the kind 'n+1'; known are any, n_plus_one"),
        ("--mercury-fail-on=n_plus_one:bad", "has the level 'bad'; known are notice, warn, fail"),
        ("--mercury-report=report.pdf", "'report.pdf' ends with none of .json, .html, .sarif"),
        ("--mercury-format=loud", "loud"),
        ("--mercury-update-baseline", "no file is named"),
        ("--mercury-repeat=0", "must be a whole number from 1 to 1000"),
    ],
)
def test_a_wrong_option_is_told_before_any_test(project: Project, option: str, sentence: str) -> None:
    output = project.pytest(option, status=4)
    assert sentence in output
    assert "passed" not in output


def test_check_decides_over_reports(project: Project, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    project.pytest("suite/test_pages.py::test_loop", f"--mercury-report={report}")
    assert "N+1 queries, 12 calls" in project.run("-m", "django_mercury", "check", str(report), status=1)
    project.run("-m", "django_mercury", "check", str(report), "--fail-on", "slow_query")
    missing = project.run("-m", "django_mercury", "check", str(tmp_path / "no.json"), status=2)
    assert "no.json" in missing
    report.write_text('{"tests": []}')
    assert "is no report of Mercury" in project.run("-m", "django_mercury", "check", str(report), status=2)


def test_a_rule_that_matched_nothing_is_told(project: Project, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    rules = '[{"route": "books/loop/", "kind": "n_plus_one", "reason": "a demo"}, {"route": "none/", "reason": "old"}]'
    for workers in ([], ["-n", "2"]):
        output = project.pytest(*workers, f"--mercury-report={report}", "-k", "test_loop", MERCURY_RULES=rules)
        assert [entry["matched"] for entry in document(report)["ignore"]] == [1, 0]
        assert re.search(r"rule 2 .*old.* matched nothing", output), output


def test_a_baseline_fails_on_an_added_query(project: Project, tmp_path: Path) -> None:
    baseline = tmp_path / "mercury.baseline"
    one = "suite/test_pages.py::test_two_pages"
    project.pytest(one, f"--mercury-baseline={baseline}", "--mercury-update-baseline", "--mercury-repeat=2")
    project.pytest(one, f"--mercury-baseline={baseline}")
    output = project.pytest(one, f"--mercury-baseline={baseline}", status=1, ONE_MORE_QUERY="1")
    assert "library_author" in output
    missing = project.pytest(one, f"--mercury-baseline={tmp_path / 'none'}", status=1)
    assert "none" in missing


MODULE = """
import pytest

@pytest.fixture(scope="module")
def module():
    print("set up", __name__)
    yield
    print("torn down", __name__)
"""
BROKEN = MODULE.replace('print("torn down", __name__)', "{end}")
HOOK = """
def pytest_runtest_teardown(item, nextitem):
    with open("{log}", "a") as log:
        print(item.module.__name__, nextitem and nextitem.name, file=log)
"""


def repeated(project: Project, folder: Path, *options: str, status: int, **modules: str) -> str:
    """Run modules in a folder of their own, each test three times."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:django -p no:cacheprovider\n")
    names = []
    for name, text in modules.items():
        names.append(str(folder / f"test_{name}.py"))
        Path(names[-1]).write_text(text)
    options = ("-c", str(folder / "pytest.ini"), f"--rootdir={folder}", "--mercury-repeat=3", *options)
    return project.pytest(*options, *names, status=status)


def test_repeats_keep_a_module_set_up_and_end_it_once(project: Project, tmp_path: Path) -> None:
    """Whatever the test before came to: skipped, failed as expected, failed."""
    output = repeated(
        project, tmp_path, "-s", status=1,
        a=MODULE + "def test(module):\n    pytest.skip('not here')\n",
        b=MODULE + "@pytest.mark.xfail(reason='so')\ndef test(module):\n    assert False\n",
        c=MODULE + "def test(module):\n    assert False\n",
        d=MODULE + "def test(module):\n    print('runs')\n\ndef test_more(module):\n    print('runs')\n",
        e=BROKEN.format(end="raise RuntimeError('no end')") + "def test(module):\n    pass\n",
    )  # fmt: skip
    for letter in "abcd":
        assert output.count(f"set up test_{letter}") == output.count(f"torn down test_{letter}") == 1, letter
    assert output.count("runs") == 6 and output.count("set up test_e") == 1
    assert "1 failed, 3 passed, 1 skipped, 1 xfailed, 1 error" in output
    assert "ERROR at teardown of test" in output and "RuntimeError: no end" in output


def test_repeats_tell_the_hooks_what_comes_next(project: Project, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "conftest.py").write_text(HOOK.format(log=log))
    passing = MODULE + "def test(module):\n    pass\n"
    output = repeated(project, tmp_path, "-rP", status=0, a=passing, b=passing.replace("def test(", "def test_b("))
    assert log.read_text().splitlines() == [
        "test_a test_a.py", "test_a test_a.py", "test_a test_b", "test_b test_b.py", "test_b test_b.py", "test_b None"
    ]  # fmt: skip
    assert "Captured stdout teardown" in output and output.count("torn down test_b") == 1


@pytest.mark.parametrize(
    ("end", "status"), [("raise KeyboardInterrupt", 2), ("pytest.exit('stop', 7)", 7), ("raise RuntimeError('no')", 1)]
)
def test_repeats_end_where_a_module_ends_them(project: Project, tmp_path: Path, end: str, status: int) -> None:
    other = MODULE + "def test(module):\n    print('went on')\n"
    output = repeated(
        project, tmp_path, "-s", "-x", status=status,
        a=BROKEN.format(end=end) + "def test(module):\n    pass\n", b=other,
    )  # fmt: skip
    assert "went on" not in output and "Traceback (most recent call last)" not in output
    assert "1 passed" in output


def test_a_repeat_whose_own_fixture_does_not_end_is_the_last(project: Project, tmp_path: Path) -> None:
    broken = (
        "@pytest.fixture\ndef own():\n    yield\n    raise RuntimeError('own')\n\ndef test(module, own):\n    pass\n"
    )
    output = repeated(
        project, tmp_path, "-s", status=1,
        a=MODULE + broken, b=MODULE + "def test(module):\n    pass\n",
    )  # fmt: skip
    assert "RuntimeError: own" in output and "2 passed, 1 error" in output
    assert output.count("torn down test_a") == output.count("torn down test_b") == 1


def test_djangos_runner_has_baselines_annotations_and_the_runs_name(project: Project, tmp_path: Path) -> None:
    baseline, report = tmp_path / "mercury.baseline", tmp_path / "report.json"
    label = "library.test_public_names.Monitor.test_within_the_limits"
    options = ["mercury_test", label, "--noinput", "--mercury-baseline", str(baseline)]
    project.manage(*options, "--mercury-update-baseline")
    assert label in baseline.read_text()
    summary = tmp_path / "summary.md"
    project.manage(*options, "--github", "--json", str(report), MERCURY_RUN="build-7", GITHUB_STEP_SUMMARY=str(summary))
    assert document(report)["run"]["id"] == "build-7"
    assert "Mercury" in summary.read_text()
    loop = "library.test_public_names.Monitor.test_an_n_plus_one_fails_with_its_place_and_fix"
    output = project.manage("mercury_test", loop, "--noinput", "--github")
    assert re.search(r"^::error file=library/views\.py,line=\d+,.*N\+1 queries", output, re.MULTILINE), output


# ------------------------------------------------------------------------------------------------- a daemon
def test_without_a_daemon_auto_goes_on_with_one_warning(project: Project, tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/nobody.sock"
    fixtures = ["suite/test_pages.py::test_fixture", "suite/test_pages.py::test_marked"]
    output = project.pytest(*fixtures, MERCURY_MODE="auto", MERCURY_ADDRESS=nobody)
    assert output.count("daemon did not answer (no daemon)") == 1
    silent = project.pytest(*fixtures, MERCURY_MODE="auto", MERCURY_ADDRESS=nobody, DJANGO_MERCURY_SUPPRESS_WARNING="1")
    assert "did not answer" not in silent


def test_strict_fails_without_a_daemon_and_touches_nothing_else(project: Project, tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/nobody.sock"
    strict = {"MERCURY_MODE": "strict", "MERCURY_ADDRESS": nobody}
    output = project.pytest("suite/test_pages.py::test_page", status=1, **strict)
    assert "Mercury is strict here and has no daemon to ask: no daemon" in output
    assert "MERCURY_MODE=auto" in output
    assert "has no daemon to ask" in project.manage("mercury_test", "library", "--noinput", status=1, **strict)
    project.manage("migrate", **strict)
    project.manage("check", **strict)
    project.run("-c", SITE, **strict)


def test_ci_is_strict_by_itself(project: Project, tmp_path: Path) -> None:
    del project.environment["MERCURY_MODE"]
    nobody = f"unix://{tmp_path}/nobody.sock"
    project.pytest("suite/test_pages.py::test_page", status=1, CI="true", MERCURY_ADDRESS=nobody)
    for unset in ("", "0", "false"):
        project.pytest("suite/test_pages.py::test_page", CI=unset, MERCURY_ADDRESS=nobody)
    project.pytest("suite/test_pages.py::test_page", CI="true", MERCURY_ADDRESS=nobody, DJANGO_MERCURY_PURE_PYTHON="1")


def test_the_daemon_gives_the_same_verdicts(project: Project, daemon: Daemon, tmp_path: Path) -> None:
    ours, its = tmp_path / "ours.json", tmp_path / "its.json"
    project.pytest(f"--mercury-report={ours}", status=MEANT_TO_FAIL)
    project.pytest(
        f"--mercury-report={its}", status=MEANT_TO_FAIL, MERCURY_MODE="strict", MERCURY_ADDRESS=daemon.address
    )
    assert stable(ours) == stable(its)
    assert document(ours)["run"]["engine"] == "reference"
    assert document(its)["run"]["engine"] == "daemon"


def test_a_daemon_that_is_killed_in_mid_run_loses_nothing(project: Project, daemon: Daemon, tmp_path: Path) -> None:
    ours, its = tmp_path / "ours.json", tmp_path / "its.json"
    project.pytest(f"--mercury-report={ours}", status=MEANT_TO_FAIL)
    output = project.pytest(
        f"--mercury-report={its}", status=MEANT_TO_FAIL, MERCURY_MODE="auto", MERCURY_ADDRESS=daemon.address,
        KILL_DAEMON=str(daemon.pid), KILL_BEFORE="test_fixture_and_over",
    )  # fmt: skip
    assert stable(ours) == stable(its)
    assert document(its)["run"]["engine"] == "mixed"
    assert output.count("daemon did not answer") == 1
    assert daemon.wait_for_end() == -signal.SIGKILL


def test_strict_fails_where_the_daemon_is_killed_in_mid_run(project: Project, daemon: Daemon) -> None:
    fine = ["suite/test_pages.py::test_marked", "suite/test_pages.py::test_fixture"]
    output = project.pytest(
        *fine, status=1, MERCURY_MODE="strict", MERCURY_ADDRESS=daemon.address,
        KILL_DAEMON=str(daemon.pid), KILL_BEFORE="test_fixture",
    )  # fmt: skip
    assert "Mercury is strict here and has no daemon to ask" in output
    daemon.wait_for_end()


# ------------------------------------------------------------------------------------------------ the plugin
def test_a_project_without_django_is_left_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\ndef test_plain():\n    assert 'django' not in sys.modules\n"
        "    assert 'mercury_client' not in sys.modules\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:django -p no:cacheprovider\n")
    project.run("-m", "pytest", "-c", str(tmp_path / "pytest.ini"), str(tmp_path / "test_plain.py"))


def test_the_plugin_says_when_it_could_not_measure(project: Project, tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_plain():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:django -p no:cacheprovider\n")
    output = project.pytest("-c", str(tmp_path / "pytest.ini"), str(tmp_path / "test_plain.py"))
    assert "Mercury: no test was measured" in output


def test_ini_names_switch_it_on(project: Project, tmp_path: Path) -> None:
    ini = tmp_path / "pytest.ini"
    settings = (PROJECT / "pytest.ini").read_text().replace("pythonpath = .", f"pythonpath = {PROJECT}")
    ini.write_text(settings + "mercury = true\nmercury_fail_on = n_plus_one:fail\n")
    suite = str(PROJECT / "suite" / "test_pages.py")
    output = project.run("-m", "pytest", "-c", str(ini), f"--confcutdir={PROJECT}", f"{suite}::test_loop", status=1)
    assert "FAILED n_plus_one:fail" in output


def test_no_summary_where_it_is_not_wanted(project: Project) -> None:
    one = "suite/test_pages.py::test_page"
    assert "= Mercury =" in project.pytest(one)
    assert "= Mercury =" not in project.pytest(one, MERCURY_NO_SUMMARY="1")
    assert "= Mercury =" in project.pytest(one, MERCURY_NO_SUMMARY="")
