"""Classic control: `cartpole.py` draws CartPole as Gymnasium does, many times faster."""
