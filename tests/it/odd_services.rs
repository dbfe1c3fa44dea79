//! However oddly the service writes, the client reads the same list; whatever goes wrong, the list is whole or an error.

use partner_center::{Client, Credential, Error, ListCustomers, transport::Blocking};
use partner_center_emulator::{
    ContinuationIn, Emulator, EmulatorBuilder, Encoding, ErrorCodes, Fault, LinkStyle, ListEnd, TotalCount,
};
use proptest::{bool, collection::vec, prelude::*, sample::select};
use uuid::Uuid;

const CUSTOMERS: u32 = 60;

fn paging() -> impl Strategy<Value = EmulatorBuilder> {
    (
        select(&[LinkStyle::V1, LinkStyle::Plain, LinkStyle::Bare, LinkStyle::Absolute][..]),
        select(&[ContinuationIn::Link, ContinuationIn::Body, ContinuationIn::Both][..]),
        select(&[ListEnd::NoToken, ListEnd::ErrorResponse, ListEnd::NoContent, ListEnd::EmptyPage][..]),
        select(&[TotalCount::Page, TotalCount::List][..]),
        1..30_u16,
        [bool::ANY; 2],
    )
        .prop_map(|(style, place, end, count, cap, [double, without_links])| {
            Emulator::builder()
                .customers(CUSTOMERS)
                .link_style(style)
                .continuation_in(place)
                .list_end(end)
                .total_count(count)
                .page_cap(cap.try_into().unwrap())
                .double_question_mark(double)
                .without_links(without_links)
        })
}

fn service() -> impl Strategy<Value = EmulatorBuilder> {
    let encodings = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be];
    let codes = [ErrorCodes::Mixed, ErrorCodes::Numbers, ErrorCodes::Texts];
    (paging(), select(encodings.to_vec()), select(codes.to_vec()), [bool::ANY; 7]).prop_map(
        |(builder, encoding, codes, [mark, nulls, pascal_case, unknown, without_access, duplicate, foreign])| {
            builder
                .encoding(encoding)
                .error_codes(codes)
                .byte_order_mark(mark)
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
    (select(&FAULTS[..]), 1..40_u32).prop_map(|(what, percent)| format!("{what}@{percent}%").parse().unwrap())
}

fn list(service: EmulatorBuilder, size: i32) -> Result<Vec<Uuid>, Error> {
    let transport = service.build().transport::<Blocking>();
    let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).build()?;
    let items = client.items(ListCustomers::new().size(size));
    items.map(|customer| customer.map(|customer| customer.id.unwrap())).collect()
}

fn whole() -> Vec<Uuid> {
    list(Emulator::builder().customers(CUSTOMERS), 500).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_list_is_the_same_however_it_is_written(service in service(), size in 1..70) {
        prop_assert_eq!(list(service, size).unwrap(), whole());
    }

    #[test]
    fn the_list_is_whole_or_an_error_whatever_goes_wrong(
        service in service(), size in 1..70, seed in any::<u64>(), faults in vec(fault(), 1..4),
    ) {
        let plain = list(Emulator::builder().customers(CUSTOMERS).seed(seed), 500).unwrap();
        let service = faults.into_iter().fold(service.seed(seed), EmulatorBuilder::fault);
        if let Ok(listed) = list(service, size) {
            prop_assert_eq!(listed, plain);
        }
    }
}
