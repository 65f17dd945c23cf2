"""Q-networks: torch only. They know neither environments nor agents.

`config.py` describes a network as data, `torsos.py` holds what turns an observation into features
(a multilayer perceptron, convolutions), `layers.py` a fully connected layer that is faster on CPUs than
torch's own, `q_network.py` puts a torso and a linear head together, `factory.py` builds the network that a
configuration and an observation shape ask for.
"""
