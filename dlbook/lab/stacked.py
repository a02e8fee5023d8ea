"""The engine: all runs that share shapes train together, as one compiled program.

Runs are first put into *groups* that can share a program: same graph, same shapes, same loss and
optimizer. A group becomes a *stack* with two axes, streams and conditions (see
`dlbook.lab.stacked_layers`), and a `Program` trains the stack for all its epochs. What cannot
stack goes through the same program one run at a time.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from dlbook.lab.stacked_groups import Group, groups
from dlbook.lab.stacked_plan import Job, Planner
from dlbook.lab.stacked_program import Program
from dlbook.lab.stacked_stack import Stack
from dlbook.lab.trained_weights import load_weights, weight_dims, weight_names

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run
    from dlbook.lab.training import Training

MOST_PROGRAMS = 16
SECONDS_TO_FUSE = 1.0  # for each weight: above this, compiling with XLA costs less than it saves
_PLANNERS: "WeakKeyDictionary[Training, Planner]" = WeakKeyDictionary()
_PROGRAMS: "OrderedDict[Hashable, Program]" = OrderedDict()

Record = dict[str, Any]


def partition(training: "Training", runs: "Sequence[Run]", memory: int) -> "list[list[Run]]":
    """Split runs into work units: runs that train together, within a memory budget.

    Args:
        training: What to train.
        runs: All runs.
        memory: Bytes that one unit may need.

    Returns:
        The units, the same ones each time.
    """
    planner = _planner(training)
    found = groups(planner, runs, sample=True)
    if training.keep_weights:
        for job in {job.model_key: job for group in found for job in group.jobs}.values():
            training.remember_dims(weight_dims(planner.blueprint(job).model))
    return [[job.run for job in chunk] for group in found for chunk in group.chunks(memory)]


def execute(
    training: "Training", runs: "Sequence[Run]", report: Callable[[int], None]
) -> tuple[list[Record], str]:
    """Train runs.

    Args:
        training: What to train.
        runs: The runs of one work unit.
        report: Told the number of runs finished since the last call.

    Returns:
        One record per run in order, and the engine that trained them.
    """
    planner = _planner(training)
    records: dict[int, Record] = {}
    engines: dict[str, None] = {}
    for group in groups(planner, runs):
        engines[group.network.engine] = None
        stacks = [group.jobs] if group.network.stacks else [[job] for job in group.jobs]
        for jobs in stacks:
            found = _train(Stack(planner, group, jobs), group, _Progress(len(jobs), report))
            records |= {id(job.run): record for job, record in zip(jobs, found, strict=True)}
    planner.forget_data()
    return [records[id(run)] for run in runs], "; ".join(engines)


def _planner(training: "Training") -> Planner:
    """Return the planner of a training, whose models are built once for all of its work units."""
    if training not in _PLANNERS:
        _PLANNERS[training] = Planner(training)
    return _PLANNERS[training]


class _Progress:
    """Turns finished shares of a stack into numbers of finished runs."""

    def __init__(self, runs: int, report: Callable[[int], None]) -> None:
        self.runs = runs
        self.reported = 0
        self._report = report

    def reach(self, share: float) -> None:
        """Report the runs that a share of the work amounts to."""
        done = int(self.runs * share)
        if done > self.reported:
            self._report(done - self.reported)
            self.reported = done


def _train(stack: Stack, group: Group, progress: _Progress) -> list[Record]:
    """Train a stack and return one record per job."""
    program = _program(stack, group)
    fixed = stack.fixed()
    state = program.start(stack.weights())
    shape = (len(stack.jobs), group.settings.epochs)
    curves = {name: np.empty(shape, np.float32) for name in program.names}
    places = tuple(np.transpose(stack.layout.place))
    done = 0
    for feed in stack.feeds():
        state, found = program.advance(state, fixed, feed)
        count = int(feed["epochs"])
        for name, curve in found.items():
            curves[name][:, done : done + count] = curve.numpy()[:count, *places].T
        done += count
        progress.reach(done / group.settings.epochs)
    first = 0 if stack.planner.training.keep_curves else -1
    records = [
        {name: curve[number, first:] for name, curve in curves.items()}
        for number in range(len(stack.jobs))
    ]
    _test(stack, program, (state["weights"], fixed), records)
    _measure(stack, state, records)
    return records


def _test(stack: Stack, program: Program, trained: tuple, records: list[Record]) -> None:
    """Add loss and metrics on the test part."""
    if not stack.planner.data(stack.jobs[0]).has("test"):
        return
    found = program.evaluate(*trained, stack.part("x", "test"), stack.part("y", "test"))
    for name, values in found.items():
        array = values.numpy()
        for record, place in zip(records, stack.layout.place, strict=True):
            record[f"test_{name}"] = array[place]


def _measure(stack: Stack, state: Any, records: list[Record]) -> None:
    """Add final weights, and what the reader measures on trained models."""
    training = stack.planner.training
    if not training.keep_weights and training.outputs is None:
        return
    arrays = [weight.numpy() for weight in state["weights"]]
    finals = stack.final_weights(arrays)
    for job, record, weights in zip(stack.jobs, records, finals, strict=True):
        model = stack.planner.blueprint(job).model
        if training.keep_weights:
            record |= dict(zip(weight_names(model), weights, strict=False))
        if training.outputs is not None:
            record |= _outputs(stack.planner, job, load_weights(model, weights))


def _outputs(planner: Planner, job: Job, model: Any) -> Record:
    training = planner.training
    levels: dict[str, Any] = training.levels_for("outputs", job.run.condition)
    if training.takes_seed("outputs"):
        levels["seed"] = job.run.seed
    assert training.outputs is not None
    found = training.outputs(model, planner.raw(job), **levels)
    return {name: np.asarray(value) for name, value in found.items()}


def _program(stack: Stack, group: Group) -> Program:
    """Return the program of a stack, made earlier if possible."""
    recipe = stack.recipe
    rest = (recipe.penalized, recipe.block, recipe.validates, recipe.scheduled)
    cost = SECONDS_TO_FUSE * len(group.network.trainable)
    fused = group.network.fuses and group.seconds_for(len(stack.jobs)) > cost
    key = (group.key, rest, stack.layout.cells.shape[1], fused)
    if key not in _PROGRAMS:
        _PROGRAMS[key] = Program(recipe, fused)
    _PROGRAMS.move_to_end(key)
    while len(_PROGRAMS) > MOST_PROGRAMS:
        _PROGRAMS.popitem(last=False)
    return _PROGRAMS[key]
