//! Amplify: the console.
//!
//! Amplify builds the static export of `web/` at each push to the operator's branch, as `amplify.yml` at the root of
//! the repository says, and serves it. People reach it through the CloudFront distribution of the edge, under the same
//! name as the service, so that its sessions hold; Amplify has therefore no domain of ours. Pull requests are built,
//! too, and shown under Amplify's own domain (`pr-N.APP.amplifyapp.com`): there is no service behind a preview.
//!
//! What differs between environments is not built in: the console reads `/config.json` when it runs, which CloudFront
//! has from the service, so there is no variable of the build, and nothing secret.
//!
//! What scripts of a page may run is said by the page itself: the build puts a Content-Security-Policy with their
//! hashes into a `meta` element of each. A `meta` element cannot say who may frame a page; that, and what holds for all
//! pages, is in the headers here. A browser holds a page to both policies.
//!
//! Rules of status 404 and 404-200 are those of what is not among the files; a rule of status 200 would hide files, and
//! below `/alerts/` there are those by which the console loads a page without loading the document anew
//! (<https://docs.aws.amazon.com/amplify/latest/userguide/redirects.html>). Amplify itself leads `/alerts` to `/alerts/`
//! and shows the file `index.html` of a folder there, which is how the export is laid out.
//!
//! The app has no role of IAM. A static site needs nothing of AWS while it is built; and Amplify shows no previews of
//! a public repository where a build has a role, as anybody's pull request could use it.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::join;
use crate::template::kinds::{AmplifyApp, AmplifyBranch};
use crate::template::value::secret;
use crate::template::{Resource, Stack};

/// Folder of the console in the repository.
const ROOT: &str = "web";

/// Headers of everything that Amplify serves itself: of previews, and of what CloudFront passes on.
const HEADERS: &str = "\
applications:
  - appRoot: web
    customHeaders:
      - pattern: '**/*'
        headers:
          - key: Strict-Transport-Security
            value: max-age=63072000
          - key: X-Content-Type-Options
            value: nosniff
          - key: X-Frame-Options
            value: DENY
          - key: Referrer-Policy
            value: no-referrer
          - key: Content-Security-Policy
            value: \"frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'\"
";

/// The console's hosting.
#[derive(Debug, Clone)]
pub struct Frontend {
    /// The application.
    pub app: Resource<AmplifyApp>,
    /// Its branch.
    pub branch: Resource<AmplifyBranch>,
    label: String,
}

impl Frontend {
    /// Name of the host that serves the branch.
    #[must_use]
    pub fn host(&self) -> Value {
        join!(format!("{}.", self.label), self.app.default_domain())
    }
}

/// Adds the hosting.
pub fn add(stack: &Stack, environment: &Environment) -> Frontend {
    let operator = &environment.operator;
    let token = stack.ask(
        "RepositoryAccess",
        "ARN of the secret in Secrets Manager, in this region, whose key `token` is a GitHub token with the scope \
         admin:repo_hook, by which Amplify's GitHub app is connected to the repository",
        None,
    );
    let app: Resource<AmplifyApp> = stack.add(
        "Console",
        json!({
            "Name": environment.named("console"),
            "Description": "The console of AstroShield",
            "Platform": "WEB",
            "Repository": format!("https://github.com/{}", operator.repository),
            "AccessToken": secret(&token, "token"),
            "EnvironmentVariables": [{ "Name": "AMPLIFY_MONOREPO_APP_ROOT", "Value": ROOT }],
            // Sessions are the service's: Amplify's cache need not tell cookies apart.
            "CacheConfig": { "Type": "AMPLIFY_MANAGED_NO_COOKIES" },
            "CustomHeaders": HEADERS,
            "CustomRules": [
                // Pages of one thing are one page, which reads the rest of its path: mails lead to alerts.
                { "Source": "/alerts/<*>", "Target": "/alerts/index.html", "Status": "404-200" },
                { "Source": "/<*>", "Target": "/404.html", "Status": "404" },
            ],
            "EnableBranchAutoDeletion": true,
        }),
    );
    // CloudFormation starts no build, so that whoever deploys begins the first one.
    stack.show("ConsoleAppId", app.app_id());
    let branch: Resource<AmplifyBranch> = stack.add(
        "ConsoleBranch",
        json!({
            "AppId": app.app_id(),
            "BranchName": operator.branch,
            "Description": "What people see",
            "Framework": "Next.js - SSG",
            "Stage": if environment.sizes.protected { "PRODUCTION" } else { "DEVELOPMENT" },
            "EnableAutoBuild": true,
            // What stands by shows nothing that the other one does not.
            "EnablePullRequestPreview": !environment.stands_by,
        }),
    );
    Frontend { app, branch, label: label(&operator.branch) }
}

/// A branch as Amplify writes it in the name of a host.
fn label(branch: &str) -> String {
    branch.to_ascii_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::template::{StackName, Template, synthesize};

    fn template(name: Name) -> Template {
        let stack = Stack::new(StackName::Frontend, "console");
        add(&stack, &Environment::new(name, Operator::parse("").unwrap()));
        synthesize(&[stack]).unwrap().remove(0)
    }

    #[test]
    fn the_token_is_never_in_the_template_nor_in_a_parameter() {
        let template = template(Name::Prod);
        let token = template.body["Resources"]["Console"]["Properties"]["AccessToken"].to_string();
        assert!(token.contains("{{resolve:secretsmanager:") && token.contains("RepositoryAccess"), "{token}");
        assert!(template.body["Parameters"]["RepositoryAccess"].get("Default").is_none());
    }

    #[test]
    fn a_build_may_do_nothing_in_the_account() {
        let template = template(Name::Prod);
        let app = &template.body["Resources"]["Console"]["Properties"];
        assert!(app.get("IAMServiceRole").is_none() && app.get("ComputeRoleArn").is_none());
        assert!(template.resources().all(|(_, kind, _)| !kind.starts_with("AWS::IAM::")));
    }

    #[test]
    fn pushes_and_pull_requests_are_built() {
        let branch = |name| template(name).body["Resources"]["ConsoleBranch"]["Properties"].clone();
        for name in [Name::Dev, Name::Prod] {
            assert_eq!(branch(name)["EnableAutoBuild"], true);
            assert_eq!(branch(name)["EnablePullRequestPreview"], true);
        }
        assert_eq!(branch(Name::Recovery)["EnablePullRequestPreview"], false);
    }

    #[test]
    fn no_rule_hides_a_file_and_what_is_not_there_is_said_so_last() {
        let template = template(Name::Prod);
        let rules = template.body["Resources"]["Console"]["Properties"]["CustomRules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["Status"].as_str().unwrap().starts_with("404"), "{rule}");
        }
        let last = rules.last().unwrap();
        assert_eq!((&last["Source"], &last["Status"]), (&json!("/<*>"), &json!("404")));
    }

    #[test]
    fn headers_say_nothing_of_scripts_which_pages_do() {
        let policy = HEADERS.lines().find(|line| line.contains("frame-ancestors 'none'")).unwrap();
        for said_by_pages in ["default-src", "script-src", "style-src", "connect-src"] {
            assert!(!policy.contains(said_by_pages), "{policy}");
        }
    }

    #[test]
    fn the_folder_of_the_headers_is_that_of_the_build() {
        assert!(HEADERS.contains(&format!("appRoot: {ROOT}\n")));
        assert_eq!(label("release/2.0"), "release-2-0");
    }
}
