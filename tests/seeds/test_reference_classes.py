"""Blocks D1 to D14 of the API reference: Workflow, Task and the decorator."""

import inspect

import pytest

from flowweaver import (
    MissingArgumentError,
    SequentialExecutor,
    Task,
    TaskExecutionError,
    TaskStatus,
    UnknownTaskError,
    Workflow,
    WorkflowStatus,
    task,
)


def parameters(thing):
    """Names and defaults, in order; a class's without self."""
    return {name: each.default for name, each in inspect.signature(thing).parameters.items()}


def starts_with(thing, expected):
    """Tell whether these parameters come first, in this order, all of them by position or keyword."""
    found = parameters(thing)
    kinds = [each.kind for each in inspect.signature(thing).parameters.values()]
    return dict(list(found.items())[: len(expected)]) == expected and inspect.Parameter.VAR_POSITIONAL not in kinds


REQUIRED = inspect.Parameter.empty


def test_d1_a_workflow_takes_a_name_and_a_description():
    assert starts_with(Workflow, {"name": REQUIRED, "description": None})


def test_d2_both_can_be_given_by_keyword():
    workflow = Workflow(name="salvage", description="What the divers bring up")
    assert (workflow.name, workflow.description) == ("salvage", "What the divers bring up")
    assert Workflow("salvage").description is None


def divers():
    def dive():
        return {"crates": 4}

    @task(retries=2)
    def sort_crates(dive=None):
        return {"sorted": dive["crates"] * 2}

    workflow = Workflow("salvage")
    first = workflow.add_task(Task("dive", dive), depends_on=[])
    second = workflow.add_task(sort_crates, depends_on=["dive"])
    return workflow, first, second


def test_d3_tasks_and_decorated_functions_are_added_alike_and_come_back_as_tasks():
    workflow, first, second = divers()
    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert (second.name, second.retries) == ("sort_crates", 2)
    SequentialExecutor().execute(workflow)
    assert second.result == {"sorted": 8}


def test_d3_dependencies_are_names_tasks_or_functions_but_must_be_there():
    workflow, first, _ = divers()
    workflow.add_task(Task("weigh", lambda dive: dive["crates"]), depends_on=[first])
    assert workflow.get_dependencies("weigh") == ["dive"]
    with pytest.raises(UnknownTaskError, match="shore"):
        workflow.add_task(Task("pay", lambda: 1), depends_on=["shore"])
    with pytest.raises(ValueError, match="itself"):
        workflow.add_task(Task("loop", lambda: 1), depends_on=["loop"])


def test_d4_a_workflow_executes_itself_with_an_executor(executor_type):
    workflow, _, second = divers()
    workflow.execute(executor_type())
    assert second.status is TaskStatus.COMPLETED


def test_d5_a_task_is_found_by_its_name_and_what_is_not_there_is_none():
    workflow, first, _ = divers()
    SequentialExecutor().execute(workflow)
    assert workflow.get_task("dive") is first
    assert workflow.get_task("dive").result == {"crates": 4}
    assert workflow.get_task("shore") is None
    assert workflow.get_task(None) is None


def test_d6_cleared_results_are_gone_from_memory_and_the_workflow_runs_again():
    workflow, first, second = divers()
    SequentialExecutor().execute(workflow)
    workflow.clear_results()
    assert first.result is None
    assert second.result is None
    SequentialExecutor().execute(workflow)
    assert second.result == {"sorted": 8}


def test_d7_name_description_tasks_and_status_are_readable():
    workflow, first, second = divers()
    assert workflow.status is WorkflowStatus.IDLE
    assert workflow.tasks == [first, second]
    assert len(workflow.tasks) == 2
    SequentialExecutor().execute(workflow)
    assert workflow.status is WorkflowStatus.COMPLETED


def test_d8_a_task_takes_name_function_retries_timeout_and_callbacks():
    found = parameters(Task)
    assert list(found)[:5] == ["name", "func", "retries", "timeout", "callbacks"]
    assert (found["retries"], found["timeout"], found["callbacks"]) == (0, None, None)
    assert starts_with(Task, dict(list(found.items())[:5]))


def test_d9_all_of_them_by_keyword():
    logged = []

    def sonar():
        """Listen."""
        return {"echo": 7}

    def log_result(task):
        logged.append((task.name, task.result))

    made = Task(name="listen", func=sonar, retries=3, timeout=30, callbacks=[log_result])
    assert (made.name, made.func, made.retries, made.timeout) == ("listen", sonar, 3, 30)
    assert list(made.callbacks) == [log_result]
    workflow = Workflow("sonar")
    workflow.add_task(made)
    SequentialExecutor().execute(workflow)
    assert logged == [("listen", {"echo": 7})]


def test_d10_a_task_executes_on_its_own_with_a_context():
    doubled = Task("doubled", lambda sonar: sonar["echo"] * 2)
    assert doubled.execute(context={"sonar": {"echo": 100}, "not taken": 1}) == 200
    assert doubled.result == 200


def test_d11_after_it_ran_a_task_tells_how_it_went():
    good = Task("good", lambda: 42)
    assert good.status is TaskStatus.PENDING
    good.execute()
    assert (good.status, good.result, good.error) == (TaskStatus.COMPLETED, 42, None)

    bad = Task("bad", lambda: {}["missing"], retries=2)
    with pytest.raises(TaskExecutionError):
        bad.execute()
    assert bad.status is TaskStatus.FAILED
    assert isinstance(bad.error, KeyError)
    assert bad.retries == 2


def test_d12_the_decorator_takes_name_retries_timeout_and_callbacks():
    def note(task):
        pass

    @task(name="renamed", retries=1, timeout=2.5, callbacks=[note])
    def original():
        return "itself"

    assert original() == "itself"
    assert original.__name__ == "original"
    marks = original.__flowweaver__
    assert (marks["name"], marks["retries"], marks["timeout"]) == ("renamed", 1, 2.5)
    assert list(marks["callbacks"]) == [note]
    with pytest.raises(TypeError):
        marks["retries"] = 5


def test_d12_all_of_it_may_be_left_out_and_the_brackets_too():
    @task
    def bare():
        return 1

    @task()
    def with_brackets():
        return 2

    assert (bare(), with_brackets()) == (1, 2)
    for function in (bare, with_brackets):
        marks = function.__flowweaver__
        assert (marks["name"], marks["retries"], marks["timeout"]) == (function.__name__, 0, None)
        assert not marks["callbacks"]


def test_d12_the_decorator_gives_back_the_very_function():
    def plain():
        return 1

    assert task(plain) is plain
    assert task(retries=1)(plain) is plain


def test_d13_a_decorated_function_takes_its_own_arguments_when_called():
    @task(retries=2, timeout=30)
    def hail(channel: int):
        """Hail on a channel."""
        return {"channel": channel, "words": f"calling on {channel}"}

    assert hail(16) == {"channel": 16, "words": "calling on 16"}
    assert hail.__doc__ == "Hail on a channel."

    workflow = Workflow("radio")
    assert workflow.add_task(hail).name == "hail"
    with pytest.raises(MissingArgumentError, match=r"'hail'.*'channel'"):
        SequentialExecutor().execute(workflow)

    tuned = Workflow("radio", params={"channel": 9})
    tuned.add_task(hail)
    SequentialExecutor().execute(tuned)
    assert tuned.get_task("hail").result["words"] == "calling on 9"


def test_d14_the_result_of_an_upstream_task_comes_as_the_argument_of_its_name(executor_type):
    @task()
    def helm():
        return {"course": 270, "order": "steady"}

    @task()
    def repeat(helm=None):
        return {"repeated": helm["order"].upper()}

    workflow = Workflow("bridge")
    workflow.add_task(helm)
    workflow.add_task(repeat, depends_on=["helm"])
    executor_type().execute(workflow)
    assert workflow.get_task("repeat").result == {"repeated": "STEADY"}
