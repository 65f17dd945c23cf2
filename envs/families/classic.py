"""Gymnasium's classic control and Box2D environments with discrete actions."""

import numpy as np

from envs.families.family import Family, Simulator

SPREAD = (1.2, 1.0, 0.1, 2.0)
"""Half the range of CartPole's random states, around zero: about the range seen in play."""

CARTPOLE = Family(
    name="cartpole",
    pattern=r"CartPole-v\d+$",
    images="envs.classic.cartpole:CartPolePixels",
    attributes=("state", "steps_beyond_terminated"),
    action_names=("left", "right"),
    variable_names=("cart position", "cart velocity", "pole angle", "pole angular velocity"),
    simulator=Simulator(
        names=("x", "x_dot", "theta", "theta_dot"),
        read=lambda env: np.array(env.get_wrapper_attr("state"), np.float64),
        randomize=lambda env, rng: env.set_wrapper_attr("state", rng.uniform(np.negative(SPREAD), SPREAD)),
    ),
)
ACROBOT = Family(
    name="acrobot",
    pattern=r"Acrobot-v\d+$",
    attributes=("state",),
    action_names=("torque -1", "no torque", "torque +1"),
    variable_names=("cos angle 1", "sin angle 1", "cos angle 2", "sin angle 2", "speed 1", "speed 2"),
)
MOUNTAIN_CAR = Family(
    name="mountain-car",
    pattern=r"MountainCar-v\d+$",
    attributes=("state",),
    action_names=("left", "coast", "right"),
    variable_names=("position", "velocity"),
)
LEGS = ("left leg", "right leg")
LUNAR_LANDER = Family(
    name="lunar-lander",
    pattern=r"LunarLander-v\d+$",
    action_names=("coast", "left engine", "main engine", "right engine"),
    variable_names=("x", "y", "velocity x", "velocity y", "angle", "angular velocity", *LEGS),
)
