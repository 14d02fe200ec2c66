"""Who may call, checked by Azure's own sign-in in front of the container or function before a request reaches it.

https://learn.microsoft.com/azure/container-apps/authentication-entra and
https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from .api_management import ApiManagement


@dataclass(frozen=True)
class SignIn:
    """Which tokens are let in."""

    application_id: str
    """Client id of the Entra application that tokens are for."""
    tenant_id: pulumi.Output[str]
    principals: Sequence[pulumi.Input[str]]
    """Object ids that may call. Never empty: an empty list lets everybody in who gets a token."""

    @property
    def issuer(self) -> pulumi.Output[str]:
        """Who signs the tokens."""
        return pulumi.Output.concat("https://login.microsoftonline.com/", self.tenant_id, "/v2.0")

    @property
    def audiences(self) -> list[str]:
        """For whom the tokens are: by the application's own address, or by its id, as the two versions of tokens have it."""
        return [f"api://{self.application_id}", self.application_id]


def sign_in(
    application_id: str | None,
    callers: Sequence[str],
    service: ApiManagement | None,
    runs_as: native.managedidentity.UserAssignedIdentity,
) -> SignIn | None:
    """Lets in the callers listed, or the API Management in front; None where nobody is asked.

    The deployment itself is always among them, so that the list is never empty.
    """
    if application_id is None:
        return None
    return SignIn(application_id, runs_as.tenant_id, [runs_as.principal_id, *callers, *([service.principal_id] if service else [])])


def app_sign_in(
    name: str, tokens: SignIn, app: native.app.ContainerApp, resource_group: pulumi.Input[str], parent: pulumi.Resource
) -> native.app.ContainerAppsAuthConfig:
    """Lets only `tokens` through to a container app: 401 without a token, 403 with one of somebody else."""
    return native.app.ContainerAppsAuthConfig(
        name,
        resource_group_name=resource_group,
        container_app_name=app.name,
        auth_config_name="current",
        platform=native.app.AuthPlatformArgs(enabled=True),
        global_validation=native.app.GlobalValidationArgs(unauthenticated_client_action=native.app.UnauthenticatedClientActionV2.RETURN401),
        http_settings=native.app.HttpSettingsArgs(require_https=True),
        identity_providers=native.app.IdentityProvidersArgs(
            azure_active_directory=native.app.AzureActiveDirectoryArgs(
                enabled=True,
                registration=native.app.AzureActiveDirectoryRegistrationArgs(client_id=tokens.application_id, open_id_issuer=tokens.issuer),
                validation=native.app.AzureActiveDirectoryValidationArgs(
                    allowed_audiences=tokens.audiences,
                    default_authorization_policy=native.app.DefaultAuthorizationPolicyArgs(
                        allowed_principals=native.app.AllowedPrincipalsArgs(identities=list(tokens.principals))
                    ),
                ),
            )
        ),
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=app),
    )


def site_sign_in(
    name: str, tokens: SignIn, site: native.web.WebApp, resource_group: pulumi.Input[str], parent: pulumi.Resource
) -> native.web.WebAppAuthSettingsV2:
    """The same for a function app."""
    return native.web.WebAppAuthSettingsV2(
        name,
        resource_group_name=resource_group,
        name=site.name,
        platform=native.web.AuthPlatformArgs(enabled=True),
        global_validation=native.web.GlobalValidationArgs(
            require_authentication=True, unauthenticated_client_action=native.web.UnauthenticatedClientActionV2.RETURN401
        ),
        http_settings=native.web.HttpSettingsArgs(require_https=True),
        login=native.web.LoginArgs(token_store=native.web.TokenStoreArgs(enabled=False)),
        identity_providers=native.web.IdentityProvidersArgs(
            azure_active_directory=native.web.AzureActiveDirectoryArgs(
                enabled=True,
                registration=native.web.AzureActiveDirectoryRegistrationArgs(client_id=tokens.application_id, open_id_issuer=tokens.issuer),
                validation=native.web.AzureActiveDirectoryValidationArgs(
                    allowed_audiences=tokens.audiences,
                    default_authorization_policy=native.web.DefaultAuthorizationPolicyArgs(
                        allowed_principals=native.web.AllowedPrincipalsArgs(identities=list(tokens.principals))
                    ),
                ),
            )
        ),
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=site),
    )
