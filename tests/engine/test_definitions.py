"""What is refused when it is written, naming it, and what tasks and workflows tell of themselves."""

from __future__ import annotations

import enum
import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowweaver import (
    DefinitionError,
    DuplicateTaskError,
    JSONStateStore,
    RetryPolicy,
    RunSummary,
    SequentialExecutor,
    SQLiteStateStore,
    Task,
    TaskExecutionError,
    TaskStatus,
    ThreadedExecutor,
    UnknownTaskError,
    Workflow,
    task,
)
from flowweaver.settings import parse_age
from flowweaver.signature import arguments_of
from tests.engine.test_scheduler import ancestors, graphs


def nothing():
    return None


@pytest.mark.parametrize("name", ["", "  ", None, 3, b"bytes", "lone \ud800 surrogate"])
def test_a_name_that_is_empty_or_not_text_is_refused(name):
    with pytest.raises(DefinitionError):
        Task(name, nothing)
    with pytest.raises(DefinitionError):
        Workflow(name)


@pytest.mark.parametrize(
    "name",
    ["a b", "ünïcødé", "[red]x[/]", "'; DROP TABLE tasks; --", "%s {0} {x}", "../../etc", "\x1b]0;title\x07", "\0"],
)
def test_any_other_text_is_a_name_and_stays_data(name, tmp_path, make_executor):
    from flowweaver import SQLiteStateStore

    workflow = Workflow(name)
    workflow.add_task(Task(name, lambda: 1))
    workflow.add_task(Task("after", lambda **upstream: upstream), [name])
    store = SQLiteStateStore(str(tmp_path / "s.db"))
    make_executor(state_store=store).execute(workflow)
    assert workflow.get_task_result("after") == {name: 1}
    again = Workflow(name)
    again.add_task(Task(name, lambda: 1))
    assert make_executor(state_store=store).execute(again).restored == (name,)


@pytest.mark.parametrize(
    "value", [0, -1, math.nan, math.inf, 10**400, "3", True, [1]], ids=lambda value: f"{value!r:.20}"
)
def test_a_nonsense_timeout_is_refused_naming_the_task(value):
    with pytest.raises(DefinitionError, match="'fetch'.*timeout"):
        Task("fetch", nothing, timeout=value)


@pytest.mark.parametrize("value", [-1, 1.5, "2", True, None])
def test_nonsense_retries_are_refused_naming_the_task(value):
    with pytest.raises(DefinitionError, match="'fetch'.*retries"):
        Task("fetch", nothing, retries=value)


@pytest.mark.parametrize(
    "options",
    [
        {"retry_delay": -1},
        {"retry_delay": 10**400},
        {"retry_delay": []},
        {"retry_jitter": 2},
        {"retry_jitter": math.nan},
        {"retry_backoff": "x"},
        {"retry_on": 3},
        {"retry_on": (OSError, 3)},
        {"callbacks": [3]},
        {"callbacks": 3},
        {"max_age": "soon"},
        {"max_age": -1},
        {"version": 2},
        {"serializer": "yaml"},
        {"inputs": [3]},
        {"inputs": 3},
        {"fn": len},
    ],
    ids=lambda options: f"{options}"[:40],
)
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(DefinitionError):
        Task("fetch", nothing, retries=1, **options)
    if "fn" not in options:
        with pytest.raises(DefinitionError):
            task(**options)(nothing)


class NoText:
    def __repr__(self):
        raise SystemExit("asked for its text")


class Escapes:
    def __repr__(self):
        return "\x1b]0;title\x07\nforged" * 100


@pytest.mark.parametrize(
    "value", [NoText(), Escapes(), -(10**5_000)], ids=["no text", "escapes", "thousands of digits"]
)
@pytest.mark.parametrize(
    "setting",
    ["retries", "timeout", "retry_delay", "retry_on", "callbacks", "inputs", "outputs", "max_age", "version", "serializer",
     "on_retry"],
)  # fmt: skip
def test_a_refusal_names_the_task_and_the_setting_whatever_the_value_says_of_itself(setting, value):
    options = {"retries": 1, setting: value}
    for make in (lambda: Task("fetch", nothing, **options), lambda: task(name="fetch", **options)(nothing)):
        with pytest.raises(DefinitionError) as refused:
            make()
        text = str(refused.value)
        assert "'fetch'" in text
        assert setting in text
        assert text.isprintable()
        assert len(text) < 250


@pytest.mark.parametrize(
    "refused",
    [
        lambda value: Task(value, nothing),
        lambda value: Workflow(value),
        lambda value: Workflow("w", params=value),
        lambda value: ThreadedExecutor(max_workers=value),
        lambda value: SequentialExecutor(on_retry=value),
        lambda value: SQLiteStateStore(value),
        lambda value: SQLiteStateStore("state.db", gc_days=value),
        lambda value: SequentialExecutor().execute(Workflow("w"), only=[value]),
        lambda value: SequentialExecutor().execute(Workflow("w"), params=value),
        lambda value: SequentialExecutor().execute(Workflow("w"), rerun_on=value),
        lambda value: SequentialExecutor().execute(Workflow("w"), listeners=value),
    ],
)
@pytest.mark.parametrize("value", [NoText(), Escapes()], ids=["no text", "escapes"])
def test_whatever_is_refused_is_refused_in_words_of_ours(refused, value):
    with pytest.raises(DefinitionError) as caught:
        refused(value)
    assert str(caught.value).isprintable()


def test_a_workflow_takes_later_only_what_it_would_have_taken_at_first():
    workflow = Workflow("w")
    for nonsense in (5, "", None, "\ud800"):
        with pytest.raises(DefinitionError, match="A workflow needs a name"):
            workflow.name = nonsense
    assert workflow.name == "w"
    for nonsense in (None, 3, "x", {"a b": 1}):
        with pytest.raises(DefinitionError, match="Workflow 'w'"):
            workflow.params = nonsense
    workflow.name = "other"
    assert SequentialExecutor().execute(workflow).workflow == "other"


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("name", "load", "'fetch' was renamed"),
        ("name", 5, "'fetch' was renamed"),
        ("func", None, "'fetch' needs a function"),
        ("timeout", "soon", "'fetch': timeout"),
        ("timeout", -1, "'fetch': timeout"),
        ("timeout", 0, "'fetch': timeout"),
        ("retry", 3, "'fetch': retry is a RetryPolicy"),
        ("callbacks", 3, "'fetch': callbacks"),
        ("inputs", 3, "'fetch': inputs"),
        ("outputs", [3], "'fetch': outputs"),
        ("max_age", "soon", "'fetch': max_age"),
        ("version", 3, "'fetch': version"),
        ("serializer", "yaml", "'fetch': serializer"),
        ("on_retry", 3, "'fetch': .*on_retry"),
    ],
)
def test_a_task_that_was_spoilt_after_it_was_added_is_refused_before_anything_runs(make_executor, setting, value, said):
    calls = []
    workflow = Workflow("w")
    workflow.add_task(Task("before", lambda: calls.append(1)))
    setattr(workflow.add_task(Task("fetch", nothing)), setting, value)
    with pytest.raises(DefinitionError, match=said):
        make_executor().execute(workflow)
    assert calls == []


def test_a_setting_may_be_given_later_in_every_form_in_which_it_may_be_given_at_first(make_executor):
    calls = []
    workflow = Workflow("w")
    fetch = workflow.add_task(Task("fetch", nothing))
    fetch.callbacks = lambda task: calls.append(task.name)
    fetch.timeout, fetch.inputs, fetch.max_age = 30, "*.csv", "1d"
    make_executor().execute(workflow)
    assert calls == ["fetch"]
    assert (fetch.inputs, fetch.max_age) == (("*.csv",), 86_400)


def test_one_listener_needs_no_list(make_executor):
    heard = []
    workflow = Workflow("w")
    workflow.add_task(Task("fetch", nothing))
    make_executor().execute(workflow, listeners=heard.append)
    assert [type(event).__name__ for event in heard][-1] == "RunFinished"


def test_what_is_not_callable_is_refused():
    with pytest.raises(DefinitionError, match="needs a function"):
        Task("fetch", 3)
    with pytest.raises(DefinitionError):
        Task("fetch")
    with pytest.raises(DefinitionError):
        Workflow("w").add_task(3)


def test_wrong_edges_are_refused_and_leave_the_workflow_as_it_was():
    workflow = Workflow("w")
    workflow.add_task(Task("a", nothing))
    with pytest.raises(DefinitionError, match="depends on itself"):
        workflow.add_task(Task("b", nothing), ["b"])
    with pytest.raises(UnknownTaskError, match="'nope'"):
        workflow.add_task(Task("b", nothing), ["a", "nope"])
    with pytest.raises(DuplicateTaskError, match="'a'"):
        workflow.add_task(Task("a", nothing))
    for nonsense in (3, 1.5, [3], [None], [["a"]]):
        with pytest.raises(DefinitionError, match="'b': depends_on takes names"):
            workflow.add_task(Task("b", nothing), nonsense)
    with pytest.raises(DefinitionError):
        workflow.add_task(Task("b", nothing), [3])
    assert issubclass(UnknownTaskError, ValueError)
    assert [t.name for t in workflow.tasks] == ["a"]


def test_a_task_belongs_to_one_workflow_and_a_function_to_any_number():
    first, second = Workflow("first"), Workflow("second")
    own = first.add_task(Task("own", nothing))
    with pytest.raises(DefinitionError, match="belongs to workflow 'first'"):
        second.add_task(own)
    assert first.add_task(nothing) is not second.add_task(nothing)


def test_dependencies_are_names_tasks_or_functions_each_once():
    @task(name="renamed")
    def marked():
        return 1

    workflow = Workflow("w")
    a = workflow.add_task(Task("a", nothing))
    workflow.add_task(marked)
    workflow.add_task(Task("c", lambda: 1), [a, "a", marked, "renamed"])
    assert workflow.get_dependencies("c") == ["a", "renamed"]
    workflow.add_task(Task("d", lambda: 1), "c")
    assert workflow.get_dependencies("d") == ["c"]


def test_an_argument_that_is_both_a_dependency_and_a_parameter_is_refused():
    workflow = Workflow("w", params={"month": 1})
    workflow.add_task(Task("month", nothing))
    with pytest.raises(DefinitionError, match="both a dependency and a parameter"):
        workflow.add_task(Task("uses", lambda month: month), ["month"])


@given(graph=graphs())
def test_layers_ancestors_and_descendants_agree_with_the_graph(graph):
    workflow = Workflow("w")
    for index, needs in enumerate(graph):
        workflow.add_task(Task(str(index), nothing), [str(d) for d in needs])
    depth = {name: number for number, layer in enumerate(workflow.layers()) for name in layer}
    assert sorted(depth) == sorted(str(i) for i in range(len(graph)))
    for index, needs in enumerate(graph):
        assert depth[str(index)] == max((depth[str(d)] + 1 for d in needs), default=0)
        above = {str(a) for a in ancestors(graph, index)}
        assert workflow.ancestors([str(index)]) == above
        assert all(str(index) in workflow.descendants([name]) for name in above)


def test_positional_only_and_keyword_only_arguments_are_passed():
    def uses(a, /, b, *, c, d=4, **rest):
        return a, b, c, d, rest

    workflow = Workflow("w", params={"c": 3})
    workflow.add_task(Task("a", lambda: 1))
    workflow.add_task(Task("b", lambda: 2))
    workflow.add_task(Task("e", lambda: 5))
    workflow.add_task(Task("uses", uses), ["a", "b", "e"])
    SequentialExecutor().execute(workflow)
    assert workflow.get_task_result("uses") == (1, 2, 3, 4, {"e": 5})


class Service:
    def fetch(self, rows, limit=10):
        return rows[:limit]

    def __call__(self, rows):
        return len(rows)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Service().fetch, [1, 2, 3]),
        (Service(), 3),
        (functools.partial(Service().fetch, limit=2), [1, 2]),
        (lambda *rows: rows, ()),
    ],
)
def test_methods_objects_and_partials_are_functions_too(function, expected):
    workflow = Workflow("w")
    workflow.add_task(Task("rows", lambda: [1, 2, 3]))
    workflow.add_task(Task("uses", function), ["rows"])
    ThreadedExecutor().execute(workflow)
    assert workflow.get_task_result("uses") == expected


def test_a_callable_whose_signature_cannot_be_known_is_called_without_arguments():
    class Odd:
        def __getattr__(self, name):
            raise RuntimeError(name)

        def __call__(self):
            return 1

    assert arguments_of(Odd()).names == ()
    assert arguments_of(dict).required == frozenset()


def test_a_direct_call_makes_one_attempt_and_keeps_the_cause():
    calls = []

    def bad(upstream=None):
        calls.append(upstream)
        raise ValueError("no")

    own = Task("bad", bad, retries=3)
    with pytest.raises(TaskExecutionError, match="bad failed: ValueError: no") as caught:
        own.execute({"upstream": 1, "other": 2})
    assert calls == [1]
    assert isinstance(caught.value.__cause__, ValueError)
    assert own.status is TaskStatus.FAILED
    assert own.error is caught.value.__cause__

    async def fine():
        return 3

    assert Task("fine", fine).execute() == 3


@given(
    delay=st.floats(0, 1e6),
    backoff=st.floats(0, 1e6),
    max_delay=st.floats(0, 1e6),
    jitter=st.floats(0, 1),
    attempt=st.integers(2, 10_000),
    chance=st.floats(0, 1),
)
def test_a_delay_is_never_negative_nor_longer_than_the_longest(delay, backoff, max_delay, jitter, attempt, chance):
    policy = RetryPolicy(retries=3, delay=delay, backoff=backoff, max_delay=max_delay, jitter=jitter)
    assert 0 <= policy.delay_before(attempt, chance) <= max_delay


def test_delays_grow_by_the_backoff():
    policy = RetryPolicy(retries=3, delay=1, backoff=2, max_delay=5)
    assert [policy.delay_before(attempt) for attempt in (2, 3, 4, 5)] == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda **more: RetryPolicy(**{"retries": 3, "delay": 1.5} | more), "RetryPolicy(retries=3, delay=1.5, "),
        (
            lambda **more: RunSummary(
                **{"workflow": "w", "run_id": 1, "outcome": "failed", "started_at": None, "duration": 2.0} | more
            ),
            "RunSummary(workflow='w', run_id=1, outcome='failed', ",
        ),
    ],
    ids=["RetryPolicy", "RunSummary"],
)
def test_what_is_a_value_equals_its_like_says_its_fields_and_does_not_change(make, text):
    one, field = make(), make()._fields[0]
    assert one == make()
    assert one != make(**{field: "other"})
    assert repr(one).startswith(text)
    with pytest.raises(AttributeError):
        setattr(one, field, "other")


def test_ages_are_seconds_or_text():
    assert [parse_age(age) for age in (None, 0, 1.5, "90s", "15m", "12h", "1d", "2w", "30")] == [
        None, 0, 1.5, 90, 900, 43_200, 86_400, 1_209_600, 30,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [SequentialExecutor, ThreadedExecutor])
def test_an_executor_refuses_what_is_no_store_and_no_workflow(kind):
    with pytest.raises(DefinitionError, match="state_store"):
        kind(state_store="state.db")
    with pytest.raises(DefinitionError, match="Workflow"):
        kind().execute("etl")


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
def test_a_nonsense_number_of_workers_is_refused(count):
    with pytest.raises(DefinitionError, match="max_workers"):
        ThreadedExecutor(max_workers=count)


@pytest.mark.parametrize(
    "asked",
    [
        {"only": 3},
        {"only": [None]},
        {"force": 3},
        {"force": [["fetch"]]},
        {"params": 3},
        {"params": "rate=1"},
        {"params": {3: 1}},
        {"rerun_on": 3},
        {"rerun_on": None},
        {"rerun_on": ["code", "weather"]},
        {"listeners": 3},
        {"listeners": [3]},
    ],
    ids=str,
)
def test_a_run_that_is_asked_for_nonsense_does_not_begin(asked):
    calls = []
    workflow = Workflow("w", params={"rate": 1})
    workflow.add_task(Task("fetch", lambda: calls.append(1)))
    with pytest.raises(DefinitionError) as refused:
        SequentialExecutor().execute(workflow, **asked)
    assert "\n" not in str(refused.value)
    assert calls == []
    SequentialExecutor().execute(workflow)


@pytest.mark.parametrize("hook", ["on_workflow_start", "on_workflow_failure", "on_status_change", "on_retry"])
def test_a_hook_that_cannot_be_called_is_refused(hook):
    with pytest.raises(DefinitionError, match="a function"):
        SequentialExecutor(**{hook: "print"})


@pytest.mark.parametrize("path", [3, None, b"state", "", "a\0b", ["state"]], ids=repr)
@pytest.mark.parametrize("store", [SQLiteStateStore, JSONStateStore])
def test_a_store_takes_the_path_of_a_file(store, path):
    with pytest.raises(DefinitionError, match="path of a file"):
        store(path)


def test_a_member_of_an_enum_of_texts_is_the_name_that_it_is():
    class Names(str, enum.Enum):  # noqa: UP042 - it is this form that differs
        FETCH = "fetch"
        LOAD = "load"

    workflow = Workflow(Names.FETCH)
    workflow.add_task(Task(Names.FETCH, nothing))
    workflow.add_task(Task(Names.LOAD, nothing), [Names.FETCH])
    assert [(type(task.name), task.name) for task in workflow.tasks] == [(str, "fetch"), (str, "load")]
    assert workflow.get_dependencies("load") == ["fetch"]
