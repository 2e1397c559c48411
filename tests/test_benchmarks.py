"""The benchmark's pieces on tiny sizes: contestants train the same network on all rows. Times never decide a test."""

import contextlib
import importlib
import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import cold, contests, layers, memory, processes, tasks, timing, worker, workloads
from benchmarks.peers import PEERS, jax_by_hand
from benchmarks.ways import __main__ as ways
from benchmarks.ways import watching

pytestmark = pytest.mark.filterwarnings(r"ignore:fit.*\[J309\]$:UserWarning")  # of the third snippet, as it is printed

SNIPPETS = ["binary", "classes", "regression"]
SAME = 1e-5  # relative: the peers take the loss from logits and sum in another order; two epochs from the same weights
ALIKE = 0.05  # relative: other shuffles or masks; an epoch's mean loss moves by less
FRAMEWORKS = ["jaxnn", "Keras on JAX"]
SHUFFLED_BY_NUMPY = ["PyTorch by hand", "flax nnx", "equinox", "C"]


def runs_of(peer, kind, task, variants=()):
    """A peer's contestants in this process, by their full names; the test is skipped where it is not installed."""
    for module in PEERS[peer].needs:
        pytest.importorskip(module)
    try:
        runs = PEERS[peer].contestants()(kind, task, variants)
    except RuntimeError as e:
        pytest.skip(str(e))  # no C compiler
    return {f"{peer}, {variant}" if variant else peer: run for variant, run in runs.items()}


def losses_of(peer, task, epochs, variants=()):
    """A history by contestant, from the same shuffles where they come from NumPy."""
    result = {}
    for name, fit in runs_of(peer, "fit", task, variants).items():
        np.random.seed(3)
        if peer not in FRAMEWORKS:
            np.random.permutation(len(task.x))  # frameworks draw one more, for their look at the first batch
        result[name] = fit(epochs)
    return result


@pytest.fixture(scope="module")
def ours():
    """jaxnn's losses by task, on two full batches and a short one."""
    return {name: losses_of("jaxnn", tasks.make(name, 80), 2)["jaxnn"] for name in SNIPPETS}


@pytest.mark.parametrize("name", SNIPPETS)
@pytest.mark.parametrize("peer", [*FRAMEWORKS, *SHUFFLED_BY_NUMPY, "JAX by hand"])
def test_all_contestants_give_the_same_losses(name, peer, ours, capfd):
    variants = workloads.TRAINING[0].variants.get(peer, ())
    losses = losses_of(peer, tasks.make(name, 80), 2, variants)
    if plain := losses.pop(workloads.SCAN, None):  # its shuffles are its own
        assert np.isfinite(plain).all()
    for contestant, values in losses.items():
        np.testing.assert_allclose(values, ours[name], rtol=SAME, err_msg=contestant)
    assert capfd.readouterr().out == ""  # the bar went into its pipe


@pytest.mark.parametrize("name", ["binary", "classes"])
def test_scikit_learn_learns_alike(name, ours):
    losses = losses_of("scikit-learn", tasks.make(name, 80), 2)["scikit-learn"]
    np.testing.assert_allclose(losses, ours[name], rtol=ALIKE)


def test_pytorch_has_as_many_threads_as_there_are_cores_for_it():
    torch = pytest.importorskip("torch")
    importlib.import_module("benchmarks.peers.pytorch")
    assert torch.get_num_threads() == len(os.sched_getaffinity(0))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("cnn", 136), ("lstm", 40)])
@pytest.mark.parametrize("peer", ["jaxnn", "PyTorch by hand", "flax nnx", "equinox", "JAX by hand"])
def test_larger_networks_are_the_same_computation(name, rows, peer):
    """1e-3: Adam's epsilon, which the first steps feel, is elsewhere in optax and PyTorch."""
    task = tasks.make(name, rows)
    theirs = losses_of("Keras on JAX", task, 1)["Keras on JAX"]
    try:
        losses = losses_of(peer, task, 1)
    except AttributeError as e:
        pytest.skip(str(e))
    losses.pop(workloads.SCAN, None)
    for contestant, values in losses.items():
        np.testing.assert_allclose(values, theirs, rtol=1e-3, err_msg=contestant)


@pytest.mark.slow
@pytest.mark.parametrize("peer", [peer for peer in layers.PEERS if peer != "Keras on JAX"])
def test_the_transformer_is_the_same_computation(peer):
    test_larger_networks_are_the_same_computation("transformer", 40, peer)


def test_steps_share_an_epochs_time():
    workload = layers.NETWORKS[-1]._replace(rows=64)  # two batches of 32
    contest = timing.Contest("transformer", "", "ms", {"jaxnn": [1.0, 3.0], "Keras on JAX": [4.0, None]})
    assert layers.per_step(contest, workload).times == {"jaxnn": [0.5, 1.5], "Keras on JAX": [2.0, None]}
    assert all(w.rows % tasks.make(w.task, 1).batch == 0 for w in layers.NETWORKS)


@pytest.fixture(scope="module")
def mlp():
    """The task with whole batches, and jaxnn's loss."""
    task = tasks.make("mlp", 256)
    return task, losses_of("jaxnn", task, 1)["jaxnn"]


@pytest.mark.parametrize("peer", ["Keras on JAX", "PyTorch by hand", "flax nnx", "equinox", "JAX by hand"])
def test_the_mlp_trains_alike_under_masks_of_its_own(peer, mlp):
    task, expected = mlp
    for contestant, values in losses_of(peer, task, 1).items():
        np.testing.assert_allclose(values, expected, rtol=ALIKE, err_msg=contestant)


def test_fast_c_leaves_the_subnormal_numbers_of_its_process_alone():
    runs_of("C", "fit", tasks.make("binary", 40))
    assert np.nextafter(0.0, 1.0) * 1.0 > 0


def test_dropout_by_hand_moves_the_loss_but_not_far():
    task = tasks.make("mlp", 32)
    params = [jax.numpy.array(w) for w in task.weights]
    losses = [
        float(jax_by_hand.loss_and_hits(task.loss, jax_by_hand.mlp(params, task.x, key), task.y)[0])
        for key in (None, jax.random.key(0))
    ]
    assert 1e-3 < abs(losses[1] - losses[0]) < 0.5


def test_the_plain_scan_trains_alike_where_its_own_shuffles_cannot_matter():
    task = tasks.make("binary", 72)
    task = task._replace(x=np.repeat(task.x[:1], 72, 0), y=np.repeat(task.y[:1], 72, 0))  # all rows alike
    losses = losses_of("JAX by hand", task, 3)
    for values in losses.values():
        np.testing.assert_allclose(values, losses[workloads.SCAN], rtol=SAME)


def test_the_plain_scan_sees_every_row_once():
    task = tasks.make("binary", 40)._replace(x=np.arange(1, 41, dtype="float32")[:, None])
    step = lambda carry, x, y: (carry + x.sum(), x.sum(), len(x))  # noqa: E731
    assert jax_by_hand.plain_scan(task, step, np.float32(0))(1) == [pytest.approx(820 / 40)]  # 1 + 2 + ... + 40 = 820


def test_a_convolution_by_patches_and_a_pool_by_slices_are_jaxs_own():
    x, kernel = (
        np.random.default_rng(0).standard_normal((2, 7, 9, 3)),
        np.random.default_rng(1).standard_normal((3, 3, 3, 4)),
    )
    x, kernel = x.astype("float32"), kernel.astype("float32")
    by_patches = jax_by_hand.convolve_by_patches(x, kernel)
    np.testing.assert_allclose(by_patches, jax_by_hand.convolve(x, kernel), atol=1e-5)  # sums of 27 products
    np.testing.assert_array_equal(jax_by_hand.pool_by_slices(x), jax_by_hand.pool(x))


PREDICTORS = [*FRAMEWORKS, "PyTorch by hand", "scikit-learn", "JAX by hand"]


@pytest.mark.parametrize("peer", PREDICTORS)
def test_all_give_the_same_probabilities(peer):
    task = tasks.make("binary", 70)
    w1, b1, w2, b2, w3, b3 = task.weights
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    expected = sigmoid(sigmoid(sigmoid(task.x @ w1 + b1) @ w2 + b2) @ w3 + b3)
    for kind, rows in (("call", 1), ("predict", 70)):
        for run in runs_of(peer, kind, task).values():
            value = np.asarray(run(2))
            value = value[:, 1:] if value.shape[1] == 2 else value  # scikit-learn gives both classes
            np.testing.assert_allclose(value, expected[:rows], rtol=1e-5)  # float32 exp, thrice


@pytest.mark.parametrize("peer", [*FRAMEWORKS, "PyTorch by hand", "JAX by hand"])
def test_all_give_the_same_evaluation_and_the_same_batches(peer):
    task = tasks.make("binary", 70)
    for kind, count in (("evaluate", 1), ("train_on_batch", 3)):
        expected = runs_of("JAX by hand", kind, task)["JAX by hand"](count)
        for run in runs_of(peer, kind, task).values():
            values = np.asarray(run(count), float)
            first = values if kind == "evaluate" else values[0]  # later, Keras's metrics are means since the start
            np.testing.assert_allclose(first, expected if kind == "evaluate" else expected[0], rtol=SAME)


@pytest.mark.parametrize("who", ["jaxnn", "keras", "scan"])
def test_the_cold_script_trains(who):
    assert 0 < cold.main(who, epochs=1, rows=70) < 1.5


def test_the_cold_script_of_hand_written_jax_imports_no_framework():
    code = "import sys; from benchmarks import cold; cold.main('scan', 1, 70); assert not {'jaxnn', 'keras'} & set(sys.modules)"
    assert processes.run_python("-c", code, **worker.environment()) > 0


def test_a_worker_prepares_runs_and_says_what_went_wrong():
    peer = worker.Worker("C")
    try:
        answer = peer.ask(do="prepare", kind="fit", task="binary", rows=40, variants=())
        if "error" in answer:
            pytest.skip(answer["error"])  # no C compiler
        ran = peer.ask(do="run", variant="", count=3)
        assert ran["seconds"] > 0
        assert len(ran["result"]) == 3
        assert peer.ask(do="run", variant="unheard of", count=3) == {"error": "KeyError: 'unheard of'"}
    finally:
        peer.close()


def test_a_worker_that_dies_is_heard():
    with contextlib.closing(worker.Worker("C")) as peer:
        print("no request", file=peer._process.stdin, flush=True)
        with pytest.raises(RuntimeError, match=r"(?s)the worker for C ended: .*JSONDecodeError"):
            peer.answer()


def test_who_cannot_take_part_is_left_out_and_said_so(monkeypatch):
    absent = PEERS["C"]._replace(needs=("a_module_that_is_not_there",))
    monkeypatch.setitem(PEERS, "absent", absent)
    pytest.importorskip("sklearn")
    work = workloads.TRAINING[0]._replace(rows=40, peers=("absent", "scikit-learn"))
    with contests.Field() as field:
        result = field.contest(work._replace(count=2), rounds=2, seconds=1)
    assert result.left_out == {"absent": "a_module_that_is_not_there is not installed"}
    assert [len(times) for times in result.times.values()] == [2]


def test_watching_is_measured_beside_an_epoch_that_nobody_watches(monkeypatch):
    monkeypatch.setattr(watching, "TASKS", (("binary", 320, "the snippet"),))
    monkeypatch.setattr(watching, "ROWS", 640)
    found = {contest.name: contest.times for contest in watching.contests(rounds=1)}
    assert list(found) == ["callbacks", "metrics", "evaluation"]
    assert [next(iter(times)) for times in found.values()] == ["no callback", "no metric", "no metric"]
    assert {"accuracy", "AUC"} < set(found["metrics"])
    assert all(len(values) == 1 for times in found.values() for values in times.values())


def test_ways_are_measured_by_family(monkeypatch, capsys):
    contest = timing.Contest("watching", "a title", "ms", {"nobody": [1e-3], "somebody": [2e-3]})
    monkeypatch.setattr(watching, "contests", lambda: [contest])
    ways.main(["watching"])
    assert "a title" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        ways.main(["watchin"])
    assert "no family watchin: choose from loop, watching," in capsys.readouterr().err


def test_contestants_take_turns():
    order = []
    measures = {name: lambda name=name: order.append(name) or 1.0 for name in "abc"}
    times = timing.rounds_of("a title", measures, rounds=2)
    assert "".join(order) == "abcabc"
    assert times == {name: [1.0, 1.0] for name in "abc"}


def test_who_is_slow_sits_out_two_rounds_of_three():
    times = timing.rounds_of("a title", {"a": lambda: 2.0, "b": lambda: 6.0}, rounds=4, every={"b": 3})
    assert times == {"a": [2.0] * 4, "b": [6.0, None, None, 6.0]}
    result = contest(times)
    assert result.values("b") == [6.0, 6.0]
    assert result.ratios("b") == [3.0, 3.0]
    assert timing.table(result).splitlines()[-1].endswith("3 to 3            the range of 2")


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.7, 3.0])
def test_a_thorough_run_gives_everybody_every_round(seconds, monkeypatch):
    slow = {"jaxnn": 0.01, "Keras on JAX": seconds, "C": seconds}  # the second is in a target, the third in none
    monkeypatch.setattr(contests.Field, "_prepare", lambda self, work: ({name: (None, name) for name in slow}, {}))
    monkeypatch.setattr(contests, "_seconds", lambda worker, name, count: slow[name])
    work = workloads.TRAINING[0]._replace(targets=(timing.Target(workloads.KERAS, at_least=20),), count=1)
    field = contests.Field()
    result = field.contest(work, rounds=9, thorough=True)
    assert {name: len(result.values(name)) for name in slow} == dict.fromkeys(slow, 9)
    result = field.contest(work, rounds=9)
    turns = {0.05: (9, 9), 0.3: (9, 3), 0.7: (3, 3), 3.0: (1, 1)}[seconds]
    assert tuple(len(result.values(name)) for name in ("Keras on JAX", "C")) == turns


def test_a_thorough_run_gives_every_process_every_round(monkeypatch):
    names = ("jaxnn", workloads.KERAS, "PyTorch by hand")  # the last is in no target
    everyone = contextlib.nullcontext({name: lambda: 1.0 for name in (*names, processes.AGAIN)})
    work = processes.PROCESSES[1]._replace(contestants=lambda: everyone)
    monkeypatch.setattr(memory, "peak", lambda workload, peer: 1.0)
    monkeypatch.setattr(memory, "PEERS", {name: PEERS[name]._replace(needs=()) for name in names})
    for contest in (work.contest, lambda rounds, **how: memory.contest("wide", rounds, **how)):
        assert [len(contest(9).values(name)) for name in names] == [9, 9, 1]
        assert [len(contest(9, thorough=True).values(name)) for name in names] == [9, 9, 9]


def test_quick_and_thorough_are_two_things():
    with pytest.raises(SystemExit, match="2"):
        command.main(["--quick", "--thorough"])


def contest(times, *targets, left_out=None):
    return timing.Contest("epoch", "an epoch", "ms", times, targets, left_out or {})


def test_ratios_are_paired_by_round():
    result = contest({"a": [1.0, 10.0, 2.0], "b": [2.0, 20.0, 4.0]})  # the second round was disturbed
    assert result.ratios("b") == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(3, 1, 3), (6, 1, 6), (9, 2, 8), (20, 6, 15)],  # from tables of the sign test at 95 %
)
def test_the_interval_of_the_median_is_the_sign_tests(count, low, high):
    assert timing.interval(list(range(count, 0, -1))) == (low, high)


def test_the_table_has_medians_ratios_intervals_and_targets():
    times = {"jaxnn": [1e-3] * 9, "theirs": [n * 1e-3 for n in range(1, 10)]}
    result = contest(times, timing.Target("theirs", at_least=4), left_out={"others": "torch is not installed"})
    lines = timing.table(result).splitlines()
    assert lines[0] == "an epoch"
    assert lines[1].split() == ["ms", "ratio", "95", "%", "interval"]
    assert lines[2].split() == ["jaxnn", "1"]
    assert lines[3].split() == ["theirs", "5", "5", "2", "to", "8", "target", "4:", "met"]
    assert lines[4] == "  left out: others: torch is not installed"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (timing.Target("theirs", at_least=8), "target 8: met: the interval reaches it"),
        (timing.Target("theirs", at_least=8.5), "target 8.5: missed"),
        (timing.Target("theirs", at_most=5), "target at most 5: met"),
        (timing.Target("theirs", at_most=2), "target at most 2: met: the interval reaches it"),
        (timing.Target("theirs", at_most=1), "target at most 1: missed"),
        (timing.Target("theirs", at_least=2, who="fast"), "target for fast 2: met, 10 (4 to 16)"),
        (timing.Target("somebody else", at_least=2), None),
    ],
)
def test_a_target_is_met_when_the_interval_reaches_it(target, said):
    result = contest({"jaxnn": [1.0] * 9, "theirs": [float(n) for n in range(1, 10)], "fast": [0.5] * 9})
    assert timing.verdict(result, target) == said


def test_the_command_prints_tables_and_writes_json_and_a_picture(monkeypatch, tmp_path, capsys):
    result = contest({"jaxnn": [1.0], workloads.KERAS: [3.0]})
    monkeypatch.setattr(command, "measure", lambda names, quick, thorough: iter([result] if quick else []))
    command.main(["--quick", "--json", str(tmp_path / "times.json"), "--picture", str(tmp_path / "ratios.png")])
    assert timing.table(result) in capsys.readouterr().out
    written = json.loads((tmp_path / "times.json").read_text())
    assert written["contests"][0]["times"] == {"jaxnn": [1.0], workloads.KERAS: [3.0]}
    assert written["machine"]["jax"] == jax.__version__
    assert (tmp_path / "ratios.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_fails_where_jaxnn_could_not_run(monkeypatch, capsys):
    result = contest({workloads.KERAS: [3.0]}, left_out={"jaxnn": "AttributeError: no such layer"})
    monkeypatch.setattr(command, "measure", lambda names, quick, thorough: iter([result]))
    with pytest.raises(SystemExit, match="1"):
        command.main([])
    assert capsys.readouterr().err == "jaxnn took no part in: epoch\n"


def test_the_command_says_its_options_without_importing_a_peer():
    code = "import sys\nfrom benchmarks.__main__ import main\ntry: main(['--help'])\nfinally: assert 'jax' not in sys.modules"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=worker.ROOT, capture_output=True, text=True, check=True
    ).stdout
    for option in ("--quick", "--only", "--json FILE", "--picture FILE", "predict-one", "cold"):
        assert option in shown


def test_every_target_names_contestants_that_can_take_part():
    for work in (*workloads.TRAINING, *workloads.PREDICTION):
        names = {name for peer in work.peers for name in (peer, *(f"{peer}, {v}" for v in work.variants.get(peer, ())))}
        names |= {workloads.SCAN, "C, -ffast-math"} if work.kind == "fit" else set()
        assert {name for target in work.targets for name in (target.who, target.versus)} <= names
