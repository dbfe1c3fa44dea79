//! Migrations of legacy subscriptions, and their schedules.

use super::{
    BASIC, CUSTOMER, LEGACY, LEGACY_ADD_ON, LEGACY_WITH_ADD_ON, NOWHERE, Partner, Rejection, SUSPENDED,
    partner::Outcome,
};
use crate::commerce::DAY;
use partner_center::{models::*, operations::*};
use serde_json::json;

/// What a migration is rejected with.
pub(super) const MIGRATIONS: &[Rejection] = &[
    (400, 900_215, |partner| {
        partner.status(LEGACY, &SUSPENDED)?;
        migrate(partner, NewMigration::new(LEGACY))
    }),
    (400, 900_216, |partner| {
        migrate(partner, NewMigration::new(LEGACY))?;
        migrate(partner, NewMigration::new(LEGACY))
    }),
    (400, 900_217, |partner| {
        // The term ends on 2027-03-09.
        partner.wait(DAY * 280 + DAY / 2);
        migrate(partner, NewMigration::new(LEGACY))
    }),
    (400, 900_218, |partner| {
        partner.put(&format!("subscriptions/{LEGACY}"), json!({ "promotionId": "39NFJQT1CXL6:000H:39NFJQT1L9D5" }));
        migrate(partner, NewMigration::new(LEGACY))
    }),
    (400, 900_219, |partner| migrate(partner, NewMigration::new(LEGACY_WITH_ADD_ON))),
    (400, 900_220, |partner| migrate(partner, NewMigration::new(BASIC))),
    (400, 900_221, |partner| {
        partner.status(LEGACY, &SUSPENDED)?;
        migrate(partner, NewMigration::new(LEGACY).term_duration("P5Y"))
    }),
    (400, 900_222, |partner| migrate(partner, NewMigration::new(LEGACY).term_duration("P5Y"))),
    (400, 900_224, |partner| partner.client.call(GetMigration::new(CUSTOMER, NOWHERE)).map(drop)),
    (400, 900_247, |partner| {
        partner.put(&format!("subscriptions/{LEGACY}"), json!({ "partnerId": "Wingtip" }));
        migrate(partner, NewMigration::new(LEGACY))
    }),
    (400, 900_248, |partner| {
        let add_on = || NewMigration::new(LEGACY_ADD_ON);
        migrate(partner, NewMigration::new(LEGACY_WITH_ADD_ON).add_on_migrations(vec![add_on(), add_on()]))
    }),
    (400, 900_262, |partner| {
        let add_ons = vec![NewMigration::new(LEGACY_ADD_ON), NewMigration::new(NOWHERE)];
        migrate(partner, NewMigration::new(LEGACY_WITH_ADD_ON).add_on_migrations(add_ons))
    }),
    (400, 900_291, |partner| migrate(partner, ending(NewMigration::new(LEGACY), "2028-06-30T00:00:00Z"))),
    (400, 900_292, |partner| migrate(partner, ending(NewMigration::new(LEGACY), "2026-09-17T00:00:00Z"))),
    (400, 800_002, |partner| {
        let schedule = NewMigrationSchedule::new(LEGACY).migrate_on_renewal(true);
        let id = partner.client.call(CreateMigrationSchedule::new(CUSTOMER, schedule))?.id.unwrap();
        partner.client.call(CancelMigrationSchedule::new(CUSTOMER, id))?;
        partner.client.call(CancelMigrationSchedule::new(CUSTOMER, id)).map(drop)
    }),
    (403, 900_226, |partner| {
        // An add-on that is added to a legacy subscription is a legacy subscription as well.
        let add_on = json!({
            "lineItemNumber": 1,
            "offerId": "2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526",
            "quantity": 1,
            "parentSubscriptionId": LEGACY,
        });
        partner.change_order(super::LEGACY_ORDER, json!({ "id": super::LEGACY_ORDER, "lineItems": [add_on] }))?;
        let add_ons = partner.client.page(ListSubscriptionAddons::new(CUSTOMER, LEGACY))?.items;
        migrate(partner, NewMigration::new(add_ons[0].id.unwrap()))
    }),
];

fn migrate(partner: &Partner, migration: NewMigration) -> Outcome {
    partner.client.call(CreateMigration::new(CUSTOMER, migration)).map(drop)
}

fn ending(migration: NewMigration, day: &str) -> NewMigration {
    migration.custom_term_end_date(day.parse::<DateTime>().unwrap())
}
