//! `mcp`: an assistant that speaks the protocol over pipes.

#![expect(clippy::needless_pass_by_value, reason = "arguments are made for the call")]

use crate::{
    command::{DOCUMENTED, command, run, stdout},
    snapshot::assert_snapshot,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

const SUBSCRIPTION: &str = "9e3258d1-19e2-4b05-bb0b-ffad62f208b8";

/// An assistant that is connected to the server.
pub(crate) struct Assistant {
    server: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    last_id: u64,
    /// What the server has told of itself.
    server_info: Value,
}

impl Assistant {
    pub(crate) fn connect(arguments: &[&str]) -> Self {
        Self::connect_to(command(&[&["mcp"], arguments].concat()))
    }

    pub(crate) fn connect_to(mut command: Command) -> Self {
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdin = server.stdin.take().unwrap();
        let stdout = BufReader::new(server.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut assistant = Self { server, stdin, lines, last_id: 0, server_info: Value::Null };
        let client = json!({ "name": "test", "version": "1" });
        let parameters = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        assistant.server_info = assistant.request("initialize", parameters)["result"].clone();
        assistant.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        assistant
    }

    /// Sends a call of a tool, and does not wait for its response.
    pub(crate) fn begin_call(&mut self, id: u64, name: &str, arguments: Value) {
        let call = json!({ "name": name, "arguments": arguments });
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call }));
    }

    /// Returns the next response.
    pub(crate) fn next_response(&self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(Duration::from_secs(120)).unwrap()).unwrap()
    }

    /// Returns the lines of standard error, which `disconnect` then has no more.
    pub(crate) fn stderr_lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.server.stderr.take().unwrap()).lines().map(Result::unwrap)
    }

    pub(crate) fn send(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
    }

    pub(crate) fn request(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": parameters }));
        let response = self.next_response();
        assert_eq!(response["id"], self.last_id, "{response}");
        response
    }

    fn tools(&mut self) -> Vec<Value> {
        let response = self.request("tools/list", json!({}));
        assert_eq!(response["result"].get("nextCursor"), None);
        response["result"]["tools"].as_array().unwrap().clone()
    }

    /// Calls a tool, and returns the texts of its result.
    pub(crate) fn call(&mut self, name: &str, arguments: Value) -> Vec<String> {
        let response = self.request("tools/call", json!({ "name": name, "arguments": arguments }));
        let result = &response["result"];
        assert_ne!(result["isError"], true, "{response}");
        let texts =
            result["content"].as_array().unwrap().iter().map(|content| content["text"].as_str().unwrap().to_owned());
        texts.collect()
    }

    /// Calls a tool, and returns the JSON of its result.
    fn call_for_json(&mut self, name: &str, arguments: Value) -> Value {
        serde_json::from_str(&self.call(name, arguments)[0]).unwrap()
    }

    /// Calls a tool that fails, and returns its error.
    pub(crate) fn call_in_vain(&mut self, name: &str, arguments: Value) -> Value {
        let response = self.request("tools/call", json!({ "name": name, "arguments": arguments }));
        let result = &response["result"];
        assert_eq!(result["isError"], true, "{response}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
        serde_json::from_str::<Value>(result["content"][0]["text"].as_str().unwrap()).unwrap()["error"].clone()
    }

    /// Disconnects; returns the exit status, and what was written to standard error.
    pub(crate) fn disconnect(self) -> (Option<i32>, String) {
        let Self { mut server, stdin, .. } = self;
        drop(stdin);
        let mut stderr = String::new();
        if let Some(mut rest) = server.stderr.take() {
            rest.read_to_string(&mut stderr).unwrap();
        }
        (server.wait().unwrap().code(), stderr)
    }
}

#[test]
fn server_introduces_itself_and_its_tools() {
    let mut assistant = Assistant::connect(&["--emulator"]);
    assert_eq!(assistant.server_info["serverInfo"]["name"], "partner-center");
    assert_eq!(assistant.server_info["protocolVersion"], "2025-06-18");
    assert!(assistant.server_info["capabilities"]["tools"].is_object());
    assert!(assistant.server_info["instructions"].as_str().unwrap().contains("complete"));

    let tools = assistant.tools();
    assert!(tools.len() > 90, "{}", tools.len());
    assert!(tools.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true));
    let tool = tools.iter().find(|tool| tool["name"] == "subscriptions_get").unwrap();
    assert!(tool["description"].as_str().unwrap().starts_with("Get a subscription"), "{tool}");
    assert_eq!(tool["inputSchema"]["required"], json!(["customer", "subscription"]));
    assert_eq!(assistant.request("ping", json!({}))["result"], json!({}));
    assert_eq!(assistant.disconnect(), (Some(0), String::new()));
}

#[test]
fn list_is_complete_or_rejected() {
    let mut assistant =
        Assistant::connect(&["--emulator", "--emulator-customers", "700", "--max-result-size", "60000"]);
    let texts = assistant.call("customers_list", json!({ "fields": ["id"] }));
    let items: Vec<Value> = serde_json::from_str(&texts[0]).unwrap();
    assert_eq!((items.len(), texts[1].as_str()), (700, "700 customers: the list is complete"));
    assert_eq!(assistant.call("customers_list", json!({ "query": "length(@)" }))[0].trim(), "700");

    let error = assistant.call_in_vain("customers_list", json!({}));
    assert_eq!(error["message"], "the result is too large");
    assert!(error["cause"].as_str().unwrap().contains("60000 bytes"), "{error}");
    assert!(error["advice"].as_str().unwrap().contains("`fields`"), "{error}");

    let texts = assistant.call("customers_list", json!({ "limit": 2 }));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&texts[0]).unwrap().len(), 2);
    assert_eq!(texts[1], "the first 2 customers: there may be more, as there was a `limit`");
    let filter = json!({ "Field": "CompanyName", "Value": "no such name", "Operator": "starts_with" });
    let texts = assistant.call("customers_list", json!({ "filter": filter, "limit": 2 }));
    assert_eq!((texts[0].as_str(), texts[1].as_str()), ("[]\n", "0 customers: the list is complete"));
    assert_eq!(assistant.disconnect().0, Some(0));
}

#[test]
fn list_that_breaks_off_is_an_error() {
    let broken = ["--emulator", "--emulator-customers", "700", "--emulator-with", "fault=403@2", "--max-attempts", "1"];
    let mut assistant = Assistant::connect(&broken);
    let error = assistant.call_in_vain("customers_list", json!({ "fields": ["id"] }));
    assert_eq!(error["status"], 403, "{error}");
    assert!(error["request_id"].is_string() && error["advice"].is_string(), "{error}");
    assert!(error["message"].as_str().unwrap().contains("ended early"), "{error}");
    // The server goes on.
    assert_eq!(assistant.call("customers_list", json!({ "query": "length(@)" }))[0].trim(), "700");
    assert_eq!(assistant.disconnect().0, Some(0));
}

#[test]
fn change_is_rejected_unless_it_is_allowed() {
    let mut assistant = Assistant::connect(&["--emulator", "--tools", "customers,subscriptions_get"]);
    let arguments = json!({ "customer": DOCUMENTED, "confirm": DOCUMENTED });
    let error = assistant.call_in_vain("customers_delete", arguments);
    assert!(error["message"].as_str().unwrap().contains("was rejected, and nothing was sent"), "{error}");
    assert!(error["advice"].as_str().unwrap().contains("--allow-writes"), "{error}");
    let error = assistant.call_in_vain("users_list", json!({ "customer": DOCUMENTED }));
    assert!(error["advice"].as_str().unwrap().contains("--tools"), "{error}");
    let response = assistant.request("tools/call", json!({ "name": "customers_explode", "arguments": {} }));
    assert_eq!(response["error"]["code"], -32602, "{response}");
    assert_eq!(assistant.call_for_json("customers_get", json!({ "customer": DOCUMENTED }))["id"], DOCUMENTED);
    assert_eq!(assistant.disconnect().0, Some(0));
}

#[test]
fn allowed_change_is_made_once_it_is_confirmed() {
    let mut assistant = Assistant::connect(&["--emulator", "--allow-writes", "--tools", "subscriptions,customers"]);
    let tools = assistant.tools();
    let tool = tools.iter().find(|tool| tool["name"] == "customers_delete").unwrap();
    assert_eq!(tool["annotations"]["readOnlyHint"], false);
    assert_eq!(tool["annotations"]["destructiveHint"], true);
    assert_eq!(tool["inputSchema"]["required"], json!(["customer", "confirm"]));

    let id = json!({ "customer": DOCUMENTED, "subscription": SUBSCRIPTION, "fields": ["quantity"] });
    let quantity =
        |assistant: &mut Assistant| assistant.call_for_json("subscriptions_get", id.clone())["quantity"].clone();
    let before = quantity(&mut assistant);
    let mut arguments = json!({ "customer": DOCUMENTED, "subscription": SUBSCRIPTION, "set": { "quantity": 15 } });
    for confirm in [Value::Null, json!("yes"), json!(DOCUMENTED)] {
        arguments["confirm"] = confirm;
        let error = assistant.call_in_vain("subscriptions_update", arguments.clone());
        assert!(error["message"].as_str().unwrap().contains("nothing was sent"), "{error}");
        assert_eq!(quantity(&mut assistant), before);
    }
    arguments["confirm"] = json!(SUBSCRIPTION);
    let texts = assistant.call("subscriptions_update", arguments.clone());
    assert!(texts[1].contains(&format!("quantity: {before} -> 15")), "{texts:?}");
    assert_eq!(quantity(&mut assistant), 15);
    let texts = assistant.call("subscriptions_update", arguments);
    assert!(texts[1].contains("nothing was sent"), "{texts:?}");

    assistant.call("customers_delete", json!({ "customer": DOCUMENTED, "confirm": DOCUMENTED }));
    let error = assistant.call_in_vain("customers_get", json!({ "customer": DOCUMENTED }));
    assert_eq!((error["status"].as_u64(), error["reason"].as_str()), (Some(404), Some("NotFound")), "{error}");
    assert_eq!(assistant.disconnect().0, Some(0));
}

#[test]
fn server_waits_for_a_sign_in() {
    let home = tempfile::tempdir().unwrap();
    let mut command = command(&["mcp"]);
    command.env("HOME", home.path());
    let mut assistant = Assistant::connect_to(command);
    assert!(!assistant.tools().is_empty());
    let error = assistant.call_in_vain("customers_list", json!({}));
    assert!(error["advice"].as_str().unwrap().contains("PARTNER_CENTER_"), "{error}");
    assert_eq!(assistant.disconnect().0, Some(0));
}

#[test]
fn options_that_cannot_be_followed_are_rejected() {
    for (arguments, problem) in [
        (&["mcp", "--tools", "nothing"][..], "name an area (account, audit,"),
        (&["mcp", "--tools", "customers_delete"], "add --allow-writes"),
        (&["mcp", "--transport", "ureq"], "`mcp` cannot use --transport ureq"),
        (&["mcp", "--max-result-size", "10"], "from 1000 to 100000000"),
        (&["mcp", "--profile", "nobody"], "there is no profile `nobody`"),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.stderr.contains(problem), "{}", ended.stderr);
    }
}

#[test]
fn help_tells_what_an_assistant_can_do() {
    assert_snapshot("help_mcp", &stdout(&["mcp", "--help"]));
}

#[test]
fn tools_are_listed_for_people() {
    let tools = stdout(&["mcp", "--list-tools", "--tools", "customers", "--allow-writes"]);
    let kinds: Vec<_> = tools.lines().map(|line| line.split_whitespace().skip(1).take(2).collect::<Vec<_>>()).collect();
    assert!(kinds.contains(&vec!["reads", "customers_list"]), "{tools}");
    assert!(kinds.contains(&vec!["confirm", "customers_delete"]), "{tools}");
    assert!(kinds.contains(&vec!["writes", "customers_create"]), "{tools}");
}
