"""What environments boot with: the bundle in the bootstrap bucket, and the scripts."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from lifecycle_configs import render as rendering
from lifecycle_configs.bundle import Bundle
from stacks import places, tokens
from workshop import names
from workshop.model import Environment, Workshop


class Boot(Construct):
    """The bundle as the one asset of the workshop, and one script per kind of environment.

    `studio_lifecycle` is the Studio lifecycle configuration or None.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        region: str,
        bundle: Bundle,
        qualifier: str,
        environments: frozenset[Environment],
    ) -> None:
        super().__init__(scope, id)
        asset = assets.Asset(self, "Bundle", path=str(bundle.path))
        bucket = names.bootstrap_bucket(rendering.ACCOUNT, region, qualifier)
        url = f"s3://{bucket}/{asset.s3_object_key}"
        self.studio_lifecycle: sagemaker.CfnStudioLifecycleConfig | None = None
        if "studio" in environments:
            content = boot_script("studio", workshop, region, url, bundle)
            self.studio_lifecycle = sagemaker.CfnStudioLifecycleConfig(
                self,
                "Studio",
                studio_lifecycle_config_app_type="JupyterLab",
                studio_lifecycle_config_name=places.studio_lifecycle_name(workshop.name, content),
                studio_lifecycle_config_content=content,
            )
        if "notebook" in environments:
            content = boot_script("notebook", workshop, region, url, bundle)
            hook = sagemaker.CfnNotebookInstanceLifecycleConfig
            hook(
                self,
                "Notebook",
                notebook_instance_lifecycle_config_name=places.notebook_lifecycle_name(
                    workshop.name
                ),
                on_start=[hook.NotebookInstanceLifecycleHookProperty(content=content)],
            )
        cdk.CfnOutput(
            cdk.Stack.of(self),
            "BundleUrl",
            value=tokens.filled(url.replace(rendering.ACCOUNT, places.ACCOUNT)),
        )


def boot_script(
    environment: Environment, workshop: Workshop, region: str, url: str, bundle: Bundle
) -> str:
    """A boot script in base64. It holds no CloudFormation token, so its hash is stable."""
    values = rendering.BootValues(
        workshop=workshop.name,
        repository=workshop.repository.url,
        ref=workshop.repository.ref,
        bucket=names.bucket_name(workshop.name, rendering.ACCOUNT, region),
        bundle=url,
        bundle_sha256=bundle.sha256,
        idle_minutes=workshop.idle.workspace_minutes,
    )
    return rendering.encode(rendering.render(environment, values))
