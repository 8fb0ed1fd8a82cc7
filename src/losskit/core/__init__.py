"""How any loss is evaluated: written once, for every loss and every framework."""
