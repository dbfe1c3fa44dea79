use super::MEASUREMENT_ROUNDS;
use crate::{
    handwritten::parse_as_str,
    measure::{Clock, Comparison, MeasurementLimit, MeasurementTable},
    model::{lean, plain, typed},
    prebuilt_service::{CustomerFields, build_pages},
};
use partner_center::models::CustomerCollection;
use std::hint::black_box;

pub(crate) fn run(table: &mut MeasurementTable) {
    for (fields, name, limit) in [
        (CustomerFields::Brief, "list customers", MeasurementLimit::AtMost(0.70)),
        (CustomerFields::Full, "full customers", MeasurementLimit::None),
    ] {
        let pages = build_pages(5_000, 500, fields);
        let each = |read: fn(&[u8])| {
            let pages = &pages;
            move || pages.iter().for_each(|page| read(page))
        };
        let results = Comparison::new(Clock::Cpu)
            .with("plain", each(|page| drop(black_box(serde_json::from_slice::<plain::Page>(page).unwrap()))))
            .with("typed", each(|page| drop(black_box(serde_json::from_slice::<typed::Page>(page).unwrap()))))
            .with("string", each(|page| drop(black_box(parse_as_str::<plain::Page>(page)))))
            .with("ours", each(|page| drop(black_box(parse_as_str::<CustomerCollection>(page)))))
            .with("lean", each(|page| drop(black_box(parse_as_str::<lean::Page>(page)))))
            .run(MEASUREMENT_ROUNDS * 5);
        let subject = format!("parse, {name}");
        table.add(&subject, "`from_slice`, plain full types", results.ratio("ours", "plain"), limit);
        table.add(&subject, "`from_str`, plain full types", results.ratio("ours", "string"), MeasurementLimit::None);
        table.add(
            &subject,
            "`from_slice`, plain full types with `Uuid`s and enums",
            results.ratio("ours", "typed"),
            limit,
        );
        table.add(
            format!("{subject}, five fields"),
            "`from_slice`, plain full types",
            results.ratio("lean", "plain"),
            MeasurementLimit::None,
        );
    }
}
