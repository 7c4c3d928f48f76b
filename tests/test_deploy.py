"""The deployment examples: by Kubernetes' own schemas, by our own options, and consistent in themselves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.main import get_command

from voiceprep.cli import app
from voiceprep.hosting.server import DEV_SECRET

DEPLOY = Path(__file__).parents[1] / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
Document = dict[str, Any]


def documents(path: Path) -> list[Document]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def compose() -> Document:
    loaded: Document = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def containers() -> Iterator[tuple[str, Document]]:
    """Every container of the Kubernetes example, by its workload's name."""
    for path in KUBERNETES:
        for document in documents(path):
            if document["kind"] in ("Deployment", "StatefulSet"):
                for container in document["spec"]["template"]["spec"]["containers"]:
                    yield document["metadata"]["name"], container


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: str(path.name))
def test_kubernetes_takes_every_object(path: Path) -> None:
    for document in documents(path):
        kubernetes_validate.validate(document, "1.33", strict=True)


def test_the_schemas_notice_a_mistake() -> None:
    (scaler,) = (
        each for each in documents(DEPLOY / "kubernetes" / "workers.yaml") if each["kind"].startswith("Hor")
    )
    scaler["spec"]["maxReplica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(scaler, "1.33", strict=True)


def commands() -> list[list[str]]:
    """What our image is started with, everywhere."""
    own = [container["args"] for _, container in containers() if "voiceprep" in container["image"]]
    return own + [each["command"] for each in compose()["services"].values() if each.get("image") == "voiceprep"]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_what_is_started_exists(command: list[str]) -> None:
    """Options are parsed as a shell would hand them over; nothing is run."""
    assert all(isinstance(word, str) for word in command)
    group: Any = get_command(app)
    while hasattr(group, "commands"):
        name, *command = command
        group = group.commands[name]
    group.make_context(name, command)


def test_everything_points_at_something() -> None:
    every = [document for path in KUBERNETES for document in documents(path)]
    named = {(document["kind"], document["metadata"]["name"]) for document in every}
    assert {document["metadata"].get("namespace", "voiceprep") for document in every} == {"voiceprep"}
    labels = {
        document["metadata"]["name"]: document["spec"]["template"]["metadata"]["labels"]
        for document in every
        if document["kind"] in ("Deployment", "StatefulSet")
    }
    for document in every:
        spec = document.get("spec", {})
        if document["kind"] in ("Deployment", "StatefulSet"):
            assert spec["selector"]["matchLabels"] == labels[document["metadata"]["name"]]
        if document["kind"] == "Service":
            assert spec["selector"] in labels.values()
        if document["kind"] == "HorizontalPodAutoscaler":
            assert (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]) in named
            assert [metric["pods"]["metric"]["name"] for metric in spec["metrics"]] == ["lk_agents_worker_load"]
        if document["kind"] == "Ingress":
            for rule in spec["rules"]:
                assert ("Service", rule["http"]["paths"][0]["backend"]["service"]["name"]) in named


def test_workers_grow_before_they_are_full_and_stop_slowly() -> None:
    worker = next(container for name, container in containers() if name == "worker")
    arguments = worker["args"]
    ports = {port["name"]: str(port["containerPort"]) for port in worker["ports"]}
    assert arguments[arguments.index("--metrics-port") + 1] == ports["metrics"]
    assert arguments[arguments.index("--health-port") + 1] == ports["health"]
    by_kind = {document["kind"]: document for document in documents(DEPLOY / "kubernetes" / "workers.yaml")}
    target = by_kind["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["target"]["averageValue"]
    from voiceprep.hosting.worker import FULL

    assert int(target.removesuffix("m")) / 1000 < FULL
    assert by_kind["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 3600
    assert by_kind["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_compose_is_whole() -> None:
    loaded = compose()
    services = loaded["services"]
    for service in services.values():
        waits = service.get("depends_on", [])
        assert set(waits) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in loaded["volumes"] or (DEPLOY / source).is_file()
    assert {"redis", "livekit", "worker", "page", "storage"} <= set(services)
    livekit = yaml.safe_load((DEPLOY / "livekit.yaml").read_text())
    assert livekit["redis"]["address"].split(":")[0] in services
    assert livekit["room"]["auto_create"] is False
    assert "keys" not in livekit


def test_no_secret_is_in_them() -> None:
    for path in (*KUBERNETES, DEPLOY / "compose.yaml", DEPLOY / "livekit.yaml", DEPLOY / "Containerfile"):
        text = path.read_text(encoding="utf-8")
        assert DEV_SECRET not in text
        assert not re.search(r"(SECRET|KEY)\w*\"?\s*[:=]\s*\"?[A-Za-z0-9+/]{16,}", text), path
