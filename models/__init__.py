"""Q-networks: torch only, independent of environments and agents.

`config.py` describes a network as data. `torsos.py` (multilayer perceptron, convolutions) and `residual.py`
(IMPALA) turn observations into features, `heads.py` holds dueling streams, `outputs.py` turns a head's
outputs into a `Prediction` (`prediction.py`) of values, atoms or quantiles; `q_network.py` combines them,
`factory.py` builds the network of a configuration. `layers.py` holds noisy layers and faster linear ones;
`fast.py` alone uses private names of torch.
"""
