//! Every kind of value that the generator can write, in types as it writes them.

#![expect(unreachable_pub, reason = "the macros are made for public types")]

use crate::{
    Date, DateTime, Decimal, JsonValue, Nullable, RawJson, Resource as _, Secret, UnknownFields, UnknownInteger,
    UnknownVariant, from_json,
    open_enum::{integer_enum, open_enum},
    resource::resource,
    union::object_union,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Debug};
use uuid::Uuid;

#[non_exhaustive]
struct Line {
    price: Option<Decimal>,
    prices: Option<Vec<Decimal>>,
    rate: Option<f64>,
    rates: Option<Vec<f64>>,
    table: Option<Vec<Vec<f64>>>,
    count: Option<i64>,
    at: Option<DateTime>,
    on: Option<Date>,
    names: Option<BTreeMap<String, String>>,
    rated: Option<BTreeMap<String, f64>>,
    parts: Option<BTreeMap<String, Part>>,
    anything: Option<BTreeMap<String, JsonValue>>,
    values: Option<Vec<JsonValue>>,
    ids: Option<Vec<Uuid>>,
    children: Option<Vec<Line>>,
    parent: Option<Box<Line>>,
    device: Option<Device>,
    devices: Option<Vec<Device>>,
    reason: Option<Reason>,
    status: Option<Status>,
    statuses: Option<Vec<Status>>,
    created: Option<String>,
    note: Option<Nullable<String>>,
    owner: Option<Nullable<Box<Part>>>,
    tags: Option<Nullable<Vec<String>>>,
    secret: Option<Secret>,
    raw: Option<RawJson<Part>>,
    unknown_fields: UnknownFields,
}

resource!(Line: Clone PartialEq Default {
    0 Optional Decimal price = "price",
    1 Optional Optional prices = "prices",
    2 Optional Scalar rate = "rate",
    3 Optional Optional rates = "rates",
    4 Optional Optional table = "table",
    5 Optional Scalar count = "count",
    6 Optional Scalar at = "at",
    7 Optional Scalar on = "on",
    8 Optional Optional names = "names",
    9 Optional Optional rated = "rated",
    10 Optional Optional parts = "parts",
    11 Optional Optional anything = "anything",
    12 Optional Optional values = "values",
    13 Optional Optional ids = "ids",
    14 Optional Optional children = "children",
    15 Optional Optional parent = "parent",
    16 Optional Optional device = "device",
    17 Optional Optional devices = "devices",
    18 Optional Scalar reason = "reason",
    19 Optional Scalar status = "status",
    20 Optional Optional statuses = "statuses",
    21 Optional Scalar created = "creationDate" | "createdDate" | "created",
    22 Nullable Nullable note = "note",
    23 Nullable Nullable owner = "owner",
    24 Nullable Nullable tags = "tags",
    25 Optional Scalar secret = "secret",
    26 Optional RawJson raw = "raw",
});

/// Required fields of each kind.
#[non_exhaustive]
struct Part {
    name: String,
    price: Decimal,
    inner: Inner,
    map: BTreeMap<String, i32>,
    list: Vec<String>,
    any: JsonValue,
    unknown_fields: UnknownFields,
}

resource!(Part: Clone PartialEq {
    0 Required Scalar name = "name",
    1 Required Decimal price = "price",
    2 Required Object inner = "inner",
    3 Required Map map = "map",
    4 RequiredList List list = "list",
    5 Required Json any = "any",
});

/// An object whose properties with other names are described.
#[non_exhaustive]
struct Inner {
    id: Option<i32>,
    additional_properties: BTreeMap<String, f64>,
    unknown_fields: UnknownFields,
}

resource!(Inner: Clone PartialEq Default {
    0 Optional Scalar id = "id",
} additional additional_properties);

#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
enum Device {
    Phone(Box<Phone>),
    Laptop(Box<Laptop>),
    Unknown(JsonValue),
}

object_union!(Device by "deviceType" { Phone = "phone" | "mobile", Laptop = "laptop", });

#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
struct Phone {
    number: Option<String>,
    device: Option<Device>,
    unknown_fields: UnknownFields,
}

resource!(Phone {
    0 Optional Scalar number = "number",
    1 Optional Optional device = "device",
});

#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
struct Laptop {
    device_type: Option<String>,
    size: Option<Decimal>,
    unknown_fields: UnknownFields,
}

resource!(Laptop {
    0 Optional Scalar device_type = "deviceType",
    1 Optional Decimal size = "size",
});

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
enum Reason {
    NoMoney,
    NoTime,
    UnknownVariant(UnknownInteger),
}

integer_enum!(Reason { NoMoney = 10000, NoTime = -1, });

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
enum Status {
    InReview,
    Active,
    UnknownVariant(UnknownVariant),
}

open_enum!(loose Status { InReview = "in_review", Active = "active", });

const PART: &str = r#"{"name":"a","price":1.50,"inner":{"id":1,"x":2.5},"map":{"b":1},"list":["c"],"any":null}"#;

fn read_line(json: &str) -> Line {
    serde_json::from_str(json).unwrap()
}

/// Reads an object in each way; the results are equal, and are written as `json`, to the letter.
fn read_and_assert_round_trip<T: DeserializeOwned + Serialize + Clone + PartialEq + Debug>(json: &str) -> T {
    let value: T = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    let again = from_json::<T>(json).unwrap().value;
    assert_eq!(again, value);
    assert_eq!(serde_json::to_string(&again).unwrap(), json);
    assert_eq!(serde_json::from_reader::<_, T>(json.as_bytes()).unwrap(), value);
    let copy = value.clone();
    assert_eq!(copy, value);
    assert_eq!(serde_json::to_string(&copy).unwrap(), json);
    value
}

#[test]
fn values_of_each_kind_are_written_as_they_were_read() {
    for fields in [
        r#""price":12.10"#,
        r#""price":1e2"#,
        r#""price":28.82860766744404945074,"prices":[1.0,2,-0,0.10]"#,
        r#""rate":12"#,
        r#""rate":12.0"#,
        r#""rate":-1.5,"rates":[1,2.5,3]"#,
        r#""rates":[]"#,
        r#""table":[[1,2.5],[],[3.0]]"#,
        r#""count":-9223372036854775808"#,
        r#""at":"2021-01-14T16:57:15.0966728Z","on":"2021-01-14""#,
        r#""names":{"a":"b","c":""}"#,
        r#""names":{}"#,
        r#""rated":{"a":1,"b":2.5}"#,
        r#""anything":{"a":null,"b":[1.10]},"values":[null,1.10,{}]"#,
        r#""ids":["53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"]"#,
        r#""children":[{"children":[{"count":1}]}],"parent":{"parent":{"price":0.10}}"#,
        r#""device":{"deviceType":"laptop","size":13.30}"#,
        r#""device":{"number":"1","deviceType":"phone"},"devices":[{"deviceType":"watch","size":1.0},{}]"#,
        r#""reason":10000"#,
        r#""reason":7"#,
        r#""status":"in_review","statuses":["active","InReview","new"]"#,
        r#""status":"InReview""#,
        r#""status":"IN_REVIEW""#,
        r#""creationDate":"a""#,
        r#""createdDate":"a""#,
        r#""note":null,"owner":null,"tags":null"#,
        r#""note":"a","tags":["b"]"#,
        r#""secret":"hunter2""#,
    ] {
        read_and_assert_round_trip::<Line>(&format!("{{{fields}}}"));
    }
    read_and_assert_round_trip::<Line>(&format!(r#"{{"parts":{{"a":{PART}}},"owner":{PART}}}"#));
    read_and_assert_round_trip::<Part>(PART);
    assert_eq!(read_line(&format!(r#"{{"raw":{PART}}}"#)).raw.unwrap().get().unwrap().price.as_str(), "1.50");
}

#[test]
fn value_of_another_type_is_kept_raw() {
    for fields in [
        r#""price":"12.10""#,
        r#""prices":[1.10,"x",2.20]"#,
        r#""rate":"12""#,
        r#""rate":9007199254740993"#,
        r#""rates":[1,"x",2]"#,
        r#""rates":[1,null]"#,
        r#""table":[[1,2],3]"#,
        r#""table":[[1],["x"]]"#,
        r#""count":9223372036854775808"#,
        r#""count":1.0"#,
        r#""at":"yesterday","on":"2021-01-14T00:00:00""#,
        r#""names":{"a":"b","c":7,"d":"e"}"#,
        r#""names":{"a":null}"#,
        r#""names":[]"#,
        r#""rated":{"a":1,"b":"x","c":2}"#,
        r#""parts":{"a":7}"#,
        r#""anything":[]"#,
        r#""device":"phone""#,
        r#""devices":[{"deviceType":"phone"},7]"#,
        r#""reason":"10000""#,
        r#""status":7"#,
        r#""createdDate":7"#,
        r#""note":7"#,
        r#""owner":7,"tags":"a""#,
        r#""tags":["a",null]"#,
    ] {
        let line: Line = read_and_assert_round_trip(&format!("{{{fields}}}"));
        assert!(line.unknown_fields.iter().count() > 0, "{fields}");
        assert!(!line.undescribed_paths().is_empty(), "{fields}");
    }
    for (json, message) in [
        (r#"{"name":"a"}"#, "missing field `price`"),
        (r#"{"name":7,"price":1}"#, "`name` is not what the specification says"),
        (&PART.replace("1.50", "\"x\""), "`price` is not what the specification says"),
        (&PART.replace(r#"{"b":1}"#, r#"{"b":"x"}"#), "`map` is not what the specification says"),
        (&PART.replace(r#"["c"]"#, "7"), "`list` is not what the specification says"),
        (&PART.replace(r#"{"id":1,"x":2.5}"#, "null"), "missing field `inner`"),
    ] {
        let error = serde_json::from_str::<Part>(json).unwrap_err().to_string();
        assert!(error.starts_with(message), "{json}: {error}");
    }
}

#[test]
fn object_equals_only_one_with_the_same_values() {
    let other_part = PART.replace("2.5", "2.6");
    let fields = [
        r#""price":12.10"#,
        r#""price":12.1"#,
        r#""prices":[1]"#,
        r#""prices":[1,1]"#,
        r#""rate":1"#,
        r#""rate":2"#,
        r#""at":"2021-01-14T16:57:15Z""#,
        r#""at":"2021-01-14T16:57:15""#,
        r#""names":{}"#,
        r#""names":{"a":"b"}"#,
        r#""names":{"a":"c"}"#,
        r#""names":{"b":"b"}"#,
        r#""anything":{"a":null}"#,
        r#""values":[null]"#,
        r#""values":[1]"#,
        r#""ids":["53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"]"#,
        r#""ids":["53eb21cb-6b2d-4ee5-9e92-27dfc927e93d"]"#,
        r#""children":[{}]"#,
        r#""children":[{"count":1}]"#,
        r#""device":{"deviceType":"laptop"}"#,
        r#""device":{"deviceType":"phone"}"#,
        r#""device":{"deviceType":"watch"}"#,
        r#""reason":10000"#,
        r#""reason":7"#,
        r#""status":"active""#,
        r#""status":"new""#,
        r#""note":null"#,
        r#""note":"""#,
        r#""tags":[]"#,
        r#""secret":"a""#,
        r#""secret":"b""#,
        r#""count":1,"unknown":1"#,
        r#""raw":{"name":7}"#,
        &format!(r#""raw":{PART}"#),
        &format!(r#""raw":{other_part}"#),
        &format!(r#""owner":{PART}"#),
        &format!(r#""owner":{other_part}"#),
        &format!(r#""parts":{{"a":{PART}}}"#),
        &format!(r#""parts":{{"a":{other_part}}}"#),
        "",
    ];
    let lines = fields.map(|field| read_line(&format!("{{{field}}}")));
    for (index, line) in lines.iter().enumerate() {
        for (other_index, other) in lines.iter().enumerate() {
            assert_eq!(line == other, index == other_index, "{} and {}", fields[index], fields[other_index]);
        }
    }
    // As written does not matter, nor do the spellings of fields.
    assert_eq!(read_line(r#"{"rate":1,"status":"IN_REVIEW"}"#), read_line(r#"{"status":"in_review","Rate":1.0}"#));
    assert_eq!(read_line(r#"{"raw":{"name":7,"a":1}}"#).clone(), read_line(r#"{"raw":{"name":7,"a":1}}"#));
    assert_eq!(
        read_line(&format!(r#"{{"raw":{PART}}}"#)),
        read_line(&format!(r#"{{"raw":{}}}"#, PART.replace(',', ", ")))
    );
    let not_a_number = Line { rate: Some(f64::NAN), ..Line::default() };
    assert_ne!(not_a_number, not_a_number.clone());
    assert!(not_a_number.clone().rate.is_some_and(f64::is_nan));
}

#[test]
fn values_of_each_kind_are_read_from_a_tree() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flattened {
        mine: bool,
        #[serde(flatten)]
        line: Line,
    }

    let json = json!({
        "price": 12.5, "prices": [1, 2.5], "rate": 12, "rates": [1, 2.5], "table": [[1], [2.5]], "names": {"a": "b"},
        "anything": {"a": null}, "values": [null, 1], "children": [{"count": 1}], "device": {"deviceType": "laptop", "size": 13.5},
        "reason": 10000, "status": "InReview", "createdDate": "a", "note": null, "owner": null, "secret": "x",
        "parts": {"a": serde_json::from_str::<Value>(PART).unwrap()},
    });
    let line = Line::deserialize(&json).unwrap();
    assert!(line.unknown_fields.is_empty());
    assert_eq!(line.rate, Some(12.0));
    assert_eq!(line.status, Some(Status::InReview));
    assert_eq!(line.note, Some(Nullable::Null));
    assert_eq!(serde_json::to_value(&line).unwrap(), json);
    let mut json = json;
    json["mine"] = true.into();
    let flattened: Flattened = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(flattened.line, line);
    assert_eq!(serde_json::to_value(&flattened).unwrap(), json);
}

/// The tests cannot turn `serde_json/arbitrary_precision` on for themselves alone, so this writes down what it passes.
#[test]
fn arbitrary_precision_numbers_are_numbers() {
    const NAME: &str = "$serde_json::private::Number";
    let [one, two] = [json!({NAME: "12.10"}), json!({NAME: "7"})];
    let line = Line::deserialize(json!({
        "price": one, "prices": [one, two], "rate": two, "rates": [one], "count": two, "reason": two, "names": one,
        "parent": one, "rated": {"a": one},
    }))
    .unwrap();
    assert_eq!(line.price.as_ref().unwrap().as_str(), "12.10");
    assert_eq!(line.prices.as_ref().unwrap()[1].as_str(), "7");
    assert_eq!((line.rate, line.rates.as_deref(), line.count), (Some(7.0), Some(&[12.1][..]), Some(7)));
    assert_eq!(line.rated, Some(BTreeMap::from([("a".to_owned(), 12.1)])));
    let kept: Vec<_> = line.unknown_fields.iter().map(|(name, value)| (name, value.json())).collect();
    assert_eq!(kept, [("names", "12.10"), ("parent", "12.10")]);
}

#[test]
fn changed_value_is_written_as_it_is() {
    let mut line = read_line(r#"{"rate":12,"rates":[1,2],"status":"InReview","createdDate":"a"}"#);
    assert_eq!((line.rate, line.status.clone()), (Some(12.0), Some(Status::InReview)));
    assert_eq!(line, read_line(r#"{"rate":12.0,"rates":[1.0,2.0],"status":"in_review","creationDate":"a"}"#));
    line.rate = Some(13.0);
    line.rates = Some(vec![1.0]);
    line.status = Some(Status::Active);
    line.created = Some("b".to_owned());
    let written = serde_json::to_string(&line).unwrap();
    assert_eq!(written, r#"{"rate":13.0,"rates":[1.0],"status":"active","createdDate":"b"}"#);
    line.rate = None;
    line.created = None;
    assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"rates":[1.0],"status":"active"}"#);
}

#[test]
fn last_of_several_values_counts() {
    for (json, written) in [
        (r#"{"rate":12,"rate":13.5}"#, r#"{"rate":13.5}"#),
        (r#"{"rate":12,"rate":12.0}"#, r#"{"rate":12.0}"#),
        (r#"{"createdDate":"a","CreationDate":"b"}"#, r#"{"creationDate":"b"}"#),
        (r#"{"names":{"a":"b"},"names":{"c":"d"}}"#, r#"{"names":{"c":"d"}}"#),
        (r#"{"names":{"a":"b","a":"c"}}"#, r#"{"names":{"a":"c"}}"#),
        (r#"{"children":[{}],"children":null}"#, "{}"),
        (r#"{"note":"a","note":null}"#, r#"{"note":null}"#),
        (r#"{"device":{"deviceType":"phone"},"device":7}"#, r#"{"device":7}"#),
    ] {
        assert_eq!(serde_json::to_string(&read_line(json)).unwrap(), written, "{json}");
    }
    let part = PART.replace(r#""inner":"#, r#""inner":{"id":7,"y":1.5},"map":{"z":0},"inner":"#);
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Part>(&part).unwrap()).unwrap(), PART);
}

#[test]
fn property_with_other_name_is_in_additional_properties() {
    let inner: Inner = read_and_assert_round_trip(r#"{"id":1,"a":2.5,"b":3,"c":"x"}"#);
    assert_eq!(inner.additional_properties, BTreeMap::from([("a".to_owned(), 2.5), ("b".to_owned(), 3.0)]));
    assert_eq!(inner.undescribed_paths(), ["c"]);
    let only: Inner = read_and_assert_round_trip(r#"{"a":2.5}"#);
    assert!(only.unknown_fields.is_empty());
    assert!(serde_json::from_str::<Inner>(r#"{"c":"x"}"#).is_err());
}

#[test]
fn union_is_told_apart_wherever_its_property_stands() {
    let json = r#"{"device":{"number":"1","DeviceType":"mobile","device":{"deviceType":"laptop","size":1.10}}}"#;
    let line = read_line(json);
    let Some(Device::Phone(phone)) = &line.device else { panic!("{line:?}") };
    assert_eq!(phone.number.as_deref(), Some("1"));
    let Some(Device::Laptop(laptop)) = &phone.device else { panic!("{line:?}") };
    assert_eq!(laptop.size.as_ref().unwrap().as_str(), "1.10");
    // The discriminator is written for objects that do not set it.
    let new = Line { device: Some(Laptop::default().into()), ..Line::default() };
    assert_eq!(serde_json::to_string(&new).unwrap(), r#"{"device":{"deviceType":"laptop"}}"#);
    let unknown = read_line(r#"{"device":{"deviceType":"watch"}}"#);
    assert!(matches!(unknown.device, Some(Device::Unknown(_))));
    assert_eq!(unknown.undescribed_paths(), ["device"]);
    assert_eq!(serde_json::from_str::<Device>("7").unwrap_err().to_string(), "not an object that is a Device");
}

#[test]
fn enum_is_open_in_every_spelling() {
    assert_eq!(Status::from("IN_REVIEW"), Status::InReview);
    assert_eq!(Status::from("inreview").as_str(), "in_review");
    assert_eq!(Status::from("in-review").as_str(), "in-review");
    assert_eq!(Reason::from(-1), Reason::NoTime);
    assert_eq!((Reason::from(7).as_i64(), Reason::from(7).to_string()), (7, "7".to_owned()));
    assert_eq!(read_line(r#"{"reason":7,"statuses":["x"]}"#).undescribed_paths(), ["reason", "statuses[0]"]);
}

#[test]
fn null_is_kept_only_where_nullable() {
    let line = read_line(r#"{"note":null,"count":null,"owner":null}"#);
    assert_eq!((line.note.clone(), line.count), (Some(Nullable::Null), None));
    assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"note":null,"owner":null}"#);
    assert_eq!(format!("{:?}", line.note), "Some(Null)");
}

#[test]
fn debug_shows_values_as_derived() {
    let shown = format!(
        "{:?}",
        read_line(r#"{"price":1.0,"names":{"a":"b"},"note":"x","tags":["y"],"secret":"z","reason":10000}"#)
    );
    for part in [
        "Line { price: Some(1.0), prices: None",
        "names: Some({\"a\": \"b\"})",
        "note: Some(Value(\"x\"))",
        "tags: Some(Value([\"y\"]))",
        "secret: Some(Secret(..))",
        "reason: Some(NoMoney)",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

/// The texts around a text do not let `serde_json` limit the depth: this must not take the stack.
#[test]
fn deep_object_is_kept_raw() {
    for depth in [50, 120, 200, 2_000] {
        for (start, end) in
            [(r#"{"parent":"#, "}"), (r#"{"children":["#, "]}"), (r#"{"device":{"deviceType":"phone","device":"#, "}}")]
        {
            let json = format!("{}{{}}{}", start.repeat(depth), end.repeat(depth));
            let line = from_json::<Line>(&json).unwrap().value;
            let compact = serde_json::to_string(&line).unwrap();
            assert_eq!(compact.len(), json.len(), "{depth} {start}");
            assert!(!line.undescribed_paths().is_empty() || depth < 127, "{depth} {start}");
        }
    }
}

#[test]
fn list_and_map_have_a_limit() {
    let list = format!("[{}1]", "1,".repeat(100_000));
    assert!(serde_json::from_str::<Line>(&format!(r#"{{"rates":{list}}}"#)).is_err());
    let map: Vec<_> = (0..=100_000).map(|key| format!("\"{key}\":1.5")).collect();
    assert!(serde_json::from_str::<Line>(&format!(r#"{{"rated":{{{}}}}}"#, map.join(","))).is_err());
}
