"""Q-networks: torch only. They know neither environments nor agents.

`config.py` describes a network as data, `torsos.py` holds what turns an observation into features
(a multilayer perceptron, convolutions), `residual.py` the deeper convolutions of IMPALA, `layers.py` fully
connected layers that are faster on CPUs than torch's own, or noisy, `heads.py` dueling streams and quantile
levels. `q_network.py` puts them together: K numbers for each action, whose meaning it does not know.
`factory.py` builds the network that a configuration and an observation shape ask for.
"""
