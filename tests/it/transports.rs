//! What the two real transports promise by themselves, below the engine.

mod ureq {
    partner_center_conformance::suite!(partner_center::Ureq::new().unwrap());
}

mod reqwest {
    partner_center_conformance::suite!(#[tokio::test] async partner_center::Reqwest::new().unwrap());
}
