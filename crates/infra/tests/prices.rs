//! `prices refresh` against a server that answers as AWS's Price List service does (`GetProducts`, `aws_v1`): its answers
//! have the shape of the service's documentation and of recorded ones. No emulator knows the service.

#![cfg(test)]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use astroshield_infra::prices::query::{Lookup, Query, Tier};
use astroshield_infra::prices::{Confidence, PRICES, Prices};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What was asked: headers (names in small letters), and the body.
#[derive(Debug, Clone)]
struct Asked {
    headers: BTreeMap<String, String>,
    body: Value,
}

/// Status and body of an answer to a request; the number says how many there were before.
type Answers = dyn Fn(&Value, usize) -> (u16, String) + Send + Sync;

struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn start(answers: impl Fn(&Value, usize) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answers, all): (Arc<Answers>, _) = (Arc::new(answers), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, all) = (Arc::clone(&answers), Arc::clone(&all));
                std::thread::spawn(move || serve(stream.unwrap(), &*answers, &all));
            }
        });
        Self { address, asked }
    }

    /// With these products, as the service filters them, so many to a page.
    fn of(products: Vec<Value>, page: usize) -> Self {
        Self::start(move |request, _| (200, answer(&products, request, page).to_string()))
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers the requests of a connection.
fn serve(mut stream: TcpStream, answers: &Answers, all: &Mutex<Vec<Asked>>) {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => read.extend_from_slice(&part[..count]),
        }
    };
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let headers: BTreeMap<String, String> = (head.lines().skip(1))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while read.len() < end + 4 + length {
        let count = stream.read(&mut part).unwrap();
        read.extend_from_slice(&part[..count]);
    }
    let body: Value = serde_json::from_slice(&read[end + 4..]).unwrap();
    let before = {
        let mut all = all.lock().unwrap();
        all.push(Asked { headers, body: body.clone() });
        all.len() - 1
    };
    let (status, text) = answers(&body, before);
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let _ = stream.write_all(format!("{head}{text}").as_bytes());
}

/// What the service says: products that all filters match, by the page.
fn answer(products: &[Value], request: &Value, page: usize) -> Value {
    let wanted = |product: &&Value| {
        let described = &product["product"];
        product["serviceCode"] == request["ServiceCode"]
            && request["Filters"].as_array().into_iter().flatten().all(|filter| {
                assert_eq!(filter["Type"], "TERM_MATCH");
                assert_ne!(filter["Value"], "", "the service takes no empty value");
                let name = filter["Field"].as_str().unwrap();
                let of =
                    if name == "productFamily" { &described[name] } else { &described["attributes"][name] };
                *of == filter["Value"]
            })
    };
    let start: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let found: Vec<&Value> = products.iter().filter(wanted).collect();
    let items: Vec<String> = found.iter().skip(start).take(page).map(ToString::to_string).collect();
    let mut answer = json!({ "FormatVersion": "aws_v1", "PriceList": items });
    if start + page < found.len() {
        answer["NextToken"] = json!((start + page).to_string());
    }
    answer
}

/// A product in the service's shape; prices as pairs of where they begin and what they cost.
fn product(
    service: &str,
    sku: &str,
    attributes: &[(&str, &str)],
    unit: &str,
    prices: &[(&str, &str)],
) -> Value {
    let mut described = json!({
        "sku": sku,
        "attributes": { "servicecode": service, "locationType": "AWS Region", "location": "US East (N. Virginia)" },
    });
    for (name, value) in attributes {
        match *name {
            "productFamily" => described["productFamily"] = json!(value),
            name => described["attributes"][name] = json!(value),
        }
    }
    let mut dimensions = json!({});
    for (number, (start, usd)) in prices.iter().enumerate() {
        let code = format!("{sku}.JRTCKXETXF.{number}");
        dimensions[&code] = json!({
            "unit": unit, "beginRange": start, "endRange": prices.get(number + 1).map_or("Inf", |next| next.0),
            "description": format!("${usd} per {unit}"), "appliesTo": [], "rateCode": &code,
            "pricePerUnit": { "USD": usd },
        });
    }
    json!({
        "product": described,
        "serviceCode": service,
        "terms": { "OnDemand": { format!("{sku}.JRTCKXETXF"): {
            "priceDimensions": dimensions, "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z",
            "offerTermCode": "JRTCKXETXF", "termAttributes": {},
        } } },
        "version": "20261120181730",
        "publicationDate": "2026-11-20T18:17:30Z",
    })
}

/// The product that a query is about, and one beside it that it is not about.
fn products_of(query: &Query, usd: f64, number: usize) -> Vec<Value> {
    let mut attributes: Vec<(&str, &str)> =
        query.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if !query.anywhere {
        attributes.push(("regionCode", "us-east-1"));
    }
    let one = format!("{:.10}", usd / query.per.get() as f64);
    let start = match query.tier {
        Tier::From(start) => start.to_string(),
        Tier::Paid => "1000".to_owned(),
    };
    let prices = [("0", "0.0000000000"), (start.as_str(), one.as_str()), ("9999999999", "0.0000000001")];
    // A tier that begins at 0 has no free one before it.
    let prices = if start == "0" { &prices[1..] } else { &prices[..] };
    let mut other = attributes.clone();
    other.retain(|(name, _)| *name != "regionCode");
    other.push(("regionCode", "eu-west-1"));
    other.push(("usagetype", "EU-Other"));
    vec![
        product(&query.service, &format!("SKU{number}"), &attributes, &query.unit, prices),
        product(&query.service, &format!("OTHER{number}"), &other, &query.unit, &[("0", "77")]),
    ]
}

/// Two rows, and what is about them.
const TWO: &str = r#"# Kept.
["nat.hour"]
service = "VPC"
unit = "NAT gateway-hour"
usd = 0.045 # the owner's
region = "us-east-1"
source = "a table"
date = "2026-01-01"
confidence = "estimated"
query.service = "AmazonEC2"
query.where = { usagetype = "NatGateway-Hours", operation = "NatGateway", group = "" }
query.unit = "Hrs"

["sns.mail"]
service = "SNS"
unit = "thousand mails"
usd = 0.02
region = "us-east-1"
source = "a table"
date = "2026-01-01"
confidence = "estimated"
query.service = "AmazonSNS"
query.where = { usagetype = "DeliveryAttempts-SMTP" }
query.unit = "Notifications"
query.per = 1_000
query.tier = "paid"
"#;

fn nat(sku: &str, usd: &str) -> Value {
    let attributes =
        [("regionCode", "us-east-1"), ("usagetype", "NatGateway-Hours"), ("operation", "NatGateway")];
    product("AmazonEC2", sku, &attributes, "Hrs", &[("0", usd)])
}

fn mail() -> Value {
    let attributes = [("regionCode", "us-east-1"), ("usagetype", "DeliveryAttempts-SMTP")];
    product(
        "AmazonSNS",
        "MAIL",
        &attributes,
        "Notifications",
        &[("0", "0.0000000000"), ("1000", "0.0000200000")],
    )
}

struct Run {
    folder: TempDir,
    file: PathBuf,
}

impl Run {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prices.toml");
        std::fs::write(&file, text).unwrap();
        Self { folder, file }
    }

    fn refresh(&self, address: &str, more: &[&str]) -> Said {
        let nothing = self.folder.path().join("nothing");
        let output = Command::new(env!("CARGO_BIN_EXE_astroshield-infra"))
            .args(["prices", "refresh", "--endpoint-url", address, "--file"])
            .arg(&self.file)
            .args(more)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_CONFIG_FILE", &nothing)
            .env("AWS_SHARED_CREDENTIALS_FILE", &nothing)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE")
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        Said::of(&output)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    fn prices(&self) -> Prices {
        Prices::read(Some(&self.file)).unwrap()
    }

    /// Nothing but the file of prices is there.
    fn is_clean(&self) -> bool {
        std::fs::read_dir(self.folder.path()).unwrap().count() == 1
    }
}

#[derive(Debug)]
struct Said {
    status: i32,
    out: String,
    error: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: output.status.code().unwrap(), out: text(&output.stdout), error: text(&output.stderr) }
    }

    /// The line of a row.
    fn row(&self, id: &str) -> &str {
        self.out.lines().map(str::trim).find(|line| line.starts_with(&format!("{id} "))).unwrap_or_else(
            || {
                panic!("no row {id}: {self:?}");
            },
        )
    }
}

#[test]
fn every_row_that_there_is_can_be_asked_for_and_found() {
    let prices = Prices::read(None).unwrap();
    let mut products: Vec<Value> = Vec::new();
    let mut seen = Vec::new();
    for (number, (_, price)) in prices.iter().enumerate() {
        if let Lookup::Query(query) = &price.lookup
            && !seen.contains(&(&query.service, &query.attributes))
        {
            seen.push((&query.service, &query.attributes));
            products.extend(products_of(query, price.usd, number));
        }
    }
    let run = Run::new(PRICES);
    let server = Server::of(products, 1);
    let said = run.refresh(&server.address, &[]);
    assert_eq!(said.status, 0, "{said:?}");
    let by_hand = prices.iter().filter(|(_, price)| matches!(price.lookup, Lookup::ByHand(_))).count();
    let last = format!(
        "prices: {} rows, {} unchanged, 0 changed, 0 doubtful, 0 not found, 0 ambiguous, 0 no price, {by_hand} by hand",
        prices.iter().count(),
        prices.iter().count() - by_hand
    );
    assert!(said.out.contains(&last), "{}", said.out);
    for (id, price) in run.prices().iter() {
        let before = prices.get(id).unwrap();
        assert_eq!(price.usd.to_bits(), before.usd.to_bits(), "{id}");
        if let Lookup::Query(query) = &price.lookup {
            assert_eq!(price.confidence, Confidence::SingleSource, "{id}: an emulator confirms nothing");
            let source = format!("price list of {}: {}, SKU", server.address, query.service);
            assert!(price.source.starts_with(&source), "{id}: {}", price.source);
            assert!(price.source.ends_with(", of 2026-11-20"), "{id}: {}", price.source);
        } else {
            assert_eq!(price, before, "{id}");
        }
    }
    assert!(run.is_clean());

    // What is written is what `cost` counts with, and what the next refresh begins with.
    let cost = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_astroshield-infra"));
        let output = command.args(["cost", "--env", "prod"]).args(more).output().unwrap();
        Said::of(&output)
    };
    let (ours, theirs) = (cost(&[]), cost(&["--prices", run.file.to_str().unwrap()]));
    assert_eq!((ours.status, theirs.status), (0, 0), "{theirs:?}");
    let total = |said: &Said| said.out.lines().find(|line| line.contains("**total**")).unwrap().to_owned();
    assert_eq!(total(&ours), total(&theirs));
    assert!(theirs.out.contains("0 % rest on confirmed prices"), "{}", theirs.out);
    let text = run.text();
    assert_eq!(run.refresh(&server.address, &[]).status, 0);
    assert_eq!(run.text(), text);
}

#[test]
fn the_service_is_asked_as_it_wants_to_be() {
    let run = Run::new(TWO);
    let server = Server::of(vec![nat("NAT", "0.0450000000"), mail()], 100);
    assert_eq!(run.refresh(&server.address, &[]).status, 0);
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    let headers = &asked[0].headers;
    assert_eq!(headers["x-amz-target"], "AWSPriceListService.GetProducts");
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    assert!(headers["authorization"].contains("/us-east-1/pricing/aws4_request"), "{headers:?}");
    let filter = |field: &str, value: &str| json!({ "Type": "TERM_MATCH", "Field": field, "Value": value });
    let expected = json!({
        "ServiceCode": "AmazonEC2",
        "Filters": [
            filter("regionCode", "us-east-1"),
            filter("operation", "NatGateway"),
            filter("usagetype", "NatGateway-Hours"),
        ],
        "MaxResults": 100,
    });
    assert_eq!(asked[0].body, expected);
}

#[test]
fn a_changed_price_is_written_and_the_rest_stays() {
    let run = Run::new(TWO);
    let server = Server::of(vec![nat("NAT", "0.0520000000"), mail()], 100);
    let said = run.refresh(&server.address, &["--dry-run"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.row("nat.hour"), "nat.hour  changed    0.045 -> 0.052 (SKU NAT)");
    assert_eq!(said.row("sns.mail"), "sns.mail  unchanged  0.02 (SKU MAIL)");
    assert!(said.out.ends_with("prices: nothing is written (--dry-run)\n"), "{}", said.out);
    assert_eq!(run.text(), TWO);

    let out = run.folder.path().join("new.toml");
    assert_eq!(run.refresh(&server.address, &["--out", out.to_str().unwrap()]).status, 0);
    assert_eq!(run.text(), TWO);
    assert_eq!(run.refresh(&server.address, &[]).status, 0);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), run.text());
    let text = run.text();
    assert!(text.starts_with("# Kept.\n"), "{text}");
    assert!(text.contains("\nusd = 0.052 # the owner's\n"), "{text}");
    let kept = |text: &str| -> Vec<String> {
        let keys = ["usd", "source", "date", "confidence"];
        let changing = |line: &&str| keys.iter().any(|key| line.starts_with(&format!("{key} =")));
        text.lines().filter(|line| !changing(line)).map(str::to_owned).collect()
    };
    assert_eq!(kept(&text), kept(TWO));
}

#[test]
fn a_price_that_is_quite_another_one_wants_a_word() {
    let run = Run::new(TWO);
    let server = Server::of(vec![nat("NAT", "4.5000000000"), mail()], 100);
    let said = run.refresh(&server.address, &[]);
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(
        said.row("nat.hour"),
        "nat.hour  doubtful   0.045 -> 4.5 (SKU NAT); if that is the price, --accept nat.hour"
    );
    assert_eq!(run.prices().get("nat.hour"), Prices::parse(TWO).unwrap().get("nat.hour"));
    let said = run.refresh(&server.address, &["--accept", "nat.hour"]);
    assert_eq!((said.status, run.prices().get("nat.hour").unwrap().usd.to_string().as_str()), (0, "4.5"));
    let said = run.refresh(&server.address, &["--accept", "nat.hours"]);
    assert_eq!((said.status, said.error.as_str()), (1, "Error: --accept: there is no row nat.hours\n"));
}

#[test]
fn of_two_products_none_is_taken_and_what_tells_them_apart_is_shown() {
    let mut other = nat("REGIONAL", "0.0450000000");
    other["product"]["attributes"]["purpose"] = json!("regional");
    let run = Run::new(TWO);
    let server = Server::of(vec![nat("NAT", "0.0450000000"), mail(), other], 1);
    let said = run.refresh(&server.address, &[]);
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(said.row("nat.hour"), "nat.hour  ambiguous  2 products are what the query is about");
    assert!(said.out.contains("SKU NAT: 0.045 USD, purpose = \"\"\n"), "{}", said.out);
    assert!(said.out.contains("SKU REGIONAL: 0.045 USD, purpose = \"regional\"\n"), "{}", said.out);
    // The other row is written all the same.
    let (prices, before) = (run.prices(), Prices::parse(TWO).unwrap());
    assert_eq!(prices.get("nat.hour"), before.get("nat.hour"));
    assert!(prices.get("sns.mail").unwrap().source.contains("SKU MAIL"));
}

#[test]
fn a_product_that_is_not_there_is_looked_for_with_the_region_before_its_name() {
    let mut prefixed = nat("NAT", "0.0450000000");
    let run = Run::new(TWO);
    let said = run.refresh(&Server::of(vec![mail()], 1).address, &[]);
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(said.row("nat.hour"), "nat.hour  not found  no product is what the query is about");
    prefixed["product"]["attributes"]["usagetype"] = json!("USE1-NatGateway-Hours");
    let said = run.refresh(&Server::of(vec![mail(), prefixed], 1).address, &[]);
    assert_eq!(said.status, 3, "{said:?}");
    let hint = "; there is one with usagetype = \"USE1-NatGateway-Hours\"";
    assert!(said.row("nat.hour").ends_with(hint), "{said:?}");
    // In one of them nothing at all is found.
    let run = Run::new(TWO);
    let said = run.refresh(&Server::of(vec![], 1).address, &[]);
    assert_eq!((said.status, said.error.as_str()), (1, "Error: no price was found: nothing is written\n"));
    assert_eq!(run.text(), TWO);
}

#[test]
fn other_currencies_units_and_terms_are_no_prices() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut odd = nat("NAT", "0.0450000000");
        change(&mut odd["terms"]["OnDemand"]["NAT.JRTCKXETXF"]["priceDimensions"]["NAT.JRTCKXETXF.0"]);
        odd
    };
    let mut reserved = nat("NAT", "0.0450000000");
    reserved["terms"] = json!({ "Reserved": reserved["terms"]["OnDemand"] });
    for (odd, why) in [
        (with(&|of| of["pricePerUnit"] = json!({ "CNY": "0.3" })), "it is paid in CNY, and not in USD"),
        (with(&|of| of["unit"] = json!("GB")), "it counts in \"GB\", and not in \"Hrs\""),
        (with(&|of| of["pricePerUnit"]["USD"] = json!("-0.1")), "\"-0.1\" is no amount"),
        (with(&|of| of["beginRange"] = json!("Inf")), "\"Inf\" is no amount"),
        (
            with(&|of| of["beginRange"] = json!("10")),
            "0 of its prices begin at 0; they begin at 10 (0.045 USD)",
        ),
        (reserved, "it has 0 terms on demand, and not one"),
    ] {
        let run = Run::new(TWO);
        let said = run.refresh(&Server::of(vec![odd, mail()], 100).address, &[]);
        assert_eq!(said.status, 3, "{said:?}");
        assert_eq!(said.row("nat.hour"), format!("nat.hour  no price   SKU NAT: {why}"));
    }
}

#[test]
fn who_is_asked_too_often_is_asked_again() {
    let run = Run::new(TWO);
    let often = json!({ "__type": "ThrottlingException", "Message": "Rate exceeded" }).to_string();
    let products = vec![nat("NAT", "0.0450000000"), mail()];
    let said = often.clone();
    let server = Server::start(move |request, before| {
        if before < 3 { (400, said.clone()) } else { (200, answer(&products, request, 100).to_string()) }
    });
    assert_eq!(run.refresh(&server.address, &[]).status, 0);
    assert_eq!(server.asked().len(), 5);

    let run = Run::new(TWO);
    let said = run.refresh(&Server::start(move |_, _| (400, often.clone())).address, &[]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(
        said.error.starts_with("Error: asking for nat.hour") && said.error.contains("Rate exceeded"),
        "{said:?}"
    );
    assert_eq!((run.text().as_str(), run.is_clean()), (TWO, true));
}

#[test]
fn an_answer_that_cannot_be_read_is_no_price() {
    let of_nat = |request: &Value| request["ServiceCode"] == "AmazonEC2";
    for (item, why) in [
        ("{\"product\":", "EOF while parsing"),
        ("[]", "invalid"),
        (
            "{\"product\":{\"sku\":\"A\",\"attributes\":{\"usagetype\":7}}}",
            "invalid type: integer `7`, expected a string",
        ),
        ("{\"product\":{\"attributes\":{}}}", "missing field `sku`"),
        ("null", "invalid type: null"),
    ] {
        let run = Run::new(TWO);
        let (products, item) = (vec![mail()], item.to_owned());
        let server = Server::start(move |request, _| {
            let odd = json!({ "FormatVersion": "aws_v1", "PriceList": [item] });
            (200, if of_nat(request) { odd } else { answer(&products, request, 100) }.to_string())
        });
        let said = run.refresh(&server.address, &[]);
        assert_eq!(said.status, 3, "{said:?}");
        let row = said.row("nat.hour");
        assert!(
            row.starts_with("nat.hour  no price   an answer cannot be read: ") && row.contains(why),
            "{row}"
        );
    }
    // One that is no answer of the service at all ends it.
    for text in ["<html></html>", "{\"PriceList\": [", "{\"PriceList\": \"none\"}", "{\"PriceList\": [7]}"] {
        let run = Run::new(TWO);
        let said = run.refresh(&Server::start(move |_, _| (200, text.to_owned())).address, &[]);
        assert_eq!(said.status, 1, "{text}: {said:?}");
        assert!(said.error.starts_with("Error: asking for nat.hour"), "{said:?}");
        assert_eq!((run.text().as_str(), run.is_clean()), (TWO, true));
    }
}

#[test]
fn a_refusal_is_of_the_query_or_of_all() {
    for (kind, status) in
        [("InvalidParameterException", 3), ("NotFoundException", 3), ("AccessDeniedException", 1), ("Odd", 1)]
    {
        let run = Run::new(TWO);
        let products = vec![mail()];
        let server = Server::start(move |request, _| {
            if request["ServiceCode"] == "AmazonEC2" {
                (400, json!({ "__type": kind, "Message": "The service code is invalid." }).to_string())
            } else {
                (200, answer(&products, request, 100).to_string())
            }
        });
        let said = run.refresh(&server.address, &[]);
        assert_eq!(said.status, status, "{kind}: {said:?}");
        if status == 3 {
            assert_eq!(
                said.row("nat.hour"),
                "nat.hour  no price   the query is refused: The service code is invalid."
            );
        } else {
            assert!(said.error.contains("The service code is invalid."), "{said:?}");
            assert_eq!(run.text(), TWO);
        }
    }
    let run = Run::new(TWO);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = run.refresh(&format!("http://{closed}"), &[]);
    assert_eq!((said.status, run.text().as_str()), (1, TWO), "{said:?}");
    assert!(said.error.starts_with("Error: asking for nat.hour"), "{said:?}");
}

#[test]
fn pages_that_do_not_end_are_not_read_for_ever() {
    let run = Run::new(TWO);
    let products = vec![mail()];
    let server = Server::start(move |request, _| {
        let endless = json!({ "FormatVersion": "aws_v1", "PriceList": [], "NextToken": "again" });
        (
            200,
            if request["ServiceCode"] == "AmazonEC2" { endless } else { answer(&products, request, 100) }
                .to_string(),
        )
    });
    let said = run.refresh(&server.address, &[]);
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(said.row("nat.hour"), "nat.hour  no price   there are more than 20 pages of products");
}

#[test]
fn one_who_does_not_filter_is_not_believed() {
    let run = Run::new(TWO);
    let mut far = nat("FAR", "0.0480000000");
    far["product"]["attributes"]["regionCode"] = json!("eu-west-1");
    let mut grouped = nat("GROUPED", "0.0480000000");
    grouped["product"]["attributes"]["group"] = json!("NGW:NatGateway");
    let all: Vec<String> =
        [far, nat("NAT", "0.0450000000"), grouped, mail()].iter().map(ToString::to_string).collect();
    let server = Server::start(move |_, _| (200, json!({ "PriceList": all }).to_string()));
    let said = run.refresh(&server.address, &[]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.row("nat.hour"), "nat.hour  unchanged  0.045 (SKU NAT)");
}

#[test]
fn a_file_that_cannot_be_written_is_what_it_was() {
    let run = Run::new(TWO);
    let server = Server::of(vec![nat("NAT", "0.0450000000"), mail()], 100);
    let nowhere = run.folder.path().join("no/where.toml");
    let said = run.refresh(&server.address, &["--out", nowhere.to_str().unwrap()]);
    assert_eq!((said.status, run.text().as_str(), run.is_clean()), (1, TWO, true), "{said:?}");
    assert!(said.error.starts_with("Error: writing beside "), "{said:?}");
    let folder = run.folder.path().to_str().unwrap();
    let said = run.refresh(&server.address, &["--out", folder]);
    assert_eq!((said.status, run.text().as_str()), (1, TWO), "{said:?}");

    // Somebody writes into it while AWS is asked.
    let file = run.file.clone();
    let changing = Server::start(move |request, _| {
        std::fs::write(&file, format!("{TWO}# mine\n")).unwrap();
        (200, answer(&[nat("NAT", "0.0450000000"), mail()], request, 100).to_string())
    });
    let said = run.refresh(&changing.address, &[]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.error.ends_with("has changed meanwhile: nothing is written\n"), "{said:?}");
    assert!(run.text().ends_with("# mine\n"));
}

#[test]
fn rows_that_are_not_as_they_should_be_are_named_before_anything_is_asked() {
    let server = Server::of(vec![], 1);
    for (from, to, error) in [
        ("query.unit = \"Hrs\"\n", "", "nat.hour.query: missing field `unit`"),
        ("query.unit = \"Hrs\"", "query.unit = \" \"", "nat.hour: query: the unit is empty"),
        ("query.per = 1_000", "query.per = 0", "sns.mail.query.per: "),
        ("query.per = 1_000", "query.per = 0.5", "sns.mail.query.per: "),
        (
            "query.tier = \"paid\"",
            "query.tier = \"free\"",
            "\"free\" is neither the quantity that a tier begins at nor \"paid\"",
        ),
        ("query.tier = \"paid\"", "query.tier = -1", "-1 is neither the quantity"),
        ("query.tier = \"paid\"", "query.term = \"paid\"", "unknown field `term`"),
        ("query.tier = \"paid\"", "by_hand = \"no\"", "sns.mail: it has either a query or by_hand"),
        (
            "query.service = \"AmazonSNS\"",
            "query.service = \"Amazon SNS\"",
            "\"Amazon SNS\" is no code of a service",
        ),
        ("{ usagetype = \"DeliveryAttempts-SMTP\" }", "{}", "nothing of the product is asked for"),
        (
            "{ usagetype = \"DeliveryAttempts-SMTP\" }",
            "{ usagetype = \"\" }",
            "nothing of the product is asked for",
        ),
        (
            "{ usagetype = \"DeliveryAttempts-SMTP\" }",
            "{ regionCode = \"x\" }",
            "regionCode is the row's region",
        ),
        (
            "{ usagetype = \"DeliveryAttempts-SMTP\" }",
            "{ \"usage type\" = \"x\" }",
            "\"usage type\" is no attribute",
        ),
        (
            "{ usagetype = \"DeliveryAttempts-SMTP\" }",
            "{ usagetype = 7 }",
            "sns.mail.query.where.usagetype: ",
        ),
        ("usd = 0.02\n", "usd = 0\n", "sns.mail: usd is 0, and not above 0"),
        ("usd = 0.02\n", "usd = nan\n", "sns.mail: usd is NaN, and not above 0"),
        ("usd = 0.02\n", "usd = -1.0\n", "sns.mail: usd is -1, and not above 0"),
        ("usd = 0.02\n", "usd = inf\n", "sns.mail: usd is inf, and not above 0"),
        ("date = \"2026-01-01\"", "date = \"2026-13-01\"", "nat.hour.date: "),
        ("# Kept.", "nat = ", "TOML parse error"),
        ("[\"sns.mail\"]", "[\"nat.hour\"]", "duplicate key"),
    ] {
        assert!(TWO.contains(from), "{from}");
        let run = Run::new(&TWO.replacen(from, to, 1));
        let before = run.text();
        let said = run.refresh(&server.address, &[]);
        assert_eq!(said.status, 1, "{to}: {said:?}");
        let file = run.file.display().to_string();
        assert!(said.error.starts_with(&format!("Error: {file}\n")), "{to}: {said:?}");
        assert!(said.error.contains(error), "{to}: {said:?}");
        assert_eq!(run.text(), before);
    }
    let gone = Run { file: Path::new("/no/such/prices.toml").to_owned(), ..Run::new(TWO) };
    let said = gone.refresh(&server.address, &[]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.error.starts_with("Error: /no/such/prices.toml\n"), "{said:?}");
    assert!(server.asked().is_empty());
}
