"""What a training container finds below /opt/ml/input: channels and configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal.jobs import storage
from rehearsal.jobs.work import JobFailure

# One host, by a name that resolves: `algo-1` would wait for DNS.
_HOST = "localhost"
_GROUP = "homogeneousCluster"


def write_inputs(job: dict[str, Any], base: Path, s3: Any) -> None:
    """Lay out the folders, the configuration and the channels of a training job below `base`.

    Raises JobFailure for a channel that is empty or that nothing here can read.
    """
    config = base / "input" / "config"
    config.mkdir(parents=True)
    for folder in ("model", "output/data", "code"):
        (base / folder).mkdir(parents=True)
    channels = {channel["ChannelName"]: channel for channel in job.get("InputDataConfig", [])}
    needed = 0
    volume = job["ResourceConfig"].get("VolumeSizeInGB", 0) * 1024**3
    for name, channel in channels.items():
        found = storage.objects_of(s3, _source(job, channel))
        needed += sum(it.size for it in found)
        if volume and needed > volume:
            # How AWS words it is not published.
            raise JobFailure(
                "ClientError: Data download failed: No space left on device: "
                f"{needed} bytes of data on a volume of {volume}"
            )
        storage.download(s3, found, base / "input" / "data" / name)
    described = {name: _described(channel) for name, channel in channels.items()}
    files = {
        "hyperparameters": job.get("HyperParameters", {}),
        "inputdataconfig": described,
        "resourceconfig": _resources(job["ResourceConfig"]),
    }
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content))


def _source(job: dict[str, Any], channel: dict[str, Any]) -> dict[str, Any]:
    """The channel's S3DataSource, if it can be read here."""
    name = channel["ChannelName"]
    source: dict[str, Any] | None = channel.get("DataSource", {}).get("S3DataSource")
    if source is None:
        raise JobFailure(f"not executed locally: channel {name} is not in S3")
    if source.get("S3DataType") == "AugmentedManifestFile":
        raise JobFailure(f"not executed locally: channel {name} is an augmented manifest")
    mode = channel.get("InputMode") or job["AlgorithmSpecification"].get("TrainingInputMode")
    if mode == "Pipe":
        raise JobFailure(f"not executed locally: channel {name} has input mode Pipe")
    if channel.get("CompressionType", "None") != "None":
        # "In FILE mode, leave this field unset or set it to None" (Channel, API reference).
        raise JobFailure(f"ClientError: channel {name} is compressed, which File mode cannot read")
    return source


def _described(channel: dict[str, Any]) -> dict[str, str]:
    """A channel's entry in inputdataconfig.json.

    FastFile is a file system that fetches what is read: programs see files, so do ours, and
    they are told File.
    """
    source = channel["DataSource"]["S3DataSource"]
    return {
        "ContentType": channel.get("ContentType", ""),
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }


def _resources(asked: dict[str, Any]) -> dict[str, Any]:
    instance = asked.get("InstanceType") or _first(asked)
    group = {"instance_group_name": _GROUP, "instance_type": instance, "hosts": [_HOST]}
    return {
        "current_host": _HOST,
        "current_instance_type": instance,
        "current_group_name": _GROUP,
        "hosts": [_HOST],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def _first(asked: dict[str, Any]) -> str:
    """The first type among instance groups or preferences."""
    several = asked.get("InstanceGroups") or asked.get("InstancePreferences") or [{}]
    return str(several[0].get("InstanceType", ""))
