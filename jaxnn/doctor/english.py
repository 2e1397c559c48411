"""What the doctor says, in English: facts without a full stop, then what to do, under `/help`. Same keys as `chinese.py`."""

SENTENCES = {
    "message": "{who}: {fact}. {help} [{code}]",
    "none": "nothing to report",
    "error": "error",
    "warning": "warning",
    "count": "{errors} error(s), {warnings} warning(s)",
    # --- J1: inputs and weights ---
    "no-data": "`x` is not optional, but None was passed",
    "no-data/help": "Pass an array of samples: x=...",
    "no-samples-axis": "`{name}` must have a first axis of samples; got a single number",
    "no-samples-axis/help": "Put it into a list.",
    "lengths-differ": (
        "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples; got {sizes}"
    ),
    "lengths-differ/more": "{sizes} and {more} more",
    "lengths-differ/rows": "A list of {count} arrays counts as {count} inputs: if each is one sample, pass np.stack(x).",
    "lengths-differ/help": "Each sample needs one row in every array.",
    "no-samples": "`{name}` must have at least one sample; got an array of shape {shape}",
    "no-samples/help": "See how it was loaded or selected: a condition that nothing meets gives this.",
    "not-numbers": "`{name}` must hold numbers; it has {what} (Invalid dtype: {dtype})",
    "not-numbers/column": "`{name}` must hold numbers; column {column} has {what} (Invalid dtype: {dtype})",
    "not-numbers/records": "records of {fields}",
    "not-numbers/records/help": "Stack the fields as columns: np.column_stack([x[name] for name in x.dtype.names]).",
    "not-numbers/text": "text such as {value}",
    "not-numbers/text/help": (
        "Turn words into numbers first: pandas.get_dummies, or np.unique(values, return_inverse=True)[1]."
    ),
    "not-numbers/digits": "numbers written as text such as {value}",
    "not-numbers/digits/help": "Convert them: .astype('float32').",
    "not-numbers/dates": "dates such as {value}",
    "not-numbers/dates/help": "Make numbers of them: the day of the year, or days since the first one.",
    "not-numbers/none": "None",
    "not-numbers/none/help": "Drop these rows or fill them, then convert: .astype('float32').",
    "not-numbers/objects": "numbers as Python objects",
    "not-numbers/objects/help": "Convert them: .astype('float32').",
    "not-numbers/ragged": "rows of different lengths",
    "not-numbers/ragged/help": "Bring them to one length: fill the short ones up with zeros.",
    "not-numbers/other": "objects of type {type}",
    "not-numbers/other/help": "Turn them into arrays of numbers.",
    "input-shape/names": "{model} needs the inputs {names}; got {got}{because}",
    "input-shape/names/help": "Add {missing!r} to the dictionary.{hints}",
    "input-shape/names/hint": "{hints} Is '{missing}' '{given}'?",
    "input-shape/count": "{model} takes {count} input(s) {names}; got {got}{because}",
    "input-shape/pair/help": "If the second is the targets, pass it as `y`: (x, y) as two arguments.",
    "input-shape/many/help": "If the arrays are samples, pass one array of them: np.stack(x).",
    "input-shape/few/help": "Pass a list of them, or a dict by name.",
    "input-shape": "{model} expects input '{name}' of shape {expected}; got {got}{because}",
    "input-shape/because": " ({cause})",
    "input-shape/layer": "{layer} can't compute with inputs of shape {given}",
    "input-shape/one/help": "For a single sample add the batch axis: x[np.newaxis].",
    "input-shape/channels/help": "Move the axes to their places: np.moveaxis(x, 1, -1) puts channels last.",
    "input-shape/flat/help": "Reshape it, x.reshape(len(x), {target}), or declare Input({sample}).",
    "input-shape/help": "Pass the columns that the model was made for, or declare Input({sample}).",
    "not-finite-data/NaN": (
        "`{name}` must be finite, else loss and weights become NaN; got NaN in {bad} of {count} samples, {place}"
    ),
    "not-finite-data/infinity": (
        "`{name}` must be finite, else loss and weights become NaN; got infinity in {bad} of {count} samples, {place}"
    ),
    "not-finite-data/NaN/maybe": ("`{name}` has NaN in {bad} of {count} samples, {place}, which may make the loss NaN"),
    "not-finite-data/infinity/maybe": (
        "`{name}` has infinity in {bad} of {count} samples, {place}, which may make the loss infinity"
    ),
    "not-finite-data/NaN/predict": (
        "`{name}` has NaN in {bad} of {count} samples, {place}, which makes predictions NaN or worthless"
    ),
    "not-finite-data/infinity/predict": (
        "`{name}` has infinity in {bad} of {count} samples, {place}, which makes predictions NaN or worthless"
    ),
    "not-finite-data/help": "Drop these rows (np.{method} finds them) or fill them.",
    "place/row": "first in row {row}",
    "place/column": "first in row {row}, column {column}",
    "constant-input": "all {count} samples of `{name}` are the same, so that the network can only learn the mean of the targets",
    "constant-input/help": "See how `{name}` was made: a loop that writes into one row, or a scaling by a maximum of 0, gives this.",
    "constant-column": "{count} of the {columns} columns of `{name}` never change, the first is column {column}",
    "constant-column/help": "They tell nothing, and dividing them by their deviation gives NaN: drop them.",
    "unscaled-input": (
        "`{name}` has values of a size around {size}, while weights start as if it were around 1: training is slow or diverges"
    ),
    "unscaled-input/pixels": "`{name}` has values from {low} to {high}, while weights start as if they were around 1",
    "unscaled-input/pixels/help": "If these are pixels, divide by 255, or begin with layers.Rescaling(1 / 255).",
    "unscaled-input/help": (
        "Subtract each column's mean and divide by its deviation, both taken from the training data, or begin with "
        "layers.Normalization and adapt it."
    ),
    "unscaled-input/column": "column {column} of `{name}` has values of a size around {size}, the middle column {typical}",
    "duplicated-input": "{share:.0%} of the samples of `{name}` that were looked at occur more than once",
    "duplicated-input/help": (
        "Duplicates that fall into both training and validation data make the validation look too good: np.unique(x, "
        "axis=0) before the split, then oversample the training part alone."
    ),
    "negative-sample-weight": "{bad} of {count} values of `{name}` are negative, which drives these predictions away from their targets",
    "negative-sample-weight/help": "Weights are 0 or more: use 0 to leave a sample out.",
    "sorted-validation-split": (
        "validation_split={split} takes the last samples, and {share:.0%} of those are of classes that the training part hardly has: "
        "`y` is sorted"
    ),
    "sorted-validation-split/help": "Shuffle first: order = np.random.permutation(len(x)); x, y = x[order], y[order].",
    # --- J2: targets ---
    "no-targets": (
        "`y` must be given, since the model was compiled with {loss}, which compares outputs with targets; got None"
    ),
    "no-targets/a-loss": "a loss",
    "no-targets/help": "Pass y=..., or compile without a loss.",
    "takes/labels": "{loss} takes integer labels of shape {shape}; `{name}` has shape {got} {cause}",
    "takes/one-hot": "{loss} takes one-hot targets of shape {shape}; `{name}` has shape {got} {cause}",
    "takes/targets": "{loss} takes targets of shape {shape}; `{name}` has shape {got} {cause}",
    "one-hot-for-integers/help": "If it is one-hot, use loss='categorical_crossentropy' or y.argmax(axis=-1).",
    "target-shape/positions/help": "The output is {shape}: give each of its positions one label.",
    "integers-for-one-hot/help": (
        "If it holds integer labels, use loss='sparse_categorical_crossentropy' or utils.to_categorical(y, {classes})."
    ),
    "target-shape/classes/help": "The last layer needs a unit for each class: {classes}.",
    "target-shape/exclusive/help": (
        "For {classes} exclusive classes use {classes} softmax units and loss='categorical_crossentropy'."
    ),
    "target-shape/integers/help": (
        "For integer labels use loss='sparse_categorical_crossentropy', for yes and no one sigmoid unit."
    ),
    "target-shape/each/help": "Give each output one target.",
    "target-shape/units/help": "Give the last layer {units} units, or the targets {columns} columns.",
    "targets-cross": (
        "{loss} takes targets of shape {shape}; `{name}` has shape {got}, which would compare each sample with other "
        "samples' targets (incompatible shapes for broadcasting)"
    ),
    "targets-cross/units/help": "Give the last layer one unit, or the targets {columns} columns.",
    "targets-cross/sequence/help": (
        "For one value a sequence the last LSTM or GRU needs return_sequences=False; else give each step a target."
    ),
    "targets-cross/help": "Reshape the targets to the output, or the output to the targets.",
    "targets-broadcast/one-target": (
        "{loss} takes targets of shape {shape}; `{name}` has shape {got}, so that one target serves several outputs"
    ),
    "targets-broadcast/one-output": (
        "{loss} takes targets of shape {shape}; `{name}` has shape {got}, so that one output meets several targets"
    ),
    "targets-broadcast/help": "If that isn't meant, give the last layer as many units as there are targets.",
    "fractional-labels": "{loss} takes whole numbers as labels; `{name}` has {value}",
    "fractional-labels/help": "For numbers to be predicted use loss='mse'.",
    "fractional-labels/drop/help": "Drop these samples.",
    "label-without-class/void": (
        "the classes of `{name}` are 0 to {last}; {bad} of {count} labels are {label}, which teaches nothing"
    ),
    "label-without-class/void/help": "Say so, SparseCategoricalCrossentropy(ignore_class={label}), or drop them.",
    "label-without-class": (
        "labels of `{name}` must be 0 to {last}, one class for each of the {classes} outputs; got {low} to {high}"
    ),
    "label-without-class/one/help": ("Use loss='binary_crossentropy', or a last layer with one unit for each class."),
    "label-without-class/from-one/help": "Count from 0: y - 1, or give the last layer {units} units.",
    "label-without-class/negative/help": "Number the classes from 0: np.unique(y, return_inverse=True)[1].",
    "label-without-class/help": (
        "Give the last layer {units} units, or renumber: np.unique(y, return_inverse=True)[1]."
    ),
    "binary-labels": "{loss} takes targets between 0 and 1; `{name}` has {low} to {high}",
    "binary-labels/two/help": "Code the two classes as 0 and 1: y == {high}.",
    "binary-labels/classes/help": (
        "For {classes} classes use sparse_categorical_crossentropy and a softmax of {classes} units."
    ),
    "binary-labels/pixels/help": "If these are pixels, divide by 255.",
    "binary-labels/numbers/help": ("For numbers to be predicted use loss='mse'; probabilities belong into [0, 1]."),
    "constant-target": "all {count} targets in `{name}` are {value}, so that the network learns to say {value} to everything",
    "constant-target/help": "See how `{name}` was made: sorted data that was cut, or a comparison that is always true, gives this.",
    "class-imbalance": (
        "{share:.1%} of `{name}` are of class {label}: a network that says {label} to everything has an accuracy of {share:.3f}"
    ),
    "class-imbalance/help": (
        "Look at precision and recall, or at metrics=['AUC']; class_weight={{...}} makes the rare classes count."
    ),
    "class-weight-missing": "`class_weight` says nothing of class {labels}, which then weighs 1",
    "class-weight-missing/help": "Give every class its weight: {example}.",
    "class-weight-unknown": "`class_weight` has {labels}, which no label in `{name}` has",
    "class-weight-unknown/help": "Its keys are the classes' numbers, 0 to {last}, and one-hot targets count by column.",
    "not-one-hot": ("{loss} takes targets that sum to 1 over the classes; those in `{name}` sum to {low} to {high}"),
    "not-one-hot/help": (
        "Where a sample has several labels, or none, use sigmoid units and loss='binary_crossentropy'."
    ),
    # --- J3: the model and its loss ---
    "unknown-loss": "Could not interpret loss identifier: {name}",
    "unknown-metric": "Could not interpret metric identifier: {name}",
    "unknown/nearest/help": "Did you mean '{nearest}'?",
    "unknown/help": "Use one of those that jaxnn.{kind} lists, or pass a function.",
    "probabilities-as-logits": (
        "{layer} ends in {activation}, while the loss has from_logits=True and applies it again: probabilities are squeezed "
        "together and gradients small"
    ),
    "probabilities-as-logits/help": "Drop the activation of {layer}, or from_logits=True.",
    "logits-as-probabilities": (
        "{loss} takes probabilities, while {layer} ends in {activation}, whose outputs are no probabilities: they are "
        "clipped to 0-1, and beyond that nothing is learned"
    ),
    "logits-as-probabilities/softmax/help": "End in activation='softmax', or give the loss from_logits=True.",
    "logits-as-probabilities/sigmoid/help": "End in activation='sigmoid', or give the loss from_logits=True.",
    "sigmoid-for-one-class": (
        "{loss} takes one probability a class that sum to 1, while {layer} ends in {classes} sigmoids, which are independent"
    ),
    "sigmoid-for-one-class/help": (
        "End in activation='softmax' where each sample has one class; for several labels at once use loss='binary_crossentropy'."
    ),
    "softmax-on-one-unit": "{layer} is a softmax of one unit, which is 1 whatever the input: nothing can be learned",
    "softmax-on-one-unit/help": (
        "For yes and no use one unit with activation='sigmoid' and loss='binary_crossentropy'; for K classes K units."
    ),
    "relu-output": "{layer} ends in {activation}, which is never negative, while {share:.0%} of the targets in `{name}` are",
    "relu-output/help": "Give {layer} no activation, so that it can reach them.",
    "bounded-output": (
        "{layer} ends in {activation}, which stays between {low} and {high}, while `{name}` has {least} to {most}"
    ),
    "bounded-output/help": "Give {layer} no activation (a linear unit), or scale the targets to {low}-{high}.",
    "accuracy-on-regression": (
        "'{metric}' counts predictions that equal their target, while the targets in `{name}` are amounts such as {value}: it "
        "says nothing about the network"
    ),
    "accuracy-on-regression/help": "Use metrics=['mae'], the mean error in the targets' unit.",
    "accuracy-on-regression/sigmoid/help": (
        "Use metrics=['mae'], the mean error in the targets' unit, and a linear last unit instead of the {activation}."
    ),
    "unadapted-normalization": "{layer} has learned no mean and variance, so that it changes nothing",
    "unadapted-normalization/help": "Call its adapt(x_train) before `fit`, or give it mean and variance.",
    "batch-of-one": ("{layer} normalises over a batch of one sample: what it normalises is 0, whatever the input"),
    "batch-of-one/help": "Use a batch_size of 16 or more, or layers.LayerNormalization.",
    "layer-made-in-call": (
        "`call` of {model} makes {what}: its weights are made anew in each call, and never trained or saved"
    ),
    "layer-made-in-call/help": "Make layers in `__init__` (self.dense = layers.Dense(8)) and use them in `call`.",
    # --- J4: the first steps ---
    "dead-units": (
        "{dead} of {units} units of {layer} are 0 for all {samples} samples that were looked at: no gradient reaches them"
    ),
    "dead-units/help": "Lower the learning rate, start with he_normal weights and zero biases, or use leaky_relu.",
    "saturated-units": (
        "{share:.0%} of the outputs of {layer} are at the ends of its {activation}, where the gradient is nearly 0"
    ),
    "saturated-units/help": "Scale the inputs, use smaller initial weights (glorot_uniform), or put BatchNormalization before it.",
    "vanishing-gradient": "{first} gets a gradient {ratio} times as large as {last}: the layers in front hardly learn",
    "vanishing-gradient/help": "Use relu instead of sigmoid or tanh inside, he_normal weights, BatchNormalization, or fewer layers.",
    "exploding-gradient": "the gradient at {layer} has a size of {size}, {times} times that of its weights: a step throws them away",
    "exploding-gradient/help": "Use smaller initial weights (glorot_uniform, he_normal), scale inputs and targets, or give the optimizer clipnorm=1.0.",
    "initial-loss": (
        "the loss of `{name}` is {loss} at the start, while guessing evenly among {classes} classes gives ln {classes} = {even}: "
        "the network is sure of wrong answers"
    ),
    "initial-loss/help": "Scale the inputs to about 1 and start the last layer with small weights (glorot_uniform).",
    "zero-gradient": "the gradient of the loss is 0 for every weight: no step changes anything",
    "zero-gradient/help": (
        "Look for steps, rounding, argmax or stop_gradient between the weights and the loss, for a loss that ignores "
        "y_pred, and for layers with trainable=False."
    ),
    "untouched-layer": "the gradient of the loss is 0 for every weight of {layer}: it learns nothing",
    "untouched-layer/help": "Look whether the output depends on it, and for dead units, steps or stop_gradient behind it.",
    "not-finite/forward": "step {step} gives {what} first in {layer}, for {examples}",
    "not-finite/loss": "step {step} gives a loss of {what} although all layers are finite, for {examples}",
    "not-finite/update": "step {step} makes the weights of {layer} {what}: its loss was {loss}",
    "not-finite/forward/help": (
        "Look at these samples (x[{rows}]) and at what {layer} computes: logarithms and divisions of 0, exponentials of large "
        "numbers; then lower the learning rate."
    ),
    "not-finite/help": "Lower the learning rate, or give the optimizer clipnorm=1.0; look at these samples: x[{rows}].",
    "not-finite/samples": "{count} of {size} samples of the batch, rows {rows} of the data",
    "learning-rate-high": "the loss rises from {before} to {after} in {steps} steps with a learning rate of {rate}; with {other} it becomes {better}",
    "learning-rate-high/help": "Compile with learning_rate={other}.",
    "learning-rate-high/alone": "the loss rises from {before} to {after} in {steps} steps with a learning rate of {rate}",
    "learning-rate-high/alone/help": "Try a tenth of it.",
    "learning-rate-low": "the loss falls only from {before} to {after} in {steps} steps with a learning rate of {rate}; with {other} it falls to {better}",
    "learning-rate-low/help": "Compile with learning_rate={other}.",
    # --- J5: afterwards ---
    "overfitting": (
        "validation loss was lowest in epoch {epoch} ({best}) and is {last} at the end, while the training loss fell on to {train}: "
        "the network learns the training data by heart"
    ),
    "overfitting/gap": "the network is right on {train} of the training data and on {validation} of the validation data",
    "overfitting/help": (
        "Training performance is good, validation is not, so try first: EarlyStopping(restore_best_weights=True), then more "
        "data, Dropout, an L2 penalty, fewer units."
    ),
    "underfitting": (
        "the training loss has hardly fallen, from {first} to {last} in {epochs} epochs: the network doesn't learn even its "
        "training data"
    ),
    "underfitting/baseline": (
        "the training loss ends at {last}, and the best constant answer has {baseline}: the network doesn't learn even its "
        "training data"
    ),
    "underfitting/last-value": (
        "the training loss ends at {last}, and the target of the row before, which is among the inputs, has {baseline}: the "
        "network doesn't learn even its training data"
    ),
    "underfitting/majority": (
        "the training accuracy ends at {last}, and always saying the commonest class has {share}: the network doesn't learn "
        "even its training data"
    ),
    "underfitting/help": (
        "Training performance comes first, so try: another learning rate or Adam, relu instead of sigmoid inside, scaled inputs, "
        "more units; Dropout and penalties only later."
    ),
    "still-improving": "the {what} still falls, by {share:.1%} an epoch at the end",
    "still-improving/help": "Train for more epochs, with EarlyStopping to end in time.",
    "diverged": "the loss became {last} in epoch {epoch}, after {best} at its best",
    "diverged/at-once": "the loss became {last} in epoch {epoch}",
    "diverged/help": "Lower the learning rate, give the optimizer clipnorm=1.0, and look for extreme samples.",
}
