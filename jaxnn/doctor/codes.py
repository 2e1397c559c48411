"""Every finding by its code. A code never changes its meaning, so that scripts may name it in `ignore`.

J1 is about inputs and weights, J2 about targets, J3 about the model and its loss, J4 about the first steps of training,
J5 about a training that is over. Each has a page, `docs/doctor/<code>.md`.
"""

from __future__ import annotations

CODES = {
    # inputs and weights
    "J101": "no-data",
    "J102": "no-samples-axis",
    "J103": "lengths-differ",
    "J104": "no-samples",
    "J105": "not-numbers",
    "J106": "input-shape",
    "J107": "NaN-in-x",
    "J108": "infinity-in-x",
    "J109": "NaN-in-sample_weight",
    "J110": "infinity-in-sample_weight",
    "J111": "constant-input",
    "J112": "unscaled-input",
    "J113": "duplicated-input",
    "J114": "negative-sample-weight",
    "J115": "constant-column",
    "J116": "sorted-validation-split",
    # targets
    "J201": "no-targets",
    "J202": "one-hot-for-integers",
    "J203": "integers-for-one-hot",
    "J204": "target-shape",
    "J205": "targets-cross",
    "J206": "targets-broadcast",
    "J207": "fractional-labels",
    "J208": "label-without-class",
    "J209": "binary-labels",
    "J210": "NaN-in-y",
    "J211": "infinity-in-y",
    "J212": "constant-target",
    "J213": "class-imbalance",
    "J214": "class-weight-missing",
    "J215": "class-weight-unknown",
    "J216": "not-one-hot",
    # the model and its loss
    "J301": "unknown-loss",
    "J302": "unknown-metric",
    "J303": "probabilities-as-logits",
    "J304": "logits-as-probabilities",
    "J305": "sigmoid-for-one-class",
    "J306": "softmax-on-one-unit",
    "J307": "relu-output",
    "J308": "bounded-output",
    "J309": "accuracy-on-regression",
    "J310": "unadapted-normalization",
    "J311": "batch-of-one",
    "J312": "layer-made-in-call",
    # the first steps of training
    "J401": "dead-units",
    "J402": "saturated-units",
    "J403": "vanishing-gradient",
    "J404": "exploding-gradient",
    "J405": "initial-loss",
    "J406": "zero-gradient",
    "J407": "not-finite",
    "J408": "learning-rate-high",
    "J409": "learning-rate-low",
    "J410": "untouched-layer",
    # a training that is over
    "J501": "overfitting",
    "J502": "underfitting",
    "J503": "still-improving",
    "J504": "diverged",
}
CODE_OF = {word: code for code, word in CODES.items()}
