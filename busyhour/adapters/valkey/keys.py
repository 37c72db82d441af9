"""Names of keys that more than one part of the store's adapters touches.

All keys of one scope (a run, a deployment) share its {tag}, so that they stand on one node of a cluster.
"""


def account_stem(scope: str, account: str) -> str:
    """What the keys of one account begin with. A run has one account, without a name."""
    return f"{{{scope}}}:account:{account}:"


def do_not_call_key(scope: str, account: str) -> str:
    """A set of the numbers that nobody of the account may call."""
    return f"{account_stem(scope, account)}do-not-call"
