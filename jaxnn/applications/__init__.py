"""Networks that were trained on ImageNet, with Keras's names of layers, so that its files of weights load.

    from jaxnn.applications import vgg16

    base = vgg16.VGG16(include_top=False, weights="imagenet", input_shape=(224, 224, 3), pooling="avg")
    base.trainable = False  # train what stands on it first
    model = Sequential([Input((224, 224, 3)), Lambda(vgg16.preprocess_input), base, Dense(10, activation="softmax")])

`weights="imagenet"` is downloaded once into `~/.keras/models` and checked by its hash where Keras publishes one; without a
network, the message says which file to put where. `weights=None` is random, and `weights=path` reads a file.
"""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
