"""AWS::Lambda::Function over Lambda's API: moto's CloudFormation model of it leaves out tags,
layers, architectures and more, and cannot take a property away again."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.utilities.utils import load_resource_as_str

from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed
from rehearsal.cloudformation.over_api import generated_name, reason
from rehearsal.cloudformation.values import coerce
from rehearsal.inprocess import Clients

TYPE = "AWS::Lambda::Function"

# What a function is without the property ("CreateFunction", API reference).
_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "Environment": {"Variables": {}},
    "Layers": [],
}
_APART = ("Code", "Tags", "ReservedConcurrentExecutions")


class FunctionHandler(Handler):
    """Makes functions; they exist at once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        client = self._clients("lambda", place.region)
        members = client.meta.service_model.operation_model("CreateFunction").input_shape
        others = _others(properties)
        name = properties.get("FunctionName") or generated_name(place, 64)
        unknown = sorted(set(others) - set(members.members))
        if unknown:
            raise ResourceFailed(
                f"The local AWS does not have the property {unknown[0]} of {TYPE}."
            )
        request = {**coerce(members, others), "FunctionName": name}
        request["Code"] = _code(properties)
        request["Tags"] = _tags(place, properties)
        answer = _call(client.create_function, request)
        self._reserve(client, name, None, properties.get("ReservedConcurrentExecutions"))
        return Made(name, name, {"Arn": answer["FunctionArn"]}, token=answer["FunctionArn"])

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        client = self._clients("lambda", place.region)
        name = made.physical_id
        if _code(old) != _code(new):
            _call(client.update_function_code, {"FunctionName": name, **_code(new)})
        shape = client.meta.service_model.operation_model("UpdateFunctionConfiguration").input_shape
        was, wanted = _others(old), _others(new)
        changed = {
            k: wanted.get(k, _DEFAULTS.get(k))
            for k in {*was, *wanted}
            if was.get(k) != wanted.get(k)
        }
        request = coerce(shape, {k: v for k, v in changed.items() if v is not None})
        if request:
            _call(client.update_function_configuration, {"FunctionName": name, **request})
        before, after = _tags(place, old), _tags(place, new)
        gone = sorted(before.keys() - after.keys())
        if gone:
            _call(client.untag_resource, {"Resource": made.token, "TagKeys": gone})
        _call(client.tag_resource, {"Resource": made.token, "Tags": after})
        key = "ReservedConcurrentExecutions"
        self._reserve(client, name, old.get(key), new.get(key))
        return made

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        client = self._clients("lambda", place.region)
        try:
            client.delete_function(FunctionName=made.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return
        except ClientError as error:
            raise ResourceFailed(reason(error)) from error

    def _reserve(self, client: Any, name: str, old: Any, new: Any) -> None:
        if new == old:
            return
        if new is None:
            _call(client.delete_function_concurrency, {"FunctionName": name})
        else:
            request = {"FunctionName": name, "ReservedConcurrentExecutions": int(new)}
            _call(client.put_function_concurrency, request)


def _code(properties: dict[str, Any]) -> dict[str, Any]:
    """The code as the API takes it. Inline code becomes index.py in a zip file, with the
    module cfnresponse that CloudFormation puts beside it ("cfn-response module", user guide)."""
    code = properties["Code"]
    if "ZipFile" not in code:
        return dict(code)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        # Dated as ZipInfo does by default: the same text makes the same file.
        archive.writestr(zipfile.ZipInfo("index.py"), code["ZipFile"])
        module = load_resource_as_str("awslambda/resources/cfnresponse.py.txt")
        archive.writestr(zipfile.ZipInfo("cfnresponse.py"), module)
    return {"ZipFile": packed.getvalue()}


def _others(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties that are members of the request, under its names."""
    others = {k: v for k, v in properties.items() if k not in _APART}
    if "KmsKeyArn" in others:
        others["KMSKeyArn"] = others.pop("KmsKeyArn")
    return others


def _tags(place: Place, properties: dict[str, Any]) -> dict[str, str]:
    return {**place.tags, **{tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}}


def _call(operation: Any, request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = operation(**request)
    except ClientError as error:
        raise ResourceFailed(reason(error)) from error
    except BotoCoreError as error:
        raise ResourceFailed(str(error)) from error
    return answer
