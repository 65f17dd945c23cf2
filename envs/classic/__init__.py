"""Classic control: CartPole drawn as Gymnasium draws it, many times faster."""
