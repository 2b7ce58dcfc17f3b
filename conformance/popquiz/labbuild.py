# SPDX-License-Identifier: Apache-2.0
"""`popquiz lab build`: builds a server of others from its pinned source, for fuzzing. `popquiz lab
start NAME --build DIR` starts it then; without --out it is kept in the user's cache, and a second
run does nothing."""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from popquiz import paths
from popquiz.errors import Exit, TargetError, UsageError
from popquiz.servers import builds, recipe, sources, template

ABOUT = "build a server from its source, instrumented for fuzzing"
DEFAULT_KIND = "instrument"
STEP_S = 3600.0
ASK_S = 60.0
LAST_LINES = 5
AFL = re.compile(r"afl-fuzz\+\+([\w.]+)")
FORMAT = 1  # of what is built; another number makes old builds stale
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "AFL_QUIET": "1",
    "AFL_DONT_OPTIMIZE": "1",  # the flags below hold
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kind:
    cc: str
    cflags: str
    link: str  # flags for the compiler and the linker
    marks: Sequence[bytes]  # what an executable has in it that is of this kind
    about: str
    environment: Mapping[str, str] = field(default_factory=dict)


_AFL = (b"__afl_area_ptr",)
# Servers count on loads that are not aligned, and on memcpy(NULL, ..., 0); both work here.
_HARMLESS = "-fno-sanitize=alignment,nonnull-attribute"
_SANITIZE = f"-fsanitize=address,undefined {_HARMLESS} -fno-sanitize-recover=all"
KINDS = {
    "plain": Kind("clang-14", "-O2 -g", "", (), "as is, for debuggers"),
    "instrument": Kind("afl-clang-fast", "-O2 -g", "", _AFL, "tells AFL++ its edges"),
    "sanitize": Kind(
        "afl-clang-fast",
        "-O1 -g -fno-omit-frame-pointer",
        _SANITIZE,
        (*_AFL, b"__asan_init"),
        "the same under ASan and UBSan; a finding is SIGABRT",
    ),
    "cmplog": Kind(
        "afl-clang-fast",
        "-O2 -g",
        "",
        _AFL,
        "tells AFL++ what it compares, too, for -j 3 of popquiz fuzz",
        {"AFL_LLVM_CMPLOG": "1"},
    ),
    builds.COVERAGE: Kind(
        "clang-14",
        "-O1 -g -mllvm -runtime-counter-relocation=true",
        "-fprofile-instr-generate -fcoverage-mapping",
        (b"__llvm_profile",),
        "counts its lines, for popquiz coverage",
    ),
    "canaries": Kind(
        "afl-clang-fast",
        "-O2 -g",
        "",
        _AFL,
        "instrument, with planted bugs that count themselves",
        # No fuzzer is led to a canary by its own edges.
        {"AFL_LLVM_DENYLIST": "{recipes}/canaries/deny.txt"},
    ),
    "crashes": Kind("afl-clang-fast", "-O2 -g", "", _AFL, "instrument, with planted crashes"),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("build", help=ABOUT, description=__doc__)
    parser.add_argument("name", nargs="?", help="see --list; or a recipe that ends in .toml")
    parser.add_argument("--list", action="store_true", help="what can be built, and how")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default=DEFAULT_KIND,
        help="; ".join(f"{name}: {kind.about}" for name, kind in KINDS.items())
        + " (default: %(default)s)",
    )
    for kind in KINDS:
        parser.add_argument(
            f"--{kind}", dest="kind", action="store_const", const=kind, help=f"--kind {kind}"
        )
    parser.add_argument("--out", metavar="DIR", help="where to (default: in the user's cache)")
    parser.add_argument("--fetch", action="store_true", help="only take its source into the cache")
    parser.add_argument(
        "--install", action="store_true", help="install Debian packages that it needs and lacks"
    )


# ---- what there must be --------------------------------------------------------------------------


def _missing(wanted: recipe.Recipe) -> list[str]:
    """Debian packages that it cannot be built without."""
    asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n"]
    ran = subprocess.run(asked, capture_output=True, timeout=ASK_S, check=False)
    found = set(ran.stdout.decode().splitlines())
    return [name for name in wanted.packages if f"installed {name}" not in found]


def _install(packages: Sequence[str], say: Say) -> None:
    """Raises TargetError."""
    command = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300"]
    command += ["--no-install-recommends", "install", *packages]
    if os.getuid() != 0:
        command = ["sudo", "-n", *command]
    say(" ".join(command))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ran = subprocess.run(command, env=environment, capture_output=True, check=False)
    if ran.returncode != 0:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TargetError(f"{' '.join(command)}: {said[-1] if said else ran.returncode}")


def _cure(packages: Sequence[str]) -> str:
    return f"apt-get install --no-install-recommends {' '.join(packages)}"


def _check(wanted: recipe.Recipe, kind: str) -> None:
    """Raises UsageError for what this machine lacks."""
    if kind not in wanted.kinds:
        raise UsageError(
            f"{wanted.name} cannot be built as {kind}; it can as: {' '.join(wanted.kinds)}"
        )
    if not shutil.which(KINDS[kind].cc):
        raise UsageError(f"{KINDS[kind].cc} is missing: run ci/setup")
    if missing := _missing(wanted):
        raise UsageError(
            f"{wanted.name} needs packages to be built: run {_cure(missing)}, or give --install"
        )


# ---- building ------------------------------------------------------------------------------------


def _compiler(kind: Kind) -> str:
    """Its version, and that of AFL++."""
    said = _ask([kind.cc, "--version"]).partition("\n")[0].strip()
    found = AFL.search(_ask(["afl-fuzz", "-V"])) if kind.marks else None
    return f"{said}, AFL++ {found[1]}" if found else said


def _ask(command: Sequence[str]) -> str:
    ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=ASK_S, check=False)
    return ran.stdout.decode("utf-8", "replace")


def _inputs(wanted: recipe.Recipe, kind: str, compiler: str) -> str:
    """The same for builds whose files are the same."""
    sums = [sources.sum_of(path) for path in (*wanted.patches(kind), *_ours(kind))]
    recipe_ = repr((wanted.sha256, wanted.executables, wanted.steps))
    words = [str(FORMAT), kind, repr(KINDS[kind]), compiler, recipe_, *sums]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def _ours(kind: str) -> list[Path]:
    """Our own sources that go into a build of that kind."""
    place = paths.data("profiles") / "builds"
    names = {"sanitize": ["sanitize.c"], "canaries": ["canaries/canary.h", "canaries/deny.txt"]}
    return [place / name for name in names.get(kind, [])]


def _run(words: Sequence[str], folder: Path, log: Path, given: Mapping[str, str]) -> None:
    """Runs a command that must succeed. Raises TargetError, whose text has its last words."""
    with log.open("ab") as output:
        output.write(f"$ {' '.join(words)}\n".encode())
        output.flush()
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**ENVIRONMENT, "HOME": str(folder), **given},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = process.wait(STEP_S)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status != 0:
        said = log.read_text("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
        raise TargetError(f"{words[0]} ended with {status}: {' / '.join(said)}; all of it: {log}")


class _Work:
    """One build, in a folder of its own."""

    def __init__(self, wanted: recipe.Recipe, kind: str, scratch: Path, log: Path) -> None:
        self._recipe = wanted
        self._kind = kind
        self._scratch = scratch
        self._log = log
        self.out = scratch / "out"

    def do(self, archive: Path) -> None:
        """Raises TargetError."""
        source = self._unpack(archive)
        for patch in self._recipe.patches(self._kind):
            words = ["patch", "-p1", "--batch", "--silent", "--fuzz=0", "--input", str(patch)]
            _run(words, source, self._log, {})
        self.out.mkdir()
        names = {**self._names(source), "source": str(source), "out": str(self.out)}
        for step in self._recipe.steps:
            words = [template.fill(word, names) for word in step.words]
            environment = {**KINDS[self._kind].environment, **step.environment}
            given = {name: template.fill(text, names) for name, text in environment.items()}
            _run([word for word in words if word], source, self._log, given)
        self._check()
        if self._kind == builds.COVERAGE:
            shutil.copytree(source, self.out / builds.SOURCE, symlinks=True)

    def _unpack(self, archive: Path) -> Path:
        place = self._scratch / "source"
        with tarfile.open(archive) as file:
            file.extractall(place)  # its sum says that it is the one that was looked at
        folders = list(place.iterdir())
        return folders[0] if len(folders) == 1 else place

    def _names(self, source: Path) -> dict[str, str]:
        kind = KINDS[self._kind]
        moved = f"-fcoverage-prefix-map={source}={builds.MOVED}"
        mapped = [moved] if self._kind == builds.COVERAGE else []
        include = [f"-I{path.parent}" for path in _ours(self._kind) if path.suffix == ".h"]
        objects = [self._object(path) for path in _ours(self._kind) if path.suffix == ".c"]
        return {
            "cc": kind.cc,
            "cxx": kind.cc + "++",
            "cflags": " ".join((kind.cflags, kind.link, *mapped, *include)).strip(),
            "ldflags": " ".join((kind.link, *objects)).strip(),
            "jobs": str(len(os.sched_getaffinity(0))),
            "recipes": str(self._recipe.path.parent),
        }

    def _object(self, path: Path) -> str:
        made = self._scratch / f"{path.stem}.o"
        words = ["clang-14", "-O1", "-fPIC", "-c", str(path), "-o", str(made)]
        _run(words, self._scratch, self._log, {})
        return str(made)

    def _check(self) -> None:
        """That the executables are of their kind: a build system may forget the flags."""
        for name in self._recipe.executables:
            path = self.out / name
            octets = path.read_bytes() if path.is_file() else b""
            for mark in KINDS[self._kind].marks if octets else [b"a file"]:
                if mark not in octets:
                    raise TargetError(f"{name} was built without {mark.decode()}: see {self._log}")


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One builds, others wait."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_place(out: Path) -> None:
    """Only a build of ours is replaced. Raises UsageError."""
    if out.exists() and not (out / builds.DESCRIPTION).is_file() and any(out.iterdir()):
        raise UsageError(f"--out {out}: is no build, and not empty")


def _describe(wanted: recipe.Recipe, kind: str) -> dict[str, Any]:
    compiler = _compiler(KINDS[kind])
    return {
        "name": wanted.name,
        "version": wanted.version,
        "kind": kind,
        "compiler": compiler,
        "source": {"url": sources.url(wanted), "sha256": wanted.sha256},
        "inputs": _inputs(wanted, kind, compiler),
        "executables": wanted.executables,
        "keep": wanted.keep,
        "listen": wanted.listen,
        "values": wanted.values,
        "bridge": wanted.bridge,
        "backend": wanted.backend,
        "additions": [asdict(each) for each in wanted.additions],
    }


def _write_description(folder: Path, about: Mapping[str, Any]) -> None:
    path, text = folder / builds.DESCRIPTION, f"{json.dumps(about, indent=2)}\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _is_current(out: Path, inputs: str) -> bool:
    try:
        return bool(builds.describe(out)["inputs"] == inputs)
    except UsageError:
        return False


def _put(made: Path, out: Path) -> None:
    """Into place, whole: a folder with a description is complete."""
    out.parent.mkdir(parents=True, exist_ok=True)
    new = out.with_name(f".{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(made, new, symlinks=True)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)


def build(name: str, kind: str = DEFAULT_KIND, out: Path | None = None, say: Say = print) -> Path:
    """The folder of a build: made, unless it is there and nothing that it is made from has changed.
    Raises UsageError for what the machine lacks, TargetError when it cannot be built."""
    wanted = recipe.find(name)
    _check(wanted, kind)
    place = out or paths.cache("builds") / f"{wanted.name}-{wanted.version}-{kind}"
    _check_place(place)
    about = _describe(wanted, kind)
    log = paths.cache("builds") / f"{wanted.name}-{kind}.log"
    with _alone(log.with_suffix(".lock")):
        if _is_current(place, about["inputs"]):
            _write_description(place, about)  # what is no file of it may have changed
            return place
        begun = time.monotonic()
        archive = sources.get(wanted)
        log.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="popquiz-build-") as scratch:
            work = _Work(wanted, kind, Path(scratch), log)
            say(f"{wanted.name} {wanted.version}: building, kind {kind}")
            work.do(archive)
            _write_description(work.out, about)
            _put(work.out, place)
        log.unlink(missing_ok=True)
    say(f"{wanted.name} {wanted.version}: built in {time.monotonic() - begun:.0f} s")
    return place


# ---- the command ---------------------------------------------------------------------------------


def _say(line: str) -> None:
    """Not on standard output, whose only line is the folder."""
    print(line, file=sys.stderr, flush=True)


def _list() -> int:
    for path in recipe.available():
        wanted = recipe.read(path)
        line = f"{wanted.name} {wanted.version}: {' '.join(wanted.kinds)}"
        missing = _missing(wanted)
        print(line + (f"; first: {_cure(missing)}" if missing else ""))
    return Exit.PASSED


def run(args: argparse.Namespace) -> int:
    """Raises PopquizError."""
    if args.list or not args.name:
        if args.list and not args.name:
            return _list()
        raise UsageError("either the name of a server, or --list")
    if args.fetch:
        print(sources.get(recipe.find(args.name)))
        return Exit.PASSED
    if args.install and (missing := _missing(recipe.find(args.name))):
        _install(missing, _say)
    print(build(args.name, args.kind, Path(args.out) if args.out else None, _say))
    return Exit.PASSED
