"""Two Ray nodes on this machine, for tests of what happens when one of them goes."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from actors.replications import QUIET


@contextmanager
def two_nodes() -> Iterator[Any]:
    """The cluster; this process is connected to its first node, and the second one may be removed."""
    os.environ.update(QUIET)
    import ray
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        cluster.add_node(**node)
        ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()
