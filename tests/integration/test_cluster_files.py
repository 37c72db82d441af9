"""serve.yaml and cluster.yaml are what Ray takes, and name what is there."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's own, when its schemas are made

ROOT = Path(__file__).resolve().parents[2]
KEPT_IN = "BUSYHOUR_"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_serve_takes_the_file_and_finds_in_it_what_we_deploy() -> None:
    from ray.serve.schema import ServeDeploySchema

    from busyhour.settings import Settings
    from serve_app.deployment import APPLICATION, STREAMS, TIMEOUT_S
    from serve_app.serve_edge import STREAM

    told = ServeDeploySchema.model_validate(read("serve.yaml"))
    assert told.http_options.request_timeout_s == TIMEOUT_S
    prefixes = {application.name: application.route_prefix for application in told.applications}
    assert prefixes == {APPLICATION: "/", STREAMS: STREAM}
    for application in told.applications:
        module, _, name = application.import_path.partition(":")
        assert callable(getattr(import_module(module), name))
        variables = application.runtime_env["env_vars"]
        assert {name.removeprefix(KEPT_IN).lower() for name in variables} <= set(Settings.model_fields)
    assert [deployment.name for deployment in told.applications[0].deployments] == ["api"]


def test_a_misspelt_key_of_the_file_would_be_noticed() -> None:
    from ray.serve.schema import ServeDeploySchema

    known = set(ServeDeploySchema.model_fields)
    assert set(read("serve.yaml")) <= known, "Serve itself says nothing of a key that it does not know"


def test_ray_up_takes_the_file() -> None:
    import ray

    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    cluster = read("cluster.yaml")
    jsonschema.validate(cluster, schema)
    assert cluster["max_workers"] == len(cluster["provider"]["worker_ips"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**cluster, "workers": 2}, schema)
