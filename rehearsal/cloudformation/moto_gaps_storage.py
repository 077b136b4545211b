"""What moto's CloudFormation models of buckets, repositories, keys, parameters and log groups
leave out; moto_gaps.py offers it."""

from __future__ import annotations

import json
from typing import Any

from moto.ecr.models import ecr_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.cloud_formation import cfn_to_api_encryption
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from rehearsal.cloudformation.handlers import Place, ResourceFailed

Properties = dict[str, Any]


def configure_bucket(place: Place, bucket: str, properties: Properties) -> None:
    """Versioning, public access, encryption, lifecycle and tags, with S3's defaults for what
    the template does not say. Other properties of a bucket are not kept."""
    s3 = s3_backends[place.account][get_partition(place.region)]
    versioning = properties.get("VersioningConfiguration", {}).get("Status")
    if versioning or s3.get_bucket_versioning(bucket):
        # What was versioned once can only be suspended.
        s3.put_bucket_versioning(bucket, versioning or "Suspended")
    blocked = properties.get("PublicAccessBlockConfiguration")
    if blocked:
        s3.put_public_access_block(bucket, {k: str(v).lower() for k, v in blocked.items()})
    else:
        s3.delete_public_access_block(bucket)
    encryption = properties.get("BucketEncryption")
    if encryption:
        s3.put_bucket_encryption(bucket, cfn_to_api_encryption(encryption))
    else:
        s3.delete_bucket_encryption(bucket)
    rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    if rules:
        s3.put_bucket_lifecycle(bucket, [_lifecycle_rule(rule) for rule in rules])
    else:
        s3.delete_bucket_lifecycle(bucket)
    s3.put_bucket_tagging(bucket, {t["Key"]: t["Value"] for t in properties.get("Tags", [])})


def refuse_full_bucket(place: Place, bucket: str, _properties: Properties) -> None:
    """Refuse, in S3's words, to delete a bucket that holds objects, versions or delete markers;
    moto keeps it and says nothing. (Wording: F5Networks/f5-aws-cloudformation#52 and
    aws-cloudformation/rain#128 quote it.)"""
    found = s3_backends[place.account][get_partition(place.region)].get_bucket(bucket)
    if not found.keys:
        return
    versions = ". You must delete all versions in the bucket." if found.versioning_status else ""
    raise ResourceFailed(
        f"The bucket you tried to delete is not empty{versions} "
        "(Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty)"
    )


def _lifecycle_rule(rule: Properties) -> Properties:
    """A rule of a template as S3's API has it: days and their kind are one member there."""
    made: Properties = {"Status": rule["Status"], "Prefix": rule.get("Prefix", "")}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": str(rule["ExpirationInDays"])}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            made[name] = {key: str(value) for key, value in rule[name].items()}
    if "NoncurrentVersionExpirationInDays" in rule:
        days = str(rule["NoncurrentVersionExpirationInDays"])
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    return made


def configure_repository(place: Place, name: str, properties: Properties) -> None:
    """A repository's policies and tags."""
    ecr = ecr_backends[place.account][place.region]
    policy = properties.get("RepositoryPolicyText")
    repository = ecr.repositories[name]
    registry = repository.registry_id
    if policy:
        ecr.set_repository_policy(registry, name, json.dumps(policy))
    elif repository.policy:
        ecr.delete_repository_policy(registry, name)
    lifecycle = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
    if lifecycle:
        ecr.put_lifecycle_policy(registry, name, lifecycle)
    elif repository.lifecycle_policy:
        ecr.delete_lifecycle_policy(registry, name)
    ecr.tag_resource(repository.arn, properties.get("Tags", []))


def key_as_moto_wants(properties: Properties) -> Properties:
    """A key's policy as text, and its tags as KMS names them."""
    tags = [{"TagKey": t["Key"], "TagValue": t["Value"]} for t in properties.get("Tags", [])]
    return {**properties, "KeyPolicy": json.dumps(properties["KeyPolicy"]), "Tags": tags}


def update_key(place: Place, key: str, properties: Properties) -> None:
    """What can change of a key."""
    kms = kms_backends[place.account][place.region]
    wanted = key_as_moto_wants(properties)
    kms.put_key_policy(key, wanted["KeyPolicy"])
    kms.tag_resource(key, {tag["TagKey"]: tag["TagValue"] for tag in wanted["Tags"]})
    kms.update_key_description(key, properties.get("Description", ""))
    if properties.get("EnableKeyRotation"):
        kms.enable_key_rotation(key)
    else:
        kms.disable_key_rotation(key)


def delete_key(place: Place, key: str, properties: Properties) -> None:
    """CloudFormation schedules a key's deletion; the key is there until then."""
    days = int(properties.get("PendingWindowInDays", 30))
    kms_backends[place.account][place.region].schedule_key_deletion(key, days)


def update_log_group(place: Place, name: str, properties: Properties) -> None:
    """Retention and tags of a log group."""
    logs = logs_backends[place.account][place.region]
    days = properties.get("RetentionInDays")
    if days:
        logs.put_retention_policy(name, int(days))
    else:
        logs.delete_retention_policy(name)
    wanted = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    gone = [key for key in logs.list_tags_log_group(name) or {} if key not in wanted]
    logs.untag_log_group(name, gone)
    logs.tag_log_group(name, wanted)


def tags_as_list(properties: Properties) -> Properties:
    """A map of tags as the list that moto reads."""
    tags = properties.get("Tags")
    if not isinstance(tags, dict):
        return properties
    return {**properties, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
