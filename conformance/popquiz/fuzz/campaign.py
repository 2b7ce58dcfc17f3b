# SPDX-License-Identifier: Apache-2.0
"""Runs instances of an engine in a lane, and makes findings of what they save."""

import hashlib
import shutil
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from popquiz.console import Console
from popquiz.errors import PopquizError, TargetError, UsageError
from popquiz.fuzz import progress, signs
from popquiz.fuzz.afl import Afl, check
from popquiz.fuzz.engine import Instance, Stats, Wish
from popquiz.fuzz.findings import FOLDER, RAW, Collection, Finding
from popquiz.fuzz.lane import AFL, Lane, Seed, read_seeds
from popquiz.fuzz.libfuzzer import LibFuzzer
from popquiz.fuzz.progress import Progress, Sample
from popquiz.fuzz.signs import Sign

TICK_S = 0.1
SEEDS = "seeds"  # the folder of what a campaign begins with
JUDGED_MAX = 200  # saved inputs that are played while the campaign runs; the rest is counted
NAME_MAX = 80
RUNNING_JUDGE = 5  # at a time: the engines want the processors too


@dataclass(slots=True)
class Outcome:
    """How a campaign ended."""

    stats: Stats = field(default_factory=Stats)
    seconds: float = 0.0
    transaction: float | None = None
    first_s: float | None = None  # from the start to the first execution
    trouble: str = ""
    interrupted: bool = False
    unplayed: int = 0  # saved inputs beyond JUDGED_MAX


class Interrupt:
    """Remembers SIGINT and SIGTERM instead of dying of them, so that the folder stays whole."""

    def __init__(self) -> None:
        self.came = False
        self._before: dict[int, object] = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            raise KeyboardInterrupt  # somebody means it
        self.came = True

    def __enter__(self) -> "Interrupt":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


# ---- seeds --------------------------------------------------------------------------------------


def seed_name(octets: bytes, name: str) -> str:
    """A name that stays below the engine's limits and that no other content has."""
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:NAME_MAX]
    return f"{hashlib.sha256(octets).hexdigest()[:8]}-{stem}"


def gather(seeds: Iterable[Seed], folder: Path) -> list[Path]:
    """Writes seeds, each content once. Raises UsageError when there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    seen = {path.name.partition("-")[0] for path in folder.iterdir()}
    for stem, octets in seeds:
        name = seed_name(octets, stem)
        if octets and name.partition("-")[0] not in seen:
            seen.add(name.partition("-")[0])
            (folder / name).write_bytes(octets)
    found = sorted(folder.iterdir())
    if not found:
        raise UsageError("there is no seed: --corpus names a folder that holds at least one")
    return found


# ---- the campaign -------------------------------------------------------------------------------


class Campaign:
    """One run."""

    def __init__(
        self,
        lane: Lane,
        engine: str,
        wish: Wish,
        collection: Collection,
    ) -> None:
        self._lane = lane
        self._engine = engine
        self._wish = wish
        self._collection = collection
        self._seen: set[Path] = set()
        self._instances: list[Instance] = []
        self._begun = time.monotonic()
        self._earlier: Mapping[str, Any] = {}
        self.outcome = Outcome()

    # ---- seeds ----------------------------------------------------------------------------------

    def sift(self, seeds: Sequence[Path], progress_: Progress) -> None:
        """Plays the seeds first: one that breaks the target is a finding, and no seed."""
        for file, first in list(zip(seeds, self._lane.judge(seeds), strict=True)):
            if sign := self._collection.confirmed(file, first):
                found = Finding(sign, file.read_bytes(), 0.0, f"{SEEDS}/{file.name}")
                self._tell(self._collection.keep(found), progress_)
                file.unlink()
        left = sorted(self._wish.seeds.iterdir())
        if not left:
            raise TargetError(
                f"each of {len(seeds)} seeds breaks the target: {self._lane.name} cannot be fuzzed "
                "before that is mended"
            )
        for line in self._lane.check([file.read_bytes() for file in left], self._wish.out):
            progress_.line(line)

    # ---- instances ------------------------------------------------------------------------------

    def _start(self) -> None:
        """The time begins when everything is built."""
        kind = Afl if self._engine == AFL else LibFuzzer
        launches = [self._lane.launch(self._engine, number) for number in range(self._wish.jobs)]
        self._begun = time.monotonic()
        for number, launch in enumerate(launches):
            instance = kind(self._wish, launch, number)
            self._instances.append(instance)
            instance.start()

    def stop(self) -> None:
        for instance in self._instances:
            instance.stop()

    def _sample(self, seconds: float) -> Sample:
        stats = progress.total([each.stats() for each in self._instances])
        watched = self._lane.watch(self._wish.out)
        share = watched.transaction
        # AFL++ says how far it is once a minute, and libFuzzer when it finds something.
        execs = max(stats.execs, watched.cases or 0)
        speed = execs / max(time.monotonic() - self._begun, 0.1)
        known = max(watched.edges or stats.edges, self._earlier.get("edges", 0))
        if execs and self.outcome.first_s is None:
            self.outcome.first_s = time.monotonic() - self._begun
        whole = execs + self._earlier.get("execs", 0)
        of = watched.edges_of or stats.edges_of
        stats = replace(stats, execs=whole, speed=speed, edges=known, edges_of=of)
        self.outcome.stats, self.outcome.seconds = stats, seconds
        self.outcome.transaction = share
        return Sample(seconds, stats, len(self._collection.findings), share)

    # ---- what they save -------------------------------------------------------------------------

    def _fresh(self) -> list[tuple[Path, Sign | None]]:
        """What was saved since the last call, with what the engine saw."""
        found: list[tuple[Path, Sign | None]] = []
        for instance in self._instances:
            found += [(path, _hint(path)) for path in instance.crashes()]
            found += [(path, None) for path in instance.hangs()]
        found += self._lane.saved(self._wish.out)
        if self._earlier:  # of seeds, engines keep nothing
            place = self._wish.out / FOLDER
            found += [(path, None) for path in sorted(place.glob(f"*/{RAW}"))]
        return [(path, hint) for path, hint in found if path not in self._seen]

    def collect(self, progress_: Progress, most: int) -> None:
        for path, hint in self._fresh()[:most]:
            self._seen.add(path)
            if len(self._seen) > JUDGED_MAX:
                self.outcome.unplayed += 1
                continue
            source = str(path.relative_to(self._wish.out))
            found = self._collection.add(path, progress_.seconds, source, hint)
            self._tell(found, progress_)

    @staticmethod
    def _tell(found: Finding | None, progress_: Progress) -> None:
        if found:
            known = f" (known: {found.known})" if found.known else ""
            progress_.line(f"FOUND {found.id}: {found.sign.headline}{known}")

    # ---- the loop -------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        since = time.monotonic() - self._begun
        if self._wish.first and self._collection.new:
            return True
        if self._wish.seconds and since >= self._wish.seconds:
            return True
        living = [each.lives() for each in self._instances]
        troubles = [each.trouble() for each in self._instances]
        self.outcome.trouble = next(filter(None, troubles), "")
        return bool(self.outcome.trouble) or not any(living)

    def run(self, console: Console, earlier: Mapping[str, Any] | None = None) -> Outcome:
        """To the end, or until a signal comes. `earlier`: campaign.json of the run that this one
        goes on from. Raises PopquizError when it cannot begin."""
        if self._engine == AFL:
            check()
        self._earlier = earlier or {}
        self._lane.begin(self._wish.out)
        seconds = self._earlier.get("seconds", 0.0)
        shown = Progress(console, self._wish.out, self._begun, seconds)
        try:
            with Interrupt() as interrupt:
                self._run(shown, interrupt)
        finally:
            self.stop()
            shown.end()
        return self.outcome

    def _run(self, shown: Progress, interrupt: Interrupt) -> None:
        self.sift(sorted(self._wish.seeds.iterdir()), shown)
        self._start()
        shown.begin(self._begun)
        try:
            self._search(shown, interrupt)
        except TargetError as error:  # what was found until then is not lost
            self.outcome.trouble = str(error)
        self.outcome.interrupted = interrupt.came

    def _search(self, shown: Progress, interrupt: Interrupt) -> None:
        while not interrupt.came and not self._is_over():
            time.sleep(TICK_S)
            if shown.is_due or self.outcome.first_s is None:
                sample = self._sample(shown.seconds)
                if shown.is_due:
                    shown.add(sample)
            self.collect(shown, RUNNING_JUDGE)
        self.stop()
        shown.add(self._sample(shown.seconds))
        self.collect(shown, JUDGED_MAX + 1)
        found = self._collection.new or interrupt.came or self.outcome.trouble
        if self.outcome.first_s is None and not found:
            self.outcome.trouble = "nothing was executed in that time: give it more"


def _hint(path: Path) -> Sign | None:
    """What AFL++ says of a crash in the name of its file, as sig:11."""
    for word in path.name.split(","):
        if word.startswith("sig:"):
            with suppress(ValueError):
                name = signal.Signals(int(word[4:])).name
                # AFL++ kills what takes too long, and what it ends with.
                return (
                    None
                    if name == "SIGKILL"
                    else Sign(signs.CRASH, name, signal=name, place="seen by the engine only")
                )
    return None


def keep_corpus(instances: Iterable[Instance], folder: Path) -> int:
    """Copies what the engines have kept to one folder; returns how many there are."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(PopquizError):
        return len(gather(read_seeds(p for each in instances for p in each.corpus()), folder))
    return 0
