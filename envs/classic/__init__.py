"""Classic control: CartPole drawn as by Gymnasium, many times faster."""
