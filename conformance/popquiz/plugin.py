# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: `pytest conformance/cases --target mock` collects dialogues and plays them.

One scheduler plays them all, on several seats at once; pytest hears of each result as it comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from popquiz.cases import Case
    from popquiz.record import Job, Result

LOADED: pytest.StashKey[dict[Path, list[Case]]] = pytest.StashKey()
PHASES = ("setup", "call", "teardown")  # that pytest's reporters expect of a test


class _Group:
    """A group of pytest's options that looks like one of argparse."""

    def __init__(self, group: pytest.OptionGroup) -> None:
        self.add_argument = group.addoption


def pytest_addoption(parser: pytest.Parser) -> None:
    from popquiz import options

    options.add_target(_Group(parser.getgroup("popquiz target")))
    group = parser.getgroup("popquiz which cases")
    group.addoption("--segment", default="whole", metavar="CUT", help="how writes are cut")
    options.add_safety(_Group(parser.getgroup("popquiz safety")))


# ---- collecting ---------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> DialogueFile | None:
    from popquiz.cases import is_case

    if file_path.suffix != ".dlg" or not is_case(file_path):
        return None
    file: DialogueFile = DialogueFile.from_parent(parent, path=file_path)
    return file


def _load(config: pytest.Config) -> dict[Path, list[Case]]:
    """Every row of every dialogue that the command line names, by its file; read at once."""
    from popquiz import cases

    if LOADED not in config.stash:
        names = [str(arg).partition("::")[0] for arg in config.args]
        files = [path for path in cases.files_of(names) if path.suffix == ".dlg"]
        found: dict[Path, list[Case]] = {}
        for case in cases.for_servers(cases.load(files)):
            found.setdefault(case.file.resolve(), []).append(case)
        config.stash[LOADED] = found
    return config.stash[LOADED]


class DialogueFile(pytest.File):
    def collect(self) -> Iterable[DialogueItem]:
        from popquiz.errors import PopquizError
        from popquiz.record import Job

        try:
            rows = _load(self.config).get(self.path.resolve(), [])
        except PopquizError as error:
            raise self.CollectError(str(error)) from None
        for case in rows:
            job = Job(case, self.config.option.segment)
            yield DialogueItem.from_parent(self, name=job.name, job=job)


class DialogueItem(pytest.Item):
    def __init__(self, *, job: Job, **more: Any) -> None:
        super().__init__(**more)
        self.job = job

    def runtest(self) -> None:
        raise NotImplementedError("the scheduler plays dialogues, not pytest's own loop")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


# ---- playing ------------------------------------------------------------------------------------


def _outcome(item: DialogueItem, result: Result) -> tuple[str, Any]:
    """The outcome as pytest calls it, and what it shows."""
    from popquiz import gate, replay
    from popquiz.verdicts import Verdict

    if result.verdict is Verdict.SKIP:
        return "skipped", (str(item.path), 0, f"{result.skip}: {result.why}")
    if result.verdict in (*gate.FAILING, *gate.DOUBTFUL, Verdict.ERROR):
        return "failed", "\n".join(replay.lines(result))
    return "passed", None


def _tell(item: DialogueItem, result: Result) -> None:
    """Says of a result what pytest says of a test; nothing behind the last one that is wanted."""
    if item.session.shouldfail or item.session.shouldstop:
        return
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    outcome, shown = _outcome(item, result)
    for phase in PHASES:
        report = pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords=dict.fromkeys(item.keywords, 1),
            outcome=outcome if phase == "call" else "passed",  # type: ignore[arg-type]
            longrepr=shown if phase == "call" else None,
            when=phase,  # type: ignore[arg-type]
            duration=result.ms / 1000 if phase == "call" else 0,
        )
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    for why in (item.session.shouldfail, item.session.shouldstop):
        if why:
            raise item.session.Failed(why)


def _play(session: pytest.Session, items: list[DialogueItem]) -> None:
    from popquiz import cases, catalogue, options, paths, runner
    from popquiz.fixtures import Fixtures

    args = session.config.option
    rows = catalogue.read(paths.catalogue())
    cases.check([item.job.case for item in items], rows)
    target, fixtures = options.target(args), Fixtures(paths.fixtures())
    by_job = {item.job: item for item in items}
    rules = options.rules(args, rows, target, lambda job: runner.maildrop_of(fixtures, job))
    run = runner.execute(
        runner.Config(
            target=target,
            jobs=list(by_job),
            fixtures=fixtures,
            rules=rules,
            logins=options.logins(args),
            workers=min(options.workers(None), len(items)),
            sanity_patience_ms=args.patience * 1000,
            heard=lambda result: _tell(by_job[result.job], result),
        )
    )
    if run.interrupted:
        raise KeyboardInterrupt
    if run.trouble:
        pytest.exit(run.trouble, returncode=3)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Plays the dialogues; what else was collected runs behind them as always."""
    from popquiz.errors import PopquizError

    items = [item for item in session.items if isinstance(item, DialogueItem)]
    if not items or session.config.option.collectonly:
        return None
    if session.testsfailed and not session.config.option.continue_on_collection_errors:
        raise session.Interrupted(f"{session.testsfailed} errors during collection")
    try:
        _play(session, items)
    except PopquizError as error:
        pytest.exit(str(error), returncode=error.status)
    session.items[:] = [item for item in session.items if not isinstance(item, DialogueItem)]
    return None if session.items else True
