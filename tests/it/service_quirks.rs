//! Random quirks and faults of the emulator: quirks do not change a list, and with faults it is complete or an error.

use partner_center::{Client, Credential, Error, ListCustomers, transport::Blocking};
use partner_center_emulator::{
    ContinuationIn, Emulator, EmulatorBuilder, Encoding, ErrorCodes, Fault, LinkStyle, ListEnd, TotalCount,
};
use partner_center_tests::judged_emulator;
use proptest::{bool, collection::vec, prelude::*, sample::select};
use uuid::Uuid;

const CUSTOMERS: u32 = 60;

fn pagination_quirks() -> impl Strategy<Value = EmulatorBuilder> {
    (
        select(&[LinkStyle::V1, LinkStyle::Plain, LinkStyle::Bare, LinkStyle::Absolute][..]),
        select(&[ContinuationIn::Link, ContinuationIn::Body, ContinuationIn::Both][..]),
        select(&[ListEnd::NoToken, ListEnd::ErrorResponse, ListEnd::NoContent, ListEnd::EmptyPage][..]),
        select(&[TotalCount::Page, TotalCount::List][..]),
        1..30_u16,
        [bool::ANY; 2],
    )
        .prop_map(|(style, location, end, count, cap, [double_question_mark, without_links])| {
            judged_emulator()
                .customers(CUSTOMERS)
                .link_style(style)
                .continuation_in(location)
                .list_end(end)
                .total_count(count)
                .page_cap(cap.try_into().unwrap())
                .double_question_mark(double_question_mark)
                .without_links(without_links)
        })
}

fn quirks() -> impl Strategy<Value = EmulatorBuilder> {
    let encodings = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be];
    let codes = [ErrorCodes::Mixed, ErrorCodes::Numbers, ErrorCodes::Strings];
    (pagination_quirks(), select(encodings.to_vec()), select(codes.to_vec()), [bool::ANY; 7]).prop_map(
        |(
            builder,
            encoding,
            codes,
            [byte_order_mark, nulls, pascal_case, unknown, without_access, duplicate, foreign],
        )| {
            builder
                .encoding(encoding)
                .error_codes(codes)
                .byte_order_mark(byte_order_mark)
                .nulls(nulls)
                .pascal_case(pascal_case)
                .unknown_values(unknown)
                .without_delegated_access(without_access)
                .duplicate_locale(duplicate)
                .foreign_request_ids(foreign)
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    const FAULTS: [&str; 14] = [
        "503",
        "500:empty",
        "502:html",
        "429:retry-after=1",
        "429:retry-after-date=1",
        "401",
        "403:text",
        "400:code=1",
        "reset",
        "truncate",
        "hang",
        "garbage",
        "delay:50s",
        "drip:1s",
    ];
    (select(&FAULTS[..]), 1..40_u32).prop_map(|(fault, percent)| format!("{fault}@{percent}%").parse().unwrap())
}

fn list(emulator: EmulatorBuilder, size: i32) -> Result<Vec<Uuid>, Error> {
    let transport = emulator.build().transport::<Blocking>();
    let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).build()?;
    let items = client.items(ListCustomers::new().size(size));
    items.map(|customer| customer.map(|customer| customer.id.unwrap())).collect()
}

fn complete_list() -> Vec<Uuid> {
    list(judged_emulator().customers(CUSTOMERS), 500).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn list_is_the_same_under_all_quirks(emulator in quirks(), size in 1..70) {
        prop_assert_eq!(list(emulator, size).unwrap(), complete_list());
    }

    #[test]
    fn list_is_complete_or_an_error_under_all_faults(
        emulator in quirks(), size in 1..70, seed in any::<u64>(), faults in vec(fault(), 1..4),
    ) {
        let expected = list(judged_emulator().customers(CUSTOMERS).seed(seed), 500).unwrap();
        let emulator = faults.into_iter().fold(emulator.seed(seed), EmulatorBuilder::fault);
        if let Ok(ids) = list(emulator, size) {
            prop_assert_eq!(ids, expected);
        }
    }
}
