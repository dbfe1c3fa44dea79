//! The account of a customer: a day in the life of an administrator, and the passwords that are not printed.

use crate::{
    command::{CommandOutput, command, run_at},
    judged_emulator::judged_emulator,
};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};

/// Returns the JSON that a command prints.
fn json_of(url: &str, arguments: &[&str]) -> Value {
    let ended = run_at(url, &[arguments, &["--output", "json"]].concat());
    assert_eq!(ended.status, Some(0), "{arguments:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap_or_default()
}

/// Writes the example of a body, with `changes` to its fields, and returns the path of the file.
fn body_file(url: &str, folder: &Path, command: [&str; 2], changes: &[(&str, Value)]) -> String {
    let example = run_at(url, &[&command[..], &["--example-body"]].concat());
    let mut body: Value = serde_json::from_str(&example.stdout).unwrap();
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap() = value.clone();
    }
    let path = folder.join(format!("{}.json", command.join("-")));
    fs::write(&path, body.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn day_of_an_administrator_by_commands() {
    const DOMAIN: &str = "northwindtraders.onmicrosoft.com";
    let emulator = judged_emulator().token("token").build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| json_of(&url, arguments);
    let body = |command, changes: &[(&str, Value)]| body_file(&url, folder.path(), command, changes);

    let address = body(["addresses", "validate"], &[]);
    assert_eq!(run(&["addresses", "validate", "--body", &address])["status"], "VerifiedShippable");
    assert_eq!(run(&["domains", "check", DOMAIN]), false);
    let customer = body(["customers", "create"], &[("/companyProfile/domain", DOMAIN.into())]);
    let customer = run(&["customers", "create", "--body", &customer, "--show-password"]);
    assert!(customer["userCredentials"]["password"].is_string());
    let id = customer["id"].as_str().unwrap();
    let of = |arguments: &[&str]| run(&[arguments, &["--customer", id]].concat());

    assert_eq!(of(&["company-profile", "get"])["domain"], DOMAIN);
    assert_eq!(of(&["agreement-status", "get"])["isSigned"], false);
    let qualification = body(["qualifications", "create"], &[]);
    assert_eq!(of(&["qualifications", "create", "--body", &qualification, "--yes"])["vettingStatus"], "InReview");
    assert_eq!(of(&["qualifications", "list"])[0]["qualification"], "Education");

    let mut users = Vec::new();
    for name in ["mila", "otto"] {
        let user = body(["users", "create"], &[("/userPrincipalName", format!("{name}@{DOMAIN}").into())]);
        users.push(of(&["users", "create", "--body", &user])["id"].as_str().unwrap().to_owned());
    }
    let [mila, otto] = &users[..] else { panic!("two users were created") };
    assert_eq!(of(&["users", "list"]).as_array().unwrap().len(), 3, "with the administrator");
    assert!(of(&["subscribed-skus", "list"]).as_array().unwrap().is_empty(), "it has bought nothing");
    let file = |name: &str, content: Value| {
        let path = folder.path().join(name);
        fs::write(&path, content.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    of(&["agreements", "create", "--body", &body(["agreements", "create"], &[])]);
    let cart = json!({ "lineItems": [
        {
            "id": 0,
            "catalogItemId": "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V",
            "quantity": 2,
            "billingCycle": "monthly",
            "termDuration": "P1Y",
            "attestationAccepted": true,
        },
        { "id": 1, "catalogItemId": "DZH318Z0AZP1:0001:DZH318Z0AZA1", "quantity": 1, "billingCycle": "monthly" },
    ] });
    let cart = of(&["carts", "create", "--body", &file("cart.json", cart)]);
    let checkout = of(&["carts", "checkout", cart["id"].as_str().unwrap(), "--yes"]);
    assert!(!checkout["orders"].as_array().unwrap().is_empty() && checkout.get("orderErrors").is_none(), "{checkout}");
    emulator.advance_clock(Duration::from_secs(10));
    let sku = of(&["subscribed-skus", "list"])[0].clone();
    assert_eq!((&sku["totalUnits"], &sku["availableUnits"]), (&json!(2), &json!(2)));
    let licenses = json!({ "licensesToAssign": [{ "skuId": sku["productSku"]["id"] }] });
    let licenses = file("licenses.json", licenses);
    for user in [mila, otto] {
        of(&["user-licenses", "update", "--user", user, "--body", &licenses]);
        let assigned = of(&["user-licenses", "list", "--user", user]);
        assert_eq!(assigned[0]["productSku"]["id"], sku["productSku"]["id"]);
    }
    assert_eq!(of(&["subscribed-skus", "list"])[0]["availableUnits"], 0);
    assert_eq!(of(&["license-deployment", "list"])[0]["licensesDeployed"], 2);

    let roles = of(&["directory-roles", "list"]);
    let role = roles.as_array().unwrap().iter().find(|role| role["name"] == "User Administrator").unwrap();
    let role = role["id"].as_str().unwrap();
    let member = body(["directory-role-members", "add"], &[("/id", mila.as_str().into())]);
    assert_eq!(of(&["directory-role-members", "add", "--role", role, "--body", &member])["roleId"], role);
    assert_eq!(of(&["user-roles", "list", "--user", mila])[0]["id"], role);

    assert_eq!(of(&["usage-budget", "update", "--amount", "250"])["amount"], 250.0);
    let usage = of(&["customer-usage", "get"]);
    assert_eq!(usage["budget"]["amount"], 250.0);
    assert!(usage["totalCost"].as_f64().unwrap() > 0.0, "{usage}");
    assert_eq!(of(&["subscription-usage", "list"])[0]["totalCost"], usage["totalCost"]);
    let password = body(["users", "reset-password"], &[]);
    let reset = of(&["users", "reset-password", otto, "--body", &password]);
    assert_eq!((&reset["id"], &reset["passwordProfile"]["password"]), (&otto.as_str().into(), &Value::Null));
    of(&["users", "delete", otto, "--yes"]);
    assert_eq!(of(&["users", "list"]).as_array().unwrap().len(), 2);
    let restore = body(["users", "update"], &[]);
    fs::write(&restore, r#"{"state": "active"}"#).unwrap();
    assert_eq!(of(&["users", "update", otto, "--body", &restore])["state"], "active");

    let end = body(["customers", "update"], &[]);
    let active = run_at(&url, &["customers", "update", id, "--body", &end, "--yes"]);
    assert!(active.status == Some(1) && active.stderr.contains("active subscriptions"), "{}", active.stderr);
    for subscription in of(&["subscriptions", "list"]).as_array().unwrap() {
        let mut changed = subscription.clone();
        // An Azure plan cannot be suspended.
        changed["status"] = if subscription["quantity"] == 2 { "suspended" } else { "deleted" }.into();
        let changed = file("subscription.json", changed);
        of(&["subscriptions", "update", subscription["id"].as_str().unwrap(), "--body", &changed, "--yes"]);
    }
    run(&["customers", "update", id, "--body", &end, "--yes"]);
    assert_eq!(run(&["customers", "get", id])["relationshipToPartner"], "none");
    let hidden = run_at(&url, &["company-profile", "get", "--customer", id]);
    assert!(hidden.status != Some(0) && hidden.stderr.contains("20002"), "{}", hidden.stderr);
    run(&["customers", "delete", id, "--yes"]);
    assert_eq!(run_at(&url, &["customers", "get", id]).status, Some(3));
}

#[test]
fn password_is_printed_and_stored_only_on_request() {
    let server = judged_emulator().token("token").build().serve("127.0.0.1:0").unwrap();
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let create = |domain: &str, more: &[&str]| -> CommandOutput {
        let body =
            body_file(&url, folder.path(), ["customers", "create"], &[("/companyProfile/domain", domain.into())]);
        run_at(&url, &[&["customers", "create", "--body", &body], more].concat())
    };
    for format in ["table", "csv", "tsv", "json", "jsonl", "yaml"] {
        let plain = create(&format!("plain{format}.onmicrosoft.com"), &["--output", format]);
        assert!(plain.status == Some(0) && plain.stderr.contains("--show-password"), "{}", plain.stderr);
        assert!(!plain.stdout.to_lowercase().contains("password"), "{}", plain.stdout);
        let shown = create(&format!("shown{format}.onmicrosoft.com"), &["--output", format, "--show-password"]);
        assert!(shown.status == Some(0) && !shown.stderr.contains("is not shown"), "{}", shown.stderr);
        let printed = format!("{}{}", shown.stdout, shown.stderr);
        assert!(printed.contains("password"), "{format}: {printed}");
    }

    let file = folder.path().join("password.txt");
    let path = file.to_str().unwrap();
    let stored = create("stored.onmicrosoft.com", &["--output", "json", "--password-file", path]);
    assert!(stored.status == Some(0) && !stored.stdout.contains("password"), "{}", stored.stderr);
    let password = fs::read_to_string(&file).unwrap();
    assert!(password.trim().len() >= 8 && !stored.stderr.contains(password.trim()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A file that is there is not written to, and nothing is sent.
    let again = create("again.onmicrosoft.com", &["--password-file", path]);
    assert!(again.status == Some(1) && again.stderr.contains("nothing was sent"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), password);
    // No file is left without a password in it.
    let other = folder.path().join("other.txt");
    let taken = create("stored.onmicrosoft.com", &["--password-file", other.to_str().unwrap()]);
    assert!(taken.status == Some(1) && !other.exists(), "{}", taken.stderr);
}

#[test]
fn password_of_a_user_is_printed_and_stored_only_on_request() {
    const PASSWORDS: [&str; 2] = ["Sample-3kD9-only", "Sample-7hJ4-only"];
    let server = judged_emulator().token("token").build().serve("127.0.0.1:0").unwrap();
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let domain = Value::from("stored.onmicrosoft.com");
    let body = body_file(&url, folder.path(), ["customers", "create"], &[("/companyProfile/domain", domain)]);
    let customer = json_of(&url, &["customers", "create", "--body", &body]);
    let customer = customer["id"].as_str().unwrap();
    let create = |name: &str, more: &[&str]| -> CommandOutput {
        let changes = [
            ("/userPrincipalName", format!("{name}@stored.onmicrosoft.com").into()),
            ("/passwordProfile/password", PASSWORDS[0].into()),
        ];
        let body = body_file(&url, folder.path(), ["users", "create"], &changes);
        run_at(&url, &[&["users", "create", "--customer", customer, "--body", &body, "-o", "json"], more].concat())
    };
    let user: Value = serde_json::from_str(&create("kim", &[]).stdout).unwrap();
    let user = user["id"].as_str().unwrap();
    let reset = |more: &[&str]| -> CommandOutput {
        let changes = [("/passwordProfile/password", PASSWORDS[1].into())];
        let body = body_file(&url, folder.path(), ["users", "reset-password"], &changes);
        let arguments = ["users", "reset-password", user, "--customer", customer, "--body", &body, "-o", "json"];
        run_at(&url, &[&arguments[..], more].concat())
    };
    let file = |name: &str| folder.path().join(name);
    let stored = ["created.txt", "reset.txt"].map(file);
    let [created_path, reset_path] = stored.each_ref().map(|path| path.to_str().unwrap());
    for (number, plain, shown, in_file) in [
        (
            0,
            create("plain", &[]),
            create("shown", &["--show-password"]),
            create("file", &["--password-file", created_path]),
        ),
        (1, reset(&[]), reset(&["--show-password"]), reset(&["--password-file", reset_path])),
    ] {
        let password = PASSWORDS[number];
        let printed = |output: &CommandOutput| format!("{}{}", output.stdout, output.stderr);
        assert!(plain.status == Some(0) && plain.stderr.contains("--show-password"), "{}", plain.stderr);
        assert!(!printed(&plain).contains(password), "{}", printed(&plain));
        assert!(shown.status == Some(0) && shown.stdout.contains(password), "{}", printed(&shown));
        assert!(in_file.status == Some(0) && !printed(&in_file).contains(password), "{}", printed(&in_file));
        assert_eq!(fs::read_to_string(&stored[number]).unwrap().trim(), password);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&stored[number]).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    // A file that is there is not written to, and nothing is sent.
    let again = reset(&["--password-file", reset_path]);
    assert!(again.status == Some(1) && again.stderr.contains("nothing was sent"), "{}", again.stderr);
}

#[test]
fn app_only_credential_is_rejected_before_anything_is_sent() {
    let ended: CommandOutput = command(&["agreement-metadata", "list"])
        .envs([
            ("PARTNER_CENTER_TENANT_ID", Emulator::TENANT_ID),
            ("PARTNER_CENTER_CLIENT_ID", Emulator::CLIENT_ID),
            ("PARTNER_CENTER_CLIENT_SECRET", Emulator::CLIENT_SECRET),
            // Without a listener: what is sent fails in another way.
            ("PARTNER_CENTER_BASE_URL", "http://127.0.0.1:9"),
            ("PARTNER_CENTER_AUTHORITY", "http://127.0.0.1:9"),
        ])
        .output()
        .unwrap()
        .into();
    assert!(ended.status == Some(4) && ended.stderr.contains("nothing was sent"), "{}", ended.stderr);
    assert!(ended.stderr.contains("App+User"), "{}", ended.stderr);
}
