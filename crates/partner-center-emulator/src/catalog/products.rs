use super::{Availability, Product, ProductKind, Sku, Term};

/// All products. The first have examples in the specification.
pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        id: "CFQ7TTC069GL",
        title: "Microsoft 365 Business Basic",
        description: "Mail, meetings and storage for small companies",
        kind: ProductKind::OnlineServices,
        skus: &[Sku {
            quantities: (1, 300),
            max_per_customer: Some(300),
            needs_attestation: true,
            transition_targets: &["CFQ7TTC0X301:0001:CFQ7TTC0K5DG", "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V"],
            availabilities: &[
                Availability {
                    id: "CFQ7TTC0G225",
                    terms: &[
                        Term { duration: "P1Y", billing_cycles: MONTHLY_OR_ANNUAL_BILLING, price: 600 },
                        Term { duration: "P3Y", billing_cycles: ANY_RECURRING_BILLING_CYCLE, price: 600 },
                    ],
                },
                Availability {
                    id: "CFQ7TTC0K5BF",
                    terms: &[Term { duration: "P1M", billing_cycles: MONTHLY_BILLING, price: 720 }],
                },
            ],
            ..new_sku_with_defaults("Microsoft 365 Business Basic")
        }],
    },
    Product {
        id: "CFQ7TTC0X301",
        title: "Microsoft 365 Business Standard",
        description: "Office apps, mail and meetings for up to 300 users",
        kind: ProductKind::OnlineServices,
        skus: &[
            Sku {
                quantities: (1, 300),
                max_per_customer: Some(300),
                transition_targets: &["CFQ7TTC0T5K5:0001:CFQ7TTC0K83V"],
                availabilities: &[Availability { id: "CFQ7TTC0K5DG", terms: &terms_of_seats(1250, 1500) }],
                ..new_sku_with_defaults("Microsoft 365 Business Standard")
            },
            Sku {
                id: "0007",
                quantities: (25, 25),
                is_trial: true,
                transition_targets: &["CFQ7TTC0X301:0001:CFQ7TTC0K5DG"],
                availabilities: &[Availability {
                    id: "CFQ7TTC0TR1L",
                    terms: &[Term { duration: "P1M", billing_cycles: MONTHLY_BILLING, price: 0 }],
                }],
                ..new_sku_with_defaults("Microsoft 365 Business Standard (trial for a month)")
            },
        ],
    },
    Product {
        id: "CFQ7TTC0T5K5",
        title: "Microsoft 365 E3",
        description: "Office apps and security for larger companies",
        kind: ProductKind::OnlineServices,
        skus: &[Sku {
            transition_targets: &["CFQ7TTC0EE50:0001:CFQ7TTC0PE9F"],
            availabilities: &[Availability { id: "CFQ7TTC0K83V", terms: &terms_of_seats(3600, 4320) }],
            ..new_sku_with_defaults("Microsoft 365 E3")
        }],
    },
    Product {
        id: "CFQ7TTC0EE50",
        title: "Microsoft 365 E5",
        description: "Office apps, security and telephony for larger companies",
        kind: ProductKind::OnlineServices,
        skus: &[Sku {
            availabilities: &[Availability { id: "CFQ7TTC0PE9F", terms: &terms_of_seats(5700, 6840) }],
            ..new_sku_with_defaults("Microsoft 365 E5")
        }],
    },
    Product {
        id: "CFQ7TTC0FL30",
        title: "Microsoft 365 F3",
        description: "Mail and tasks for people without a desk",
        kind: ProductKind::OnlineServices,
        skus: &[Sku {
            transition_targets: &["CFQ7TTC0T5K5:0001:CFQ7TTC0K83V"],
            availabilities: &[Availability { id: "CFQ7TTC0PF3B", terms: &terms_of_seats(800, 960) }],
            ..new_sku_with_defaults("Microsoft 365 F3")
        }],
    },
    Product {
        id: "CFQ7TTC0VHQL",
        title: "Teams Phone Standard",
        description: "Telephony for those who have meetings already",
        kind: ProductKind::OnlineServices,
        skus: &[Sku {
            base_products: &["CFQ7TTC069GL", "CFQ7TTC0X301", "CFQ7TTC0T5K5", "CFQ7TTC0FL30"],
            availabilities: &[Availability { id: "CFQ7TTC0X30T", terms: &terms_of_seats(800, 960) }],
            ..new_sku_with_defaults("Teams Phone Standard")
        }],
    },
    Product {
        id: "DZH318Z0MKT1",
        title: "Tailspin Backup",
        description: "Backups of mailboxes, from the marketplace",
        kind: ProductKind::Marketplace,
        skus: &[Sku {
            availabilities: &[Availability {
                id: "DZH318Z0MKA1",
                terms: &[
                    Term { duration: "P1M", billing_cycles: MONTHLY_BILLING, price: 450 },
                    Term { duration: "P1Y", billing_cycles: MONTHLY_OR_ANNUAL_BILLING, price: 400 },
                ],
            }],
            ..new_sku_with_defaults("Tailspin Backup, per mailbox")
        }],
    },
    Product {
        id: "DG7GMGF0SUB1",
        title: "Contoso Linux Server",
        description: "A server with support, for a term",
        kind: ProductKind::SoftwareSubscription,
        skus: &[Sku {
            availabilities: &[Availability {
                id: "DG7GMGF0SUA1",
                terms: &[
                    Term { duration: "P1Y", billing_cycles: MONTHLY_OR_ANNUAL_BILLING, price: 3000 },
                    Term { duration: "P3Y", billing_cycles: ANY_RECURRING_BILLING_CYCLE, price: 2700 },
                ],
            }],
            ..new_sku_with_defaults("Contoso Linux Server, two sockets")
        }],
    },
    Product {
        id: "DG7GMGF0THXD",
        title: "Windows Server Standard",
        description: "A server, bought once",
        kind: ProductKind::PerpetualSoftware,
        skus: &[Sku {
            id: "0003",
            availabilities: &[Availability {
                id: "DG7GMGF0F128",
                terms: &[Term { duration: "", billing_cycles: ONE_TIME_BILLING, price: 106_900 }],
            }],
            ..new_sku_with_defaults("Windows Server Standard, 16 cores")
        }],
    },
    Product {
        id: "DZH318Z0NF44",
        title: "Virtual Machines Fsv2 Series",
        description: "Reserved instances for computing",
        kind: ProductKind::Reservation,
        skus: &[
            Sku {
                id: "0047",
                quantities: (1, 999_999_999),
                availabilities: &[Availability {
                    id: "DZH318Z0T44W",
                    terms: &[Term { duration: "P1Y", billing_cycles: &["one_time", "monthly"], price: 182_400 }],
                }],
                ..new_sku_with_defaults("Standard_F8s_v2, EU West, 1 Year")
            },
            Sku {
                id: "0048",
                quantities: (1, 999_999_999),
                availabilities: &[Availability {
                    id: "DZH318Z0T44X",
                    terms: &[Term { duration: "P3Y", billing_cycles: &["one_time", "monthly"], price: 351_900 }],
                }],
                ..new_sku_with_defaults("Standard_F8s_v2, EU West, 3 Years")
            },
        ],
    },
    Product {
        id: "DZH318Z0AZP1",
        title: "Azure plan",
        description: "Azure, billed by its use",
        kind: ProductKind::AzurePlan,
        skus: &[Sku {
            quantities: (1, 1),
            availabilities: &[Availability {
                id: "DZH318Z0AZA1",
                terms: &[Term { duration: "", billing_cycles: MONTHLY_BILLING, price: 0 }],
            }],
            ..new_sku_with_defaults("Azure plan")
        }],
    },
];

/// The catalog item of an Azure plan.
pub(crate) const AZURE_PLAN_CATALOG_ITEM_ID: &str = "DZH318Z0AZP1:0001:DZH318Z0AZA1";

const MONTHLY_BILLING: &[&str] = &["monthly"];
const MONTHLY_OR_ANNUAL_BILLING: &[&str] = &["monthly", "annual"];
const ANY_RECURRING_BILLING_CYCLE: &[&str] = &["monthly", "annual", "triennial"];
const ONE_TIME_BILLING: &[&str] = &["one_time"];

/// Returns the terms of seats: a month at its own price, or years.
const fn terms_of_seats(price_in_a_year: i64, price_of_single_month: i64) -> [Term; 3] {
    [
        Term { duration: "P1M", billing_cycles: MONTHLY_BILLING, price: price_of_single_month },
        Term { duration: "P1Y", billing_cycles: MONTHLY_OR_ANNUAL_BILLING, price: price_in_a_year },
        Term { duration: "P3Y", billing_cycles: ANY_RECURRING_BILLING_CYCLE, price: price_in_a_year },
    ]
}

/// Returns what most SKUs have in common.
const fn new_sku_with_defaults(title: &'static str) -> Sku {
    Sku {
        id: "0001",
        title,
        quantities: (1, 10_000),
        max_per_customer: None,
        is_trial: false,
        needs_attestation: false,
        base_products: &[],
        transition_targets: &[],
        availabilities: &[],
    }
}
