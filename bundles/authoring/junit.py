"""A run of policy tests as JUnit XML, which build servers read (https://github.com/testmoapp/junitxml)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from bundles.authoring.testing import Case, Report

# What XML 1.0 has no way to write, escaped or not; a reader would refuse the whole file.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS: Final = {"fail": "failure", "error": "error", "skip": "skipped"}


def written(report: Report) -> bytes:
    """The report: one suite a package, one case a test."""
    suites: dict[str, list[Case]] = {}
    for case in report.cases:
        suites.setdefault(case.package, []).append(case)
    root = ET.Element("testsuites", _counts(report.cases))
    for package, cases in sorted(suites.items()):
        suite = ET.SubElement(root, "testsuite", {"name": _clean(package), **_counts(tuple(cases))})
        for case in cases:
            _add(suite, case)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _add(suite: ET.Element, case: Case) -> None:
    facts = {
        "classname": case.package,
        "name": case.name,
        "file": case.file,
        "line": str(case.row),
        "time": f"{case.duration_s:.6f}",
    }
    element = ET.SubElement(suite, "testcase", {key: _clean(value) for key, value in facts.items()})
    if case.outcome in _ELEMENTS:
        said = ET.SubElement(element, _ELEMENTS[case.outcome], {"message": _clean(f"{case.file}:{case.row}")})
        said.text = _clean(case.detail) or None


def _counts(cases: tuple[Case, ...]) -> dict[str, str]:
    def ended(outcome: str) -> str:
        return str(sum(case.outcome == outcome for case in cases))

    return {
        "tests": str(len(cases)),
        "failures": ended("fail"),
        "errors": ended("error"),
        "skipped": ended("skip"),
    }


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
