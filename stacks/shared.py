"""The stack with what all attendees of a region share."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from costs.prices import Prices
from lifecycle_configs.bundle import Bundle
from stacks import build_policies, places, policies, shared_policies, tokens
from stacks.acknowledge import acknowledge, every_wildcard, wildcard
from stacks.boot import Boot
from stacks.domain import StudioDomain
from stacks.doors import Doors
from stacks.function import add_code
from stacks.guard import Guard, GuardSchedule
from stacks.network import WorkshopNetwork
from stacks.storage import WorkshopBucket
from stacks.sweeper import Sweeper, add_sweep
from workshop import names
from workshop.model import Workshop


class SharedStack(cdk.Stack):
    """Bucket, permissions boundary, boot scripts, the guard, what sweeps when stacks are
    deleted; network and domain where Studio is used.

    `prices` are those beside the configuration, for the guard.
    `lifecycle_arn` is the Studio lifecycle configuration's ARN where the domain is
    somebody else's, so that its default settings stay as they are; else None.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        workshop: Workshop,
        region: str,
        bundle: Bundle,
        prices: Prices,
        qualifier: str,
        synthesizer: cdk.IStackSynthesizer,
    ) -> None:
        name = names.shared_stack_name(workshop.name)
        super().__init__(
            scope,
            f"{name}-{region}",
            stack_name=name,
            env=cdk.Environment(region=region),
            synthesizer=synthesizer,
            suppress_template_indentation=True,
            description=f"Workshop {workshop.name}: what the attendees of {region} share",
        )
        environments = frozenset(a.environment for a in workshop.attendees_in(region))
        bucket_name = names.bucket_name(workshop.name, places.ACCOUNT, region)
        storage = WorkshopBucket(self, "Storage", bucket_name=tokens.filled(bucket_name))
        boundary, common = self._add_policies(workshop, region, bucket_name, qualifier)
        boot = Boot(
            self,
            "Boot",
            workshop=workshop,
            region=region,
            bundle=bundle,
            qualifier=qualifier,
            environments=environments,
        )
        self.lifecycle_arn: str | None = None
        network: WorkshopNetwork | None = None
        lifecycle = boot.studio_lifecycle
        own_domain = lifecycle is not None and region not in workshop.domains
        if lifecycle is not None and not own_domain:
            self.lifecycle_arn = places.studio_lifecycle_arn(
                workshop.name, region, lifecycle.studio_lifecycle_config_content
            )
        if own_domain and region not in workshop.networks:
            network = WorkshopNetwork(self, "Network", name=names.shared_name(workshop.name))
        code = add_code(self, "Code")
        guard = Guard(
            self, "Guard", workshop=workshop, region=region, code=code, bucket=bucket_name
        )
        sweeper = Sweeper(
            self,
            "Sweeper",
            workshop=workshop,
            region=region,
            code=code,
            assets_bucket=names.bootstrap_bucket(places.ACCOUNT, region, qualifier),
            vpc=network.vpc_id if network else None,
        )
        first: list[IConstruct] = [sweeper, guard, storage, boot, boundary, common]
        if lifecycle is not None and own_domain:
            leftovers = add_sweep(
                self,
                "Leftovers",
                workshop=workshop.name,
                region=region,
                what="leftovers",
                before=(sweeper, network) if network else (sweeper,),
            )
            domain = self._add_domain(
                workshop,
                region,
                network,
                boundary.attr_policy_arn,
                lifecycle.attr_studio_lifecycle_config_arn,
            )
            # Deleted after the domain, and before the network.
            domain.node.add_dependency(leftovers)
            first += [domain, leftovers]
        sweep = add_sweep(
            self, "Sweep", workshop=workshop.name, region=region, what="region", before=first
        )
        schedule = GuardSchedule(
            self, "GuardSchedule", workshop=workshop, region=region, guard=guard, prices=prices
        )
        # Deleted before anything else is: a guard and a sweep must not work side by side.
        schedule.node.add_dependency(sweep)

    def _add_policies(
        self, workshop: Workshop, region: str, bucket: str, qualifier: str
    ) -> tuple[iam.CfnManagedPolicy, iam.CfnManagedPolicy]:
        """The boundary, which follows the doors, and the policy all attendees have."""
        bundles = policies.objects_arn(
            names.bootstrap_bucket(places.ACCOUNT, region, qualifier),
            names.assets_prefix(workshop.name),
        )
        doors = Doors(self)
        builds = workshop.builds_images
        ceiling = shared_policies.boundary_document(
            workshop.name, region, bucket, bundles, builds_images=builds
        )
        granted = shared_policies.common_document(region, bucket, bundles, builds_images=builds)
        boundary = iam.CfnManagedPolicy(
            self,
            "Boundary",
            managed_policy_name=names.boundary_name(workshop.name, region),
            description="The ceiling over every attendee's role",
            policy_document=doors.follow(
                tokens.filled(ceiling),
                [
                    tokens.filled(statement)
                    for statement in shared_policies.closed_doors(region, builds_images=builds)
                ],
            ),
        )
        acknowledge(
            boundary,
            dict.fromkeys(
                every_wildcard(ceiling), "A boundary is a ceiling: it grants nothing by itself"
            ),
        )
        common = iam.CfnManagedPolicy(
            self,
            "Common",
            managed_policy_name=places.common_policy_name(workshop.name, region),
            description="What all attendees may do alike",
            policy_document=tokens.filled(granted),
        )
        listed = build_policies.common_statements(region) if builds else []
        acknowledge(
            common,
            {
                **dict.fromkeys(
                    every_wildcard(policies.document(listed)),
                    "Repositories are listed together: their names, no images",
                ),
                "IAM5[Resource::*]": "Lists, tokens and metrics take no resource",
                wildcard(bundles): "What environments install; other projects have other keys",
                wildcard(policies.log_groups(region)): "Group and stream names, no contents",
                wildcard(policies.image_repositories(region)): "AWS's images, in accounts that "
                "differ by region and algorithm; this account's are excluded",
            },
        )
        return boundary, common

    def _add_domain(
        self,
        workshop: Workshop,
        region: str,
        network: WorkshopNetwork | None,
        boundary_arn: str,
        lifecycle_arn: str,
    ) -> StudioDomain:
        if network is not None:
            vpc_id, subnet_ids = network.vpc_id, network.subnet_ids
        else:
            existing = workshop.networks[region]
            vpc_id, subnet_ids = existing.vpc, list(existing.subnets)
        domain = StudioDomain(
            self,
            "Studio",
            workshop=workshop,
            region=region,
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            boundary_arn=boundary_arn,
            lifecycle_arn=lifecycle_arn,
        )
        # The one export: it pins the domain, which is never replaced while it is in use.
        cdk.CfnOutput(
            self,
            "DomainId",
            value=domain.resource.attr_domain_id,
            export_name=places.domain_export(workshop.name),
        )
        return domain
