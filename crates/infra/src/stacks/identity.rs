//! Cognito: who signs in.
//!
//! The pages for signing in are under a name of Cognito's (`astro-prod-ACCOUNT.auth.REGION.amazoncognito.com`). One of the domain
//! would need a certificate of us-east-1, and an address of the domain itself, which is there only after the last stack.
//! Passkeys are of the name of these pages: another name later means registering them again.

use serde_json::{Value, json};

use crate::environment::{Environment, IdentityPlan};
use crate::template::kinds::{
    Key, LogDeliveryConfiguration, LogGroup, ManagedLoginBranding, RiskConfiguration, UserPool,
    UserPoolClient, UserPoolDomain, UserPoolGroup, UserPoolIdentityProvider,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, region, secret};
use crate::template::{Resource, Stack};
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
    join!(format!("astro-{}-", environment.original()), account())
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
    stack.keep(&pool, environment.kept());
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
        "SignInProviders",
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
    let kept = environment.kept();
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
            [json!("*")],
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
            [json!("*")],
        )
        .by(service)
        .when(json!({
            "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": arn!("logs", "log-group:", logs) },
        })),
    ])
}

#[cfg(test)]
mod tests {
    use astroshield_domain::access::Scope;
    use astroshield_domain::identity::{GroupRoles, Identity as Person};

    use super::*;
    use crate::environment::{Name, Operator};
    use crate::stacks::architecture;
    use crate::template::StackName;

    /// The resources of a type, by logical id.
    fn found(name: Name, settings: &str, kind: &str) -> Vec<(String, Value)> {
        let environment = Environment::new(name, Operator::parse(settings).unwrap());
        let templates = architecture(&environment).unwrap();
        let all =
            templates.iter().find(|template| template.stack == StackName::Identity).unwrap().resources();
        all.filter(|(_, of, _)| *of == kind).map(|(id, _, of)| (id.to_owned(), of.clone())).collect()
    }

    fn one(name: Name, kind: &str) -> Value {
        let mut all = found(name, "", kind);
        assert_eq!(all.len(), 1, "{kind}");
        all.remove(0).1
    }

    #[test]
    fn groups_are_roles_of_the_application() {
        let roles = GroupRoles { prefix: GROUP_PREFIX.to_owned() };
        let mut scopes: Vec<(u64, Scope)> = Vec::new();
        for (id, group) in found(Name::Prod, "", "AWS::Cognito::UserPoolGroup") {
            let person = Person {
                issuer: "https://id.example.org".to_owned(),
                subject: "1".to_owned(),
                name: None,
                email: None,
                groups: vec![group["GroupName"].as_str().unwrap().to_owned()],
            };
            let grants = roles.grants(&person);
            assert_eq!(grants.len(), 1, "{id}");
            assert_eq!(grants[0].tenant.to_string(), FIRST_TENANT, "{id}");
            scopes.push((group["Precedence"].as_u64().unwrap(), grants[0].scope));
        }
        scopes.sort_unstable_by_key(|(precedence, _)| *precedence);
        let scopes: Vec<Scope> = scopes.into_iter().map(|(_, scope)| scope).collect();
        assert_eq!(scopes, [Scope::Admin, Scope::Write, Scope::Read]);
        let defaults: toml::Table = include_str!("../../../server/config.default.toml").parse().unwrap();
        assert_eq!(defaults["identity"]["group_prefix"].as_str(), Some(GROUP_PREFIX));
    }

    #[test]
    fn prod_needs_two_factors_and_cannot_be_deleted() {
        let (dev, prod) =
            (one(Name::Dev, "AWS::Cognito::UserPool"), one(Name::Prod, "AWS::Cognito::UserPool"));
        assert_eq!((&dev["MfaConfiguration"], &prod["MfaConfiguration"]), (&json!("OPTIONAL"), &json!("ON")));
        assert_eq!(prod["DeletionProtection"], "ACTIVE");
        assert_eq!((&dev["UserPoolTier"], &prod["UserPoolTier"]), (&json!("ESSENTIALS"), &json!("PLUS")));
        for pool in [dev, prod] {
            // With a required second factor, a passkey that is one factor could not be used.
            assert_eq!(pool["WebAuthnFactorConfiguration"], "MULTI_FACTOR_WITH_USER_VERIFICATION");
            let first = &pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"];
            assert!(first.as_array().unwrap().contains(&json!("WEB_AUTHN")));
            assert_eq!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true);
        }
        assert!(found(Name::Dev, "", "AWS::Cognito::LogDeliveryConfiguration").is_empty());
        assert_eq!(found(Name::Prod, "", "AWS::Cognito::LogDeliveryConfiguration").len(), 1);
    }

    #[test]
    fn passkeys_are_of_the_pages_that_ask_for_them() {
        for (name, region) in [(Name::Dev, "ap-southeast-1"), (Name::Recovery, "ap-northeast-1")] {
            let (domain, pool) =
                (one(name, "AWS::Cognito::UserPoolDomain"), one(name, "AWS::Cognito::UserPool"));
            assert_eq!(domain["ManagedLoginVersion"], 2);
            let text = |value: &Value| -> String {
                fn flat(value: &Value, region: &str) -> String {
                    match (&value["Fn::Join"][1], value["Ref"].as_str()) {
                        (Value::Array(parts), _) => parts.iter().map(|part| flat(part, region)).collect(),
                        (_, Some("AWS::Region")) => region.to_owned(),
                        (_, Some("AWS::AccountId")) => "123456789012".to_owned(),
                        _ => value.as_str().unwrap().to_owned(),
                    }
                }
                flat(value, region)
            };
            let party = text(&pool["WebAuthnRelyingPartyID"]);
            assert_eq!(party, format!("{}.auth.{region}.amazoncognito.com", text(&domain["Domain"])));
            assert!(party.len() <= 63, "{party}");
        }
    }

    #[test]
    fn the_client_is_what_the_application_is_at_a_provider() {
        let client = one(Name::Prod, "AWS::Cognito::UserPoolClient");
        assert_eq!(client["CallbackURLs"], json!(["https://astroshield.example.org/auth/callback"]));
        assert_eq!(client["LogoutURLs"], json!(["https://astroshield.example.org/signin"]));
        let defaults: toml::Table = include_str!("../../../server/config.default.toml").parse().unwrap();
        let identity = &defaults["identity"];
        let life = identity["session_life"].as_str().unwrap();
        assert_eq!(format!("{}h", client["RefreshTokenValidity"]), life);
        let scopes = client["AllowedOAuthScopes"].as_array().unwrap();
        for asked in identity["scopes"].as_array().unwrap() {
            assert!(scopes.iter().any(|scope| scope.as_str() == asked.as_str()), "{asked}");
        }
        // Cognito refuses the flow where refresh tokens rotate.
        let flows = client["ExplicitAuthFlows"].as_array().unwrap();
        assert_eq!(client["RefreshTokenRotation"]["Feature"], "ENABLED");
        assert!(!flows.contains(&json!("ALLOW_REFRESH_TOKEN_AUTH")));
    }

    #[test]
    fn other_providers_are_there_when_they_are_asked_for() {
        let (kind, client) = ("AWS::Cognito::UserPoolIdentityProvider", "AWS::Cognito::UserPoolClient");
        assert!(found(Name::Prod, "", kind).is_empty());
        let both = "google = true\noidc_issuer = \"https://id.example.org\"";
        let providers = found(Name::Prod, both, kind);
        assert_eq!(providers.len(), 2);
        for (id, provider) in &providers {
            for key in ["client_id", "client_secret"] {
                let value = provider["ProviderDetails"][key].to_string();
                assert!(value.contains("{{resolve:secretsmanager:"), "{id}: {key}: {value}");
            }
        }
        let names = &found(Name::Prod, both, client)[0].1["SupportedIdentityProviders"];
        assert_eq!(*names, json!(["COGNITO", "Google", ORGANIZATION]));
    }
}
