"""Row S5: the weight-initialisation experiment of D1 (001_07527de4f17d269f), and the same by jaxnn's layers.

The text lost its indentation; it is restored, and nothing else. Which `w` and which `z` are commented out is each test's.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from jaxnn import Input, Model, initializers, layers

SNIPPET = """
import numpy as np
import matplotlib.pyplot as plt

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def Relu(x):
    return np.maximum(x, 0)

input_data = np.random.randn(1000, 100)
node_num = 100
hidden_layer_size = 5
activations = {}
x = input_data
for i in range(hidden_layer_size):
    if i != 0:
        x = activations[i - 1]
    #w = np.random.randn(node_num, node_num) * 1
    #w = np.random.randn(node_num, node_num) * 0.01
    w = np.random.randn(node_num, node_num) * np.sqrt(2 / node_num)
    #w = np.random.randn(node_num, node_num) * np.sqrt(1 / node_num)
    a = np.dot(x, w)
    z = Relu(a)
    #z = sigmoid(a)
    activations[i] = z

for i, a in activations.items():
    plt.subplot(1, len(activations), i + 1)
    plt.title(str(i + 1) + "-layer")
    if i != 0: plt.yticks([], [])
    plt.hist(a.flatten(), 30, range = (0, 1))
plt.show()
"""
SCALES = {"1": 1.0, "0.01": 0.01, "np.sqrt(2 / node_num)": np.sqrt(2 / 100), "np.sqrt(1 / node_num)": np.sqrt(1 / 100)}
KINDS = {"Relu": "relu", "sigmoid": "sigmoid"}


def chosen(scale, kind):
    """The snippet with another line of each choice uncommented."""
    lines = []
    for line in SNIPPET.splitlines():
        bare = line.strip().lstrip("#")
        if bare.startswith(("w = ", "z = ")):
            wanted = bare.endswith(f" * {scale}") or bare == f"z = {kind}(a)"
            line = "    " + ("" if wanted else "#") + bare
        lines.append(line)
    return "\n".join(lines)


def run(code, seed=0):
    """The names that the snippet leaves, its figure, and the weights that it drew and threw away."""
    np.random.seed(seed)
    plt.close("all")
    names = {}
    exec(code, names)
    figure = plt.gcf()
    plt.close("all")
    np.random.seed(seed)
    np.random.randn(1000, 100)
    return names, figure, [np.random.randn(100, 100) for _ in range(5)]


def network(draws, scale, kind):
    """Five Dense layers without a bias, whose initialisers give the snippet's weights; a model of all their outputs."""
    x = inputs = Input((100,))
    outputs = []
    for draw in draws:
        layer = layers.Dense(100, KINDS[kind], use_bias=False, kernel_initializer=initializers.Constant(draw * scale))
        x = layer(x)
        outputs.append(x)
    return Model(inputs, outputs)


def test_s5_runs_as_printed_and_draws_a_histogram_of_each_layer():
    assert chosen("np.sqrt(2 / node_num)", "Relu") == SNIPPET.rstrip("\n")  # these are the lines that D1 left in
    names, figure, _ = run(SNIPPET)
    assert [a.shape for a in names["activations"].values()] == [(1000, 100)] * 5
    assert [axes.get_title() for axes in figure.axes] == [f"{i}-layer" for i in range(1, 6)]
    for axes, a in zip(figure.axes, names["activations"].values(), strict=True):
        bars = [bar.get_height() for bar in axes.patches]
        np.testing.assert_array_equal(bars, np.histogram(a, 30, range=(0, 1))[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", SCALES)
def test_s5_five_dense_layers_give_the_snippets_activations(scale, kind):
    names, _, draws = run(chosen(scale, kind))
    model = network(draws, SCALES[scale], kind)
    ours = model(names["input_data"])
    for a, expected in zip(ours, names["activations"].values(), strict=True):
        # float32 sums of 100 terms; weights x 1 multiply what a layer inherits, tenfold a layer
        np.testing.assert_allclose(a, expected, rtol=1e-4, atol=2e-6 * max(1, expected.max()) + 1e-4 * (scale == "1"))
