"""The plan: one decision and all reasons for every task, from nothing but facts and records."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.plan import Action, Plan, Reason, ReasonKind, Selection, TaskFacts, TaskPlan, make_plan, settle
from flowweaver.records import CodePrint, FilePrint, Provenance, TaskRecord
from flowweaver.status import TaskStatus

NOW = 1_000_000.0
DAY = 86_400.0

OLD = CodePrint("1/3.11", "old", {"join()": "1", "nearest_hour()": "2", "RATE": "3"})
NEW = CodePrint("1/3.11", "new", {"join()": "1", "nearest_hour()": "9", "RATE": "3"})


def fact(name: str, *deps: str, **changes: object) -> TaskFacts:
    return TaskFacts(name, deps, **changes)  # type: ignore[arg-type]


def done(name: str, *inputs: str | None, digest: str | None = None, **changes: object) -> TaskRecord:
    """A completed task whose result is kept, computed from results with these digests."""
    made_by = changes.pop("provenance", None)
    assert made_by is None or isinstance(made_by, Provenance)
    return TaskRecord(
        name,
        TaskStatus.COMPLETED,
        NOW - 60,
        provenance=(made_by or Provenance())._replace(inputs=inputs),
        digest=digest or f"of {name}",
        encoding="json",
        **changes,  # type: ignore[arg-type]
    )


def failed(name: str, *inputs: str | None, **changes: object) -> TaskRecord:
    record = done(name, *inputs, **changes)
    return record._replace(status=TaskStatus.FAILED, digest=None, encoding=None, error="KeyError: 'x'")


def plan(facts: list[TaskFacts], *records: TaskRecord, now: float = NOW, **selection: object) -> Plan:
    chosen = Selection(**selection)  # type: ignore[arg-type]
    return make_plan(facts, {record.task_name: record for record in records}, selection=chosen, now=now)


def one(known: TaskFacts, *records: TaskRecord, **options: object) -> TaskPlan:
    return plan([known], *records, **options).tasks[known.name]  # type: ignore[arg-type]


# -- one task ------------------------------------------------------------------------------------------------------------


def test_a_task_without_a_record_runs_for_the_first_time() -> None:
    assert one(fact("a")) == TaskPlan("a", Action.RUN, (Reason(ReasonKind.NEVER_RAN, "first run"),))


def test_a_task_that_is_done_and_unchanged_is_reused() -> None:
    found = one(fact("a"), done("a"))
    assert (found.action, found.why, found.stale) == (Action.REUSE, "up to date", False)


@pytest.mark.parametrize(
    ("record", "kind", "why"),
    [
        (failed("a"), ReasonKind.FAILED, "failed before"),
        (failed("a", timed_out=True), ReasonKind.FAILED, "timed out before"),
        (TaskRecord("a", TaskStatus.PENDING, NOW), ReasonKind.NEVER_RAN, "first run"),
        (TaskRecord("a", TaskStatus.PENDING, NOW, interrupted=True), ReasonKind.INTERRUPTED, "interrupted"),
        (TaskRecord("a", TaskStatus.RUNNING, NOW), ReasonKind.INTERRUPTED, "interrupted"),
        (TaskRecord("a", TaskStatus.RETRYING, NOW), ReasonKind.INTERRUPTED, "interrupted"),
        (TaskRecord("a", TaskStatus.PENDING, NOW, cleared=True), ReasonKind.CLEARED, "cleared"),
        (TaskRecord("a", TaskStatus.SKIPPED, NOW, skipped_because="z"), ReasonKind.SKIPPED, "skipped before"),
        (done("a", redo=True, redo_run=31), ReasonKind.ASKED, "asked for again by run 31"),
        (done("a", redo=True), ReasonKind.ASKED, "asked for again"),
        (
            TaskRecord("a", TaskStatus.COMPLETED, NOW, not_kept='result["conn"]: sqlite3.Connection'),
            ReasonKind.NOT_KEPT,
            'its result is not kept (result["conn"]: sqlite3.Connection)',
        ),
        (TaskRecord("a", TaskStatus.COMPLETED, NOW), ReasonKind.NOT_KEPT, "its result is not kept"),
    ],
    ids=lambda value: value.value if isinstance(value, ReasonKind) else None,
)
def test_what_is_no_result_that_stands_runs_again(record: TaskRecord, kind: ReasonKind, why: str) -> None:
    found = one(fact("a"), record)
    assert (found.action, found.reasons[0].kind, found.why, found.stale) == (Action.RUN, kind, why, False)


def test_what_runs_in_another_process_is_not_called_interrupted() -> None:
    for status in (TaskStatus.RUNNING, TaskStatus.RETRYING):
        records = {"a": TaskRecord("a", status, NOW)}
        found = make_plan([fact("a")], records, now=NOW, running_in="process 4711 on lab-3").tasks["a"]
        assert (found.action, found.reasons[0].kind) == (Action.RUN, ReasonKind.RUNNING)
        assert found.why == "running now in process 4711 on lab-3"


@pytest.mark.parametrize(
    ("used_at", "why"),
    [
        (NOW - 30 * DAY - 1, "not used for 30d, and so forgotten"),
        (NOW - 30 * DAY, "up to date"),
        (NOW, "up to date"),
        (None, "up to date"),
    ],
)
def test_a_record_that_the_next_start_forgets_is_no_result(used_at: float | None, why: str) -> None:
    records = {"a": done("a", used_at=used_at)}
    assert make_plan([fact("a")], records, now=NOW, keeps=30 * DAY).tasks["a"].why == why
    assert make_plan([fact("a")], records, now=NOW).tasks["a"].action is Action.REUSE, "it may be kept for ever"


def test_an_input_that_names_no_file_is_warned_of_unless_something_before_it_may_still_write_it() -> None:
    facts = [fact("a"), fact("b", "a", missing_inputs=("data/*.csv",))]
    warning = "'b' declares the input 'data/*.csv', and there is no such file"
    records = {record.task_name: record for record in (done("a"), done("b"))}
    assert make_plan(facts, records, now=NOW).warnings == (warning,)
    assert make_plan(facts, {}, now=NOW).warnings == ()


def test_a_skipped_task_with_a_kept_result_of_an_earlier_run_is_reused() -> None:
    assert one(fact("a"), done("a")._replace(status=TaskStatus.SKIPPED)).action is Action.REUSE


def test_a_result_kept_by_a_store_without_digests_is_reused() -> None:
    record = TaskRecord("a", TaskStatus.COMPLETED, NOW, encoding="object")
    assert one(fact("a", provenance=Provenance(code=NEW)), record).action is Action.REUSE


def test_a_result_that_cannot_be_loaded_says_why() -> None:
    found = one(fact("a", unloadable="its stored result was not written by you"), done("a"))
    assert (found.action, found.why) == (Action.RUN, "its stored result was not written by you")
    assert found.reasons[0].kind is ReasonKind.NOT_LOADABLE


def test_changed_code_is_named() -> None:
    found = one(fact("a", provenance=Provenance(code=NEW)), done("a", provenance=Provenance(code=OLD)))
    assert (found.action, found.why, found.stale) == (Action.RUN, "nearest_hour() changed", True)


def test_an_error_made_by_other_code_is_stale_and_the_change_comes_first() -> None:
    found = one(fact("a", provenance=Provenance(code=NEW)), failed("a", provenance=Provenance(code=OLD)))
    assert (found.why, found.stale) == ("nearest_hour() changed; failed before", True)


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        (OLD, NEW._replace(parts={**NEW.parts, "join()": "8"}), "join() and nearest_hour() changed"),
        (
            OLD,
            NEW._replace(parts={"join()": "0", "nearest_hour()": "0", "RATE": "0"}),
            "join(), nearest_hour() and RATE changed",
        ),
        (
            OLD._replace(parts=dict.fromkeys("abcde", "1")),
            NEW._replace(parts=dict.fromkeys("abcde", "2")),
            "a, b and 3 more changed",
        ),
        (OLD, NEW._replace(parts={"join()": "1", "nearest_hour()": "2"}), "RATE changed"),
        (OLD, NEW._replace(parts={**OLD.parts, "LIMIT": "4"}), "LIMIT changed"),
        (OLD._replace(parts={}), NEW._replace(parts={}), "code changed"),
    ],
)
def test_what_changed_in_the_code_is_said_as_far_as_it_is_known(then: CodePrint, now: CodePrint, why: str) -> None:
    assert one(fact("a", provenance=Provenance(code=now)), done("a", provenance=Provenance(code=then))).why == why


@pytest.mark.parametrize("then", [None, OLD._replace(algorithm="1/3.12"), OLD._replace(digest="new")])
def test_a_print_that_is_missing_or_of_another_algorithm_counts_as_unchanged(then: CodePrint | None) -> None:
    assert (
        one(fact("a", provenance=Provenance(code=NEW)), done("a", provenance=Provenance(code=then))).action
        is Action.REUSE
    )
    assert one(fact("a"), done("a", provenance=Provenance(code=OLD))).action is Action.REUSE


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({"month": "1"}, {"month": "2"}, "parameter month changed"),
        ({}, {"month": "2"}, "parameter month changed"),
        ({"month": "1"}, {}, "parameter month changed"),
        ({"month": "1", "year": "1"}, {"month": "2", "year": "2"}, "parameters month and year changed"),
    ],
)
def test_a_parameter_that_it_takes_and_that_changed_is_named(
    then: dict[str, str], now: dict[str, str], why: str
) -> None:
    found = one(fact("a", provenance=Provenance(params=now)), done("a", provenance=Provenance(params=then)))
    assert (found.action, found.why, found.stale) == (Action.RUN, why, True)


def _file(path: str, digest: str = "x", *, mtime: int = 1) -> FilePrint:
    return FilePrint(path, -1, 0, "") if digest == "missing" else FilePrint(path, 10, mtime, digest)


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ([_file("a.csv")], [_file("a.csv", "y")], "a.csv changed"),
        ([_file("a.csv")], [_file("a.csv", mtime=2)], None),
        ([_file("a.csv")], [_file("a.csv", "missing")], "a.csv is gone"),
        ([_file("a.csv")], [], "a.csv is gone"),
        ([_file("a.csv", "missing")], [_file("a.csv")], "a.csv is new"),
        ([_file("a.csv", "missing")], [_file("a.csv", "missing")], None),
        ([_file("a.csv", "missing")], [], None),
        ([], [_file("a.csv", "missing")], "a.csv is gone"),
        ([], [_file("a.csv"), _file("b.csv")], "a.csv and b.csv are new"),
        ([_file("a"), _file("b")], [_file("a", "y"), _file("c")], "a changed; c is new; b is gone"),
    ],
)
def test_declared_inputs_are_compared_by_content(then: list[FilePrint], now: list[FilePrint], why: str | None) -> None:
    found = one(fact("a", provenance=Provenance(files=tuple(now))), done("a", provenance=Provenance(files=tuple(then))))
    assert (found.action, found.why) == ((Action.RUN, why) if why else (Action.REUSE, "up to date"))
    assert found.stale is bool(why)


def test_a_product_that_is_not_there_is_named_and_makes_its_task_stale() -> None:
    found = one(fact("a", missing_outputs=("out/report.md",)), done("a"))
    assert (found.action, found.why, found.stale) == (Action.RUN, "out/report.md is not there", True)
    assert one(fact("a", missing_outputs=("x", "y")), done("a")).why == "x and y are not there"


@pytest.mark.parametrize(
    ("max_age", "age", "why"),
    [
        (DAY, DAY - 1, None),
        (DAY, DAY, "older than 1d"),
        (7 * DAY, 8 * DAY, "older than 1w"),
        (12 * 3600, DAY, "older than 12h"),
        (5400, DAY, "older than 90m"),
        (1.5, DAY, "older than 1.5s"),
        (0, 0, "runs always: its max_age is 0"),
        (0, -100, "runs always: its max_age is 0"),
        (DAY, -100, None),
    ],
)
def test_a_result_has_a_maximal_age(max_age: float, age: float, why: str | None) -> None:
    record = done("a", finished_at=NOW - age)
    found = one(fact("a", max_age=max_age), record)
    assert (found.action, found.why) == ((Action.RUN, why) if why else (Action.REUSE, "up to date"))


def test_every_reason_that_holds_is_listed_and_the_change_before_the_past() -> None:
    known = fact(
        "a",
        max_age=1.0,
        missing_outputs=("out",),
        unloadable="it was not written by you",
        provenance=Provenance(code=NEW, params={"month": "2"}, files=(_file("f", "y"),)),
    )
    record = done("a", provenance=Provenance(code=OLD, params={"month": "1"}, files=(_file("f"),)))
    found = one(known, record, force={"a"})
    assert [reason.kind for reason in found.reasons] == [
        ReasonKind.ASKED,
        ReasonKind.CODE,
        ReasonKind.PARAM,
        ReasonKind.INPUT_FILE,
        ReasonKind.NOT_LOADABLE,
        ReasonKind.AGE,
        ReasonKind.OUTPUT_FILE,
    ]
    assert found.why == (
        "asked for; nearest_hour() changed; parameter month changed; f changed; it was not written by you; "
        "older than 1s; out is not there"
    )


@pytest.mark.parametrize("word", ["code", "params", "inputs"])
def test_rerun_on_tells_which_changes_count(word: str) -> None:
    then = {
        "code": Provenance(code=OLD),
        "params": Provenance(params={"m": "1"}),
        "inputs": Provenance(files=(_file("f"),)),
    }
    now = {
        "code": Provenance(code=NEW),
        "params": Provenance(params={"m": "2"}),
        "inputs": Provenance(files=(_file("f", "y"),)),
    }
    others = [other for other in then if other != word]
    known, record = fact("a", provenance=now[word]), done("a", provenance=then[word])
    assert one(known, record, rerun_on=(word,)).action is Action.RUN
    found = one(known, record, rerun_on=others)
    assert (found.action, found.stale) == (Action.REUSE, True)
    assert found.why.startswith("reused although ")
    assert one(known, failed("a", provenance=then[word]), rerun_on=others).why == "failed before"


# -- several tasks ---------------------------------------------------------------------------------------------------------


def actions(found: Plan) -> dict[str, str]:
    return {name: task.action.value for name, task in found.tasks.items()}


CHAIN = [fact("a"), fact("b", "a"), fact("c", "b")]


def test_behind_a_task_that_runs_the_others_may_run() -> None:
    found = plan(CHAIN, done("a"), done("b", "of a"), done("c", "of b"), force={"a"})
    assert actions(found) == {"a": "run", "b": "maybe", "c": "maybe"}
    assert found.tasks["b"].why == "if a gives another result"
    assert found.tasks["a"].why == "asked for"
    assert found.summary == "1 to run, 2 maybe"


def test_several_upstreams_are_named() -> None:
    facts = [fact("a"), fact("b"), fact("c"), fact("d", "a", "b", "c")]
    records = [done("a"), done("b"), done("c"), done("d", "of a", "of b", "of c")]
    assert plan(facts, *records, force={"a", "c"}).tasks["d"].why == "if a or c give another result"


@pytest.mark.parametrize(
    "record",
    [done("b", None), done("b")._replace(provenance=None)],
    ids=["upstream had no digest", "nothing is known of how it was made"],
)
def test_behind_an_upstream_that_cannot_be_compared_a_task_runs(record: TaskRecord) -> None:
    found = plan(CHAIN[:2], failed("a"), record)
    assert (found.tasks["b"].action, found.tasks["b"].why) == (Action.RUN, "runs after a")


def test_skipped_tasks_say_what_they_run_after() -> None:
    skipped = [TaskRecord(name, TaskStatus.SKIPPED, NOW, skipped_because="a") for name in "bc"]
    found = plan(CHAIN, failed("a"), *skipped)
    assert [task.why for task in found.tasks.values()] == ["failed before", "runs after a", "runs after b"]


def test_an_upstream_that_ran_by_itself_and_gave_another_result_makes_its_dependents_stale() -> None:
    found = plan(CHAIN, done("a", digest="other"), done("b", "of a"), done("c", "of b"))
    assert actions(found) == {"a": "reuse", "b": "run", "c": "maybe"}
    assert (found.tasks["b"].why, found.tasks["b"].stale) == ("a gave another result", True)


def test_an_upstream_that_will_run_anyhow_is_not_compared_yet() -> None:
    """Taking an edit back gives the old result again, and then nothing behind it has to run."""
    found = plan(CHAIN, done("a", digest="other", provenance=Provenance(code=OLD)), done("b", "of a"), force={"a"})
    assert found.tasks["b"].action is Action.MAYBE


def test_another_number_of_dependencies_is_a_change() -> None:
    found = plan([fact("a"), fact("b", "a")], done("a"), done("b"))
    assert (found.tasks["b"].action, found.tasks["b"].why) == (Action.RUN, "its dependencies changed")


def test_upstreams_do_not_count_if_inputs_do_not() -> None:
    found = plan(CHAIN, failed("a"), done("b", "of a"), done("c", "other"), rerun_on=("code", "params"))
    assert actions(found) == {"a": "run", "b": "reuse", "c": "reuse"}
    assert found.tasks["c"].why == "reused although b gave another result"


def test_only_leaves_the_others_as_they_are() -> None:
    found = plan(CHAIN, done("a"), failed("b"), only={"b"})
    assert actions(found) == {"a": "leave", "b": "run", "c": "leave"}
    assert found.tasks["c"].why == "outside the selection"
    assert found.summary == "1 to run, 2 left as they are"


def test_a_result_that_is_needed_and_not_there_pulls_its_producer_in() -> None:
    found = plan(CHAIN, only={"c"})
    assert actions(found) == {"a": "run", "b": "run", "c": "run"}
    assert [task.reasons[0].kind for task in found.tasks.values()] == [
        ReasonKind.NEEDED,
        ReasonKind.NEEDED,
        ReasonKind.NEVER_RAN,
    ]
    assert found.tasks["b"].why == "c needs its result; first run"


def test_what_is_reused_needs_nothing() -> None:
    found = plan(CHAIN, failed("b", "of a"), done("c", "of b"), only={"c"})
    assert actions(found) == {"a": "leave", "b": "leave", "c": "reuse"}


@pytest.mark.parametrize(
    "record",
    [failed("a"), done("a", redo=True), TaskRecord("a", TaskStatus.COMPLETED, NOW, not_kept="persist=False")],
    ids=["failed", "asked for again", "not kept"],
)
def test_an_unusable_result_outside_the_selection_is_made_again_when_needed(record: TaskRecord) -> None:
    assert actions(plan(CHAIN[:2], record, only={"b"})) == {"a": "run", "b": "run"}


def test_a_stale_result_outside_the_selection_is_used_as_it_is() -> None:
    facts = [fact("a", provenance=Provenance(code=NEW)), fact("b", "a")]
    found = plan(facts, done("a", provenance=Provenance(code=OLD)), only={"b"})
    assert actions(found) == {"a": "leave", "b": "run"}
    assert found.tasks["a"].stale


def test_a_producer_that_is_pulled_in_wakes_the_selected_tasks_behind_it() -> None:
    facts = [fact("a"), fact("z"), fact("b", "a"), fact("c", "a", "z")]
    found = plan(facts, done("c", "of a", "of z"), only={"b", "c"})
    assert actions(found) == {"a": "run", "z": "run", "b": "run", "c": "maybe"}
    assert found.tasks["z"].why == "c needs its result; first run"


def test_fresh_runs_all_that_is_selected() -> None:
    found = plan(CHAIN, done("a"), done("b", "of a"), done("c", "of b"), fresh=True, only={"b", "c"})
    assert actions(found) == {"a": "leave", "b": "run", "c": "run"}
    assert found.tasks["b"].why == "asked for"


def test_warnings_are_collected_in_order() -> None:
    found = plan([fact("a", warnings=("one", "two")), fact("b"), fact("c", warnings=("three",))])
    assert found.warnings == ("one", "two", "three")


@pytest.mark.parametrize(
    ("run", "maybe", "reuse", "leave", "text"),
    [
        (4, 2, 3, 0, "4 to run, 2 maybe, 3 reused"),
        (1, 0, 0, 0, "1 to run"),
        (0, 0, 9, 0, "nothing to run, 9 reused"),
        (0, 1, 1, 1, "1 maybe, 1 reused, 1 left as it is"),
        (0, 0, 0, 0, "nothing to run"),
    ],
)
def test_the_summary_says_the_counts(run: int, maybe: int, reuse: int, leave: int, text: str) -> None:
    kinds = [Action.RUN] * run + [Action.MAYBE] * maybe + [Action.REUSE] * reuse + [Action.LEAVE] * leave
    found = Plan({str(i): TaskPlan(str(i), action, ()) for i, action in enumerate(kinds)})
    assert found.summary == text
    assert found.counts == {Action.RUN: run, Action.MAYBE: maybe, Action.REUSE: reuse, Action.LEAVE: leave}


def test_a_long_chain_is_planned_without_recursion() -> None:
    facts = [fact("0"), *(fact(str(i), str(i - 1)) for i in range(1, 20_000))]
    assert plan(facts, only={"19999"}).summary == "20000 to run"


# -- settle ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recorded", "now", "runs"),
    [
        (("x",), ("x",), False),
        (("x",), ("y",), True),
        (("x",), (None,), True),
        ((None,), (None,), True),
        ((None,), ("x",), True),
        (("x",), ("x", "y"), True),
        ((), (), False),
    ],
)
def test_a_maybe_runs_exactly_if_an_input_differs(recorded: tuple[str, ...], now: tuple[str, ...], runs: bool) -> None:
    assert settle(fact("b", "a"), done("b", *recorded), now) is runs


def test_a_maybe_runs_if_a_file_that_an_upstream_wrote_differs() -> None:
    record = done("b", "x", provenance=Provenance(files=(_file("f"),)))
    assert settle(fact("b", "a", provenance=Provenance(files=(_file("f", mtime=2),))), record, ["x"]) is False
    assert settle(fact("b", "a", provenance=Provenance(files=(_file("f", "y"),))), record, ["x"]) is True
    assert settle(fact("b", "a", missing_outputs=("out",)), done("b", "x"), ["x"]) is True


def test_a_result_of_unknown_making_never_settles() -> None:
    assert settle(fact("b", "a"), done("b", "x")._replace(provenance=None), ["x"]) is True


# -- properties --------------------------------------------------------------------------------------------------------------

_digests = st.sampled_from([None, "1", "2"])
_codes = st.sampled_from([None, OLD, NEW, OLD._replace(algorithm="other")])
_flags = st.sampled_from([False, False, False, True])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[TaskFacts], dict[str, TaskRecord]]:
    facts: list[TaskFacts] = []
    records: dict[str, TaskRecord] = {}
    for i in range(draw(st.integers(0, 9))):
        name = f"t{i}"
        deps = tuple(f"t{j}" for j in sorted(draw(st.sets(st.integers(0, i - 1), max_size=3)))) if i else ()
        facts.append(
            TaskFacts(
                name,
                deps,
                Provenance(code=draw(_codes)),
                max_age=draw(st.sampled_from([None, None, 0.0, DAY])),
                missing_outputs=draw(st.sampled_from([(), (), ("out",)])),
                unloadable=draw(st.sampled_from([None, None, "not loadable"])),
            )
        )
        if draw(st.booleans()):
            length = draw(st.sampled_from([len(deps)] * 5 + [0]))
            inputs = tuple(draw(_digests) for _ in range(length))
            records[name] = TaskRecord(
                name,
                draw(st.sampled_from([TaskStatus.COMPLETED] * 4 + list(TaskStatus))),
                NOW - draw(st.sampled_from([0.0, 2 * DAY])),
                provenance=draw(st.sampled_from([None, Provenance(code=draw(_codes), inputs=inputs)])),
                digest=draw(_digests),
                encoding=draw(st.sampled_from([None, "json"])),
                cleared=draw(_flags),
                interrupted=draw(_flags),
                redo=draw(_flags),
                not_kept=draw(st.sampled_from([None, None, "why"])),
            )
    return facts, records


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    names = st.frozensets(st.integers(0, 9).map(lambda i: f"t{i}"), max_size=5)
    return Selection(
        only=draw(st.none() | names),
        force=draw(st.just(frozenset()) | names),
        fresh=draw(_flags),
        rerun_on=tuple(draw(st.sampled_from([("code", "params", "inputs")] * 3 + [("code",), ()]))),
    )


def usable(known: TaskFacts, records: dict[str, TaskRecord]) -> bool:
    record = records.get(known.name)
    return (
        record is not None
        and record.status in (TaskStatus.COMPLETED, TaskStatus.SKIPPED)
        and not (record.cleared or record.redo or record.not_kept or known.unloadable)
        and (record.digest is not None or record.encoding is not None)
    )


@settings(max_examples=200, deadline=None)
@given(worlds(), selections())
def test_invariants_of_every_plan(world: tuple[list[TaskFacts], dict[str, TaskRecord]], selection: Selection) -> None:
    facts, records = world
    found = make_plan(facts, records, selection=selection, now=NOW)
    assert list(found.tasks) == [known.name for known in facts]
    by_name = {known.name: known for known in facts}
    busy = {name for name, task in found.tasks.items() if task.action in (Action.RUN, Action.MAYBE)}
    for known in facts:
        task = found.tasks[known.name]
        selected = selection.only is None or known.name in selection.only
        assert task.reasons
        assert all(reason.text for reason in task.reasons)
        if task.action is Action.REUSE:
            assert usable(known, records)
            assert not known.missing_outputs
            assert known.name not in selection.force
            assert not selection.fresh
            if "inputs" in selection.rerun_on:
                assert busy.isdisjoint(known.deps)
        if task.action is Action.LEAVE:
            assert not selected
        if not selected:
            needed = [name for name in busy if known.name in by_name[name].deps]
            assert (task.action is Action.RUN) == (bool(needed) and not usable(known, records))
            assert (task.reasons[0].kind is ReasonKind.NEEDED) == (task.action is Action.RUN)
        if task.action is Action.MAYBE:
            record = records[known.name]
            assert usable(known, records)
            assert not busy.isdisjoint(known.deps)
            assert record.provenance is None or len(record.provenance.inputs) == len(known.deps)
        if task.action in (Action.RUN, Action.MAYBE):
            assert all(dep in busy or usable(by_name[dep], records) for dep in known.deps)


@settings(max_examples=100, deadline=None)
@given(worlds(), selections(), st.frozensets(st.integers(0, 9).map(lambda i: f"t{i}"), max_size=4))
def test_asking_for_more_never_makes_less_run(
    world: tuple[list[TaskFacts], dict[str, TaskRecord]], selection: Selection, more: frozenset[str]
) -> None:
    facts, records = world
    wider = selection._replace(force=frozenset(selection.force) | more)
    less = make_plan(facts, records, selection=selection, now=NOW)
    greater = make_plan(facts, records, selection=wider, now=NOW)
    for name, task in less.tasks.items():
        if task.action in (Action.RUN, Action.MAYBE):
            assert greater.tasks[name].action in (Action.RUN, Action.MAYBE)


@settings(max_examples=120, deadline=None)
@given(worlds(), selections(), st.data())
def test_the_plan_after_forgetting_is_foreseen(
    world: tuple[list[TaskFacts], dict[str, TaskRecord]], selection: Selection, data: st.DataObject
) -> None:
    facts, records = world
    ages = st.sampled_from([None, 0.0, 29 * DAY, 31 * DAY])
    aged = {name: record._replace(used_at=_before(data.draw(ages))) for name, record in records.items()}
    left = {name: record for name, record in aged.items() if not (record.used_at and record.used_at < NOW - 30 * DAY)}
    foreseen = make_plan(facts, aged, selection=selection, now=NOW, keeps=30 * DAY)
    after = make_plan(facts, left, selection=selection, now=NOW)
    assert {name: task.action for name, task in foreseen.tasks.items()} == {
        name: task.action for name, task in after.tasks.items()
    }


def _before(age: float | None) -> float | None:
    return None if age is None else NOW - age


def run_as_planned(
    facts: list[TaskFacts], records: dict[str, TaskRecord], found: Plan, results: dict[str, str]
) -> set[str]:
    """Do what a driver does with a plan; every task succeeds and gives the result it is said to give."""
    ran = set()
    for known in facts:
        action = found.tasks[known.name].action
        inputs = [records[dep].digest if dep in records else None for dep in known.deps]
        if action is Action.RUN or (action is Action.MAYBE and settle(known, records[known.name], inputs)):
            ran.add(known.name)
            records[known.name] = TaskRecord(
                known.name,
                TaskStatus.COMPLETED,
                NOW,
                provenance=known.provenance._replace(inputs=tuple(inputs)),
                digest=results[known.name],
                encoding="json",
            )
    return ran


@settings(max_examples=120, deadline=None)
@given(worlds(), selections(), st.lists(st.sampled_from(["1", "2"]), min_size=10, max_size=10))
def test_after_a_run_that_did_all_of_it_nothing_is_left_to_do(
    world: tuple[list[TaskFacts], dict[str, TaskRecord]], selection: Selection, digests: list[str]
) -> None:
    facts, records = world
    facts = [known._replace(max_age=None, missing_outputs=(), unloadable=None) for known in facts]
    results = {known.name: digest for known, digest in zip(facts, digests, strict=False)}
    everything = Selection(force=selection.force, fresh=selection.fresh)
    run_as_planned(facts, records, make_plan(facts, records, selection=everything, now=NOW), results)
    again = make_plan(facts, records, now=NOW)
    assert again.names(Action.REUSE) == [known.name for known in facts]
    assert not any(task.stale for task in again.tasks.values())


@settings(max_examples=120, deadline=None)
@given(worlds(), selections(), st.lists(st.sampled_from(["1", "2"]), min_size=10, max_size=10))
def test_a_run_of_a_part_never_lacks_an_input(
    world: tuple[list[TaskFacts], dict[str, TaskRecord]], selection: Selection, digests: list[str]
) -> None:
    facts, records = world
    by_name = {known.name: known for known in facts}
    results = {known.name: digest for known, digest in zip(facts, digests, strict=False)}
    found = make_plan(facts, records, selection=selection, now=NOW)
    there = {known.name for known in facts if usable(known, records)}
    for name in run_as_planned(facts, dict(records), found, results):
        assert all(dep in there or found.tasks[dep].action is Action.RUN for dep in by_name[name].deps)


def test_equal_results_cut_the_wave_short() -> None:
    facts = list(CHAIN)
    records = {record.task_name: record for record in (done("a"), done("b", "of a"), done("c", "of b"))}
    forced = make_plan(facts, records, selection=Selection(force={"a"}), now=NOW)
    assert run_as_planned(facts, dict(records), forced, {"a": "of a", "b": "of b", "c": "of c"}) == {"a"}
    assert run_as_planned(facts, dict(records), forced, {"a": "new", "b": "of b", "c": "of c"}) == {"a", "b"}
