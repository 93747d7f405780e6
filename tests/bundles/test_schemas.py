"""Data that doesn't fit its schema is refused wherever a bundle is met, and a hostile schema does no harm."""

import copy
import functools
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles import bundle, default_path, schemas
from bundles import manifest as manifests
from bundles.documents import readable
from bundles.errors import BundleError
from rego import Policy

SHIPPED = bundle.read(default_path())
SCHEMAS = SHIPPED.manifest["metadata"]["data_schemas"]
OPEN = {"administration", "roles", "teams", "models", "residency"}
ENTRYPOINT = "gateway/request/decision"

Path_ = tuple[str | int, ...]


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of the shipped bundle, to edit."""
    return Path(shutil.copytree(default_path(), tmp_path / "bundle"))


def _edited(path: Path_, value: object, old: str | None = None) -> dict[str, Any]:
    """The shipped data with a value set at a path below `regent`, and its neighbour `old` taken out."""
    data = copy.deepcopy(SHIPPED.data)
    *parents, last = path
    place: Any = data["regent"]
    for parent in parents:
        place = place[parent]
    if old is not None:
        del place[old]
    place[last] = value
    return data


def _refusal(attempt: Callable[[], object]) -> BundleError:
    with pytest.raises(BundleError) as raised:
        attempt()
    return raised.value


TYPOS = [
    (
        _edited(("roles", "analyst", "max_token"), 4096, "max_tokens"),
        "regent.roles.analyst has 'max_token', not known here (known: 'max_tokens', 'models')",
    ),
    (_edited(("roles", "analyst", "models"), "llama*"), "regent.roles.analyst.models must be a list"),
    (
        _edited(("roles", "analyst", "models", 0), "GPT-4o"),
        "regent.roles.analyst.models[0] must be in lower case",
    ),
    (_edited(("roles", "analyst", "models", 0), "gpt-4o*"), "regent.roles.analyst.models has an entry twice"),
    (_edited(("roles", "analyst", "model"), ["*"], "models"), "regent.roles.analyst lacks 'models'"),
    (_edited(("roles", "analyst", "max_tokens"), 0), "regent.roles.analyst.max_tokens must be at least 1"),
    (
        _edited(("roles", "analyst", "max_tokens"), "4096"),
        "regent.roles.analyst.max_tokens must be a whole number",
    ),
    (
        _edited(("roles", "analyst", "max_tokens"), 4096.0),
        "regent.roles.analyst.max_tokens must be a whole number",
    ),
    (
        _edited(("roles", "analyst", "max_tokens"), value=True),
        "regent.roles.analyst.max_tokens must be a whole number",
    ),
    (
        _edited(("roles", "analyst", "max_tokens"), None),
        "regent.roles.analyst.max_tokens must be a whole number",
    ),
    (_edited(("roles", "Analyst"), {"models": []}), "regent.roles.Analyst must be in lower case"),
    (_edited(("roles", "\u00c4rztin"), {"models": []}), "regent.roles.\u00c4rztin must be in lower case"),
    (_edited(("roles", "\u2163"), {"models": []}), "regent.roles.\u2163 must be in lower case"),
    (_edited(("roles", ""), {"models": []}), "regent.roles[''] must have 1 or more characters"),
    (_edited(("models", "GPT-4.1"), {"max_tokens": 9}), "regent.models['GPT-4.1'] must be in lower case"),
    (_edited(("models", "gpt-4.1"), {"max_toknes": 9}), "regent.models['gpt-4.1'] has 'max_toknes'"),
    (_edited(("teams", "HR"), {"labels": []}, "hr"), "regent.teams.HR must be in lower case"),
    (_edited(("teams", "hr", "label"), ["hr"], "labels"), "regent.teams.hr lacks 'labels'"),
    (_edited(("residency", "Hr"), {}, "hr"), "regent.residency.Hr must be in lower case"),
    (_edited(("residency", "hr", "zones"), []), "regent.residency.hr.zones must have 1 or more entries"),
    (_edited(("subjects", "bot"), {"models": ["*"]}), "regent.subjects.bot lacks 'issuer'"),
    (
        _edited(("retention", "payload"), "full"),
        "regent.retention.payload must be one of: 'digest', 'sealed'",
    ),
    (_edited(("surprise",), 1), "regent has 'surprise', not known here"),
    (_edited(("requires",), {}, "required"), "regent lacks 'required'"),
    ({**SHIPPED.data, "regent": []}, "regent must be a table"),
    ({}, "regent is missing"),
]


WINDOW = {"days": ["monday"], "from": "08:00", "until": "18:00"}
TYPOS += [
    *(
        (_edited(path, value), f"{where} must be a glob")
        for path, value, where in (
            (("kill_switch", "models"), ["gpt-[4"], "regent.kill_switch.models[0]"),
            (("roles", "analyst", "models"), ["gpt-{4,5"], "regent.roles.analyst.models[0]"),
            (("teams", "hr", "models"), ["*", "gpt-[z-a]"], "regent.teams.hr.models[1]"),
            (("injection",), {"models": {"gpt\\": 0.5}}, "regent.injection.models['gpt\\\\']"),
        )
    ),
    *(
        (_edited(("time_windows",), {"a": {"zone": zone, "windows": [WINDOW]}}), "must be a time zone")
        for zone in ("Local", "Mars/Base", "../UTC", "Europe", "/etc/passwd")
    ),
    (
        _edited(("networks",), {"a": {"ranges": ["10.0.0.300/8"]}}),
        "regent.networks.a.ranges[0] must be a range of addresses",
    ),
]


@pytest.mark.parametrize(("data", "said"), TYPOS, ids=[said for _, said in TYPOS])
def test_typos_are_refused_at_stamp_and_at_read(data: dict[str, Any], said: str, shipped: Path) -> None:
    """A slip that would lift a limit is named, in place, by whoever stamps and by whoever starts."""
    (shipped / "data.json").write_bytes(readable(data))
    before = (shipped / ".manifest").read_bytes()
    stamped = _refusal(lambda: bundle.stamp(shipped))
    assert ("bundle.data_invalid", before) == (stamped.code, (shipped / ".manifest").read_bytes())
    assert said in stamped.detail
    files = {**SHIPPED.files, "data.json": readable(data)}  # as somebody else's tool would stamp it
    forged = {**files, ".manifest": manifests.stamped(files, SHIPPED.manifest)}
    assert stamped.detail == _refusal(lambda: bundle.from_files(forged)).detail


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("models", "gpt-4.1"), {"max_tokens": 9}),
        (("models", "\u6a21\u578b/\u00e4"), {"max_tokens": 9}),
        (("roles", "night shift"), {"models": ["gpt-4o*"], "max_tokens": 1}),
        (("subjects", "Bot@ACME"), {"issuer": "https://idp.acme.example", "models": ["*"]}),
        (("retention", "days"), 30),
        (("kill_switch", "models"), ["gpt-[!0-3]*", "{llama,mixtral}-*", "odd\\[name"]),
        (("time_windows",), {"a": {"zone": "Europe/Berlin", "windows": [WINDOW]}}),
        (("networks",), {"a": {"ranges": ["10.1.2.3/8", "2001:db8::/32"]}}),
    ],
)
def test_good_data_is_stamped(path: Path_, value: object, shipped: Path) -> None:
    """What the page for authors permits is taken; a subject's id keeps its case."""
    (shipped / "data.json").write_bytes(readable(_edited(path, value)))
    assert bundle.stamp(shipped) == bundle.read(shipped)


def test_findings_are_listed_and_bounded() -> None:
    """All of a few slips are told at once; of many, ten, on one line and without a value of the data."""
    few = _edited(("roles",), {"A": {"models": "secret-value"}, "b": {}})
    assert _refusal(lambda: schemas.check_data(few, SCHEMAS)).detail.split("; ") == [
        "regent.roles.A must be in lower case",
        "regent.roles.A.models must be a list",
        "regent.roles.b lacks 'models'",
    ]
    many = _edited(("roles",), {f"R\n{number}{'x' * 999}": 1 for number in range(5000)})
    detail = _refusal(lambda: schemas.check_data(many, SCHEMAS)).detail
    assert detail.count("; ") == schemas.MAX_FINDINGS
    assert detail.endswith("; and more")
    assert len(detail) < 2000
    assert "\n" not in detail


def test_large_data_is_checked_in_time() -> None:
    """A house with many single callers still starts."""
    row = {"issuer": "https://idp.acme.example", "models": ["gpt-4o*", "demo-*"]}
    data = _edited(("subjects",), {f"service-{number}": row for number in range(5000)})
    started = time.monotonic()
    schemas.check_data(data, SCHEMAS)
    assert time.monotonic() - started < 10


def test_data_without_a_schema_is_refused() -> None:
    """A table of one's own needs a schema of its own, so that a misspelt table isn't overlooked."""
    detail = _refusal(lambda: schemas.check_data({**SHIPPED.data, "house": {}}, SCHEMAS)).detail
    assert detail.startswith("house has no schema")


def _deep(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://elsewhere.example/schema"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {}}},
        {"allOf": [{}]},
        {"patternProperties": {"^a": {}}},
        {"maxLenght": 3},  # a limit that nobody would apply
        {"format": "email"},
        {"format": ["glob"]},
        {"$schema": "https://json-schema.org/draft/2020-12/schema"},
        {"$schema": []},
        {"items": {"$schema": schemas.DRAFT, "pattern": "(a+)+$"}},  # would bring the library's own `re` back
        {"items": [{}]},
        {"items": True},
        {"additionalProperties": 1},
        {"properties": []},
        {"properties": {"a": True}},
        {"pattern": "(?=a)"},
        {"pattern": "("},
        {"pattern": 1},
        {"pattern": "((a{1000}){1000}){1000}"},
        {"enum": "a"},
        {"enum": [[1]]},
        {"enum": list(range(schemas.MAX_CHOICES + 1))},
        {"maximum": "5"},
        {"required": "models"},
        {"type": "tabel"},
        {"description": "x" * schemas.MAX_BYTES},
        _deep(schemas.MAX_DEPTH + 1),
        _deep(400),
        True,
        None,
        [],
    ],
)
def test_hostile_schemas_are_refused(schema: object) -> None:
    """A schema neither reaches out nor goes in circles, and has no word that would be passed over."""
    started = time.monotonic()
    assert _refusal(lambda: schemas.check_schemas({"regent": schema})).code == "bundle.malformed"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("carried", [None, [], "regent"])
def test_schemas_are_needed(carried: object) -> None:
    """A bundle that doesn't say what its data must look like is refused."""
    assert _refusal(lambda: schemas.check_schemas(carried)).code == "bundle.malformed"


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 100_000 + "!"),
        ({"uniqueItems": True}, [*range(30_000), *map(str, range(30_000)), 0]),
    ],
)
def test_nothing_takes_for_ever(schema: dict[str, Any], data: object) -> None:
    """Patterns and lists that stall a plain validator are decided in linear time."""
    started = time.monotonic()
    schemas.check_schemas({"house": schema})
    assert (
        _refusal(lambda: schemas.check_data({"house": data}, {"house": schema})).code == "bundle.data_invalid"
    )
    assert time.monotonic() - started < 5


def test_deep_data_is_refused() -> None:
    """Data nested deeper than can be walked is refused, not a crash."""
    value: Any = 0
    for _ in range(100_000):
        value = [value]
    schema = {"uniqueItems": True}
    assert (
        _refusal(lambda: schemas.check_data({"house": [value]}, {"house": schema})).code
        == "bundle.data_invalid"
    )


# Renaming one key: refused where the schema fixes the name, never a way around where the house chooses it.


def _keys(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key)
            yield from _keys(below, (*path, key))


KEYS = sorted(_keys(SHIPPED.data["regent"]))


def _chosen(path: tuple[str, ...]) -> bool:
    return len(path) == 2 and path[0] in OPEN


@given(
    path=st.sampled_from(KEYS),
    name=st.text(max_size=12) | st.sampled_from([key for path in KEYS for key in path]),
)
def test_a_renamed_key_is_refused_or_named_by_the_house(path: tuple[str, ...], name: str) -> None:
    """No name that the rules read can be another; those that the house gives are in lower case."""
    data = copy.deepcopy(SHIPPED.data)
    place, shape = data["regent"], SCHEMAS["regent"]
    for parent in path[:-1]:
        place = place[parent]
        shape = shape.get("properties", {}).get(parent) or shape["additionalProperties"]
    if name in place or name in shape.get("properties", {}):
        return
    place[name] = place.pop(path[-1])
    if _chosen(path) and name and name == name.lower():
        schemas.check_data(data, SCHEMAS)
    else:
        assert _refusal(lambda: schemas.check_data(data, SCHEMAS)).code == "bundle.data_invalid"


def _question(role: str, team: str) -> dict[str, Any]:
    places = ("cloud", "onprem")
    deployments = [{"id": zone, "zone": zone, "region": "eu", "provider": "echo"} for zone in places]
    return {
        "version": 1,
        "subject": {"type": "user", "id": "a", "properties": {"issuer": "i", "roles": [role], "team": team}},
        "action": {"name": "chat.completions", "properties": {}},
        "resource": {"type": "model", "id": "demo-small", "properties": {"deployments": deployments}},
        "context": {"content": {"labels": []}},
    }


@functools.cache
def _shipped_policy() -> Policy:
    return Policy.load(SHIPPED.plan, SHIPPED.data)


def _decided(data: dict[str, Any]) -> dict[tuple[str, str], Any]:
    policy = _shipped_policy().with_data(data)
    asked = [
        (role, team) for role in SHIPPED.data["regent"]["roles"] for team in SHIPPED.data["regent"]["teams"]
    ]
    return {who: policy.evaluate(ENTRYPOINT, _question(*who)).value for who in asked}


@pytest.mark.parametrize("path", [path for path in KEYS if _chosen(path) and path[0] != "administration"])
def test_a_renamed_entry_permits_nothing_more(path: tuple[str, str]) -> None:
    """Whoever held the old name of a role, team or label is refused or treated as before."""
    table, name = path
    before = _decided(SHIPPED.data)
    after = _decided(_edited((table, f"{name}x"), SHIPPED.data["regent"][table][name], name))
    assert {who for who, made in after.items() if made != before[who] and made["allow"]} == set()
    assert before != after
