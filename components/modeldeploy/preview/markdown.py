"""Plans as a comment on a pull request: the same text on GitHub, GitLab and Azure DevOps."""

from collections.abc import Iterator, Sequence

from .plan import SHOWN, Change, StackPlan, Violation

MARKER = "<!-- modeldeploy-plan -->"
"""By which the comment of the run before is found."""
LONGEST = 60_000
"""Characters; GitHub takes 65536 and Azure DevOps 150000."""
MOST_PROPERTIES = 8
MOST_ROWS = 200
MOST_FAILURE_LINES = 60
SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}


def comment(plans: Sequence[StackPlan]) -> str:
    """The comment. Names and messages are code, so that nothing in them is read as Markdown, HTML or a mention."""
    if not plans:
        return f"{MARKER}\n### Plan: no stack is touched\n"
    head = "\n".join([MARKER, f"### Plan: {_stacks(plans)}", "", *_summary(plans), ""])
    parts = [head]
    for index, plan in enumerate(plans):
        part = "\n".join(_details(plan))
        if sum(map(len, parts)) + len(part) > LONGEST:
            parts.append(
                f"\n{len(plans) - index} of the stacks are not shown in detail: the comment would be too long. The pipeline's log has all.\n"
            )
            break
        parts.append(part)
    return "".join(parts)


def _stacks(plans: Sequence[StackPlan]) -> str:
    stopped = sum(1 for plan in plans if not plan.passed)
    total = "1 stack" if len(plans) == 1 else f"{len(plans)} stacks"
    return f"{total}, **{stopped} cannot be deployed**" if stopped else total


def _summary(plans: Sequence[StackPlan]) -> Iterator[str]:
    yield "| stack | create | update | replace | delete | unchanged | policies | USD a month |"
    yield "|---|--:|--:|--:|--:|--:|---|--:|"
    for plan in plans:
        numbers = " | ".join(_number(plan, operation) for operation in reversed(SHOWN)) if not plan.failure else "- | - | - | -"
        yield f"| {code(plan.stack)} | {numbers} | {plan.unchanged if not plan.failure else '-'} | {_verdict(plan)} | {_cost(plan)} |"


def _number(plan: StackPlan, operation: str) -> str:
    count = plan.count(operation)
    return f"**{count}**" if count and operation in ("replace", "delete") else str(count)


def _verdict(plan: StackPlan) -> str:
    if plan.failure:
        return "preview failed"
    advice = len(plan.violations) - len(plan.refused)
    if plan.refused:
        return f"**{len(plan.refused)} refused**" + (f", {advice} advice" if advice else "")
    return f"passed, {advice} advice" if advice else "passed"


def _cost(plan: StackPlan) -> str:
    if plan.cost is None:
        return "not known"
    if plan.cost_before is None:
        return f"{plan.cost:.2f}"
    return f"{plan.cost:.2f} ({plan.cost - plan.cost_before:+.2f})"


def _details(plan: StackPlan) -> Iterator[str]:
    if plan.failure:
        yield from ("", f"**{code(plan.stack)}: the preview failed**", "", *_fenced(_tail(plan.failure)))
    for violation in plan.refused:
        yield from ("", f"**{code(plan.stack)}: {code(violation.policy)} refuses {_what(violation)}**", "", *_fenced(violation.message))
    if plan.changes:
        count = f"{len(plan.changes)} changes" if len(plan.changes) != 1 else "1 change"
        yield from ("", f"<details><summary>{_html(plan.stack)}: {count}</summary>", "", "| | type | name | what |", "|---|---|---|---|")
        for change in plan.changes[:MOST_ROWS]:
            yield f"| {SIGNS[change.operation]} | {code(change.kind)} | {code(change.name)} | {_what_changes(change)} |"
        if len(plan.changes) > MOST_ROWS:
            yield f"| | | | and {len(plan.changes) - MOST_ROWS} more |"
        yield from ("", "</details>")
    advice = [each for each in plan.violations if not each.is_mandatory]
    if advice:
        yield from ("", f"<details><summary>{_html(plan.stack)}: {len(advice)} advice of the policies</summary>", "")
        for violation in advice:
            yield from (f"{code(violation.policy)}: {_what(violation)}", "", *_fenced(violation.message), "")
        yield "</details>"
    yield ""


def _what(violation: Violation) -> str:
    return code(violation.resource) if violation.resource else "the stack"


def _what_changes(change: Change) -> str:
    forcing = [f"**{code(each)} forces it**" for each in change.forcing] if change.operation == "replace" else []
    listed = [*forcing, *(code(each) for each in change.properties)]
    shown = ", ".join(listed[:MOST_PROPERTIES])
    return f"{shown} and {len(listed) - MOST_PROPERTIES} more" if len(listed) > MOST_PROPERTIES else shown


def _tail(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines if len(lines) <= MOST_FAILURE_LINES else ["...", *lines[-MOST_FAILURE_LINES:]])


def _fenced(text: str) -> tuple[str, str, str]:
    return "````text", text.replace("````", "'''"), "````"


def code(text: str) -> str:
    """`text` as code in a cell of a table."""
    clean = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    return f"`{clean}`"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
