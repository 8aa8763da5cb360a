//! Cognito: who signs in.
//!
//! The pages for signing in are under a name of Cognito's (`astro-prod-ACCOUNT.auth.REGION.amazoncognito.com`). One of the domain
//! would need a certificate of us-east-1, and an address of the domain itself, which is there only after the last stack.
//! Passkeys are of the name of these pages: another name later means registering them again.

use serde_json::{Value, json};

use crate::environment::{Environment, IdentityPlan, Name};
use crate::template::kinds::{
    Key, LogDeliveryConfiguration, LogGroup, ManagedLoginBranding, RiskConfiguration, UserPool,
    UserPoolClient, UserPoolDomain, UserPoolGroup, UserPoolIdentityProvider,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, region, secret};
use crate::template::{Kept, Resource, Stack};
use crate::{arn, join};

/// The user pool and its clients.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The pool.
    pub pool: Resource<UserPool>,
    /// The client of the service (`identity.client_id`).
    pub client: Resource<UserPoolClient>,
    /// Who signed in, where the plan tells.
    pub logs: Option<Resource<LogGroup>>,
}

impl Identity {
    /// Its issuer (`identity.issuer`).
    #[must_use]
    pub fn issuer(&self) -> Value {
        join!("https://cognito-idp.", region(), ".amazonaws.com/", self.pool.id())
    }
}

/// What names of groups begin with (`identity.group_prefix`).
pub const GROUP_PREFIX: &str = "astroshield";

/// The organization that there is from the beginning, whose administrators administer the installation.
const FIRST_TENANT: &str = "local";

/// Roles, the greatest first, as the application reads them.
const ROLES: [(&str, &str); 3] = [
    ("administrator", "Administers the installation"),
    ("operator", "Watches, acknowledges and uploads"),
    ("viewer", "Reads"),
];

/// Name of the provider of an organization's own people.
const ORGANIZATION: &str = "Organization";

/// Adds the user pool.
pub fn add(stack: &Stack, environment: &Environment) -> Identity {
    let pool = pool(stack, environment);
    for (precedence, (role, description)) in ROLES.into_iter().enumerate() {
        stack.add::<UserPoolGroup>(
            format!("{}Group", super::title(role)),
            json!({
                "UserPoolId": pool.id(),
                "GroupName": format!("{GROUP_PREFIX}:{FIRST_TENANT}:{role}"),
                "Description": description,
                "Precedence": precedence,
            }),
        );
    }
    let domain: Resource<UserPoolDomain> = stack.add(
        "UserPoolDomain",
        json!({ "UserPoolId": pool.id(), "Domain": prefix(environment), "ManagedLoginVersion": 2 }),
    );
    let providers = providers(stack, environment, &pool);
    let client = client(stack, environment, &pool, &providers);
    let branding: Resource<ManagedLoginBranding> = stack.add(
        "Branding",
        json!({ "UserPoolId": pool.id(), "ClientId": client.id(), "UseCognitoProvidedValues": true }),
    );
    stack.after(&branding, &domain);
    let logs = match environment.sizes.identity {
        IdentityPlan::Essentials => None,
        IdentityPlan::Plus => Some(protection(stack, environment, &pool)),
    };
    stack.show("UserPoolId", pool.id());
    stack.show("ClientId", client.id());
    stack.show("SignInPages", join!("https://", pages(environment)));
    Identity { pool, client, logs }
}

/// First label of the name of the pages: the second region's are told from the first one's by the region in the rest. The whole
/// name may have 63 characters, as that of a relying party.
fn prefix(environment: &Environment) -> Value {
    let of = match environment.name {
        Name::Dev => "astro-dev-",
        Name::Prod | Name::Recovery => "astro-prod-",
    };
    join!(of, account())
}

/// Name of the pages.
fn pages(environment: &Environment) -> Value {
    join!(prefix(environment), ".auth.", region(), ".amazoncognito.com")
}

fn pool(stack: &Stack, environment: &Environment) -> Resource<UserPool> {
    let protected = environment.sizes.protected;
    let (plan, threats) = match environment.sizes.identity {
        IdentityPlan::Essentials => ("ESSENTIALS", "OFF"),
        IdentityPlan::Plus => ("PLUS", "ENFORCED"),
    };
    let pool = stack.add(
        "UserPool",
        json!({
            "UserPoolName": environment.named("people"),
            "UserPoolTier": plan,
            "UserPoolAddOns": { "AdvancedSecurityMode": threats },
            "DeletionProtection": if protected { "ACTIVE" } else { "INACTIVE" },
            "UsernameAttributes": ["email"],
            "UsernameConfiguration": { "CaseSensitive": false },
            "AutoVerifiedAttributes": ["email"],
            // An address counts when it is verified; until then, the one before does.
            "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
            "Schema": [
                { "Name": "email", "AttributeDataType": "String", "Required": true, "Mutable": true },
            ],
            "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true },
            "AccountRecoverySetting": {
                "RecoveryMechanisms": [{ "Name": "verified_email", "Priority": 1 }],
            },
            // Invitations and codes alone, at most 50 a day. More need an address of SES that is verified.
            "EmailConfiguration": { "EmailSendingAccount": "COGNITO_DEFAULT" },
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 14,
                    "RequireLowercase": true,
                    "RequireUppercase": true,
                    "RequireNumbers": true,
                    "RequireSymbols": true,
                    "TemporaryPasswordValidityDays": 3,
                    "PasswordHistorySize": 12,
                },
                "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] },
            },
            "MfaConfiguration": if protected { "ON" } else { "OPTIONAL" },
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            // A passkey that has seen its owner is two factors.
            "WebAuthnFactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
            "WebAuthnUserVerification": "required",
            "WebAuthnRelyingPartyID": pages(environment),
        }),
    );
    stack.keep(&pool, if protected { Kept::Yes } else { Kept::No });
    pool
}

fn client(
    stack: &Stack,
    environment: &Environment,
    pool: &Resource<UserPool>,
    providers: &[(&str, Resource<UserPoolIdentityProvider>)],
) -> Resource<UserPoolClient> {
    let signs_in: Vec<&str> =
        ["COGNITO"].into_iter().chain(providers.iter().map(|(name, _)| *name)).collect();
    let client = stack.add(
        "Client",
        json!({
            "UserPoolId": pool.id(),
            "ClientName": environment.named("console"),
            // Public: a proof key goes with each code.
            "GenerateSecret": false,
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email", "profile"],
            "CallbackURLs": [format!("https://{}/auth/callback", environment.domain)],
            "LogoutURLs": [format!("https://{}/signin", environment.domain)],
            "SupportedIdentityProviders": signs_in,
            // Passkeys and passwords, on Cognito's pages. Refreshing is not among them, as refresh tokens rotate.
            "ExplicitAuthFlows": ["ALLOW_USER_AUTH"],
            "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 30 },
            "EnableTokenRevocation": true,
            "PreventUserExistenceErrors": "ENABLED",
            "AuthSessionValidity": 5,
            // Roles follow the groups as often as access tokens run out; a session lasts as long as identity.session_life.
            "AccessTokenValidity": 15,
            "IdTokenValidity": 15,
            "RefreshTokenValidity": 12,
            "TokenValidityUnits": { "AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours" },
        }),
    );
    for (_, provider) in providers {
        stack.after(&client, provider);
    }
    client
}

/// Providers whose people may sign in, too. Their clients' ids and secrets are in a secret that the operator makes.
fn providers(
    stack: &Stack,
    environment: &Environment,
    pool: &Resource<UserPool>,
) -> Vec<(&'static str, Resource<UserPoolIdentityProvider>)> {
    let operator = &environment.operator;
    if !operator.google && operator.oidc_issuer.is_empty() {
        return Vec::new();
    }
    let name = stack.ask(
        "ProvidersSecret",
        "Name of the secret that has google_client_id and google_client_secret, or oidc_client_id and oidc_client_secret",
        Some("astroshield/sign-in-providers"),
    );
    let add = |id: &str, name: &str, kind: &str, details: Value| {
        let properties = json!({
            "UserPoolId": pool.id(),
            "ProviderName": name,
            "ProviderType": kind,
            "ProviderDetails": details,
            "AttributeMapping": { "email": "email", "name": "name", "username": "sub" },
        });
        stack.add(id, properties)
    };
    let mut made = Vec::new();
    if operator.google {
        let details = json!({
            "client_id": secret(&name, "google_client_id"),
            "client_secret": secret(&name, "google_client_secret"),
            "authorize_scopes": "openid email profile",
        });
        made.push(("Google", add("Google", "Google", "Google", details)));
    }
    if !operator.oidc_issuer.is_empty() {
        let details = json!({
            "oidc_issuer": operator.oidc_issuer,
            "client_id": secret(&name, "oidc_client_id"),
            "client_secret": secret(&name, "oidc_client_secret"),
            "authorize_scopes": "openid email profile",
            "attributes_request_method": "GET",
        });
        made.push((ORGANIZATION, add(ORGANIZATION, ORGANIZATION, "OIDC", details)));
    }
    made
}

/// What the plan Plus has: stolen passwords and odd sign-ins are stopped, and a log of who signed in.
fn protection(stack: &Stack, environment: &Environment, pool: &Resource<UserPool>) -> Resource<LogGroup> {
    let action = |action: &str| json!({ "EventAction": action, "Notify": false });
    stack.add::<RiskConfiguration>(
        "Risks",
        json!({
            "UserPoolId": pool.id(),
            "ClientId": "ALL",
            "CompromisedCredentialsRiskConfiguration": { "Actions": { "EventAction": "BLOCK" } },
            "AccountTakeoverRiskConfiguration": {
                "Actions": {
                    "LowAction": action("NO_ACTION"),
                    "MediumAction": action("MFA_REQUIRED"),
                    "HighAction": action("BLOCK"),
                },
            },
        }),
    );
    let name = format!("/aws/vendedlogs/astroshield/{}/identity", environment.name);
    let key: Resource<Key> = stack.add(
        "IdentityKey",
        json!({
            "Description": "Who signed in to AstroShield",
            "EnableKeyRotation": true,
            "KeyPolicy": key_policy(&name),
        }),
    );
    let logs: Resource<LogGroup> = stack.add(
        "IdentityLogs",
        json!({ "LogGroupName": name, "KmsKeyId": key.arn(), "RetentionInDays": environment.sizes.log_days }),
    );
    let to = json!({ "LogGroupArn": arn!("logs", "log-group:", logs.name()) });
    stack.add::<LogDeliveryConfiguration>(
        "IdentityLogDelivery",
        json!({
            "UserPoolId": pool.id(),
            "LogConfigurations": [
                { "EventSource": "userNotification", "LogLevel": "ERROR", "CloudWatchLogsConfiguration": to },
                { "EventSource": "userAuthEvents", "LogLevel": "INFO", "CloudWatchLogsConfiguration": to },
            ],
        }),
    );
    let kept = if environment.sizes.protected { Kept::Yes } else { Kept::No };
    stack.keep(&key, kept);
    stack.keep(&logs, kept);
    logs
}

/// The key of the data stack is not there yet. This one is for one group of logs.
fn key_policy(logs: &str) -> Value {
    let administrators = json!({ "AWS": join!("arn:", partition(), ":iam::", account(), ":root") });
    let service = json!({ "Service": join!("logs.", region(), ".amazonaws.com") });
    document(&[
        // The policy of a key is about that key, whatever it names.
        Statement::allow(
            &[
                "kms:CancelKeyDeletion",
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:DisableKey",
                "kms:EnableKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListGrants",
                "kms:ListResourceTags",
                "kms:PutKeyPolicy",
                "kms:RevokeGrant",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ],
            [arn!("kms", "key/*")],
        )
        .by(administrators),
        Statement::allow(
            &[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:DescribeKey",
            ],
            [arn!("kms", "key/*")],
        )
        .by(service)
        .when(json!({
            "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": arn!("logs", "log-group:", logs) },
        })),
    ])
}
