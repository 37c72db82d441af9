"""Speed, memory and growth of the whole command, beside other simulators. `python -m bench` runs it all."""
