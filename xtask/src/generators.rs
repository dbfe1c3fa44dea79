//! The specification against other tools: generators of clients, which list the emulator's customers; a mock server and a
//! validating proxy; linters.
//!
//! Direct dependencies are pinned, here and in the files of the folder `generators`; theirs are not, so that a failure may come
//! from a new release of one of these.

use crate::{
    emulator::{Emulator, TOKEN, command_line},
    workspace::{BUNDLE, cargo_command, run_successfully, successful_output, target_folder},
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToSnakeCase as _;
use openapiv3::{Content, OpenAPI, PathItem, ReferenceOr, Schema, SchemaKind, StatusCode, Type};
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The number of customers: more than two pages of the maximum size.
const CUSTOMERS: u32 = 1200;

/// An example page with fields and values that the specification does not describe.
const FUTURE: &str = "spec/examples/a-page-from-the-future.response.json";

/// The number of customers of the mock server: those of the example of the schema, which Prism prefers to those of the response.
const EXAMPLES: usize = 2;

/// The prefix of company names that each generated client filters by, and ours for comparison.
const PREFIX: &str = "Co";

/// The timeout for the start of a server.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A part of the check, which returns its findings.
type CheckStep = fn(&Check) -> Result<String>;

/// Runs all parts. Needs Java 11, Node.js 20 and Python 3.11 or newer, and the network on the first run.
pub(crate) fn run(root: &Path) -> Result<()> {
    let program = command_line(root)?;
    let emulator = Emulator::start(&program, &["--customers", &CUSTOMERS.to_string()])?;
    let check = Check::set_up(root, program, emulator)?;
    let parts: [(&str, CheckStep); 10] = [
        ("openapi-generator, Python", Check::openapi_generator_python),
        ("openapi-generator, TypeScript", Check::openapi_generator_typescript),
        ("openapi-python-client", Check::openapi_python_client),
        ("openapi-typescript and openapi-fetch", Check::openapi_fetch),
        ("@hey-api/openapi-ts", Check::hey_api),
        ("progenitor", Check::progenitor),
        ("Prism as a mock server", Check::check_prism_mock),
        ("Prism before the emulator", Check::check_prism_proxy),
        ("Spectral", Check::spectral),
        ("Redocly", Check::redocly),
    ];
    let mut stdout = io::stdout().lock();
    let mut failed = 0;
    for (name, part) in parts {
        match part(&check) {
            Ok(found) => writeln!(stdout, "ok      {name}: {found}")?,
            Err(error) => {
                failed += 1;
                writeln!(stdout, "FAILED  {name}: {error:#}")?;
            }
        }
    }
    writeln!(stdout, "Direct dependencies were pinned; theirs were not.")?;
    ensure!(failed == 0, "{failed} of {} failed", parts.len());
    Ok(())
}

struct Check {
    root: PathBuf,
    /// The folder to install and to generate in.
    folder: PathBuf,
    specification: PathBuf,
    /// Our own command line.
    program: PathBuf,
    emulator: Emulator,
}

impl Check {
    fn set_up(root: &Path, program: PathBuf, emulator: Emulator) -> Result<Self> {
        let folder = target_folder(root).join("generators");
        let specification = root.join(BUNDLE);
        let check = Self { root: root.to_owned(), folder, specification, program, emulator };
        fs::create_dir_all(&check.folder)?;
        if !check.python("pip").exists() {
            run_successfully(Command::new("python3").args(["-m", "venv"]).arg(check.folder.join("python")))?;
        }
        let requirements = check.source("requirements.txt");
        run_successfully(
            Command::new(check.python("pip")).args(["install", "--quiet", "--requirement"]).arg(requirements),
        )?;
        fs::copy(check.source("package.json"), check.folder.join("package.json"))?;
        let mut npm = Command::new("npm");
        npm.current_dir(&check.folder).args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]);
        run_successfully(&mut npm)?;
        Ok(check)
    }

    fn openapi_generator_python(&self) -> Result<String> {
        let client = self.client("openapi_generator_python")?;
        self.openapi_generator("python", &client)?;
        self.run_python(&client)
    }

    fn openapi_generator_typescript(&self) -> Result<String> {
        let client = self.client("openapi_generator_typescript")?;
        self.openapi_generator("typescript-fetch", &client.join("client"))?;
        self.run_typescript(&client)
    }

    fn openapi_python_client(&self) -> Result<String> {
        let client = self.client("openapi_python_client")?;
        let mut generator = Command::new(self.python("openapi-python-client"));
        generator.args(["generate", "--meta", "none", "--output-path"]);
        generator.arg(client.join("partner_center_customers_client")).arg("--path").arg(&self.specification);
        successful_output(&mut generator)?;
        self.run_python(&client)
    }

    fn openapi_fetch(&self) -> Result<String> {
        let client = self.client("openapi_fetch")?;
        let types = client.join("client.d.ts");
        successful_output(
            Command::new(self.node("openapi-typescript")).arg(&self.specification).arg("--output").arg(types),
        )?;
        self.run_typescript(&client)
    }

    fn hey_api(&self) -> Result<String> {
        let client = self.client("hey_api")?;
        let mut generator = Command::new(self.node("openapi-ts"));
        generator.current_dir(&client).arg("--input").arg(&self.specification).args(["--output", "client"]);
        successful_output(&mut generator)?;
        self.run_typescript(&client)
    }

    fn progenitor(&self) -> Result<String> {
        let client = self.client("progenitor")?;
        let mut document: OpenAPI = yaml_serde::from_str(&fs::read_to_string(&self.specification)?)?;
        let removed = reduce_for_progenitor(&mut document);
        let mut settings = GenerationSettings::new();
        let code = Generator::new(settings.with_interface(InterfaceStyle::Builder)).generate_tokens(&document)?;
        fs::write(client.join("client.rs"), code.to_string())?;
        fs::copy(self.source("progenitor.toml"), client.join("Cargo.toml"))?;
        fs::copy(self.source("progenitor.rs"), client.join("main.rs"))?;
        let mut cargo = cargo_command(&client, "run --quiet");
        let found = self.run_client(cargo.env("CARGO_TARGET_DIR", self.folder.join("cargo")).arg("--"))?;
        Ok(format!("{found}; removed before: {removed}"))
    }

    fn check_prism_mock(&self) -> Result<String> {
        let prism = Prism::start(self, "mock", &[])?;
        let found = self.list(&prism.url, &[])?;
        ensure!(found == EXAMPLES, "our client lists {found} customers, not {EXAMPLES}");
        Ok(format!("our client lists the {found} customers of the example"))
    }

    fn check_prism_proxy(&self) -> Result<String> {
        let prism = Prism::start(self, "proxy", &[&self.emulator.url, "--errors"])?;
        let found = self.list(&prism.url, &[])?;
        let filtered = self.list(&prism.url, &["--company-name", PREFIX])?;
        let expected = self.expected()?;
        ensure!((found, filtered) == expected, "our client lists {found} and {filtered} customers, not {expected:?}");
        let log = fs::read_to_string(&prism.log)?;
        let violation = log.lines().find(|line| line.to_lowercase().contains("violation"));
        if let Some(violation) = violation {
            bail!("{}: {violation}", prism.log.display());
        }
        Ok(format!("our client lists {found} customers, {filtered} by a filter, without a violation"))
    }

    fn spectral(&self) -> Result<String> {
        let rules = self.root.join("spec/.spectral.yaml");
        let mut spectral = Command::new(self.node("spectral"));
        successful_output(
            spectral.args(["lint", "--fail-severity", "hint", "--ruleset"]).arg(rules).arg(&self.specification),
        )?;
        Ok("no findings".to_owned())
    }

    fn redocly(&self) -> Result<String> {
        let mut redocly = Command::new(self.node("redocly"));
        redocly.args(["lint", "--extends", "recommended", "--format", "json"]).arg(&self.specification);
        redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        let report: serde_json::Value = serde_json::from_str(&successful_output(&mut redocly)?)?;
        ensure!(report["problems"] == serde_json::json!([]), "{}", report["problems"]);
        Ok("no findings".to_owned())
    }

    fn openapi_generator(&self, language: &str, client: &Path) -> Result<String> {
        let mut generator = Command::new(self.python("openapi-generator-cli"));
        generator.args(["generate", "-g", language, "-i"]).arg(&self.specification).arg("-o").arg(client);
        successful_output(&mut generator)
    }

    fn run_python(&self, client: &Path) -> Result<String> {
        let program = self.source(client.with_extension("py").file_name().context("a client has a name")?);
        let mut python = Command::new(self.python("python"));
        self.run_client(python.env("PYTHONPATH", client).env("PYTHONDONTWRITEBYTECODE", "1").arg(program))
    }

    fn run_typescript(&self, client: &Path) -> Result<String> {
        let program = client.join("main.ts");
        fs::copy(self.source(client.with_extension("ts").file_name().context("a client has a name")?), &program)?;
        let mut compiler = Command::new(self.node("tsc"));
        compiler.current_dir(&self.folder).args(["--noEmit", "--strict", "--skipLibCheck", "--types", "node"]);
        compiler.args(["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]);
        successful_output(compiler.arg(&program))?;
        self.run_client(Command::new(self.node("tsx")).arg(&program))
    }

    /// Runs a program that prints the numbers of customers that it has listed, without and with a filter.
    fn run_client(&self, program: &mut Command) -> Result<String> {
        let filter = format!(r#"{{"Field":"CompanyName","Value":"{PREFIX}","Operator":"starts_with"}}"#);
        program.env("BASE_URL", &self.emulator.url).env("TOKEN", TOKEN).env("FILTER", filter);
        let found = successful_output(program.arg(self.root.join(FUTURE)))?;
        let (all, filtered) = self.expected()?;
        ensure!(found.trim() == format!("{all} {filtered}"), "it lists {found:?}, not {all} and {filtered}");
        Ok(format!("it lists {all} customers, {filtered} by a filter"))
    }

    /// Returns the numbers of customers that our client lists, without and with the filter.
    fn expected(&self) -> Result<(usize, usize)> {
        let url = &self.emulator.url;
        let found = (self.list(url, &[])?, self.list(url, &["--company-name", PREFIX])?);
        ensure!(found.0 == CUSTOMERS as usize && (1..found.0).contains(&found.1), "our client lists {found:?}");
        Ok(found)
    }

    fn list(&self, url: &str, arguments: &[&str]) -> Result<usize> {
        let mut list = Command::new(&self.program);
        list.args(["--base-url", url, "customers", "list", "--output", "jsonl"]).args(arguments);
        Ok(successful_output(list.env("PARTNER_CENTER_TOKEN", TOKEN))?.lines().count())
    }

    /// Creates an empty folder for a client.
    fn client(&self, name: &str) -> Result<PathBuf> {
        let client = self.folder.join("clients").join(name);
        if client.exists() {
            fs::remove_dir_all(&client)?;
        }
        fs::create_dir_all(&client)?;
        Ok(client)
    }

    fn source(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join("xtask/src/generators").join(name)
    }

    fn python(&self, program: &str) -> PathBuf {
        self.folder.join("python/bin").join(program)
    }

    fn node(&self, program: &str) -> PathBuf {
        self.folder.join("node_modules/.bin").join(program)
    }
}

/// Removes what `progenitor` panics at or rejects: all 2xx of an operation but the first, and error responses without a body, as it
/// has one type for each; operations with files or text; and properties that make the same field. Returns what was removed.
fn reduce_for_progenitor(document: &mut OpenAPI) -> String {
    let (mut responses, mut operations) = (0, 0);
    for item in document.paths.paths.values_mut() {
        let ReferenceOr::Item(item) = item else { continue };
        let PathItem { get, put, post, delete, head, patch, .. } = item;
        for method in [get, put, post, delete, head, patch] {
            let Some(operation) = method else { continue };
            let all = &mut operation.responses.responses;
            let is_success = |status: &StatusCode| matches!(status, StatusCode::Code(200..=299));
            let first = all.keys().find(|status| is_success(status)).cloned();
            let before = all.len();
            all.retain(|status, response| {
                let has_body = response.as_item().is_none_or(|response| !response.content.is_empty());
                if is_success(status) { Some(status) == first.as_ref() } else { has_body }
            });
            responses += before - all.len();
            let is_json = |content: &Content| content.keys().all(|media_type| media_type == "application/json");
            let success = first.and_then(|status| all.get(&status)?.as_item());
            let body = operation.request_body.as_ref().and_then(ReferenceOr::as_item);
            if !success.is_none_or(|response| is_json(&response.content))
                || !body.is_none_or(|body| is_json(&body.content))
            {
                *method = None;
                operations += 1;
            }
        }
    }
    let mut spellings = 0;
    for schema in document.components.iter_mut().flat_map(|components| components.schemas.values_mut()) {
        let ReferenceOr::Item(Schema { schema_kind: SchemaKind::Type(Type::Object(object)), .. }) = schema else {
            continue;
        };
        let mut names = BTreeSet::new();
        let before = object.properties.len();
        // As it names fields.
        object.properties.retain(|name, _| names.insert(name.to_snake_case()));
        spellings += before - object.properties.len();
    }
    format!(
        "{responses} responses with another type than others, at which progenitor panics, {operations} operations that are not JSON, and {spellings} other spellings of a property"
    )
}

/// A Prism server, which is stopped on drop.
struct Prism {
    process: Child,
    url: String,
    log: PathBuf,
}

impl Prism {
    fn start(check: &Check, mode: &str, arguments: &[&str]) -> Result<Self> {
        // Prism cannot choose a free port by itself.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = check.folder.join(format!("prism-{mode}.log"));
        let process = Command::new("node")
            .arg(check.node("prism"))
            .arg(mode)
            .arg(&check.specification)
            .args(arguments)
            .args(["--port", &address.port().to_string()])
            .stdout(File::create(&log)?)
            .stderr(Stdio::inherit())
            .spawn()?;
        let prism = Self { process, url: format!("http://{address}"), log };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(started.elapsed() < START_TIMEOUT, "Prism does not listen: {}", prism.log.display());
            sleep(Duration::from_millis(100));
        }
        Ok(prism)
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
