use std::collections::BTreeSet;

use super::*;
use crate::environment::{Name, Operator};
use crate::stacks::architecture;
use crate::template::{StackName, Template};

fn template(name: Name) -> Template {
    let environment = Environment::new(name, Operator::parse("").unwrap());
    let templates = architecture(&environment).unwrap();
    templates.into_iter().find(|template| template.stack == StackName::Edge).unwrap()
}

fn config(name: Name) -> Value {
    template(name).body["Resources"]["Distribution"]["Properties"]["DistributionConfig"].clone()
}

/// The first behavior whose pattern is that of a path.
fn behavior<'a>(config: &'a Value, path: &str) -> &'a Value {
    let matches = |pattern: &str| match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.starts_with(before) && path.ends_with(after),
    };
    let others = config["CacheBehaviors"].as_array().unwrap();
    (others.iter().find(|behavior| matches(behavior["PathPattern"].as_str().unwrap())))
        .unwrap_or(&config["DefaultCacheBehavior"])
}

fn origin(config: &Value, path: &str) -> String {
    behavior(config, path)["TargetOriginId"].as_str().unwrap().to_owned()
}

fn source(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_path_of_the_interface_leads_to_the_service_and_is_never_kept() {
    let api: Value = serde_json::from_str(&source("api/openapi.json")).unwrap();
    let others = [
        "/auth/login",
        "/auth/callback",
        "/auth/logout",
        "/signin",
        "/config.json",
        "/health/ready",
        "/api/v1/stream",
    ];
    let paths: Vec<&str> =
        api["paths"].as_object().unwrap().keys().map(String::as_str).chain(others).collect();
    assert!(paths.len() > 50);
    for name in Name::ALL {
        let config = config(name);
        for path in &paths {
            let behavior = behavior(&config, path);
            assert_eq!(behavior["TargetOriginId"], "service", "{name}: {path}");
            assert_eq!(behavior["CachePolicyId"], NOT_KEPT, "{name}: {path}");
            assert_eq!(behavior["OriginRequestPolicyId"], ALL_OF_VIEWER, "{name}: {path}");
        }
    }
}

#[test]
fn methods_that_the_interface_has_pass() {
    let config = config(Name::Prod);
    let api: Value = serde_json::from_str(&source("api/openapi.json")).unwrap();
    for (path, operations) in api["paths"].as_object().unwrap() {
        let allowed = behavior(&config, path)["AllowedMethods"].to_string();
        for method in operations.as_object().unwrap().keys() {
            assert!(allowed.contains(&format!("\"{}\"", method.to_uppercase())), "{method} {path}");
        }
    }
}

#[test]
fn the_pages_of_the_service_find_their_files_in_the_bucket_where_a_release_puts_them() {
    let config = config(Name::Prod);
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src/page")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for (at, _) in text.match_indices("/assets/") {
            files.insert(text[at..].split('"').next().unwrap().to_owned());
        }
    }
    assert!(files.contains("/assets/style.css") && files.len() == 3, "{files:?}");
    let release = include_str!("../deployment/release.sh");
    assert!(
        release.contains("aws s3 cp crates/api/src/page \"s3://$ASSETS/assets\" --recursive --exclude '*'")
    );
    for file in files {
        assert_eq!(origin(&config, &file), "assets", "{file}");
        let name = file.strip_prefix("/assets/").unwrap();
        assert!(!source(&format!("api/src/page/{name}")).is_empty());
        let (_, extension) = name.rsplit_once('.').unwrap();
        assert!(release.contains(&format!("--include '*.{extension}'")), "{file}");
    }
    // Where it is asked for is where it is put.
    let origins = config["Origins"].as_array().unwrap();
    let bucket = origins.iter().find(|origin| origin["Id"] == "assets").unwrap();
    assert!(bucket.get("OriginPath").is_none() && bucket["OriginAccessControlId"].is_object(), "{bucket}");
}

#[test]
fn pages_come_from_the_console_and_are_asked_for_again_within_a_minute() {
    let template = template(Name::Prod);
    let config = &template.body["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    for path in ["/", "/index.html", "/alerts/7", "/config/", "/metrics"] {
        assert_eq!(origin(config, path), "console", "{path}");
        assert_eq!(behavior(config, path)["CachePolicyId"]["Ref"], "PagesPolicy");
    }
    let policy = &template.body["Resources"]["PagesPolicy"]["Properties"]["CachePolicyConfig"];
    assert!(policy["MaxTTL"].as_u64().unwrap() <= 60);
    assert_eq!(behavior(config, "/_next/static/chunks/1.js")["CachePolicyId"]["Ref"], "AssetsPolicy");
}

#[test]
fn no_hop_is_without_encryption_of_today() {
    for name in Name::ALL {
        let template = template(name);
        let config = config(name);
        let protocol = config["ViewerCertificate"]["MinimumProtocolVersion"].as_str().unwrap();
        assert!(protocol >= "TLSv1.2_2025");
        let behaviors = config["CacheBehaviors"].as_array().unwrap().iter();
        for behavior in behaviors.chain([&config["DefaultCacheBehavior"]]) {
            assert_ne!(behavior["ViewerProtocolPolicy"], "allow-all");
            assert!(behavior["ResponseHeadersPolicyId"].is_object());
        }
        let way = &template.body["Resources"]["ServiceOrigin"]["Properties"]["VpcOriginEndpointConfig"];
        assert_eq!(way["OriginSSLProtocols"], json!(["TLSv1.2"]));
        assert_eq!(way["OriginProtocolPolicy"], "https-only");
        for origin in config["Origins"].as_array().unwrap() {
            if let Some(custom) = origin.get("CustomOriginConfig") {
                assert_eq!(custom["OriginProtocolPolicy"], "https-only");
                assert_eq!(custom["OriginSSLProtocols"], json!(["TLSv1.2"]));
            }
        }
    }
}

#[test]
fn no_error_is_kept_for_somebody_else() {
    for response in config(Name::Prod)["CustomErrorResponses"].as_array().unwrap() {
        assert_eq!(response["ErrorCachingMinTTL"], 0, "{response}");
    }
}

#[test]
fn the_second_region_leaves_the_name_to_prod_until_it_is_moved() {
    let records = |name| {
        let template = template(name);
        template.resources().filter(|(_, kind, _)| *kind == "AWS::Route53::RecordSet").count()
    };
    assert_eq!(config(Name::Prod)["Aliases"], json!(["astroshield.example.org"]));
    assert_eq!(config(Name::Dev)["Aliases"], json!(["dev.astroshield.example.org"]));
    assert!(config(Name::Recovery).get("Aliases").is_none());
    assert_eq!((records(Name::Prod), records(Name::Dev), records(Name::Recovery)), (3, 3, 0));
}

#[test]
fn dev_is_served_from_the_cheapest_places_alone() {
    assert_eq!(config(Name::Dev)["PriceClass"], "PriceClass_100");
    assert_eq!(config(Name::Prod)["PriceClass"], "PriceClass_All");
}

#[test]
fn codes_of_sign_ins_and_sessions_are_not_logged() {
    let template = template(Name::Prod);
    let fields = template.body["Resources"]["AccessLogs"]["Properties"]["RecordFields"].to_string();
    for secret in ["query", "Cookie", "Referer"] {
        assert!(!fields.contains(secret), "{secret}");
    }
}
