"""The trainer behind ``losskit train``, to be read top to bottom.

`data` brings rows (`bundled`: digits and MNIST; `files`: yours), `model` builds the network and
fits it to a loss, `run` trains it, `report` and `curves` write what came of it, and `command` is
the command line. Only `command` can be imported without Keras.
"""
