//! The columns of what is printed: which there are, and which a query keeps.

use crate::command::{DOCUMENTED, run, stdout};

#[test]
fn fields_are_listed_without_any_other_argument() {
    for (command, line) in [
        (["customers", "list"], "companyProfile.companyName  text: The name of the company"),
        (["customers", "list"], "for --columns, --sort-by and --query (where a list takes [], as in []."),
        (["customers", "list"], "billingProfile.email text: The email address of the billing contact [with --full]"),
        (["customers", "list"], "companyProfile.companyName text: The name of the company companyProfile."),
        (["customers", "get"], "relationshipToPartner  text: "),
        (["subscriptions", "list"], "quantity  integer: The number of seats"),
        (["subscriptions", "list"], "customer.companyName  text: of the customer, with --all-customers"),
        (["subscriptions", "get"], "[known values: none, active, pending, suspended, expired, disabled, deleted]"),
    ] {
        let text = stdout(&[&command[..], &["--columns", "help"]].concat());
        let words = text.split([' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(words.contains(&line.replace("  ", " ")), "{command:?}: {text}");
        assert!(!text.contains("objectType") && !text.to_lowercase().contains("password"), "{text}");
    }
    // A field of the items of a list is described, too.
    let path = "scheduledActions.instructions.product.productId";
    let of_list = ["subscriptions", "list", "--customer", DOCUMENTED, "--emulator", "--columns", path];
    assert_eq!((run(&of_list).status, run(&of_list).stderr.contains("not documented")), (Some(0), false));
    // It is one of the columns only where it is the name of a field.
    let ended = run(&["customers", "list", "--emulator", "--columns", "helpful", "-o", "csv"]);
    assert!(ended.status == Some(0) && ended.stdout.starts_with("helpful\n"), "{}", ended.stdout);
}

#[test]
fn query_that_filters_keeps_the_columns() {
    let list = |more: &[&str]| {
        let list = ["subscriptions", "list", "--customer", DOCUMENTED, "--emulator"];
        run(&[&list[..], more].concat()).stdout
    };
    for format in ["table", "csv", "tsv"] {
        let all = list(&["-o", format]);
        let header = all.lines().next().unwrap();
        for query in ["[?quantity > `15`]", "[?status == 'active'] | sort_by(@, &quantity)", "[:2]", "[0]"] {
            // A single item is a row for each field in a table.
            if format == "table" && query == "[0]" {
                continue;
            }
            let filtered = list(&["-o", format, "--query", query]);
            let titles = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(titles(filtered.lines().next().unwrap()), titles(header), "{query}");
            assert!(
                filtered.lines().skip(1).all(|line| all.contains(line.split_whitespace().next().unwrap())),
                "{query}"
            );
        }
        assert_eq!(list(&["-o", format, "--query", "[].{seats: quantity}"]).lines().next().unwrap().trim(), {
            if format == "table" { "SEATS" } else { "seats" }
        });
    }
    let every = ["subscriptions", "list", "--all-customers", "--emulator", "-o", "csv", "--quiet"];
    let all = stdout(&every);
    let filtered = stdout(&[&every[..], &["--query", "[?quantity > `15`]"]].concat());
    assert_eq!(filtered.lines().next(), all.lines().next());
    assert!(filtered.starts_with("customer_id,customer_company_name,"), "{filtered}");
    assert!(filtered.lines().count() > 1 && filtered.lines().all(|line| all.contains(line)));
    // Chosen columns are those of the result.
    assert_eq!(list(&["-o", "csv", "--query", "[:1]", "--columns", "quantity"]), "quantity\n12\n");
}
