use std::ffi::OsString;
use std::fs;

use astroshield_domain::deployment::{BUS_PREFIX, PORT};

use super::*;

fn with(file: &str, variables: &[(&str, &str)]) -> Result<(Settings, Layers), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("astroshield.toml");
    fs::write(&path, file).unwrap();
    let mut layers = Layers::defaults().unwrap();
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    layers
        .add_file(&path)
        .and_then(|()| layers.add_environment(variables))
        .and_then(|()| Settings::from_layers(&layers))
        .map(|settings| (settings, layers))
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

fn error(file: &str, variables: &[(&str, &str)]) -> String {
    with(file, variables).map(|_| ()).unwrap_err()
}

#[test]
fn defaults_are_complete_and_valid() {
    let (settings, _) = with("", &[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), format!("127.0.0.1:{PORT}"));
    assert_eq!(settings.bus.prefix, BUS_PREFIX);
    let enabled: Vec<&str> =
        settings.feeds.iter().filter(|(_, feed)| feed.enabled).map(|(name, _)| name.as_str()).collect();
    assert_eq!(enabled, ["celestrak-active", "earth-orientation", "satcat", "space-weather"]);
}

#[test]
fn an_account_is_all_that_the_feeds_of_space_track_lack() {
    for name in ["space-track-gp", "space-track-cdm", "space-track-cdm-public"] {
        let file = format!(
            "[feeds.{name}]\nenabled = true\nspace_track_user = \"me\"\nspace_track_password = \"hunter2\"\n"
        );
        let (settings, _) = with(&file, &[]).unwrap();
        let feed = &settings.feeds[name];
        assert!(feed.enabled && feed.url.starts_with("https://www.space-track.org/"), "{name}");
        // Element sets once an hour at most, messages three times a day at most.
        let (kind, least) = if name == "space-track-gp" {
            (FeedKind::ElementSets, Duration::from_hours(1))
        } else {
            assert!(feed.url.contains("{since}"), "{name}");
            (FeedKind::Cdms, Duration::from_hours(8))
        };
        assert!(feed.kind == kind && feed.interval >= least, "{name}: {:?}", feed.interval);
    }
}

#[test]
fn environment_wins_over_the_file_and_the_file_over_defaults() {
    let file = "[screening]\ndays = 3\nthreads = 4\n[feeds.satcat]\nenabled = false\n";
    let variables = [
        ("ASTROSHIELD__SCREENING__DAYS", "2.5"),
        ("ASTROSHIELD__FEEDS__CELESTRAK_ACTIVE__ENABLED", "false"),
        ("ASTROSHIELD__NOTIFY__ALLOWED_NETWORKS", "10.0.0.0/8, 192.168.1.0/24"),
        ("UNRELATED", "x"),
    ];
    let (settings, layers) = with(file, &variables).unwrap();
    assert!((settings.screening.days - 2.5).abs() < f64::EPSILON);
    assert_eq!(settings.screening.threads, 4);
    assert!((settings.screening.threshold_km - 5.0).abs() < f64::EPSILON);
    assert!(!settings.feeds["satcat"].enabled && !settings.feeds["celestrak-active"].enabled);
    assert_eq!(settings.notify.allowed_networks, ["10.0.0.0/8", "192.168.1.0/24"]);
    assert_eq!(layers.origin("screening.days").to_string(), "ASTROSHIELD__SCREENING__DAYS");
    assert!(layers.origin("screening.threads").to_string().ends_with("astroshield.toml:3"));
    assert_eq!(layers.origin("screening.threshold_km").to_string(), "default");
}

#[test]
fn a_feed_can_be_added_by_file_and_by_environment() {
    let file = "[feeds.mine]\nkind = \"element_sets\"\nurl = \"file:/srv/catalogs\"\ninterval = \"1m\"\n";
    let variables = [
        ("ASTROSHIELD__FEEDS__OTHER_ONE__KIND", "cdms"),
        ("ASTROSHIELD__FEEDS__OTHER_ONE__URL", "https://example.org/cdms"),
    ];
    let (settings, _) = with(file, &variables).unwrap();
    assert_eq!(settings.feeds["mine"].interval, Duration::from_mins(1));
    assert_eq!(settings.feeds["other-one"].kind, FeedKind::Cdms);
}

#[test]
fn unknown_keys_are_named_with_their_place() {
    let message = error("[server]\n\nlistne = \"127.0.0.1:1\"\n", &[]);
    assert!(message.starts_with("astroshield.toml:3: server.listne: unknown field `listne`"), "{message}");
    let message = error("[sevrer]\nlisten = \"127.0.0.1:1\"\n", &[]);
    assert!(message.starts_with("astroshield.toml:1: sevrer: unknown field"), "{message}");
    let message = error("[feeds.satcat]\nurll = \"x\"\n", &[]);
    assert!(message.starts_with("astroshield.toml:2: feeds.satcat.urll: unknown field"), "{message}");
    let message = error("", &[("ASTROSHIELD__SERVER__LISTNE", "x")]);
    assert_eq!(message, "ASTROSHIELD__SERVER__LISTNE: server.listne: no such setting");
}

#[test]
fn values_of_a_wrong_type_are_named_with_their_place() {
    let message = error("[screening]\nthreads = \"many\"\n", &[]);
    assert!(message.starts_with("astroshield.toml:2: screening.threads: invalid type"), "{message}");
    let message = error("", &[("ASTROSHIELD__SCREENING__THREADS", "many")]);
    assert_eq!(message, "ASTROSHIELD__SCREENING__THREADS: screening.threads: \"many\" is no integer");
    let message = error("[silence]\nheartbeat_interval = \"soon\"\n", &[]);
    assert!(
        message.starts_with("astroshield.toml:2: silence.heartbeat_interval: \"soon\" is no duration"),
        "{message}"
    );
    let message = error("[server]\nlisten = \"here\"\n", &[]);
    assert!(message.starts_with("astroshield.toml:2: server.listen: invalid socket address"), "{message}");
    let message = error("[server\nlisten = 1\n", &[]);
    assert!(message.starts_with("astroshield.toml:1: "), "{message}");
}

#[test]
fn what_would_be_unsafe_or_impolite_is_refused() {
    for (file, expected) in [
        (
            "[server]\nlisten = \"0.0.0.0:80\"\n",
            "server.listen: 0.0.0.0:80 can be reached from other machines",
        ),
        (
            "[feeds.celestrak-active]\ninterval = \"1h\"\n",
            "feeds.celestrak-active.interval: 3600s: at least 7200s",
        ),
        (
            "[feeds.space-track-gp]\ninterval = \"30m\"\n",
            "feeds.space-track-gp.interval: 1800s: at least 3600s",
        ),
        (
            "[feeds.space-track-gp]\nenabled = true\n",
            "feeds.space-track-gp.space_track_user: www.space-track.org answers accounts only",
        ),
        ("[feeds.satcat]\nstale_after = \"1h\"\n", "feeds.satcat.stale_after: shorter than the interval"),
        ("[feeds.satcat]\nurl = \"ftp://x/y\"\n", "feeds.satcat.url: ftp: is not known"),
        ("[feeds.satcat]\nspace_track_user = \"me\"\n", "feeds.satcat.space_track_user: user and password"),
        ("[feeds.Mine]\nkind = \"cdms\"\nurl = \"file:/x\"\n", "feeds.Mine: the name of a feed is"),
        ("[store]\nkind = \"postgres\"\n", "store.url: PostgreSQL needs an address"),
        ("[store]\napplication_user = \"a\"\n", "store.application_user: only PostgreSQL has users"),
        (
            "[store]\napplication_password = \"x\"\n",
            "store.application_password: store.application_user is due, too",
        ),
        (
            "[store]\nkind = \"postgres\"\nurl = \"postgres://o@h/d\"\napplication_user = \"a\"\n",
            "store.application_user: store.application_password is due, too",
        ),
        (
            "[store]\nkind = \"postgres\"\nurl = \"postgres://o@h/d\"\napplication_user = \"A\"\n\
             application_password = \"x\"\n",
            "store.application_user: a lower-case letter, then",
        ),
        ("[screening]\ndays = nan\n", "screening.days: NaN: 0.01 to 30 are due"),
        ("[notify.smtp]\nhost = \"mail.example.org\"\n", "notify.smtp.from: mail needs a sender"),
        (
            "[notify.smtp]\nhost = \"mail.example.org\"\nfrom = \"a@b.org\"\nencryption = \"none\"\n",
            "notify.smtp.encryption: mail to mail.example.org would be readable",
        ),
        ("[log]\nlevel = \"loud\"\n", "log.level: \"loud\" is no level"),
        ("[log]\nlevel = \"info,sqlx=loud\"\n", "log.level: \"info,sqlx=loud\""),
    ] {
        let message = error(file, &[]);
        assert!(message.contains(expected), "{file}: {message}");
    }
    assert!(with("[server]\nlisten = \"0.0.0.0:80\"\nallow_remote = true\n", &[]).is_ok());
}

#[test]
fn a_folder_that_is_no_console_is_refused_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let console = folder.path().join("console");
    let file = format!("[console]\nfolder = {:?}\n", console.to_str().unwrap());
    let refused = |expected: &str| {
        let message = error(&file, &[]);
        assert!(message.contains("astroshield.toml:2: console.folder: "), "{message}");
        assert!(message.contains(&format!("{}: {expected}", console.display())), "{message}");
    };
    refused("No such file or directory");
    fs::write(&console, "").unwrap();
    refused("Not a directory");
    fs::remove_file(&console).unwrap();
    fs::create_dir(&console).unwrap();
    refused("index.html, which the console begins with: No such file or directory");
    fs::create_dir(console.join("index.html")).unwrap();
    refused("index.html is no file");
    fs::remove_dir(console.join("index.html")).unwrap();
    fs::write(console.join("index.html"), "<!doctype html>").unwrap();
    assert_eq!(with(&file, &[]).unwrap().0.console.folder, Some(console));

    let long = "x".repeat(41);
    for name in ["", "a\nb", &long] {
        let message = error("", &[("ASTROSHIELD__CONSOLE__ENVIRONMENT", name)]);
        assert!(message.contains("console.environment: a name of 1 to 40 characters is due"), "{message}");
    }
}

#[test]
fn secrets_come_from_files_too_and_never_show() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hunter2\n").unwrap();
    let smtp = format!(
        "[notify.smtp]\nhost = \"localhost\"\nuser = \"me\"\nfrom = \"a@b.org\"\npassword_file = {:?}\n",
        file.to_str().unwrap()
    );
    let variables = [
        ("ASTROSHIELD__STORE__URL", "postgres://me:hunter2@localhost/x"),
        ("ASTROSHIELD__FEEDS__SATCAT__SPACE_TRACK_USER", "me"),
        ("ASTROSHIELD__FEEDS__SATCAT__SPACE_TRACK_PASSWORD", "hunter2"),
    ];
    let (settings, layers) = with(&smtp, &variables).unwrap();
    assert_eq!(settings.notify.smtp.password.reveal(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
    let shown: Vec<String> =
        layers.leaves().iter().map(|(key, value)| printable(key, value, &layers.origin(key))).collect();
    assert!(!shown.join("\n").contains("hunter2"));

    let both = format!("{smtp}password = \"other\"\n");
    assert!(error(&both, &[]).contains("notify.smtp.password_file: notify.smtp.password is set too"));
    let message = error("[notify.smtp]\npassword = 1234567\n", &[]);
    assert!(
        message.contains("notify.smtp.password: a text is due") && !message.contains("1234567"),
        "{message}"
    );
    let message = error("[store]\nurl_file = \"/nowhere/url\"\n", &[]);
    assert!(message.contains("store.url_file: /nowhere/url: No such file"), "{message}");
}

#[test]
fn addresses_are_shown_without_what_may_be_a_key() {
    let file = "[feeds.mine]\nkind = \"element_sets\"\n\
                url = \"https://me:hunter2@data.example.org:8443/v1/gp?key=hunter2#hunter2\"\n\
                [silence]\nheartbeat_url = \"https://monitor.example.org/ping/hunter2?k=hunter2\"\n";
    let (_, layers) = with(file, &[]).unwrap();
    let leaves = layers.leaves();
    let shown = |name: &str| {
        let (key, value) = leaves.iter().find(|(key, _)| key == name).unwrap();
        printable(key, value, &layers.origin(key))
    };
    assert_eq!(shown("feeds.mine.url"), "\"https://(hidden)@data.example.org:8443/v1/gp?(hidden)#(hidden)\"");
    assert_eq!(shown("silence.heartbeat_url"), "\"https://monitor.example.org/(hidden)?(hidden)\"");
    // Everybody knows those.
    assert!(shown("feeds.celestrak-active.url").ends_with("gp.php?GROUP=active&FORMAT=csv\""));
    for file in [
        "[feeds.satcat]\nurl = \"https://me:hunter2@[x]/y\"\n",
        "[feeds.satcat]\nurl = \"x/y?key=hunter2\"\n",
        "[silence]\nheartbeat_url = \"monitor/hunter2\"\n",
        "[silence]\nheartbeat_url = \"ftp://monitor/hunter2\"\n",
    ] {
        let message = error(file, &[]);
        assert!(message.contains("url: ") && !message.contains("hunter2"), "{message}");
    }
}

/// Settings of all that stands on servers, whole.
#[cfg(feature = "managed")]
const SERVERS: &str = "[blobs]\nkind = \"s3\"\nbucket = \"mine\"\naccess_key_id = \"me\"\nsecret_access_key = \"hunter2\"\n\
                       [cache]\nkind = \"redis\"\nurl = \"rediss://me:hunter2@localhost:1\"\n\
                       [bus]\nkind = \"kafka\"\nbrokers = \"a:1,b:2\"\nuser = \"me\"\npassword = \"hunter2\"\n";

#[cfg(feature = "managed")]
#[test]
fn what_stands_on_servers_is_taken_whole_and_never_shows_its_secrets() {
    let (settings, layers) = with(SERVERS, &[]).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let shown: Vec<String> =
        layers.leaves().iter().map(|(key, value)| printable(key, value, &layers.origin(key))).collect();
    assert!(!shown.join("\n").contains("hunter2"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, "hunter3\n").unwrap();
    for (key, section) in [("secret_access_key", "blobs"), ("password", "bus")] {
        let from_file = format!("{key}_file = {file:?}");
        let whole = SERVERS.replace(&format!("{key} = \"hunter2\""), &from_file);
        let (settings, _) = with(&whole, &[]).unwrap();
        let read =
            if section == "blobs" { &settings.blobs.secret_access_key } else { &settings.bus.password };
        assert_eq!(read.reveal(), "hunter3", "{section}");
    }
}

#[cfg(feature = "managed")]
#[test]
fn what_a_server_needs_is_named_before_anything_is_asked_of_it() {
    for (from, to, expected) in [
        ("bucket = \"mine\"", "", "blobs.bucket: S3 needs the name of a bucket"),
        ("secret_access_key = \"hunter2\"", "", "blobs.access_key_id: name and secret"),
        ("bucket = \"mine\"", "bucket = \"mine\"\nprefix = \"a//b\"", "blobs.prefix: \"a//b\" is no folder"),
        ("bucket = \"mine\"", "bucket = \"mine\"\nencryption = \"kms\"", "blobs.kms_key_id: a key of KMS"),
        (
            "bucket = \"mine\"",
            "bucket = \"mine\"\nendpoint = \"http://a:1\"",
            "blobs.endpoint: https://host:port",
        ),
        (
            "bucket = \"mine\"",
            "bucket = \"mine\"\nauthorities_file = \"/nowhere\"",
            "blobs.authorities_file: /nowhere: No",
        ),
        ("rediss://me:hunter2@localhost:1", "", "cache.url: Redis needs an address"),
        (
            "rediss://me:hunter2@localhost:1",
            "redis://me:hunter2@far:1",
            "cache.url: address 1: redis: would be readable",
        ),
        (
            "rediss://me:hunter2@localhost:1",
            "rediss://a:1,rediss://b:2",
            "cache.url: several addresses are those of a cluster",
        ),
        (
            "rediss://me:hunter2@localhost:1",
            "https://hunter2",
            "cache.url: address 1: rediss://user:password@host:port is due",
        ),
        ("a:1,b:2", "a:1,b", "bus.brokers: \"b\": host:port is due"),
        ("password = \"hunter2\"", "", "bus.password: Kafka needs"),
        (
            "[bus]",
            "[gateway]\nendpoint = \"http://a:1/live\"\n[bus]",
            "gateway.endpoint: http: would be readable",
        ),
        ("[bus]", "[gateway]\nservice = \"a\"\n[bus]", "gateway.service: an address of https: is due"),
        ("[bus]", "[gateway]\nusage_keys = [\"*=short\"]\n[bus]", "gateway.usage_keys: TENANT=KEY is due"),
        ("[bus]", "[gateway]\nrequests = 0\n[bus]", "gateway.requests: 0: 1 to 1000 are due"),
        (
            "[cache]\nkind = \"redis\"",
            "[gateway]\nendpoint = \"https://a:1/live\"\n[cache]\nkind = \"memory\"",
            "gateway.endpoint: connections are remembered in Redis",
        ),
        (
            "user = \"me\"",
            "user = \"me\"\nauthentication = \"msk_iam\"",
            "bus.user: bus.authentication = \"msk_iam\"",
        ),
        ("user = \"me\"", "user = \"me\"\npartitions = 65", "bus.partitions: 65: 1 to 64 are due"),
        ("user = \"me\"", "user = \"me\"\nprefix = \"a b\"", "bus.prefix: \"a b\": up to 100"),
    ] {
        let message = error(&SERVERS.replace(from, to), &[]);
        assert!(message.contains(expected) && !message.contains("hunter2"), "{to}: {message}");
    }
}

#[cfg(not(feature = "managed"))]
#[test]
fn what_was_not_built_is_refused_by_its_name() {
    for (section, kind) in [("blobs", "s3"), ("cache", "redis"), ("bus", "kafka")] {
        let message = error(&format!("[{section}]\nkind = \"{kind}\"\n"), &[]);
        let expected = format!("astroshield.toml:2: {section}.kind: this program was built without it");
        assert!(message.starts_with(&expected), "{message}");
    }
    let message = error("[bus]\nkind = \"rabbit\"\n", &[]);
    assert!(message.starts_with("astroshield.toml:2: bus.kind: unknown variant `rabbit`"), "{message}");
}

#[test]
fn an_identity_provider_needs_an_issuer_over_tls_and_a_client() {
    let oidc = |more: &str| error(&format!("[identity]\nkind = \"oidc\"\n{more}"), &[]);
    assert!(oidc("").contains("identity.issuer"), "{}", oidc(""));
    let unsafe_issuer = oidc("issuer = \"http://id.example.org\"\nclient_id = \"a\"\n");
    assert!(unsafe_issuer.contains("identity.issuer") && unsafe_issuer.contains("https"), "{unsafe_issuer}");
    let issuer = "issuer = \"https://id.example.org\"\n";
    assert!(oidc(issuer).contains("identity.client_id"));
    let client = format!("{issuer}client_id = \"a\"\n");
    for (more, key) in [
        ("discovery = \"ftp://id.example.org\"", "identity.discovery"),
        ("group_prefix = \"\"", "identity.group_prefix"),
        ("scopes = [\"a b\"]", "identity.scopes"),
        ("session_idle = \"1s\"", "identity.session_idle"),
        ("session_idle = \"2h\"\nsession_life = \"1h\"", "identity.session_life"),
        ("keys_interval = \"0s\"", "identity.keys_interval"),
        ("authorities_file = \"missing.pem\"", "identity.authorities_file"),
    ] {
        let told = oidc(&format!("{client}{more}\n"));
        assert!(told.contains(key), "{told}");
    }
    let file = format!("[identity]\nkind = \"oidc\"\n{client}client_secret = \"hunter2\"\n");
    let (settings, _) = with(&file, &[]).unwrap();
    assert_eq!(settings.identity.client_secret.reveal(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
}
