"""Q-networks: torch only, independent of environments and agents.

`config.py` describes a network as data. `torsos.py` (multilayer perceptron, convolutions, IMPALA) turns
observations into features, `outputs.py` turns a head's outputs into a `Prediction` (`prediction.py`) of
values, atoms or quantiles; `q_network.py` combines them, `factory.py` builds the network of a
configuration. `layers.py` holds noisy layers, faster linear ones and dueling streams; `fast.py` alone uses
private names of torch.
"""
