"""The gate: our judge and checkov on the same folder, each compared with what was there to judge.

It passes only if everything that was synthesized was judged by both, nothing is open, and every waiver is good.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from policies import configuration, rules, scanner, waivers
from policies.assessment import Told, assess
from policies.judgement import Check, Found, Judgement
from policies.model.deployment import Deployment, Resource
from policies.model.reading import read
from policies.scanner import Record, Scan
from policies.waivers import Waiver, WaiverError


def run(
    folder: Path,
    *,
    waivers_file: Path = configuration.WAIVERS,
    checkov_file: Path = configuration.FILE,
    on: date | None = None,
) -> Judgement:
    """Judge a synth output. Whatever is wrong with it, or with the gate's own files, is in the judgement."""
    folder = folder.resolve()
    deployment = read(folder)
    waived, faults = _waivers(waivers_file)
    configured, more = scanner.configuration(checkov_file)
    faults += more
    faults += _stale(configured, waived)
    scan = scanner.scan(folder, configured)
    checks, findings = _builtin(deployment, scan)
    problems = (*faults, *scan.problems, *_incomplete(deployment, scan))
    judgement = assess(
        deployment,
        rules.every(),
        waived,
        on or datetime.now(tz=UTC).date(),
        strict=True,
        also=Told(checks, findings, problems),
    )
    return replace(judgement, problems=(*judgement.problems, *_disagreements(judgement, scan)))


def _waivers(file: Path) -> tuple[tuple[Waiver, ...], list[str]]:
    try:
        return waivers.read(file), []
    except WaiverError as error:
        return (), [str(error)]


def _stale(configured: scanner.Configuration, waived: Sequence[Waiver]) -> list[str]:
    """Whether plain checkov skips something else than what is waived everywhere."""
    whole = sorted(waiver.rule for waiver in waived if waiver.whole_check)
    if sorted(configured.skipped) == whole:
        return []
    return [f"{configured.path.name} does not skip what is waived everywhere: run `make generate`"]


def _incomplete(deployment: Deployment, scan: Scan) -> Iterator[str]:
    """What checkov should have seen and did not."""
    for stack in deployment.stacks:
        seen = sum(scan.resources.get(file.resolve(), 0) for file in stack.files)
        written = sum(resource.mode == "resource" for resource in stack.resources.values())
        if seen < written:
            yield f"{stack.name}: {written} resources were synthesized, checkov read {seen}"
    if not _theirs(scan):
        yield "checkov evaluated none of its own checks"


def _builtin(deployment: Deployment, scan: Scan) -> tuple[tuple[Check, ...], tuple[Found, ...]]:
    """checkov's own checks in the form of ours."""
    blocks = _blocks(deployment)
    by_check: dict[str, list[Record]] = {}
    for record in _theirs(scan):
        by_check.setdefault(record.check, []).append(record)
    checks: list[Check] = []
    found: list[Found] = []
    for _, records in sorted(by_check.items()):
        meant = [(record, blocks.get((record.file, record.address))) for record in dict.fromkeys(records)]
        check = _check(records, tuple(sorted(_path(record, block) for record, block in meant)))
        failed = [_found(record, check, deployment, block) for record, block in meant if not record.passed]
        checks.append(check)
        found += sorted(failed, key=lambda one: one.path)
    return tuple(checks), tuple(found)


def _blocks(deployment: Deployment) -> dict[tuple[Path, str], Resource]:
    """Every block that can be judged, by its file and its address."""
    written = {stack: [file.resolve() for file in stack.files] for stack in deployment.scopes}
    return {
        (file, block.address): block
        for blocks in deployment.blocks_by_mode.values()
        for block in blocks
        for file in written[block.stack]
    }


def _path(record: Record, block: Resource | None) -> str:
    return block.path if block else f"{record.file.name}: {record.address}"


def _check(records: Sequence[Record], evidence: tuple[str, ...]) -> Check:
    return Check(
        id=records[0].check,
        title=records[0].title,
        family="checkov",
        severity="",
        controls=(),
        risk="",
        remediation="",
        guideline=records[0].guideline,
        judged=len(records),
        failed=sum(not record.passed for record in records),
        evidence=evidence,
    )


def _found(record: Record, check: Check, deployment: Deployment, block: Resource | None) -> Found:
    return Found(
        check=check,
        stack=block.stack.name if block else "",
        address=record.address,
        path=_path(record, block),
        file=Path(os.path.relpath(record.file, deployment.folder)).as_posix(),
        lines=record.lines,
        source=block.source if block else None,
        message=record.title,
        waiver=None,
    )


def _disagreements(judgement: Judgement, scan: Scan) -> Iterator[str]:
    """Rules of ours that checkov did not run as we did: whoever uses it alone would be told something else."""
    ran = Counter(record.check for record in scan.records)
    files = {file.resolve(): stack.name for stack in judgement.deployment.stacks for file in stack.files}
    theirs = {(r.check, files.get(r.file), r.address) for r in scan.records if not r.passed}
    ours = {(one.check.id, one.stack, one.address) for one in judgement.findings}
    modes = {rule.id: rule.judges.modes for rule in rules.every()}
    for check in judgement.checks:
        if check.builtin or not check.judged:
            continue
        # What is neither resource nor data source is shown to checkov with the stack's first provider.
        exact = set(modes[check.id]) <= {"resource", "data"}
        if not ran[check.id] or (exact and ran[check.id] != check.judged):
            yield f"{check.id} judged {check.judged} blocks, checkov asked it about {ran[check.id]}"
        elif exact and {key for key in ours if key[0] == check.id} != {key for key in theirs if key[0] == check.id}:
            yield f"{check.id} says something else when checkov asks it"


def _theirs(scan: Scan) -> list[Record]:
    """What checkov's own checks say."""
    ours = {rule.id for rule in rules.every()}
    return [record for record in scan.records if record.check not in ours]
