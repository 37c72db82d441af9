"""How well a pacer paces: a small campaign, days that try it, the exact optimum. Start with evaluate.py."""
