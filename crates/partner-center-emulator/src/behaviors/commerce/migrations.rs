//! Migrations of legacy subscriptions to new commerce.

use super::{
    bad_request_error, customer_path, forbidden_error, respond_with_list, scheduled_changes::is_aligned_date,
    subscriptions::is_partner_id_or_empty,
};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, customer_purchases::subscriptions_of_customer, stored},
    catalog::{CatalogItem, find_catalog_item, months_of_billing_cycle},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{
        MIGRATION_DURATION, NewSubscription, ORDER_PROVISIONING_DURATION, SubscriptionKind, Term, migration_events,
        set_internal_field, start_migration, subscription_kind, without_internal_fields,
    },
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{State, StateChange},
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};
use time::Date;

/// What a migration depends on.
pub(super) struct MigrationContext<'a> {
    pub(super) state: &'a State,
    pub(super) now: Timestamp,
    pub(super) customer: ResourcePath,
}

/// One subscription of a migration that can be migrated, with what it becomes.
struct MigrationPlan {
    path: ResourcePath,
    current: Value,
    item: CatalogItem,
    term: String,
    billing_cycle: String,
    quantity: i64,
    last_day: Option<Date>,
    add_ons: Vec<MigrationPlan>,
}

/// Why a subscription cannot be migrated: the code of a validation, and the one of the migration.
struct IneligibilityReason(u32, u32, &'static str);

const NOT_ACTIVE_REASON: IneligibilityReason = IneligibilityReason(0, 900_215, "The subscription is not active.");
const IN_PROCESS_REASON: IneligibilityReason = IneligibilityReason(1, 900_216, "The subscription is being processed.");
const ENDS_TOO_SOON_REASON: IneligibilityReason =
    IneligibilityReason(2, 900_217, "The term of the subscription ends in less than 24 hours.");
const PROMOTION_REASON: IneligibilityReason =
    IneligibilityReason(3, 900_218, "The subscription has a promotion, which ends with it.");
const UNNAMED_ADD_ONS_REASON: IneligibilityReason =
    IneligibilityReason(4, 900_219, "The subscription has add-ons that are not named.");
const NO_PRODUCT_REASON: IneligibilityReason =
    IneligibilityReason(5, 900_220, "There is no product of new commerce for the offer.");
const NO_TERM_REASON: IneligibilityReason =
    IneligibilityReason(6, 900_222, "The product does not have this combination of term and billing cycle.");
const TOO_YOUNG_REASON: IneligibilityReason =
    IneligibilityReason(7, 900_226, "The subscription has been active for a month or less.");
const PARTNER_ID_REASON: IneligibilityReason =
    IneligibilityReason(9, 900_247, "The partner ID of the subscription is not that of a reseller.");
const CUSTOM_END_REASON: IneligibilityReason =
    IneligibilityReason(11, 900_291, "The custom end date is not within the first term.");
const CUSTOM_END_NOT_ALIGNED_REASON: IneligibilityReason =
    IneligibilityReason(12, 900_292, "The custom end date is aligned with no subscription and no month.");

/// The legacy offers that can be migrated, with the catalog items that they become.
const MIGRATABLE_OFFERS: [(&str, &str); 3] = [
    ("2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526", "CFQ7TTC0X301:0001:CFQ7TTC0K5DG"),
    ("357A0E06-04FC-49E2-BDDB-99570943515B", "CFQ7TTC0VHQL:0001:CFQ7TTC0X30T"),
    ("6C7FA2D1-43A5-4CE0-9A6B-3B6D2F5D1E70", "CFQ7TTC0FL30:0001:CFQ7TTC0PF3B"),
];

impl<'a> MigrationContext<'a> {
    pub(super) fn from_call(call: &OperationCall<'a>) -> Self {
        Self { state: call.state, now: call.now, customer: customer_path(call) }
    }

    fn subscriptions(&self) -> Vec<Value> {
        subscriptions_of_customer(self.state, &self.customer, self.now)
    }

    fn migrations_path(&self) -> ResourcePath {
        self.customer.child_path("migrations").child_path("newcommerce")
    }

    /// Checks whether a subscription can be migrated with the add-ons that are named.
    fn plan_migration(&self, wanted: &Value, is_add_on: bool) -> Result<MigrationPlan, Vec<IneligibilityReason>> {
        let (plan, reasons) = self.plan_with_ineligibility_reasons(wanted, is_add_on).map_err(|reason| vec![reason])?;
        if reasons.is_empty() { Ok(plan) } else { Err(reasons) }
    }

    /// Checks a schedule as far as time alone does not change it. Returns what it says of the subscription, and when that renews.
    pub(super) fn plan_scheduled_migration(
        &self,
        wanted: &Value,
    ) -> Result<SubscriptionFieldsOfSchedule, ErrorResponse> {
        let (plan, mut reasons) =
            self.plan_with_ineligibility_reasons(wanted, false).map_err(|reason| error_of_reasons(&[reason]))?;
        let is_temporary = |reason: &IneligibilityReason| {
            [IN_PROCESS_REASON.0, ENDS_TOO_SOON_REASON.0, UNNAMED_ADD_ONS_REASON.0].contains(&reason.0)
        };
        reasons.retain(|reason| !is_temporary(reason));
        if !reasons.is_empty() {
            return Err(error_of_reasons(&reasons));
        }
        let end = string_at_path(&plan.current, &["commitmentEndDate"]);
        let fields = vec![
            ("subscriptionEndDate", end.into()),
            ("catalogItemId", plan.item.id().into()),
            ("quantity", plan.quantity.into()),
            ("termDuration", plan.term.into()),
            ("billingCycle", billing_cycle_as_migrations_spell_it(&plan.billing_cycle).into()),
        ];
        Ok(SubscriptionFieldsOfSchedule { fields, renewal: end.and_then(Timestamp::parse) })
    }

    /// Returns what a subscription becomes, and why it cannot be migrated now.
    fn plan_with_ineligibility_reasons(
        &self,
        wanted: &Value,
        is_add_on: bool,
    ) -> Result<(MigrationPlan, Vec<IneligibilityReason>), IneligibilityReason> {
        let text = |name: &str| string_at_path(wanted, &[name]).filter(|text| !text.is_empty());
        let id = text("currentSubscriptionId").unwrap_or_default();
        let path = self.customer.child_path("subscriptions").child_path(id);
        let Some(current) = self.state.get_resource_with_internal_fields(&path, self.now) else {
            return Err(NOT_ACTIVE_REASON);
        };
        let of_current = |name: &str| string_at_path(&current, &[name]);
        let offer = of_current("offerId").unwrap_or_default();
        let item = MIGRATABLE_OFFERS.iter().find(|(legacy, _)| legacy.eq_ignore_ascii_case(offer));
        let item = item.and_then(|(_, item)| find_catalog_item(item));
        let Some(item) = item.filter(|_| subscription_kind(&current) == SubscriptionKind::Legacy) else {
            return Err(NO_PRODUCT_REASON);
        };
        let mut reasons = Vec::new();
        let mut check = |is_right: bool, reason| {
            if !is_right {
                reasons.push(reason);
            }
        };
        let moment = |name| of_current(name).and_then(Timestamp::parse);
        check(current["status"] == "active", NOT_ACTIVE_REASON);
        check(!self.state.is_write_pending(&path, self.now), IN_PROCESS_REASON);
        check(of_current("promotionId").is_none_or(str::is_empty), PROMOTION_REASON);
        check(is_partner_id_or_empty(of_current("partnerId").unwrap_or_default()), PARTNER_ID_REASON);
        let end = moment("commitmentEndDate");
        check(end.is_none_or(|end| self.now + ONE_DAY < end), ENDS_TOO_SOON_REASON);
        check(moment("creationDate").is_none_or(|created| self.now >= created + ONE_DAY * 31), TOO_YOUNG_REASON);
        let named = wanted["addOnMigrations"].as_array().or_else(|| wanted["addOnMigrationSchedules"].as_array());
        let named = named.map_or(&[][..], Vec::as_slice);
        let is_named = |add_on: &Value| {
            let mut ids = named.iter().filter_map(|other| string_at_path(other, &["currentSubscriptionId"]));
            ids.any(|other| add_on["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(other)))
        };
        let subscriptions = self.subscriptions();
        let is_unnamed = |other: &Value| {
            let parent = string_at_path(other, &["parentSubscriptionId"]).unwrap_or_default();
            other["status"] == "active" && parent.eq_ignore_ascii_case(id) && !is_named(other)
        };
        check(is_add_on || !subscriptions.iter().any(is_unnamed), UNNAMED_ADD_ONS_REASON);
        let term = text("termDuration").unwrap_or("P1Y").to_ascii_uppercase();
        let billing_cycle =
            text("billingCycle").or(of_current("billingCycle")).unwrap_or("monthly").to_ascii_lowercase();
        let known_term = item.term(&term);
        check(known_term.is_some_and(|term| term.billing_cycles.contains(&billing_cycle.as_str())), NO_TERM_REASON);
        let first_term = Term::new(self.now.date(), &term, None);
        let custom = text("customTermEndDate").and_then(Timestamp::parse_with_or_without_zone).map(Timestamp::date);
        // A date that has passed, as that of an example does some day, has no effect.
        let custom = custom.filter(|day| *day >= first_term.first_day);
        if let Some(day) = custom {
            check(day <= first_term.last_day, CUSTOM_END_REASON);
            check(is_aligned_date(&subscriptions, day), CUSTOM_END_NOT_ALIGNED_REASON);
        }
        // Without a new full term, the one that is running goes on.
        let end_of_current = end.map(Timestamp::date).and_then(Date::previous_day);
        let last_day = custom.or_else(|| end_of_current.filter(|_| wanted["purchaseFullTerm"] != true));
        let add_ons: Result<Vec<_>, _> = named.iter().map(|add_on| self.plan_migration(add_on, true)).collect();
        let add_ons = match add_ons {
            Ok(add_ons) => add_ons,
            Err(mut found) => {
                reasons.append(&mut found);
                Vec::new()
            }
        };
        let quantity = wanted["quantity"].as_i64().or_else(|| current["quantity"].as_i64()).unwrap_or(1);
        Ok((MigrationPlan { path, current, item, term, billing_cycle, quantity, last_day, add_ons }, reasons))
    }

    /// Starts a migration. Returns it and its changes, or the error of a request for it.
    pub(super) fn start_migration_of_subscriptions(
        &self,
        wanted: &Value,
    ) -> Result<(Value, Vec<StateChange>), ErrorResponse> {
        let named = wanted["addOnMigrations"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<_> =
            named.iter().filter_map(|add_on| string_at_path(add_on, &["currentSubscriptionId"])).collect();
        if ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id)) {
            return Err(bad_request_error(900_248, "An add-on is named twice."));
        }
        for add_on in named {
            if matches!(self.plan_migration(add_on, true), Err(reasons) if reasons.iter().any(|reason| reason.0 == NOT_ACTIVE_REASON.0))
            {
                return Err(bad_request_error(900_262, "An add-on does not exist or is not active."));
            }
        }
        let plan = self.plan_migration(wanted, false).map_err(|reasons| error_of_reasons(&reasons))?;
        let mut random = self.state.random_for_next_change("migration");
        let id = random.random_guid().to_string();
        let order_id: String = random.random_guid().simple().to_string().chars().take(12).collect();
        let mut changes = Vec::new();
        let mut migration = self.migrate_planned_subscription(&plan, &mut random, &order_id, &mut changes);
        let add_ons: Vec<_> = plan
            .add_ons
            .iter()
            .map(|add_on| {
                without_internal_fields(self.migrate_planned_subscription(add_on, &mut random, &order_id, &mut changes))
            })
            .collect();
        start_migration_keeping_internal_fields(&mut migration, &id, self.now);
        migration["purchaseFullTerm"] = (wanted["purchaseFullTerm"] == true).into();
        if let Some(reference) = string_at_path(wanted, &["externalReferenceId"]) {
            migration["externalReferenceId"] = reference.into();
        }
        migration["addOnMigrations"] = add_ons.into();
        changes.push(StateChange::Put(self.migrations_path().child_path(&id), migration.clone()));
        Ok((migration, changes))
    }

    /// Returns a migration of one subscription, and adds the changes that make the new subscription and end the legacy one.
    fn migrate_planned_subscription(
        &self,
        plan: &MigrationPlan,
        random: &mut crate::random::RandomGenerator,
        order_id: &str,
        changes: &mut Vec<StateChange>,
    ) -> Value {
        let id = random.random_guid();
        let customer_id = self.customer.segments().last().copied().unwrap_or_default().to_owned();
        let text = |name: &str| string_at_path(&plan.current, &[name]).unwrap_or_default();
        let mut subscription = NewSubscription {
            customer_id: &customer_id,
            country: "US",
            id,
            order_id,
            item: plan.item,
            friendly_name: text("friendlyName"),
            quantity: plan.quantity,
            term_duration: &plan.term,
            billing_cycle: &plan.billing_cycle,
            custom_last_day: plan.last_day,
            partner_id: text("partnerId"),
            promotion_id: None,
            renews: true,
            created: self.now,
            provisioned: self.now + ORDER_PROVISIONING_DURATION * 2,
        }
        .to_record();
        subscription["migratedFromSubscriptionId"] = text("id").to_ascii_lowercase().into();
        let end = subscription["commitmentEndDate"].clone();
        changes.push(StateChange::Put(
            self.customer.child_path("subscriptions").child_path(&id.to_string()),
            subscription,
        ));
        let mut ended = plan.current.clone();
        ended["status"] = "deleted".into();
        ended["autoRenewEnabled"] = false.into();
        changes.push(StateChange::PutLater(plan.path.clone(), ended, self.now + MIGRATION_DURATION));
        let mut migration = without_null_fields(json!({
            "currentSubscriptionId": text("id").to_ascii_lowercase(),
            "customerTenantId": customer_id,
            "catalogItemId": plan.item.id(),
            "subscriptionEndDate": end,
            "quantity": plan.quantity,
            "termDuration": plan.term,
            "billingCycle": billing_cycle_as_migrations_spell_it(&plan.billing_cycle),
            "purchaseFullTerm": plan.last_day.is_none(),
        }));
        set_internal_field(&mut migration, "subscription", id.to_string());
        set_internal_field(&mut migration, "order", order_id);
        migration
    }
}

/// What a schedule says of its subscription.
pub(super) struct SubscriptionFieldsOfSchedule {
    pub(super) fields: Vec<(&'static str, Value)>,
    /// The moment at which the subscription renews, if it has a term.
    pub(super) renewal: Option<Timestamp>,
}

fn error_of_reasons(reasons: &[IneligibilityReason]) -> ErrorResponse {
    match reasons {
        [IneligibilityReason(_, 900_226, description)] => forbidden_error(900_226, *description),
        [IneligibilityReason(_, code, description)] => bad_request_error(*code, *description),
        _ => {
            let description = "The subscription cannot be migrated for several reasons. Validate it first.";
            bad_request_error(900_221, description)
        }
    }
}

fn start_migration_keeping_internal_fields(migration: &mut Value, id: &str, now: Timestamp) {
    let internal = ["subscription", "order"].map(|name| crate::lifecycle::get_internal_field(migration, name).cloned());
    migration["id"] = id.into();
    start_migration(migration, now);
    for (name, value) in ["subscription", "order"].into_iter().zip(internal) {
        set_internal_field(migration, name, value.unwrap_or_default());
    }
}

/// Returns a billing cycle as all responses of migrations have it: `Monthly`.
fn billing_cycle_as_migrations_spell_it(billing_cycle: &str) -> &'static str {
    match months_of_billing_cycle(billing_cycle) {
        Some(1) => "Monthly",
        Some(36) => "Triennial",
        _ => "Annual",
    }
}

/// Says whether a subscription can be migrated. One that cannot be is a result, and not an error.
pub(super) fn validate_migration(call: &OperationCall<'_>) -> ResponseWithChanges {
    let migrator = MigrationContext::from_call(call);
    let id = call.body["currentSubscriptionId"].clone();
    let eligibility = match migrator.plan_migration(&call.body, false) {
        Ok(plan) => without_null_fields(json!({
            "currentSubscriptionId": id,
            "isEligible": true,
            "termDuration": plan.term,
            "billingCycle": billing_cycle_as_migrations_spell_it(&plan.billing_cycle),
            "purchaseFullTerm": call.body["purchaseFullTerm"] == true,
            "quantity": plan.quantity,
            "catalogItemId": plan.item.id(),
            "customTermEndDate": call.body.get("customTermEndDate"),
            "addOnMigrations": plan.add_ons.iter().map(|add_on| json!({
                "currentSubscriptionId": add_on.current["id"].as_str().map(str::to_ascii_lowercase),
                "isEligible": true,
                "catalogItemId": add_on.item.id(),
            })).collect::<Vec<_>>(),
        })),
        Err(reasons) => json!({
            "currentSubscriptionId": id,
            "isEligible": false,
            "errors": reasons.iter().map(|IneligibilityReason(code, _, description)| {
                json!({ "code": code, "description": description })
            }).collect::<Vec<_>>(),
        }),
    };
    ResponseWithChanges::without_changes(call.respond_with_resource(eligibility, ResourceKind::Other, false))
}

pub(super) fn create_migration(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (migration, changes) = MigrationContext::from_call(call).start_migration_of_subscriptions(&call.body)?;
    let response = call.respond_with_resource(without_internal_fields(migration), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes })
}

/// Returns a migration. An unknown one is a 400, and not a 404.
pub(super) fn get_migration(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    stored::respond_from_store(call).map_err(|_| bad_request_error(900_224, "There is no such migration."))
}

/// Lists the events of a migration, or of the migrations of a subscription.
pub(super) fn list_migration_events(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let migrator = MigrationContext::from_call(call);
    let wanted = |parameter: &str| call.query.first_value(parameter).map(str::to_ascii_lowercase);
    let (by_id, by_subscription) = (wanted("migration_id"), wanted("current_subscription_id"));
    let path = migrator.migrations_path();
    let written = call.state.written_or_deleted_collection_items(&path, call.now).into_iter();
    let matching = written.filter_map(|(id, ..)| {
        let migration = call.state.get_resource_with_internal_fields(&path.child_path(id), call.now)?;
        let subscription = string_at_path(&migration, &["currentSubscriptionId"]).map(str::to_ascii_lowercase);
        let is_wanted = by_id.as_deref().is_none_or(|by_id| by_id == id)
            && (by_subscription.is_none() || subscription == by_subscription);
        is_wanted.then_some(migration)
    });
    let events = matching.flat_map(|migration| {
        let events = migration_events(&migration, call.now).into_iter().zip(0_u64..);
        let to_json = |((name, moment), number): ((&str, Timestamp), u64)| {
            let key = crate::random::keyed_hash(0, migration["id"].as_str().unwrap_or_default().as_bytes());
            json!({
                "id": crate::random::RandomGenerator::for_purpose(key, "event", number).random_guid(),
                "newCommerceMigrationId": migration["id"],
                "currentSubscriptionId": migration["currentSubscriptionId"],
                "customerTenantId": migration["customerTenantId"],
                "createdTime": moment.to_string_in_microseconds(),
                "eventName": name,
            })
        };
        events.map(to_json).collect::<Vec<_>>()
    });
    respond_with_list(call, events.collect())
}

/// Lists the migrations, or the schedules, of all customers, of one, of a subscription or of an external reference.
pub(super) fn list_migrations_or_schedules_of_partner(
    call: &OperationCall<'_>,
) -> Result<ResponseWithChanges, ErrorResponse> {
    let is_schedules = call.operation.id == "listMigrationSchedules";
    let written = call.state.written_resources_matching(call.now, |segments| match segments {
        ["v1", "customers", _, "migrations", "newcommerce", _] => !is_schedules,
        ["v1", "customers", _, "migrations", "newcommerce", "schedules", _] => is_schedules,
        _ => false,
    });
    let filters = [
        ("CustomerTenantId", "customerTenantId"),
        ("CurrentSubscriptionId", "currentSubscriptionId"),
        ("ExternalReferenceId", "externalReferenceId"),
    ];
    let is_wanted = |item: &Value| {
        filters.iter().all(|(parameter, field)| {
            let wanted = call.query.first_value(parameter);
            let actual = string_at_path(item, &[field]).unwrap_or_default();
            wanted.is_none_or(|wanted| actual.eq_ignore_ascii_case(wanted))
        })
    };
    respond_with_list(call, written.into_iter().filter(is_wanted).collect())
}
