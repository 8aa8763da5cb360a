//! The commands, as a person at a terminal runs them: the binary on a pseudoterminal of `script` (util-linux), against ministack.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use astroshield_infra::deploy::cloud::Cloud;
use astroshield_infra::deploy::{self, Done};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::manifest::Manifest;
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::{StackName, Template};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Emulator, Person};

/// A machine with the settings of an operator, and nothing else.
struct Machine {
    emulator: Emulator,
    cloud: Cloud,
    folder: TempDir,
    operator: Operator,
    manifest: Manifest,
    templates: Vec<Template>,
}

impl Machine {
    async fn new(emulator: Emulator, region: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!("region = {region:?}\nspace_track = true\n");
        fs::write(folder.path().join("settings.toml"), &settings).unwrap();
        let operator = Operator::parse(&settings).unwrap();
        let environment = Environment::new(Name::Dev, operator.clone());
        let templates = architecture(&environment).unwrap();
        let manifest = Manifest::new(&environment, &templates);
        Self { cloud: emulator.cloud().await, emulator, folder, operator, manifest, templates }
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("settings.toml")
    }

    fn storage(&self) -> usize {
        self.templates.iter().position(|template| template.stack == StackName::Storage).unwrap()
    }

    /// The name of a bucket of the stack.
    async fn bucket(&self, purpose: &str) -> String {
        let region = &self.operator.region;
        format!("astroshield-dev-{purpose}-{}-{region}", self.cloud.account(region).await.unwrap())
    }

    async fn has(&self, bucket: &str) -> bool {
        self.cloud.s3(&self.operator.region).head_bucket().bucket(bucket).send().await.is_ok()
    }

    /// A command of this environment about the stack of buckets, in these surroundings alone.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("SHELL", "/bin/sh")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CA_BUNDLE", &self.emulator.authority);
        command
    }

    fn arguments(&self, what: &str) -> String {
        let settings = self.settings().display().to_string();
        format!(
            "{what} --env dev --stack storage --settings {settings} --endpoint-url {}",
            self.emulator.address
        )
    }

    /// Runs a command, gives that answer to each of its questions, and says whether it succeeded, and with which text.
    fn at_a_terminal(&self, what: &str, answer: &str) -> (bool, String) {
        let line = format!("{} {}", env!("CARGO_BIN_EXE_astroshield-infra"), self.arguments(what));
        let mut script = self
            .command("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut keyboard, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let (mut seen, mut part) = (Vec::new(), [0; 4096]);
        loop {
            let read = screen.read(&mut part).unwrap();
            if read == 0 {
                break;
            }
            seen.extend_from_slice(&part[..read]);
            if seen.ends_with(b" to go on: ") {
                writeln!(keyboard, "{answer}").unwrap();
            }
        }
        (script.wait().unwrap().success(), String::from_utf8(seen).unwrap().replace('\r', ""))
    }

    /// The same where nobody is.
    fn alone(&self, what: &str) -> (bool, String) {
        let mut command = self.command(env!("CARGO_BIN_EXE_astroshield-infra"));
        let arguments = self.arguments(what);
        let ran = command.args(arguments.split(' ')).stdin(Stdio::null()).output().unwrap();
        let text = [ran.stdout, ran.stderr].concat();
        (ran.status.success(), String::from_utf8(text).unwrap())
    }
}

const NO_QUESTION: &str = "there is no question";

#[tokio::test]
async fn what_was_deployed_is_kept_and_destroyed_only_by_who_says_so() {
    let Some(ministack) = Emulator::ministack() else { return };
    let machine = Machine::new(ministack, "sa-east-1").await;
    let (done, text) = machine.at_a_terminal("diff", NO_QUESTION);
    assert!(done && text.contains("Blobs (AWS::S3::Bucket)"), "{text}");

    let (done, text) = machine.at_a_terminal("deploy", NO_QUESTION);
    let name = "astroshield-dev-storage";
    assert!(done, "{text}");
    let place = text.lines().find_map(|line| line.strip_prefix("configuration: ")).unwrap();
    for line in [
        "astroshield-dev-storage (sa-east-1)",
        "  CREATE_COMPLETE              Blobs (AWS::S3::Bucket)",
        "astroshield-dev-storage: deployed",
        &format!("  ArtifactsBucket = {}", machine.bucket("artifacts").await),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    is_kept(&machine, place).await;

    let (done, text) = machine.at_a_terminal("diff", NO_QUESTION);
    assert!(done && text.ends_with("diff: 0 changes, 0 with data loss\n"), "{text}");
    let (done, text) = machine.at_a_terminal("deploy", NO_QUESTION);
    assert!(done && text.contains("astroshield-dev-storage: unchanged"), "{text}");

    let blobs = machine.bucket("blobs").await;
    let s3 = machine.cloud.s3("sa-east-1");
    s3.put_object().bucket(&blobs).key("a").body(ByteStream::from_static(b"b")).send().await.unwrap();
    for (answer, (done, text)) in [
        ("no", machine.at_a_terminal("destroy", "no")),
        ("the name of the stack", machine.at_a_terminal("destroy", name)),
        ("nobody", machine.alone("destroy")),
    ] {
        assert!(!done && text.contains("This deletes dev with all data in it."), "{answer}: {text}");
        let why = if answer == "nobody" {
            "nobody is there to ask (--yes agrees to it)"
        } else {
            "nothing was done"
        };
        assert!(text.contains(why), "{answer}: {text}");
        assert!(s3.head_object().bucket(&blobs).key("a").send().await.is_ok(), "{answer}");
    }
    let (done, text) = machine.at_a_terminal("destroy", "dev");
    assert!(
        done && text.contains("DELETE_COMPLETE") && text.contains("astroshield-dev-storage: deleted"),
        "{text}"
    );
    assert!(!machine.has(&blobs).await);
    let (done, text) = machine.at_a_terminal("destroy", "dev");
    assert!(done && text.contains("astroshield-dev-storage: not there"), "{text}");
}

/// The copy of what was deployed is whole.
async fn is_kept(machine: &Machine, place: &str) {
    let (bucket, folder) = place.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    assert_eq!(bucket, machine.bucket("artifacts").await);
    let s3 = machine.cloud.s3(&machine.operator.region);
    let read = async |name: &str| {
        let read = s3.get_object().bucket(bucket).key(format!("{folder}{name}")).send().await.unwrap();
        String::from_utf8(read.body.collect().await.unwrap().to_vec()).unwrap()
    };
    assert_eq!(read("manifest.json").await, machine.manifest.text());
    assert_eq!(Operator::parse(&read("settings.toml").await).unwrap(), machine.operator);
    let template: Value = serde_json::from_str(&read("storage.template.json").await).unwrap();
    assert_eq!(template, machine.templates[machine.storage()].body);
    let deployed: Value = serde_json::from_str(&read("deployed.json").await).unwrap();
    let stacks: Vec<&String> = deployed.as_object().unwrap().keys().collect();
    assert_eq!(stacks, ["storage"]);
    assert_eq!(deployed["storage"]["status"], "CREATE_COMPLETE");
    assert_eq!(deployed["storage"]["outputs"]["ArtifactsBucket"], bucket);
}

#[tokio::test]
async fn a_person_is_asked_before_what_holds_data_is_replaced() {
    let Some(ministack) = Emulator::ministack() else { return };
    let machine = Machine::new(ministack, "me-south-1").await;
    // As it was before somebody gave the bucket another name.
    let (number, old) = (machine.storage(), "astroshield-terminal-assets");
    let mut before = machine.templates[number].clone();
    before.body["Resources"]["Assets"]["Properties"]["BucketName"] = json!(old);
    let entry = &machine.manifest.stacks[number];
    let (none, mut person) = (std::collections::BTreeMap::new(), Person::new(false));
    let made = deploy::deploy(&machine.cloud, &machine.manifest, entry, &before, &none, &mut person).await;
    assert_eq!(made.unwrap(), Done::Created);
    let new = machine.bucket("assets").await;

    let (_, text) = machine.at_a_terminal("diff", NO_QUESTION);
    assert!(text.ends_with("with data loss\n") && !text.ends_with(" 0 with data loss\n"), "{text}");
    for (answer, (done, text)) in
        [("yes", machine.at_a_terminal("deploy", "yes")), ("nobody", machine.alone("deploy"))]
    {
        assert!(
            !done && text.contains("data of 1 resources is in danger, as said above"),
            "{answer}: {text}"
        );
        assert!(text.contains("Assets (AWS::S3::Bucket)"), "{answer}: {text}");
        assert!(machine.has(old).await && !machine.has(&new).await, "{answer}");
    }
    let (done, text) = machine.at_a_terminal("deploy", "astroshield-dev-storage");
    assert!(done && text.contains("astroshield-dev-storage: deployed"), "{text}");
    // It is asked twice: of what the templates say, and of what AWS says.
    assert!(text.contains("AWS removes or replaces what holds data, as said above"), "{text}");
    assert!(machine.has(&new).await && !machine.has(old).await);
}

#[tokio::test]
async fn a_command_whose_deployment_failed_fails_and_can_be_run_again() {
    let Some(ministack) = Emulator::ministack() else { return };
    let machine = Machine::new(ministack, "af-south-1").await;
    let (taken, s3) = (machine.bucket("assets").await, machine.cloud.s3("us-east-1"));
    s3.create_bucket().bucket(&taken).send().await.unwrap();
    let (done, text) = machine.at_a_terminal("deploy", NO_QUESTION);
    assert!(!done && text.contains("astroshield-dev-storage is ROLLBACK_COMPLETE: "), "{text}");
    assert!(text.contains(&format!("'{taken}' already exists")), "{text}");
    assert!(!text.contains("configuration: "), "nothing was deployed: {text}");

    s3.delete_bucket().bucket(&taken).send().await.unwrap();
    let (done, text) = machine.at_a_terminal("deploy", NO_QUESTION);
    assert!(done, "{text}");
    assert!(text.contains("the first deployment failed; what is left of it is deleted"), "{text}");
    assert!(text.contains("astroshield-dev-storage: deployed"), "{text}");
}

#[tokio::test]
async fn prod_is_destroyed_by_no_command() {
    let Some(ministack) = Emulator::ministack() else { return };
    let machine = Machine::new(ministack, "il-central-1").await;
    for name in ["prod", "recovery"] {
        let mut command = machine.command(env!("CARGO_BIN_EXE_astroshield-infra"));
        let refused = command.args(["destroy", "--env", name, "--yes"]).output().unwrap();
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(
            !refused.status.success() && text.contains(&format!("{name} is not destroyed by a command")),
            "{text}"
        );
    }
}
