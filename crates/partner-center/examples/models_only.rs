//! The models alone: reading what was saved, without a client, without a network.
//!
//! `cargo run --example models_only`; it needs no feature, and brings neither an HTTP client nor a runtime.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use partner_center::{CustomerCollection, RelationshipToPartner};

/// A page of customers, as the service answered some day. It is newer than this library: `sustainability` is unknown to it.
const SAVED: &str = r#"{
    "totalCount": 2,
    "items": [
        {
            "id": "b44bb1fb-c595-45b0-9e09-d657365580bf",
            "companyProfile": {"companyName": "Contoso", "domain": "contoso.onmicrosoft.com", "sustainability": "A+"},
            "relationshipToPartner": "reseller"
        },
        {"id": "45c44870-ef77-4fdd-b6fe-3dacb075cff2", "relationshipToPartner": "friend"}
    ]
}"#;

fn main() -> serde_json::Result<()> {
    let page: CustomerCollection = serde_json::from_str(SAVED)?;
    let [contoso, other] = &page.items[..] else { panic!("two customers were saved") };

    // Everything the service may leave out is an `Option`.
    println!("{:?} has the domain {:?}", contoso.company_name(), contoso.domain());
    assert_eq!(contoso.company_name(), Some("Contoso"));
    assert_eq!(other.company_name(), None);

    // Enums are open: a value that is new is no error.
    assert_eq!(contoso.relationship_to_partner, Some(RelationshipToPartner::Reseller));
    println!("the other one is a {:?}", other.relationship_to_partner);

    // Nothing is lost on the way back, not even what this library does not know.
    let written = serde_json::to_string(&page)?;
    assert!(written.contains(r#""sustainability":"A+""#) && written.contains(r#""friend""#));
    Ok(())
}
