"""Images that attendees' apps start from."""

from __future__ import annotations

from cleanup.kind import Kind, Parent
from cleanup.kinds.states import states

APP_IMAGE_CONFIG = Kind(
    name="app-image-config",
    list_op="list_app_image_configs",
    list_key="AppImageConfigs",
    id_fields=("AppImageConfigName",),
    name_field="AppImageConfigName",
    arn_field="AppImageConfigArn",
    always="delete_app_image_config",
    after=("app",),
)

IMAGE_VERSION = Kind(
    name="image-version",
    list_op="list_image_versions",
    list_key="ImageVersions",
    parent=Parent("image", {"ImageName": "ImageName"}),
    id_fields=("ImageName", "Version"),
    sent_as={"Version": int},
    name_of=lambda row: f"{row['ImageName']}:{row['Version']}",
    arn_field="ImageVersionArn",
    status_field="ImageVersionStatus",
    on_status=states(
        delete_image_version="CREATED CREATE_FAILED DELETE_FAILED", wait="CREATING DELETING"
    ),
    after=("app",),
)

IMAGE = Kind(
    name="image",
    list_op="list_images",
    list_key="Images",
    id_fields=("ImageName",),
    name_field="ImageName",
    arn_field="ImageArn",
    status_field="ImageStatus",
    on_status=states(
        delete_image="CREATED CREATE_FAILED UPDATE_FAILED DELETE_FAILED",
        wait="CREATING UPDATING DELETING",
    ),
    after=("app", "image-version"),
)
