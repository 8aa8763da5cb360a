//! Members of one issuer who go on at another one, as in another region.

use astroshield_testkit::servers::Server as Outside;
use reqwest::Method;
use serde_json::json;

use crate::place::{Issuer, Place};
use crate::server::run;

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_at_another_issuer_has_role_and_organization_again() {
    let Some(place) = Place::shared("").await else { return };
    let folder = place.folder().to_owned();
    let tenant = |arguments: &str| run(&folder, &format!("tenant {arguments}"));
    let first = place.issuer.address.clone();
    assert_eq!(tenant("create rebound Rebound").0, 0);
    // Neither has an address; the provider tells that of the one who signs in.
    for (subject, role) in [("rae", "operator"), ("ned", "viewer")] {
        let who = format!("member add rebound --issuer {first} --subject {subject} --role {role}");
        assert_eq!(tenant(&who).0, 0);
    }
    place.issuer.account("rae", &[]).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "rae").await.status, 200);
    let who = json!({ "tenant": "rebound", "name": "rae@example.org", "scope": "write" });
    assert_eq!(browser.get(&place.at("/api/v1/session")).await.json(), who);
    let refused = tenant(&format!("member rebind --from-issuer {first}"));
    assert!(refused.0 == 1 && refused.2.contains("identity.issuer"), "{refused:?}");

    let issuer = Outside::start("issuer");
    let place = place.at_another(Issuer::of(&issuer));
    place.register().await;
    let verified = json!({ "email": "Rae@example.org", "email_verified": true });
    let claimed = json!({ "email": "rae@example.org", "email_verified": false });
    place.issuer.tell("accounts", json!({ "anew": verified, "thief": claimed })).await;
    let (mut browser, mut thief) = (place.browser(), place.browser());
    assert_eq!(browser.sign_in(&place.service.address, "anew").await.status, 200);
    assert_eq!(thief.sign_in(&place.service.address, "thief").await.status, 200);
    let invitations = place.at("/api/v1/session/invitations");
    assert_eq!(browser.get(&invitations).await.json()["items"], json!([]));

    let unknown = tenant("member rebind --from-issuer https://id.example");
    assert!(unknown.0 == 1 && unknown.2.contains(&format!("issuers of members: {first}\n")), "{unknown:?}");
    let (status, would, told) = tenant(&format!("member rebind --from-issuer {first} --dry-run"));
    assert_eq!((status, told.trim()), (0, "1 would be invited again, 1 left"), "{would}");
    assert!(would.contains("rae@example.org  rae  would be invited again"), "{would}");
    assert_eq!(browser.get(&invitations).await.json()["items"], json!([]), "nothing was done");
    let (status, done, told) = tenant(&format!("member rebind --from-issuer {first}"));
    assert_eq!((status, told.trim()), (0, "1 invited again, 1 left"), "{done}");
    assert_eq!(done.replace("invited again", "would be invited again"), would);
    assert!(done.contains("-  ned  left: no address is known"), "{done}");

    assert_eq!(thief.get(&invitations).await.json()["items"], json!([]));
    let invited = browser.get(&invitations).await.json();
    let items = invited["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["role"]), (1, &json!("operator")), "{invited}");
    let path = format!("{invitations}/{}", items[0]["id"].as_str().unwrap());
    let accepted = browser.send(Method::POST, &path, None).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(browser.sign_in(&place.service.address, "anew").await.status, 200);
    let who = json!({ "tenant": "rebound", "name": "Rae@example.org", "scope": "write" });
    assert_eq!(browser.get(&place.at("/api/v1/session")).await.json(), who);

    let members = tenant("member list rebound").1;
    assert!(members.contains(&format!("rae@example.org  anew at {}", place.issuer.address)), "{members}");
    assert!(members.contains(&format!("ned at {first}")), "{members}");
    let (_, key, _) = tenant("key rebound log");
    let bearer = format!("Bearer {}", key.trim());
    let (_, log) =
        place.service.get_with("/api/v1/audit?action=member.invite_again", &[("authorization", &bearer)]);
    assert_eq!(log.matches("member.invite_again").count(), 1, "{log}");
    assert!(log.contains("\"principal\":\"operator\""), "{log}");
}
