use crate::{
    measure::{MeasurementLimit, MeasurementTable},
    model::plain,
};
use partner_center::{
    Customer,
    models::{Address, CustomerBillingProfile, CustomerCompanyProfile},
};

pub(crate) fn run(table: &mut MeasurementTable) {
    let sizes = [
        ("Customer", size_of::<Customer>(), size_of::<plain::Customer>()),
        ("CustomerCompanyProfile", size_of::<CustomerCompanyProfile>(), size_of::<plain::CompanyProfile>()),
        ("CustomerBillingProfile", size_of::<CustomerBillingProfile>(), size_of::<plain::BillingProfile>()),
        ("Address", size_of::<Address>(), size_of::<plain::Address>()),
    ];
    for (name, ours, plain) in sizes {
        let of = |size: usize| f64::from(u32::try_from(size).unwrap());
        table.add(format!("size of a `{name}` in bytes ({plain} plain)"), "", of(ours), MeasurementLimit::None);
    }
}
