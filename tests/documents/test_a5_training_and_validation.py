"""Row A5: training versus validation data, and overfitting made visible.

Source: D4 (004_c6041bac8b80f14b), "Training versus validation data".
"""

import numpy as np

from jaxnn import explore, regularizers
from tests.documents import overfit


def test_a5_the_curves_part_and_the_finding_says_so():
    history, _ = overfit.plain()
    seen = explore.learning_curve(history)
    assert seen.data["best"] < overfit.EPOCHS / 2
    # the first epoch's training loss is a mean over steps before which the net knew less: its gap is below 0
    assert seen.data["gap"][0] < 0 < 1 < seen.data["gap"][-1]
    assert seen.finding.endswith("overfitting.")
    labels = {text.get_text() for text in seen.figure.axes[0].texts}
    assert {"training", "validation"} <= labels


def test_a5_the_gap_is_no_matter_of_one_lucky_seed_and_smaller_with_weight_decay():
    (x, y), new = overfit.data()
    nets = {"plain": overfit.net(), "weight decay": overfit.net(regularizer=regularizers.L2(0.05))}
    data = explore.compare(nets, x, y, seeds=4, epochs=60, batch_size=100, validation_data=new).data
    train, validation = (data["history"][key][..., -1] for key in ("accuracy", "val_accuracy"))
    assert (train[0] == 1).all()  # learnt by heart with every seed
    assert (validation[0] < 0.75).all()
    assert (train - validation)[1].max() < (train - validation)[0].min()
    assert data["measure"] == "val_accuracy"  # the decayed net's loss has its penalty in it
    assert np.all(data["gap"][0] > 1)
