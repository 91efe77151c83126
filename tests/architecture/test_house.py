"""Where things live and who may know whom (architecture.md section 2), read from the source of every module.

A new package of ``app`` has to be given its floor here; an exception has to be given its reason.
"""

from __future__ import annotations

import re

import pytest

from tests.architecture.imports import (
    ROOT,
    Import,
    attributes_used,
    calls_named,
    imports_of,
    modules,
    modules_of,
    public_names,
)

# Ground first. What stands on one line knows what stands below it; on the ground, the parts know each other.
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "app.settings",
        "app.db",
        "app.db_rows",
        "app.db_statements",
        "app.clock",
        "app.errors",
        "app.pii",
        "app.pii_rotation",
        "app.audit",
        "app.audit_tasks",
        "app.events",
        "app.jobs",
        "app.job_tasks",
        "app.business_days",
        "app.csv_files",
        "app.my_number",
        "app.language",
        "app.language_parts",
        "app.language_ruby",
        "app.embedded_postgres",
        "app.migrations",
    ),
    ("app.maintenance", "app.municipalities", "app.people"),
    ("app.cards", "app.lists", "app.organisations", "app.policies", "app.payments"),
    ("app.documents", "app.screening", "app.shops"),
    ("app.points",),
    ("app.rebates", "app.returns"),
    ("app.applications",),
    ("app.notifications",),
    ("app.counter",),
    ("app.retention",),
    ("app.start",),
    ("app.web",),
    ("app",),
    ("app.cli",),
)
GROUND = set(FLOORS[0])
DOMAINS = {unit for floor in FLOORS[1:9] for unit in floor}
APART = {"app.provider_simulator": "a program of somebody else, here for tests: it knows nothing of app"}
DATA_ONLY = {"app.static", "app.sample_data", "app.translations"}

# (module, what it imports): reason.
FLOOR_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("app.migrations.env", "app"): "walks the package by name to find every table",
}
# (module, another package's module): reason. Everything else goes through that package's public names.
REACHING_IN: dict[tuple[str, str], str] = {
    ("app.start", "app.applications.handlers"): "start wires event handlers; nobody else may",
    ("app.start", "app.rebates.handlers"): "start wires event handlers; nobody else may",
    ("app.start", "app.notifications.handlers"): "start wires event handlers; nobody else may",
    ("app.start", "app.cards.trust"): "a process must not start with unusable trust anchors",
}
REAL_TIME: dict[str, str] = {
    "app.clock": "the source of now",
    "app.db": "the time in a UUID orders ids; it decides nothing",
    "app.provider_simulator.simulated_time": "another program with its own clock",
    "nfc.agent.client": "signs requests with real time, and knows nothing of app",
    "nfc.agent.pairing": "signs requests with real time, and knows nothing of app",
}
READS_ENVIRONMENT: dict[str, str] = {
    "app.settings": "the one place that reads settings",
    "app.embedded_postgres": "hands the environment on to PostgreSQL's programs without PG variables",
}
AUDIENCES = ("public", "resident", "counter", "municipality", "provider", "secretariat", "api")
MAX_LINES = 400


def floor_of(unit: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if unit in floor)


def unit_of(name: str) -> str:
    return ".".join(name.split(".")[:2])


def all_imports(package: str) -> list[Import]:
    return [found for module in modules_of(package) for found in imports_of(module)]


def test_every_part_of_app_has_its_floor() -> None:
    units = {module.unit for module in modules_of("app")} - DATA_ONLY
    assert units == {unit for floor in FLOORS for unit in floor} | set(APART)


def test_an_import_never_goes_up() -> None:
    wrong = []
    for found in all_imports("app"):
        here, there = found.by.unit, unit_of(found.module)
        if here == there or there.split(".")[0] != "app" or here in APART or there in APART:
            continue
        if (found.by.name, found.module) in FLOOR_EXCEPTIONS:
            continue
        allowed = floor_of(there) < floor_of(here) or {here, there} <= GROUND
        if not allowed:
            wrong.append(str(found))
    assert wrong == []


def test_no_domain_knows_the_web() -> None:
    wrong = [
        str(found)
        for domain in DOMAINS | GROUND
        for found in all_imports(domain)
        if found.module.split(".")[0] in {"flask", "flask_login", "flask_wtf", "werkzeug", "jinja2"}
        or unit_of(found.module) in {"app.web", "app.cli"}
    ]
    assert wrong == []


def test_no_audience_knows_another() -> None:
    wrong = [
        str(found)
        for audience in AUDIENCES
        for found in all_imports(f"app.web.{audience}")
        for other in AUDIENCES
        if other != audience and f"{found.module}.".startswith(f"app.web.{other}.")
    ]
    assert wrong == []


def test_what_audiences_share_knows_no_audience() -> None:
    shared = [m for m in modules_of("app.web") if m.name.split(".")[2:3] and m.name.split(".")[2] not in AUDIENCES]
    wrong = [
        str(found)
        for module in shared
        for found in imports_of(module)
        for audience in AUDIENCES
        if f"{found.module}.".startswith(f"app.web.{audience}.")
    ]
    assert wrong == []


def test_the_provider_simulator_knows_nothing_of_app() -> None:
    ours = ("app", "nfc", "card_sim")
    wrong = [
        str(found)
        for found in all_imports("app.provider_simulator")
        if found.module.split(".")[0] in ours and unit_of(found.module) != "app.provider_simulator"
    ]
    assert wrong == []


def test_only_the_command_line_knows_the_simulated_card_and_the_simulated_provider() -> None:
    wrong = [
        str(found)
        for found in all_imports("app")
        if (found.module.split(".")[0] == "card_sim" or unit_of(found.module) in APART)
        and found.by.unit not in {"app.cli", *APART}
    ]
    assert wrong == []


def test_nfc_and_the_simulated_card_stand_alone() -> None:
    for package, others in (("nfc", {"app", "card_sim"}), ("card_sim", {"app", "nfc"})):
        wrong = [str(found) for found in all_imports(package) if found.module.split(".")[0] in others]
        assert wrong == []


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_every_domain_lists_its_public_names(domain: str) -> None:
    assert modules()[domain].is_package
    names = public_names(domain)
    assert names
    assert not any(name.startswith("_") for name in names)


def test_domains_meet_by_public_names_only() -> None:
    wrong = []
    for module in modules_of("app"):
        if module.unit in GROUND:
            continue
        for found in imports_of(module):
            there = unit_of(found.module)
            if there not in DOMAINS or there == module.unit or (module.name, found.module) in REACHING_IN:
                continue
            inner = found.module.removeprefix(there).lstrip(".").split(".")[0]
            listed = public_names(there)
            if inner and inner not in listed:
                wrong.append(f"{found}: {inner} is not public")
            elif not inner and not set(found.names) <= listed:
                wrong.append(f"{found}: not public")
        wrong += [
            f"{module.path.relative_to(ROOT)}:{line} uses {package}.{name}: not public"
            for package, name, line in attributes_used(module)
            if package in DOMAINS and package != module.unit and name not in public_names(package)
        ]
    assert wrong == []


def test_nobody_takes_a_private_name_of_another_package() -> None:
    wrong = [
        str(found)
        for package in ("app", "nfc", "card_sim")
        for found in all_imports(package)
        if found.module in modules()
        and unit_of(found.module) != found.by.unit
        and any(name.startswith("_") for name in found.names)
    ]
    assert wrong == []


def test_exceptions_are_still_needed() -> None:
    """An exception whose reason is gone would let the next breach through."""
    used = {(found.by.name, found.module) for found in all_imports("app")}
    assert set(FLOOR_EXCEPTIONS) | set(REACHING_IN) <= used
    now = {m.name for m in modules().values() if any(calls_named(m, *NOW))}
    assert set(REAL_TIME) <= now
    assert {"app.embedded_postgres"} <= {m.name for m in modules().values() if any(calls_named(m, *ENVIRONMENT))}


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    long = {
        module.name: module.lines
        for module in modules().values()
        if module.lines > MAX_LINES and not module.name.startswith("app.migrations.versions.")
    }
    assert long == {}


def test_a_silenced_type_says_why() -> None:
    """What the checker is told to overlook is overlooked by the next reader, too, unless the line says why."""
    silenced = re.compile(r"# type: " + r"ignore(\[[a-z, -]+\])?(?P<why>  # \S.*)?")
    folders = ("app", "nfc", "card_sim", "bench", "tests", "tools")
    mute = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := silenced.search(line)) and not found["why"]
    ]
    assert mute == []


def test_no_file_collects_strangers() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
    assert [module.name for module in modules().values() if module.name.rpartition(".")[2] in names] == []


ENVIRONMENT = ("os.environ", "os.getenv", "os.putenv")
NOW = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
)


def test_settings_are_read_in_one_place() -> None:
    wrong = [
        f"{module.path.relative_to(ROOT)}:{line} uses {name}"
        for module in modules().values()
        if module.unit != "app.cli" and module.name not in READS_ENVIRONMENT
        for name, line in calls_named(module, *ENVIRONMENT)
    ]
    assert wrong == []


def test_now_comes_from_the_clock() -> None:
    wrong = [
        f"{module.path.relative_to(ROOT)}:{line} uses {name}"
        for module in modules().values()
        if module.name not in REAL_TIME
        for name, line in calls_named(module, *NOW)
    ]
    assert wrong == []


def test_every_folder_with_python_is_a_package() -> None:
    """Without ``__init__`` a folder would drop out of the wheel and of these tests."""
    for package in ("app", "nfc", "card_sim"):
        for path in (ROOT / package).rglob("*.py"):
            assert (path.parent / "__init__.py").exists() or path.parent.name == "versions", path
