//! What changes by itself or in the background: schedules of migrations, Azure subscriptions, upgrades and conversions of legacy
//! subscriptions.

#![allow(deprecated, reason = "upgrades and conversions are for legacy subscriptions, which are deprecated")]

use super::commerce::{DAY, code};
use partner_center::{models::*, operations::*, transport::Blocking, *};
use partner_center_emulator::{Emulator, EmulatorTransport};
use partner_center_tests::judged_emulator;
use serde_json::json;
use std::time::{Duration, UNIX_EPOCH};
use uuid::{Uuid, uuid};

const CUSTOMER: Uuid = uuid!("aaaabbbb-0000-cccc-1111-dddd2222eeee");
const LEGACY: Uuid = uuid!("a1f46edc-74bc-4201-9476-c0e94f82d106");
const LEGACY_WITH_ADD_ON: Uuid = uuid!("74c86d3e-d504-4ebb-889c-55c9b1a3e0b1");
const LEGACY_TRIAL: Uuid = uuid!("7be3a6f0-2d91-4c58-9f0b-6d1c2e84a735");
const BUSINESS_BASIC: Uuid = uuid!("9e3258d1-19e2-4b05-bb0b-ffad62f208b8");
const AZURE_PLAN: Uuid = uuid!("4d7e01ad-96e0-4e2c-820e-3a3a1b079c7a");

type PartnerClient = Client<EmulatorTransport<Blocking>>;

/// Returns an emulator at 2026-06-01T09:00:00Z, and a client of it.
fn partner() -> (Emulator, PartnerClient) {
    let start = UNIX_EPOCH + Duration::from_secs(1_780_304_400);
    let emulator = judged_emulator().customers(3).start_time(start).build();
    let client = Client::builder(emulator.transport(), Credential::token(Emulator::TOKEN)).build().unwrap();
    (emulator, client)
}

fn status_of(client: &PartnerClient, id: Uuid) -> SubscriptionStatus {
    client.call(GetSubscription::new(CUSTOMER, id)).unwrap().status.unwrap()
}

fn schedule_on(subscription: Uuid, day: &str) -> NewMigrationSchedule {
    NewMigrationSchedule::new(subscription).target_date(day.parse::<DateTime>().unwrap()).term_duration("P1Y")
}

#[test]
fn migration_schedule_runs_at_its_date() {
    let (emulator, client) = partner();
    let create = |schedule| client.call(CreateMigrationSchedule::new(CUSTOMER, schedule));
    let get = |id| client.call(GetMigrationSchedule::new(CUSTOMER, id)).unwrap();
    // Not without a date, and not of new commerce.
    assert_eq!(code(create(NewMigrationSchedule::new(LEGACY))), 3000);
    assert_eq!(code(create(schedule_on(BUSINESS_BASIC, "2026-06-20T00:00:00"))), 900_220);

    let schedule = create(schedule_on(LEGACY, "2026-06-10T00:00:00")).unwrap();
    assert_eq!(schedule.status, Some(MigrationScheduleStatus::Created));
    assert_eq!(schedule.catalog_item_id.as_deref(), Some("CFQ7TTC0X301:0001:CFQ7TTC0K5DG"));
    let id = schedule.id.unwrap();
    emulator.advance_clock(DAY * 8);
    assert_eq!((get(id).new_commerce_migration_id, status_of(&client, LEGACY)), (None, SubscriptionStatus::Active));
    // What is changed before the date counts at the date, also of the subscription.
    client.update(GetMigrationSchedule::new(CUSTOMER, id), |schedule| schedule.quantity = Some(9)).unwrap();
    emulator.advance_clock(DAY * 2);
    let migration = get(id).new_commerce_migration_id.unwrap();
    let migration = client.call(GetMigration::new(CUSTOMER, migration)).unwrap();
    assert_eq!((migration.status, migration.quantity), (Some(MigrationStatus::Completed), Some(9)));
    assert!(migration.started_time.unwrap().as_str().starts_with("2026-06-10T00:00:00"));
    assert_eq!(status_of(&client, LEGACY), SubscriptionStatus::Deleted);
    let new = client.call(GetSubscription::new(CUSTOMER, migration.new_commerce_subscription_id.unwrap())).unwrap();
    assert_eq!((new.quantity, new.migrated_from_subscription_id), (Some(9), Some(LEGACY)));
    // What has run is over.
    assert_eq!(code(client.call(CancelMigrationSchedule::new(CUSTOMER, id))), 800_002);
}

#[test]
fn migration_schedule_has_the_error_of_its_date() {
    let (emulator, client) = partner();
    let schedule = schedule_on(LEGACY, "2026-06-10T00:00:00");
    let id = client.call(CreateMigrationSchedule::new(CUSTOMER, schedule)).unwrap().id.unwrap();
    client
        .update(GetSubscription::new(CUSTOMER, LEGACY), |legacy| legacy.status = Some(SubscriptionStatus::Suspended))
        .unwrap();
    emulator.advance_clock(DAY * 10);
    let schedule = client.call(GetMigrationSchedule::new(CUSTOMER, id)).unwrap();
    assert_eq!((schedule.error_code, schedule.new_commerce_migration_id), (Some(900_215), None));
    assert_eq!(status_of(&client, LEGACY), SubscriptionStatus::Suspended);
}

#[test]
fn migration_schedule_runs_at_the_renewal_unless_it_is_cancelled() {
    let (emulator, client) = partner();
    let create = |subscription| {
        let schedule = NewMigrationSchedule::new(subscription).migrate_on_renewal(true);
        client.call(CreateMigrationSchedule::new(CUSTOMER, schedule)).map(|schedule| schedule.id.unwrap())
    };
    let without_add_on = create(LEGACY_WITH_ADD_ON).unwrap();
    let id = create(LEGACY).unwrap();
    let other = create(uuid!("5fce8f7e-ce8f-493d-bea5-892d0cc98a2d")).unwrap();
    let cancelled = client.call(CancelMigrationSchedule::new(CUSTOMER, other)).unwrap();
    assert_eq!(cancelled.status, Some(MigrationScheduleStatus::Cancelled));
    let listed = || -> Vec<_> {
        let schedules = client.items(ListMigrationSchedules::new().customer_tenant_id(CUSTOMER));
        schedules.map(|schedule| schedule.unwrap().new_commerce_migration_id.is_some()).collect()
    };
    emulator.advance_clock(DAY * 200);
    assert_eq!(listed(), [false; 3]);
    // The term ends on 2027-03-09.
    emulator.advance_clock(DAY * 82);
    assert_eq!(listed().into_iter().filter(|has_run| *has_run).count(), 1);
    let schedule = client.call(GetMigrationSchedule::new(CUSTOMER, id)).unwrap();
    assert!(schedule.new_commerce_migration_id.is_some(), "{schedule:?}");
    let schedule = client.call(GetMigrationSchedule::new(CUSTOMER, without_add_on)).unwrap();
    assert_eq!(schedule.error_code, Some(900_219), "its add-on is not named");
    assert_eq!(status_of(&client, LEGACY), SubscriptionStatus::Deleted);
}

#[test]
fn azure_subscription_is_cancelled_and_reactivated_after_minutes() {
    let (emulator, client) = partner();
    let list = |plan| -> Vec<AzureEntitlement> {
        client.items(ListAzureEntitlements::new(CUSTOMER, plan)).collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(list(BUSINESS_BASIC), [], "it is no Azure plan");
    let [active, inactive] = &list(AZURE_PLAN)[..] else { panic!("the documented plan has two") };
    let (id, inactive) = (active.id.unwrap(), inactive.id.unwrap());
    let status = |id| client.call(GetAzureEntitlement::new(CUSTOMER, AZURE_PLAN, id)).unwrap().status.unwrap();
    let reactivate = |id| client.call(ReactivateAzureEntitlement::new(CUSTOMER, AZURE_PLAN, id));
    let suspend = || {
        let change = |plan: &mut Subscription| plan.status = Some(SubscriptionStatus::Suspended);
        client.update(GetSubscription::new(CUSTOMER, AZURE_PLAN), change)
    };
    assert_eq!(code(suspend()), 900_115);
    assert_eq!(code(reactivate(id)), 900_337, "it is active");

    let reason = || AzureEntitlementCancellation::new(AzureCancellationReason::Compromise);
    let cancelled = client.call(CancelAzureEntitlement::new(CUSTOMER, AZURE_PLAN, id, reason())).unwrap();
    assert_eq!(cancelled.status, Some(AzureEntitlementStatus::Active));
    emulator.advance_clock(Duration::from_secs(9 * 60));
    assert_eq!(status(id), AzureEntitlementStatus::Active);
    emulator.advance_clock(Duration::from_secs(60));
    assert_eq!(status(id), AzureEntitlementStatus::Inactive);
    // Now the plan can be suspended, and nothing below it be active.
    suspend().unwrap();
    assert_eq!(code(reactivate(inactive)), 900_335);
    let activate = |plan: &mut Subscription| plan.status = Some(SubscriptionStatus::Active);
    client.update(GetSubscription::new(CUSTOMER, AZURE_PLAN), activate).unwrap();
    reactivate(inactive).unwrap();
    emulator.advance_clock(Duration::from_secs(10 * 60));
    assert_eq!(status(inactive), AzureEntitlementStatus::Active);
    let unknown = CancelAzureEntitlement::new(CUSTOMER, BUSINESS_BASIC, id, reason());
    assert_eq!(code(client.call(unknown)), 800_111, "it belongs to the plan alone");
}

#[test]
fn bought_azure_plan_has_an_azure_subscription_and_no_term() {
    let (emulator, client) = partner();
    let line_item = json!({ "lineItemNumber": 0, "offerId": "DZH318Z0AZP1:0001:DZH318Z0AZA1", "quantity": 1 });
    let order = serde_json::from_value(json!({ "lineItems": [line_item] })).unwrap();
    let order = client.call(CreateOrder::new(CUSTOMER, order)).unwrap();
    emulator.advance_clock(DAY * 500);
    let order = client.call(GetOrder::new(CUSTOMER, order.id.unwrap())).unwrap();
    let plan = order.line_items.unwrap()[0].subscription_id.unwrap();
    let subscription = client.call(GetSubscription::new(CUSTOMER, plan)).unwrap();
    assert_eq!((subscription.status, subscription.commitment_end_date), (Some(SubscriptionStatus::Active), None));
    let below: Vec<_> = client.items(ListAzureEntitlements::new(CUSTOMER, plan)).collect::<Result<_, _>>().unwrap();
    assert_eq!(below.len(), 1);
    assert_eq!(below[0].subscription_id, Some(plan));
}

#[test]
fn legacy_subscription_is_upgraded_to_another_one() {
    let (_emulator, client) = partner();
    let list =
        |id| -> Vec<Upgrade> { client.items(ListUpgrades::new(CUSTOMER, id)).collect::<Result<_, _>>().unwrap() };
    assert_eq!(list(BUSINESS_BASIC).len(), 0, "it is of new commerce");
    let upgrade = list(LEGACY).remove(0);
    assert_eq!((upgrade.is_eligible, upgrade.quantity), (Some(true), Some(6)));
    let result = client.call(CreateUpgrade::new(CUSTOMER, LEGACY, upgrade.clone())).unwrap();
    assert_eq!(result.upgrade_errors.map(|errors| errors.len()), Some(0));
    let target = client.call(GetSubscription::new(CUSTOMER, result.target_subscription_id.unwrap())).unwrap();
    assert_eq!(target.offer_id.as_deref(), Some("644D9226-4B97-4E94-9584-FBF308D43C9B"));
    assert_eq!((target.status, target.quantity), (Some(SubscriptionStatus::Active), Some(6)));
    assert_eq!(status_of(&client, LEGACY), SubscriptionStatus::Suspended);
    // Once more: the result says why not.
    assert_eq!(list(LEGACY)[0].is_eligible, Some(false));
    let result = client.call(CreateUpgrade::new(CUSTOMER, LEGACY, upgrade)).unwrap();
    assert_eq!((result.upgrade_errors.unwrap().len(), result.target_subscription_id), (1, None));
}

#[test]
fn legacy_trial_is_converted_and_keeps_its_identifier() {
    let (_emulator, client) = partner();
    let list =
        |id| -> Vec<Conversion> { client.items(ListConversions::new(CUSTOMER, id)).collect::<Result<_, _>>().unwrap() };
    assert_eq!(list(LEGACY), [], "it is no trial");
    let conversion = list(LEGACY_TRIAL).remove(0);
    let convert = || client.call(CreateConversion::new(CUSTOMER, LEGACY_TRIAL, conversion.clone())).unwrap();
    assert_eq!(convert().error, None);
    let converted = client.call(GetSubscription::new(CUSTOMER, LEGACY_TRIAL)).unwrap();
    assert_eq!((converted.is_trial, converted.offer_id), (Some(false), conversion.target_offer_id.clone()));
    assert!(convert().error.is_some(), "it is no trial any more");
    assert_eq!(list(LEGACY_TRIAL), []);
}
