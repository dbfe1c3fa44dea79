use super::ROUNDS;
use crate::{
    by_hand::from_text,
    measure::{Bar, Clock, Contest, Table},
    model::{lean, plain, typed},
    service::{Kind, pages},
};
use partner_center::CustomerCollection;
use std::hint::black_box;

pub(crate) fn run(table: &mut Table) {
    for (kind, name, bar) in
        [(Kind::Brief, "list customers", Bar::AtMost(0.70)), (Kind::Full, "full customers", Bar::None)]
    {
        let pages = pages(5_000, 500, kind);
        let each = |read: fn(&[u8])| {
            let pages = &pages;
            move || pages.iter().for_each(|page| read(page))
        };
        let results = Contest::by(Clock::Cpu)
            .with("plain", each(|page| drop(black_box(serde_json::from_slice::<plain::Page>(page).unwrap()))))
            .with("typed", each(|page| drop(black_box(serde_json::from_slice::<typed::Page>(page).unwrap()))))
            .with("text", each(|page| drop(black_box(from_text::<plain::Page>(page)))))
            .with("ours", each(|page| drop(black_box(from_text::<CustomerCollection>(page)))))
            .with("lean", each(|page| drop(black_box(from_text::<lean::Page>(page)))))
            .run(ROUNDS * 5);
        let what = format!("parse, {name}");
        table.add(&what, "`from_slice`, plain full types", results.ratio("ours", "plain"), bar);
        table.add(&what, "`from_str`, plain full types", results.ratio("ours", "text"), Bar::None);
        table.add(&what, "`from_slice`, plain full types with `Uuid`s and enums", results.ratio("ours", "typed"), bar);
        table.add(
            format!("{what}, five fields"),
            "`from_slice`, plain full types",
            results.ratio("lean", "plain"),
            Bar::None,
        );
    }
}
