//! Reading a saved response with the models only: no client, no network.
//!
//! `cargo run --example models_only`; it needs no feature, and depends on neither an HTTP client nor a runtime.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use partner_center::models::{CustomerCollection, RelationshipToPartner};

/// A saved page of customers. The service is newer than this library, which does not know `sustainability`.
const SAVED_RESPONSE: &str = r#"{
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
    let page: CustomerCollection = serde_json::from_str(SAVED_RESPONSE)?;
    let [contoso, other] = &page.items[..] else { panic!("the saved page has two customers") };

    // Every field that the service may omit is an `Option`.
    println!("{:?} has the domain {:?}", contoso.company_name(), contoso.domain());
    assert_eq!(contoso.company_name(), Some("Contoso"));
    assert_eq!(other.company_name(), None);

    // Enums are open: an unknown value is not an error.
    assert_eq!(contoso.relationship_to_partner, Some(RelationshipToPartner::Reseller));
    println!("the relationship of the other one is {:?}", other.relationship_to_partner);

    // Unknown fields and values are kept and serialized again.
    let written = serde_json::to_string(&page)?;
    assert!(written.contains(r#""sustainability":"A+""#) && written.contains(r#""friend""#));
    Ok(())
}
