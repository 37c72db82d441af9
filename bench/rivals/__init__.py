"""Models in other simulators, written as somebody who knows the simulator well would. Each is a program."""
