//! CloudFront: one domain for people.
//!
//! | path | from | kept |
//! |---|---|---|
//! | `/api/*`, `/auth/*`, `/signin`, `/config.json`, `/health/*` | the service, by a VPC origin | never |
//! | `/assets/*` | the bucket of assets, into which a release puts what the service's own pages load | a day, or until a release |
//! | `/_next/static/*` | Amplify | a year: names change with their content |
//! | all others | Amplify | a minute, then asked again by `ETag` |
//!
//! Pages are kept no longer than a minute although Amplify would have them kept for a year: it tells its own
//! CloudFront, and not ours, when a push has changed them.
//!
//! `/signin` is asked of the service although its page is the console's: the service answers 308 to `/signin/`, with the query.
//! Amplify's own redirect would lose that, and with it the `?token=` of a link to sign in.
//!
//! # The name
//! The service takes no other name than `server.public_url` has, and sessions and origins are held against it. So the
//! viewer's `Host` goes on to the load balancer, with all other headers, cookies and parameters; CloudFront then takes
//! a certificate for that name, which the listener has to have (`environment.domain`), and not the internal name of
//! the load balancer. Amplify and S3 know themselves by their own names only, and get these.
//!
//! WebSockets (`/api/v1/stream`) pass the VPC origin like anything else: it takes them since May 2026. A VPC origin
//! cannot be changed while a distribution has it, so another load balancer needs another origin beside this one.
//!
//! # Addresses
//! CloudFront appends the viewer's address to `X-Forwarded-For`. If the load balancer appended CloudFront's to that,
//! the service would take all people for one; it has to leave the header as it is
//! (`routing.http.xff_header_processing.mode` = `preserve`). Whoever reaches the load balancer (CloudFront, API
//! Gateway, our functions) says in it for whom it asks.
//!
//! # Attacks by mass
//! AWS Shield Standard is part of CloudFront and Route 53, without a price or a setting: it deals with floods of
//! packets and connections (layers 3 and 4) at the edge. Floods of requests are the web ACL's, by its rate rule.
//! Shield Advanced (3,000 USD a month) is not used.
//!
//! # The second region
//! A name belongs to one distribution. That of the recovery environment is complete but for the name and its records,
//! which are moved to it when it takes over: `aws cloudfront update-domain-association` moves the name without a gap,
//! and the records follow.

mod logs;

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::stacks::{compute::Compute, frontend::Frontend, storage::Storage};
use crate::template::kinds::{
    CachePolicy, Certificate, Distribution, MonitoringSubscription, OriginAccessControl, RecordSet,
    ResponseHeadersPolicy, VpcOrigin, WebAcl,
};
use crate::template::{Resource, Stack};

/// Policy of AWS: keeps nothing.
const NOT_KEPT: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
/// Policy of AWS: all that the viewer sends goes on, `Host` included.
const ALL_OF_VIEWER: &str = "216adef6-5c7f-47e4-b989-5ca3d8f5b8e4";
/// Hosted zone of all distributions, in which aliases to them are.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// Errors that CloudFront would keep for ten seconds, even of what is not kept otherwise: what one organization does
/// not find, another one may have.
const ERRORS: [u16; 10] = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

const MINUTE_S: u32 = 60;
const DAY_S: u32 = 24 * 60 * MINUTE_S;
const YEAR_S: u32 = 365 * DAY_S;

/// The distribution.
#[derive(Debug, Clone)]
pub struct Cdn {
    /// The distribution.
    pub distribution: Resource<Distribution>,
    /// Its certificate.
    pub certificate: Resource<Certificate>,
}

/// Where CloudFront gets something from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Service,
    Console,
    Assets,
}

impl Origin {
    const fn id(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Console => "console",
            Self::Assets => "assets",
        }
    }
}

/// Adds the distribution.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    acl: &Resource<WebAcl>,
    storage: &Storage,
    compute: &Compute,
    frontend: &Frontend,
) -> Cdn {
    let certificate: Resource<Certificate> = stack.add(
        "Certificate",
        json!({
            "DomainName": environment.domain,
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [{
                "DomainName": environment.domain,
                "HostedZoneId": environment.operator.hosted_zone_id,
            }],
            "KeyAlgorithm": "EC_prime256v1",
        }),
    );
    let mut config = json!({
        "Comment": environment.named("people"),
        "Enabled": true,
        "HttpVersion": "http2and3",
        "IPV6Enabled": true,
        "PriceClass": if environment.sizes.protected { "PriceClass_All" } else { "PriceClass_100" },
        "WebACLId": acl.arn(),
        "DefaultRootObject": "index.html",
        "ViewerCertificate": {
            "AcmCertificateArn": certificate.arn(),
            "MinimumProtocolVersion": "TLSv1.2_2025",
            "SslSupportMethod": "sni-only",
        },
        "CustomErrorResponses":
            ERRORS.map(|code| json!({ "ErrorCode": code, "ErrorCachingMinTTL": 0 })),
        "Origins": origins(stack, environment, storage, compute, frontend),
    });
    let serves = !environment.stands_by;
    if serves {
        config["Aliases"] = json!([environment.domain]);
    }
    let (first, others) = behaviors(stack, environment);
    config["DefaultCacheBehavior"] = first;
    config["CacheBehaviors"] = json!(others);
    let distribution: Resource<Distribution> =
        stack.add("Distribution", json!({ "DistributionConfig": config }));
    if serves {
        records(stack, environment, &distribution);
    }
    if environment.sizes.protected {
        // How often something was kept, how slow origins are, and errors by status.
        stack.add::<MonitoringSubscription>(
            "DistributionMetrics",
            json!({
                "DistributionId": distribution.id(),
                "MonitoringSubscription": {
                    "RealtimeMetricsSubscriptionConfig": { "RealtimeMetricsSubscriptionStatus": "Enabled" },
                },
            }),
        );
    }
    logs::add(stack, environment, &distribution, &storage.logs);
    stack.show("DistributionDomain", distribution.domain_name());
    Cdn { distribution, certificate }
}

fn origins(
    stack: &Stack,
    environment: &Environment,
    storage: &Storage,
    compute: &Compute,
    frontend: &Frontend,
) -> [Value; 3] {
    let way: Resource<VpcOrigin> = stack.add(
        "ServiceOrigin",
        json!({ "VpcOriginEndpointConfig": {
            "Name": environment.named("service"),
            "Arn": compute.load_balancer.arn(),
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
        } }),
    );
    let access: Resource<OriginAccessControl> = stack.add(
        "AssetsAccess",
        json!({ "OriginAccessControlConfig": {
            "Name": environment.named("assets"),
            "OriginAccessControlOriginType": "s3",
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        } }),
    );
    [
        json!({
            "Id": Origin::Service.id(),
            "DomainName": compute.load_balancer.dns_name(),
            "ConnectionTimeout": 5,
            "VpcOriginConfig": {
                "VpcOriginId": way.id(),
                // Less than the load balancer keeps connections that nobody uses (60 s).
                "OriginKeepaliveTimeout": 50,
                "OriginReadTimeout": 60,
            },
        }),
        json!({
            "Id": Origin::Console.id(),
            "DomainName": frontend.host(),
            "CustomOriginConfig": { "OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"] },
        }),
        json!({
            "Id": Origin::Assets.id(),
            "DomainName": storage.assets.regional_domain_name(),
            "OriginAccessControlId": access.id(),
            "S3OriginConfig": { "OriginAccessIdentity": "" },
        }),
    ]
}

/// How paths are answered: all of which no other says something, and these, in their order.
fn behaviors(stack: &Stack, environment: &Environment) -> (Value, Vec<Value>) {
    let headers = headers(stack, environment);
    let policy = |id: &str, what: &str, default_s: u32, most_s: u32| -> Value {
        let policy: Resource<CachePolicy> = stack.add(
            id,
            json!({ "CachePolicyConfig": {
                "Name": environment.named(what),
                "MinTTL": 0,
                "DefaultTTL": default_s,
                "MaxTTL": most_s,
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "EnableAcceptEncodingBrotli": true,
                    "EnableAcceptEncodingGzip": true,
                    "HeadersConfig": { "HeaderBehavior": "none" },
                    "CookiesConfig": { "CookieBehavior": "none" },
                    "QueryStringsConfig": { "QueryStringBehavior": "none" },
                },
            } }),
        );
        policy.id()
    };
    let pages = policy("PagesPolicy", "pages", 0, MINUTE_S);
    let assets = policy("AssetsPolicy", "assets", DAY_S, YEAR_S);
    let kept = |origin: Origin, policy: &Value| {
        json!({
            "TargetOriginId": origin.id(),
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": ["GET", "HEAD"],
            "CachedMethods": ["GET", "HEAD"],
            "Compress": true,
            "CachePolicyId": policy,
            "ResponseHeadersPolicyId": headers.id(),
        })
    };
    let service = |methods: &[&str], protocol: &str| {
        json!({
            "TargetOriginId": Origin::Service.id(),
            "ViewerProtocolPolicy": protocol,
            "AllowedMethods": methods,
            "CachedMethods": ["GET", "HEAD"],
            // The service does so itself.
            "Compress": false,
            "CachePolicyId": NOT_KEPT,
            "OriginRequestPolicyId": ALL_OF_VIEWER,
            "ResponseHeadersPolicyId": headers.id(),
        })
    };
    let all = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"];
    let read = ["GET", "HEAD"];
    let mut others = vec![
        // A key that was sent without encryption is not led on to where it is encrypted: it is lost already.
        ("/api/*", service(&all, "https-only")),
        ("/auth/*", service(&all, "redirect-to-https")),
        ("/signin", service(&read, "redirect-to-https")),
        // By which the console, the same files everywhere, finds out where it is.
        ("/config.json", service(&read, "https-only")),
        ("/health/*", service(&read, "https-only")),
    ];
    others.push(("/assets/*", kept(Origin::Assets, &assets)));
    others.push(("/_next/static/*", kept(Origin::Console, &assets)));
    let others = (others.into_iter())
        .map(|(path, mut behavior)| {
            behavior["PathPattern"] = json!(path);
            behavior
        })
        .collect();
    (kept(Origin::Console, &pages), others)
}

/// Headers that tell browsers to be prudent, where the origin has said nothing itself. What may run is said by who
/// knows it: the service and the console.
fn headers(stack: &Stack, environment: &Environment) -> Resource<ResponseHeadersPolicy> {
    stack.add(
        "Headers",
        json!({ "ResponseHeadersPolicyConfig": {
            "Name": environment.named("headers"),
            "SecurityHeadersConfig": {
                "StrictTransportSecurity": {
                    "AccessControlMaxAgeSec": 2 * YEAR_S,
                    // api., stream. and auth. are never without, either.
                    "IncludeSubdomains": true,
                    "Override": true,
                },
                "ContentTypeOptions": { "Override": true },
                "FrameOptions": { "FrameOption": "DENY", "Override": false },
                "ReferrerPolicy": { "ReferrerPolicy": "no-referrer", "Override": false },
            },
            "RemoveHeadersConfig": { "Items": [
                { "Header": "server" },
                { "Header": "x-powered-by" },
            ] },
        } }),
    )
}

fn records(stack: &Stack, environment: &Environment, distribution: &Resource<Distribution>) {
    for (id, kind) in [
        ("Record", "A"),
        ("RecordIpv6", "AAAA"),
        // Tells browsers of HTTP/3 before they connect.
        ("RecordHttps", "HTTPS"),
    ] {
        stack.add::<RecordSet>(
            id,
            json!({
                "HostedZoneId": environment.operator.hosted_zone_id,
                "Name": environment.domain,
                "Type": kind,
                "AliasTarget": { "DNSName": distribution.domain_name(), "HostedZoneId": CLOUDFRONT_ZONE },
            }),
        );
    }
}

#[cfg(test)]
mod tests;
