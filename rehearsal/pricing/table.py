"""A complete table of test prices for SageMaker. They are not AWS's prices.

Every instance type in botocore's enums has a price for every component in every region, and so
have the volumes of spaces and notebook instances:
1. the known price of exactly that cell (data/sagemaker_prices.csv, with date and source);
2. else the known us-east-1 price of the type, of the component or of any, times the
   region's factor;
3. else the family's rate per xlarge times the size (large 0.5, xlarge 1, 4xlarge 4, ...)
   times the region's factor; volumes have a rate per GB and month.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import botocore.session

_KNOWN = Path(__file__).parent.parent / "data" / "sagemaker_prices.csv"
HOME_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Component:
    """One use of instances as the Price List tells them apart.

    `plato` is the attribute platoinstancetype, `usage` the part of the usage type between
    the region's prefix and the instance type, `suffix` what follows the type in the
    attribute instanceType. `enum` is botocore's enum of the types, `known_as` the name in
    the table of known prices. Volumes have no enum but the one type of `volume`, and `rate`,
    USD per GB and month in us-east-1.
    """

    name: str
    plato: str
    usage: str
    suffix: str
    enum: str
    known_as: str
    volume: str = ""
    rate: float = 0.0

    @property
    def unit(self) -> str:
        """What a price is for, as the Price List writes it."""
        return "GB-Mo" if self.volume else "Hrs"


# platoinstancetype: "Batch Transform" is BatchTransform, and Code Editor's is in lower case
# (public scrapers of the AmazonSageMaker offer file, such as vantage-sh/ec2instances.info).
COMPONENTS = (
    Component(
        "Hosting", "Hosting", "Host:", "-Hosting", "ProductionVariantInstanceType", "hosting"
    ),
    Component("Training", "Training", "Train:", "-Training", "TrainingInstanceType", "training"),
    Component(
        "Processing",
        "Processing",
        "Processing:",
        "-Processing",
        "ProcessingInstanceType",
        "processing",
    ),
    Component(
        "Batch Transform",
        "BatchTransform",
        "Tsform:",
        "-BatchTransform",
        "TransformInstanceType",
        "transform",
    ),
    Component("Notebook", "Notebook", "Notebk:", "-Notebook", "InstanceType", "notebook"),
    Component(
        "Studio-JupyterLab",
        "Studio-JupyterLab",
        "Studio:JupyterLab-",
        "",
        "AppInstanceType",
        "studio-jupyterlab",
    ),
    Component(
        "studio-codeeditor",
        "studio-codeeditor",
        "Studio:CodeEditor-",
        "",
        "AppInstanceType",
        "studio-codeeditor",
    ),
    Component(
        "Studio-Notebook",
        "Studio-Notebook",
        "Studio:KernelGateway-",
        "",
        "AppInstanceType",
        "studio-classic-notebook",
    ),
)
# Usage types as bills have them, such as USE1-Studio:VolumeUsage.gp3.
VOLUMES = (
    Component("", "", "Studio:VolumeUsage.", "", "", "studio-volume", volume="gp3", rate=0.112),
    Component("", "", "Notebk:VolumeUsage.", "", "", "notebook-volume", volume="gp2", rate=0.14),
)

_USES = tuple(component.known_as for component in COMPONENTS)

# USD per hour and xlarge in us-east-1, by the letters a family's name begins with.
_RATES = {
    "c": 0.204,
    "dl": 0.70,
    "g": 0.75,
    "geospatial": 1.00,
    "inf": 0.35,
    "m": 0.23,
    "p": 2.00,
    "r": 0.302,
    "t": 0.20,
    "trn": 0.90,
}
_SIZES = {"micro": 0.0625, "small": 0.125, "medium": 0.25, "large": 0.5, "xlarge": 1.0}
_FACTORS = {"us-east-1": 1.0, "us-east-2": 1.0, "us-west-2": 1.0, "ap-south-1": 1.05}
_OTHER_FACTOR = 1.12

# What usage types begin with. A region that is not here has a prefix of our own making.
_PREFIXES = {
    "af-south-1": "AFS1",
    "ap-east-1": "APE1",
    "ap-northeast-1": "APN1",
    "ap-northeast-2": "APN2",
    "ap-northeast-3": "APN3",
    "ap-south-1": "APS3",
    "ap-southeast-1": "APS1",
    "ap-southeast-2": "APS2",
    "ap-southeast-3": "APS4",
    "ca-central-1": "CAN1",
    "eu-central-1": "EUC1",
    "eu-central-2": "EUC2",
    "eu-north-1": "EUN1",
    "eu-south-1": "EUS1",
    "eu-south-2": "EUS2",
    "eu-west-1": "EU",
    "eu-west-2": "EUW2",
    "eu-west-3": "EUW3",
    "il-central-1": "ILC1",
    "me-central-1": "MEC1",
    "me-south-1": "MES1",
    "sa-east-1": "SAE1",
    "us-east-1": "USE1",
    "us-east-2": "USE2",
    "us-west-1": "USW1",
    "us-west-2": "USW2",
}


@dataclass(frozen=True, slots=True)
class Price:
    """One cell: USD per hour, or per GB and month, and what the figure comes from."""

    component: Component
    instance_type: str
    region: str
    usd: float
    origin: str

    @property
    def usage_type(self) -> str:
        """The usage type, such as USE1-Host:ml.m5.xlarge."""
        prefix = _PREFIXES.get(self.region, self.region.replace("-", "").upper())
        return f"{prefix}-{self.component.usage}{self.instance_type}"


@cache
def regions() -> dict[str, str]:
    """The regions where botocore knows SageMaker, with their names."""
    session = botocore.session.get_session()
    partitions = session.get_component("data_loader").load_data("endpoints")["partitions"]
    described = {code: r["description"] for p in partitions for code, r in p["regions"].items()}
    available = sorted(session.get_available_regions("sagemaker"))
    return {region: described.get(region, region) for region in available}


@cache
def _types(enum: str) -> tuple[str, ...]:
    model = botocore.session.get_session().get_service_model("sagemaker")
    return tuple(sorted(name for name in model.shape_for(enum).enum if name.startswith("ml.")))


@cache
def prices(region: str) -> tuple[Price, ...]:
    """All prices of a region, by component and type of instance or volume."""
    return tuple(_prices(region))


def _prices(region: str) -> Iterator[Price]:
    for component in COMPONENTS:
        for instance_type in _types(component.enum):
            usd, origin = _price(component, instance_type, region)
            yield Price(component, instance_type, region, usd, origin)
    factor = _FACTORS.get(region, _OTHER_FACTOR)
    for volume in VOLUMES:
        usd, origin = round(volume.rate * factor, 4), f"a rate per GB and month x {factor:g}"
        yield Price(volume, volume.volume, region, usd, origin)


def _price(component: Component, instance_type: str, region: str) -> tuple[float, str]:
    known = _known()
    exact = known.get((instance_type, component.known_as, region))
    if exact is not None:
        return exact
    factor = _FACTORS.get(region, _OTHER_FACTOR)
    for use in (component.known_as, *_USES):
        base = known.get((instance_type, use, HOME_REGION))
        if base is not None:
            return round(base[0] * factor, 4), f"{use} in {HOME_REGION} x {factor:g}"
    return round(_rate(instance_type) * factor, 4), f"family's rate x size x {factor:g}"


def _rate(instance_type: str) -> float:
    _, family, size = instance_type.split(".")
    letters = re.match("[a-z]+", family)
    rates = [
        rate
        for name, rate in sorted(_RATES.items(), key=lambda item: -len(item[0]))
        if letters and letters[0].startswith(name)
    ]
    times = re.fullmatch(r"(\d+)xlarge", size)
    return rates[0] * (float(times[1]) if times else _SIZES.get(size, 1.0))


@cache
def _known() -> dict[tuple[str, str, str], tuple[float, str]]:
    with _KNOWN.open(encoding="utf-8", newline="") as file:
        return {
            (row["instance_type"], row["usage"], row["region"]): (
                float(row["usd_per_hour"]),
                f"known price of {row['as_of']}, {row['source']}",
            )
            for row in csv.DictReader(file)
        }
