"""EC2's deletions of what is in use, which moto would carry out; moto answers all the rest."""

from __future__ import annotations

import uuid

from moto.core.serialize import EC2Serializer, SerializationContext
from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError

from rehearsal.http import Request, Response
from rehearsal.networks import refuse_deletion_in_use

# Which parameter says what is to be deleted.
_DELETIONS = {
    "DeleteNetworkInterface": "NetworkInterfaceId",
    "DeleteSecurityGroup": "GroupId",
    "DeleteSubnet": "SubnetId",
    "DeleteVpc": "VpcId",
}


class Ec2:
    """Refuses to delete what is in use (see networks.py)."""

    def answer(self, request: Request) -> Response | None:
        parameter = _DELETIONS.get(request.operation)
        if parameter is None:
            return None
        try:
            refuse_deletion_in_use(request.region, request.form.get(parameter, ""))
        except EC2ClientError as error:
            operation = get_service_model("ec2").operation_model(request.operation)
            serializer = EC2Serializer(operation, SerializationContext(str(uuid.uuid4())))
            answer = serializer.serialize(error)
            headers = [("Content-Type", "text/xml")]
            return Response(answer["status_code"], answer["body"].encode(), headers)
        return None
