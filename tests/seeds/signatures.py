"""What a type checker makes of decorated functions; checked by mypy in test_signatures.py, never imported."""

from collections.abc import Callable
from typing import assert_type

from flowweaver import Task, Workflow, task


@task
def bare(count: int) -> str:
    return "knot" * count


@task()
def with_brackets(count: int, *, loose: bool = False) -> list[str]:
    return ["hitch" if loose else "bend"] * count


@task(name="renamed", retries=2, timeout=1.5, callbacks=[print])
def with_options(with_brackets: list[str]) -> int:
    return len(with_brackets)


@task(retries=1)
async def awaited(with_options: int) -> float:
    return with_options / 2


assert_type(bare(2), str)
assert_type(with_brackets(1, loose=True), list[str])
assert_type(with_options(["a"]), int)
as_int_to_str: Callable[[int], str] = bare


async def use() -> None:
    assert_type(await awaited(3), float)


workflow = Workflow("knots", params={"count": 3})
assert_type(workflow.add_task(bare), Task)
workflow.add_task(with_brackets, depends_on=[bare])
workflow.add_task(with_options, depends_on=["with_brackets"])

bare("two")  # expected: arg-type
with_brackets(1, tight=True)  # expected: call-arg
with_options()  # expected: call-arg
task(retries="many")(bare)  # expected: call-overload
wrong: Callable[[str], str] = bare  # expected: assignment
