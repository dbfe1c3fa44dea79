//! Fields that are selected, queried or sorted by: what the items do not have is said, and complete items keep their columns.

use crate::{
    command::{CommandOutput, run, run_at},
    server::{last_page, serve_responses},
};

fn list_customers(options: &[&str]) -> CommandOutput {
    run(&[&["customers", "list", "--emulator", "--emulator-customers", "3"], options].concat())
}

#[test]
fn string_in_double_quotes_is_reported() {
    let ended = list_customers(&["--query", r#"[?relationshipToPartner=="reseller"].id"#]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("`\"reseller\"` is the name of a field") && ended.stderr.contains("'reseller'"),
        "{}",
        ended.stderr
    );
    for query in ["[?relationshipToPartner=='reseller'].id", r#"[?"id" != 'x'].id"#, r#"[].{"DE": id}"#] {
        let ended = list_customers(&["--query", query, "--output", "jsonl"]);
        assert_eq!((ended.status, ended.stdout.lines().count(), ended.stderr.as_str()), (Some(0), 3, ""), "{query}");
    }
}

#[test]
fn field_that_lists_leave_out_is_reported() {
    let billing = "note: `billingProfile` is not in a list of customers; add --full\n";
    let address = "note: `companyProfile.address` is not in a list of customers; add --full\n";
    for (options, note) in [
        (&["--columns", "id,billingProfile.email"][..], billing),
        (&["--query", "[?billingProfile.email=='a@b.example'].id", "--output", "json"], billing),
        (&["--query", "[].{country: companyProfile.address.country}"], address),
        (&["--sort-by=-companyProfile.address.country"], address),
        (&["--columns", "id,companyProfile.domain", "--sort-by", "relationshipToPartner"], ""),
    ] {
        assert_eq!(list_customers(options).stderr, note, "{options:?}");
        let complete = list_customers(&[options, &["--full"]].concat());
        assert_eq!((complete.status, complete.stderr.as_str()), (Some(0), ""), "{options:?}");
    }
}

#[test]
fn function_of_an_absent_field_is_explained() {
    for (query, advice) in [
        ("[?starts_with(commitmentEndDate, '2026-12')].id", "starts_with(commitmentEndDate || '', '2026-12')"),
        ("[].length(tags)", "(field || ''"),
        ("[].abs(number)", "(field || `0`)"),
        ("[].keys(object)", "(field || `{}`)"),
    ] {
        let ended = list_customers(&["--query", query]);
        assert_eq!(ended.status, Some(2), "{query}");
        assert!(
            ended.stderr.contains("the field is absent in some items") && ended.stderr.contains(advice),
            "{query}: {}",
            ended.stderr
        );
    }
    let other = list_customers(&["--query", "[].abs(id)"]).stderr;
    assert!(other.contains("correct the expression") && !other.contains("absent"), "{other}");
}

#[test]
fn complete_items_keep_their_columns() {
    let csv = |options: &[&str]| list_customers(&[options, &["--output", "csv"]].concat()).stdout;
    let all = csv(&[]);
    assert!(all.starts_with("id,company_name,domain,relationship_to_partner\n"), "{all}");
    assert_eq!(csv(&["--query", "[?relationshipToPartner=='reseller']"]), all);
    assert_eq!(csv(&["--query", "sort_by(@, &id)[:1]"]).lines().next(), all.lines().next());
    assert_eq!(csv(&["--query", "[0]"]).lines().next(), all.lines().next());
    assert_eq!(csv(&["--query", "[].{b: id}"]).lines().next(), Some("b"));
    // The columns of nothing are not known.
    assert_eq!(csv(&["--query", "[?id=='x'].id"]), "");
    assert_eq!(csv(&["--query", "[?id=='x']"]).lines().next(), all.lines().next());
    assert_eq!(csv(&["--query", "[?id=='x']", "--columns", "id"]), "id\n");
    let table = list_customers(&["--query", "[?id=='x']"]);
    assert!(!table.stdout.contains("VALUE") && table.status == Some(0), "{}", table.stdout);
}

#[test]
fn column_can_be_named_as_in_csv() {
    let csv = |columns: &str| list_customers(&["--columns", columns, "--output", "csv"]);
    let by_name = csv("company_name,id");
    assert_eq!((by_name.status, by_name.stderr.as_str()), (Some(0), ""));
    assert_eq!(by_name.stdout, csv("companyProfile.companyName,id").stdout);
    assert_eq!((by_name.stdout.lines().next(), by_name.stdout.lines().count()), (Some("company_name,id"), 4));
    let full = list_customers(&["--full", "--columns", "country,billing_country", "--output", "csv"]);
    assert_eq!((full.status, full.stderr.as_str()), (Some(0), ""));
    let heading = "company_profile_address_country,billing_profile_default_address_country";
    assert_eq!((full.stdout.lines().next(), full.stdout.lines().count()), (Some(heading), 4));
    assert!(csv("nonsense").stderr.contains("the column `nonsense` is not documented"));
}

#[test]
fn country_is_shown_where_the_address_is_hidden() {
    let ended = list_customers(&["--full", "--output", "csv"]);
    let mut lines = ended.stdout.lines();
    assert!(lines.next().unwrap().ends_with(",tags,billing_country"), "{}", ended.stdout);
    for line in lines {
        let country = line.rsplit(',').next().unwrap();
        assert_eq!(country.len(), 2, "{line}");
    }
}

#[test]
fn domain_without_a_customer_is_explained() {
    for options in [&[][..], &["--full"]] {
        let (url, _requests) = serve_responses(vec![(200, last_page(""))]);
        let ended = run_at(&url, &[&["customers", "list", "--domain", "contoso.com", "-o", "csv"], options].concat());
        assert!(
            ended.stderr.contains("note: --domain finds customers by their default domains only"),
            "{}",
            ended.stderr
        );
    }
    let (url, _requests) = serve_responses(vec![(200, last_page(""))]);
    let ended = run_at(&url, &["customers", "list", "--company-name", "Contoso", "-o", "csv"]);
    assert!(!ended.stderr.contains("domain"), "{}", ended.stderr);
}
