"""Blocks C1 to C20 of the best practices: how workflows and tasks are built, and what they do about errors.

Where a block shows what not to do, the test says what the engine makes of it.
"""

import logging
import threading

import pytest

from flowweaver import (
    MissingArgumentError,
    SequentialExecutor,
    Task,
    TaskStatus,
    TaskTimeoutError,
    ThreadedExecutor,
    Workflow,
    WorkflowExecutionError,
    WorkflowStatus,
    task,
)


def completed(workflow):
    return workflow.status is WorkflowStatus.COMPLETED and all(t.status is TaskStatus.COMPLETED for t in workflow.tasks)


def test_c1_a_described_workflow_of_three_stages_passes_each_result_on(executor_type):
    workflow = Workflow(name="wool", description="From the fleece to the loom")

    @task()
    def shear():
        return ["fleece"] * 3

    @task()
    def card(shear=None):
        return [f"carded {each}" for each in shear]

    @task()
    def weave(card=None):
        return len(card)

    workflow.add_task(shear)
    workflow.add_task(card, depends_on=["shear"])
    workflow.add_task(weave, depends_on=["card"])
    executor_type().execute(workflow)
    assert workflow.description == "From the fleece to the loom"
    assert workflow.get_task("weave").result == 3


def test_c2_unrelated_tasks_in_one_workflow_all_run(executor_type, calls):
    workflow = Workflow("odds and ends")
    for name in ("feed_cat", "water_plants", "post_letter"):
        workflow.add_task(Task(name, lambda name=name: calls.update([name])))
    executor_type().execute(workflow)
    assert calls == {"feed_cat": 1, "water_plants": 1, "post_letter": 1}


def test_c3_a_task_may_name_several_dependencies_and_gets_them_all():
    workflow = Workflow("bakery")
    workflow.add_task(Task("flour", lambda: 500))
    workflow.add_task(Task("sifted", lambda flour: flour - 20), depends_on=["flour"])
    workflow.add_task(Task("dough", lambda flour, sifted: (flour, sifted)), depends_on=["flour", "sifted"])
    ThreadedExecutor().execute(workflow)
    assert workflow.get_task("dough").result == (500, 480)
    assert workflow.get_dependencies("dough") == ["flour", "sifted"]


def test_c4_without_depends_on_tasks_still_run_in_the_order_added_one_after_another():
    order = []
    workflow = Workflow("bakery")
    for name in ("flour", "sifted", "dough"):
        workflow.add_task(Task(name, lambda name=name: order.append(name)))
    SequentialExecutor().execute(workflow)
    assert order == ["flour", "sifted", "dough"]


def test_c5_an_interrupted_workflow_resumes_where_it_left_off(executor_type, file_store, calls):
    @task()
    def catch():
        calls["catch"] += 1
        return ["cod", "hake"]

    @task()
    def fillet(catch=None):
        calls["fillet"] += 1
        if calls["fillet"] == 1:
            raise OSError("the knife is blunt")
        return sorted(f"{fish} fillet" for fish in catch)

    def galley():
        workflow = Workflow("galley")
        workflow.add_task(catch)
        workflow.add_task(fillet, depends_on=["catch"])
        return workflow

    with pytest.raises(WorkflowExecutionError):
        executor_type(state_store=file_store).execute(galley())
    second = galley()
    executor_type(state_store=file_store).execute(second)
    assert second.get_task("fillet").result == ["cod fillet", "hake fillet"]
    assert calls == {"catch": 1, "fillet": 2}


def test_c6_a_task_that_is_not_idempotent_is_not_repeated_by_a_resume(file_store):
    tally = 0

    @task()
    def add_to_tally():
        nonlocal tally
        tally += 1
        return tally

    for _ in range(3):
        workflow = Workflow("tally")
        workflow.add_task(add_to_tally)
        SequentialExecutor(state_store=file_store).execute(workflow)
        assert workflow.get_task("add_to_tally").result == 1
    assert tally == 1


def test_c7_two_sources_feed_one_check(executor_type):
    @task()
    def berths():
        """Count the berths."""
        return ["north", "south"]

    @task()
    def ships():
        """List the ships."""
        return ["Ida"]

    @task()
    def all_fit(berths=None, ships=None):
        """Tell whether every ship has a berth."""
        return len(ships) <= len(berths)

    workflow = Workflow("berthing")
    workflow.add_task(berths)
    workflow.add_task(ships)
    workflow.add_task(all_fit, depends_on=["berths", "ships"])
    executor_type().execute(workflow)
    assert workflow.get_task("all_fit").result is True


def test_c8_one_big_task_with_three_inputs_runs_too():
    workflow = Workflow("kitchen sink")
    for name, value in (("pots", 2), ("pans", 3), ("plates", 5)):
        workflow.add_task(Task(name, lambda value=value: value))

    @task()
    def wash_up(pots=None, pans=None, plates=None):
        return f"{pots + pans + plates} washed"

    workflow.add_task(wash_up, depends_on=["pots", "pans", "plates"])
    ThreadedExecutor().execute(workflow)
    assert workflow.get_task("wash_up").result == "10 washed"


def test_c9_a_task_takes_all_its_data_as_arguments_and_may_refuse_to_work_without():
    @task()
    def press(grapes=None):
        if not grapes:
            raise ValueError("no grapes")
        return [f"juice of {each}" for each in grapes]

    assert press(["pinot"]) == ["juice of pinot"]

    workflow = Workflow("winery")
    workflow.add_task(press)
    with pytest.raises(WorkflowExecutionError) as caught:
        SequentialExecutor().execute(workflow)
    assert isinstance(caught.value.__cause__, ValueError)
    assert str(caught.value.__cause__) == "no grapes"


SETTINGS = {"crates": 4}


def test_c10_a_task_may_read_a_global_and_runs():
    @task()
    def stack():
        return list(range(SETTINGS["crates"]))

    workflow = Workflow("crates")
    workflow.add_task(stack)
    SequentialExecutor().execute(workflow)
    assert workflow.get_task("stack").result == [0, 1, 2, 3]


def test_c11_two_results_are_joined_by_the_names_of_their_tasks(executor_type):
    @task()
    def sailors():
        return [{"id": 7, "name": "Ada"}]

    @task()
    def watches():
        return [{"sailor": 7, "hour": 4}]

    @task()
    def rota(sailors=None, watches=None):
        names = {each["id"]: each["name"] for each in sailors}
        return [(names[each["sailor"]], each["hour"]) for each in watches]

    workflow = Workflow("rota")
    workflow.add_task(sailors)
    workflow.add_task(watches)
    workflow.add_task(rota, depends_on=["sailors", "watches"])
    executor_type().execute(workflow)
    assert workflow.get_task("rota").result == [("Ada", 4)]


def test_c11_kwargs_take_every_upstream_result_and_nothing_else(executor_type):
    workflow = Workflow("rota", params={"month": 3})
    workflow.add_task(Task("far_away", lambda: "not a dependency"))
    workflow.add_task(Task("sailors", lambda: 7), depends_on=["far_away"])
    workflow.add_task(Task("watches", lambda: 4))
    workflow.add_task(Task("rota", lambda **upstream: upstream), depends_on=["sailors", "watches"])
    executor_type().execute(workflow)
    assert workflow.get_task("rota").result == {"sailors": 7, "watches": 4}


def test_c12_a_task_that_takes_nothing_runs_after_its_dependencies_without_their_results(executor_type):
    order = []
    workflow = Workflow("rota")
    workflow.add_task(Task("sailors", lambda: order.append("sailors")))
    workflow.add_task(Task("rota", lambda: order.append("rota") or "empty"), depends_on=["sailors"])
    executor_type().execute(workflow)
    assert order == ["sailors", "rota"]
    assert workflow.get_task("rota").result == "empty"


@pytest.mark.parametrize(
    "names",
    [("weigh_incoming_crates", "check_weights", "book_into_store"), ("one", "two", "three")],
    ids=["c13", "c14"],
)
def test_c13_c14_any_names_do_as_long_as_they_differ(names):
    workflow = Workflow("names")
    for name in names:
        workflow.add_task(Task(name, lambda: None))
    ThreadedExecutor().execute(workflow)
    assert completed(workflow)
    assert [each.name for each in workflow.tasks] == list(names)
    with pytest.raises(ValueError, match=names[0]):
        workflow.add_task(Task(names[0], lambda: None))


def test_c15_transient_errors_are_tried_again_as_often_as_asked(executor_type, calls):
    @task(retries=3)
    def radio():
        calls["radio"] += 1
        if calls["radio"] < 4:
            raise ConnectionError("static")
        return "over"

    @task(retries=2)
    def logbook():
        calls["logbook"] += 1
        if calls["logbook"] == 1:
            raise TimeoutError("locked")

    workflow = Workflow("bridge")
    workflow.add_task(radio)
    workflow.add_task(logbook)
    executor_type().execute(workflow)
    assert calls == {"radio": 4, "logbook": 2}
    assert workflow.get_task("radio").attempts == 4
    assert workflow.get_task("radio").result == "over"


def test_c15_retries_that_are_used_up_are_a_failure_with_the_last_error(executor_type, calls):
    @task(retries=2)
    def radio():
        calls["radio"] += 1
        raise ConnectionError(f"static {calls['radio']}")

    workflow = Workflow("bridge")
    workflow.add_task(radio)
    with pytest.raises(WorkflowExecutionError) as caught:
        executor_type().execute(workflow)
    assert str(caught.value.__cause__) == "static 3"
    assert workflow.get_task("radio").status is TaskStatus.FAILED


def test_c16_without_retries_the_first_error_is_final(executor_type, calls):
    @task()
    def radio():
        calls["radio"] += 1
        raise ConnectionError("static")

    workflow = Workflow("bridge")
    workflow.add_task(radio)
    with pytest.raises(WorkflowExecutionError):
        executor_type().execute(workflow)
    assert calls == {"radio": 1}
    assert workflow.get_task("radio").attempts == 1


@pytest.fixture
def tide():
    """Something to wait for that never comes while the test runs; it lets go of what waits at the end."""
    event = threading.Event()
    yield event
    event.set()


def test_c17_a_task_is_given_up_at_its_deadline(executor_type, tide):
    @task(timeout=0.1)
    def wait_for_tide():
        tide.wait(60)

    @task(timeout=300)
    def paint():
        return "blue"

    workflow = Workflow("boatyard")
    workflow.add_task(paint)
    workflow.add_task(wait_for_tide)
    with pytest.raises(WorkflowExecutionError) as caught:
        executor_type().execute(workflow)
    assert caught.value.failed_task == "wait_for_tide"
    assert isinstance(workflow.get_task("wait_for_tide").error, TaskTimeoutError)
    assert workflow.get_task("wait_for_tide").status is TaskStatus.FAILED
    assert workflow.get_task("paint").result == "blue"


def test_c18_a_task_without_a_deadline_runs_until_a_person_gives_it_up(tide):
    begun = threading.Event()

    @task()
    def endless():
        begun.set()
        while not tide.wait(0.01):
            pass

    workflow = Workflow("boatyard")
    workflow.add_task(endless)
    run = ThreadedExecutor().start(workflow)
    assert begun.wait(20)
    assert workflow.get_task("endless").timeout is None
    assert workflow.get_task("endless").status is TaskStatus.RUNNING
    run.stop()
    tide.set()
    run.wait()
    assert workflow.get_task("endless").status is TaskStatus.COMPLETED


class Jammed(Exception):
    def __init__(self, code):
        super().__init__(f"jammed, code {code}")
        self.code = code


def winch(code, log):
    @task(retries=2)
    def haul():
        try:
            raise Jammed(code)
        except Jammed as error:
            log.error("winch: %s", "slack" if error.code == 1 else f"code {error.code}")
            raise

    return haul


def test_c19_an_error_that_is_logged_and_raised_again_is_tried_again_whatever_it_is(caplog):
    log = logging.getLogger("winch")
    for code, said in ((1, "winch: slack"), (9, "winch: code 9")):
        caplog.clear()
        workflow = Workflow("winch")
        workflow.add_task(winch(code, log))
        with pytest.raises(WorkflowExecutionError), caplog.at_level(logging.ERROR, logger="winch"):
            SequentialExecutor().execute(workflow)
        assert [record.getMessage() for record in caplog.records if record.name == "winch"] == [said] * 3


def test_c19_what_is_not_worth_another_attempt_is_told_by_retry_on(executor_type, calls):
    @task(retries=2, retry_on=lambda error: isinstance(error, Jammed) and error.code == 1)
    def haul():
        calls["haul"] += 1
        raise Jammed(9)

    workflow = Workflow("winch")
    workflow.add_task(haul)
    with pytest.raises(WorkflowExecutionError):
        executor_type().execute(workflow)
    assert calls == {"haul": 1}


def test_c20_a_task_that_swallows_its_error_is_done_and_its_none_is_a_result(file_store, calls):
    @task()
    def sounding():
        calls["sounding"] += 1
        try:
            raise OSError("no bottom")
        except Exception:
            return

    for _ in range(2):
        workflow = Workflow("sounding")
        workflow.add_task(sounding)
        SequentialExecutor(state_store=file_store).execute(workflow)
        assert completed(workflow)
        assert workflow.get_task("sounding").result is None
        assert workflow.get_task("sounding").error is None
    assert calls == {"sounding": 1}


def test_a_required_argument_without_provider_names_task_and_argument():
    workflow = Workflow("winery")
    workflow.add_task(Task("press", lambda grapes: grapes))
    with pytest.raises(MissingArgumentError, match=r"'press'.*'grapes'"):
        SequentialExecutor().execute(workflow)
