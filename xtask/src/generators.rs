//! The specification against other tools: generators of clients, which list the emulator's customers; a mock server and a
//! validating proxy; linters.
//!
//! Direct dependencies are pinned, here and in the files of the folder `generators`; theirs are not, so that a failure may come
//! from a new release of one of these.

use crate::{
    emulator::{EMULATOR_TOKEN, Emulator, build_command_line},
    workspace::{BUNDLE_FILE, cargo_command, run_for_output, run_successfully, target_folder},
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
const EMULATOR_CUSTOMER_COUNT: u32 = 1200;

/// An example page with fields and values that the specification does not describe.
const PAGE_WITH_UNKNOWN_FIELDS_FILE: &str = "spec/examples/a-page-from-the-future.response.json";

/// The number of customers of the mock server: those of the example of the schema, which Prism prefers to those of the response.
const MOCK_SERVER_CUSTOMER_COUNT: usize = 2;

/// The prefix of company names that each generated client filters by, and ours for comparison.
const FILTERED_COMPANY_NAME_PREFIX: &str = "Co";

/// The timeout for the start of a server.
const MOCK_SERVER_START_TIMEOUT: Duration = Duration::from_mins(1);

/// A part of the check, which returns its findings.
type CheckStep = fn(&GeneratorCheckEnvironment) -> Result<String>;

/// Runs all parts. Needs Java 11, Node.js 20 and Python 3.11 or newer, and the network on the first run.
pub(crate) fn run_generator_checks(root: &Path) -> Result<()> {
    let program = build_command_line(root)?;
    let emulator = Emulator::start(&program, &["--customers", &EMULATOR_CUSTOMER_COUNT.to_string()])?;
    let check = GeneratorCheckEnvironment::set_up_generators(root, program, emulator)?;
    let parts: [(&str, CheckStep); 10] = [
        ("openapi-generator, Python", GeneratorCheckEnvironment::check_openapi_generator_python),
        ("openapi-generator, TypeScript", GeneratorCheckEnvironment::check_openapi_generator_typescript),
        ("openapi-python-client", GeneratorCheckEnvironment::check_openapi_python_client),
        ("openapi-typescript and openapi-fetch", GeneratorCheckEnvironment::check_openapi_fetch),
        ("@hey-api/openapi-ts", GeneratorCheckEnvironment::check_hey_api),
        ("progenitor", GeneratorCheckEnvironment::check_progenitor),
        ("Prism as a mock server", GeneratorCheckEnvironment::check_prism_mock),
        ("Prism before the emulator", GeneratorCheckEnvironment::check_prism_proxy),
        ("Spectral", GeneratorCheckEnvironment::check_spectral),
        ("Redocly", GeneratorCheckEnvironment::check_redocly),
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

struct GeneratorCheckEnvironment {
    root: PathBuf,
    /// The folder to install and to generate in.
    folder: PathBuf,
    specification: PathBuf,
    /// Our own command line.
    program: PathBuf,
    emulator: Emulator,
}

impl GeneratorCheckEnvironment {
    fn set_up_generators(root: &Path, program: PathBuf, emulator: Emulator) -> Result<Self> {
        let folder = target_folder(root).join("generators");
        let specification = root.join(BUNDLE_FILE);
        let check = Self { root: root.to_owned(), folder, specification, program, emulator };
        fs::create_dir_all(&check.folder)?;
        if !check.python_bin_path("pip").exists() {
            run_successfully(Command::new("python3").args(["-m", "venv"]).arg(check.folder.join("python")))?;
        }
        let requirements = check.client_program_path("requirements.txt");
        run_successfully(
            Command::new(check.python_bin_path("pip")).args(["install", "--quiet", "--requirement"]).arg(requirements),
        )?;
        fs::copy(check.client_program_path("package.json"), check.folder.join("package.json"))?;
        let mut npm = Command::new("npm");
        npm.current_dir(&check.folder).args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]);
        run_successfully(&mut npm)?;
        Ok(check)
    }

    fn check_openapi_generator_python(&self) -> Result<String> {
        let client = self.create_client_folder("openapi_generator_python")?;
        self.run_openapi_generator("python", &client)?;
        self.run_python_client(&client)
    }

    fn check_openapi_generator_typescript(&self) -> Result<String> {
        let client = self.create_client_folder("openapi_generator_typescript")?;
        self.run_openapi_generator("typescript-fetch", &client.join("client"))?;
        self.run_typescript_client(&client)
    }

    fn check_openapi_python_client(&self) -> Result<String> {
        let client = self.create_client_folder("openapi_python_client")?;
        let mut generator = Command::new(self.python_bin_path("openapi-python-client"));
        generator.args(["generate", "--meta", "none", "--output-path"]);
        generator.arg(client.join("partner_center_customers_client")).arg("--path").arg(&self.specification);
        run_for_output(&mut generator)?;
        self.run_python_client(&client)
    }

    fn check_openapi_fetch(&self) -> Result<String> {
        let client = self.create_client_folder("openapi_fetch")?;
        let types = client.join("client.d.ts");
        run_for_output(
            Command::new(self.node_bin_path("openapi-typescript")).arg(&self.specification).arg("--output").arg(types),
        )?;
        self.run_typescript_client(&client)
    }

    fn check_hey_api(&self) -> Result<String> {
        let client = self.create_client_folder("hey_api")?;
        let mut generator = Command::new(self.node_bin_path("openapi-ts"));
        generator.current_dir(&client).arg("--input").arg(&self.specification).args(["--output", "client"]);
        run_for_output(&mut generator)?;
        self.run_typescript_client(&client)
    }

    fn check_progenitor(&self) -> Result<String> {
        let client = self.create_client_folder("progenitor")?;
        let mut document: OpenAPI = yaml_serde::from_str(&fs::read_to_string(&self.specification)?)?;
        let removed = remove_unsupported_by_progenitor(&mut document);
        let mut settings = GenerationSettings::new();
        let code = Generator::new(settings.with_interface(InterfaceStyle::Builder)).generate_tokens(&document)?;
        fs::write(client.join("client.rs"), code.to_string())?;
        fs::copy(self.client_program_path("progenitor.toml"), client.join("Cargo.toml"))?;
        fs::copy(self.client_program_path("progenitor.rs"), client.join("main.rs"))?;
        let mut cargo = cargo_command(&client, "run --quiet");
        let found = self.run_generated_client(cargo.env("CARGO_TARGET_DIR", self.folder.join("cargo")).arg("--"))?;
        Ok(format!("{found}; removed before: {removed}"))
    }

    fn check_prism_mock(&self) -> Result<String> {
        let prism = PrismServer::start(self, "mock", &[])?;
        let found = self.count_customers_with_cli(&prism.url, &[])?;
        ensure!(
            found == MOCK_SERVER_CUSTOMER_COUNT,
            "our client lists {found} customers, not {MOCK_SERVER_CUSTOMER_COUNT}"
        );
        Ok(format!("our client lists the {found} customers of the example"))
    }

    fn check_prism_proxy(&self) -> Result<String> {
        let prism = PrismServer::start(self, "proxy", &[&self.emulator.url, "--errors"])?;
        let found = self.count_customers_with_cli(&prism.url, &[])?;
        let filtered = self.count_customers_with_cli(&prism.url, &["--company-name", FILTERED_COMPANY_NAME_PREFIX])?;
        let expected = self.expected_customer_counts()?;
        ensure!((found, filtered) == expected, "our client lists {found} and {filtered} customers, not {expected:?}");
        let log = fs::read_to_string(&prism.log)?;
        let violation = log.lines().find(|line| line.to_lowercase().contains("violation"));
        if let Some(violation) = violation {
            bail!("{}: {violation}", prism.log.display());
        }
        Ok(format!("our client lists {found} customers, {filtered} by a filter, without a violation"))
    }

    fn check_spectral(&self) -> Result<String> {
        let rules = self.root.join("spec/.spectral.yaml");
        let mut spectral = Command::new(self.node_bin_path("spectral"));
        run_for_output(
            spectral.args(["lint", "--fail-severity", "hint", "--ruleset"]).arg(rules).arg(&self.specification),
        )?;
        Ok("no findings".to_owned())
    }

    fn check_redocly(&self) -> Result<String> {
        let mut redocly = Command::new(self.node_bin_path("redocly"));
        redocly.args(["lint", "--extends", "recommended", "--format", "json"]).arg(&self.specification);
        redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        let report: serde_json::Value = serde_json::from_str(&run_for_output(&mut redocly)?)?;
        ensure!(report["problems"] == serde_json::json!([]), "{}", report["problems"]);
        Ok("no findings".to_owned())
    }

    fn run_openapi_generator(&self, language: &str, client: &Path) -> Result<String> {
        let mut generator = Command::new(self.python_bin_path("openapi-generator-cli"));
        generator.args(["generate", "-g", language, "-i"]).arg(&self.specification).arg("-o").arg(client);
        run_for_output(&mut generator)
    }

    fn run_python_client(&self, client: &Path) -> Result<String> {
        let program = self.client_program_path(client.with_extension("py").file_name().context("a client has a name")?);
        let mut python = Command::new(self.python_bin_path("python"));
        self.run_generated_client(python.env("PYTHONPATH", client).env("PYTHONDONTWRITEBYTECODE", "1").arg(program))
    }

    fn run_typescript_client(&self, client: &Path) -> Result<String> {
        let program = client.join("main.ts");
        fs::copy(
            self.client_program_path(client.with_extension("ts").file_name().context("a client has a name")?),
            &program,
        )?;
        let mut compiler = Command::new(self.node_bin_path("tsc"));
        compiler.current_dir(&self.folder).args(["--noEmit", "--strict", "--skipLibCheck", "--types", "node"]);
        compiler.args(["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]);
        run_for_output(compiler.arg(&program))?;
        self.run_generated_client(Command::new(self.node_bin_path("tsx")).arg(&program))
    }

    /// Runs a program that prints the numbers of customers that it has listed, without and with a filter.
    fn run_generated_client(&self, program: &mut Command) -> Result<String> {
        let filter =
            format!(r#"{{"Field":"CompanyName","Value":"{FILTERED_COMPANY_NAME_PREFIX}","Operator":"starts_with"}}"#);
        program.env("BASE_URL", &self.emulator.url).env("TOKEN", EMULATOR_TOKEN).env("FILTER", filter);
        let found = run_for_output(program.arg(self.root.join(PAGE_WITH_UNKNOWN_FIELDS_FILE)))?;
        let (all, filtered) = self.expected_customer_counts()?;
        ensure!(found.trim() == format!("{all} {filtered}"), "it lists {found:?}, not {all} and {filtered}");
        Ok(format!("it lists {all} customers, {filtered} by a filter"))
    }

    /// Returns the numbers of customers that our client lists, without and with the filter.
    fn expected_customer_counts(&self) -> Result<(usize, usize)> {
        let url = &self.emulator.url;
        let found = (
            self.count_customers_with_cli(url, &[])?,
            self.count_customers_with_cli(url, &["--company-name", FILTERED_COMPANY_NAME_PREFIX])?,
        );
        ensure!(
            found.0 == EMULATOR_CUSTOMER_COUNT as usize && (1..found.0).contains(&found.1),
            "our client lists {found:?}"
        );
        Ok(found)
    }

    fn count_customers_with_cli(&self, url: &str, arguments: &[&str]) -> Result<usize> {
        let mut list = Command::new(&self.program);
        list.args(["--base-url", url, "customers", "list", "--output", "jsonl"]).args(arguments);
        Ok(run_for_output(list.env("PARTNER_CENTER_TOKEN", EMULATOR_TOKEN))?.lines().count())
    }

    /// Creates an empty folder for a client.
    fn create_client_folder(&self, name: &str) -> Result<PathBuf> {
        let client = self.folder.join("clients").join(name);
        if client.exists() {
            fs::remove_dir_all(&client)?;
        }
        fs::create_dir_all(&client)?;
        Ok(client)
    }

    fn client_program_path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join("xtask/src/generators").join(name)
    }

    fn python_bin_path(&self, program: &str) -> PathBuf {
        self.folder.join("python/bin").join(program)
    }

    fn node_bin_path(&self, program: &str) -> PathBuf {
        self.folder.join("node_modules/.bin").join(program)
    }
}

/// Removes what `progenitor` panics at or rejects: all 2xx of an operation but the first, and error responses without a body, as it
/// has one type for each; operations with files or text; and properties that make the same field. Returns what was removed.
fn remove_unsupported_by_progenitor(document: &mut OpenAPI) -> String {
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
struct PrismServer {
    process: Child,
    url: String,
    log: PathBuf,
}

impl PrismServer {
    fn start(check: &GeneratorCheckEnvironment, mode: &str, arguments: &[&str]) -> Result<Self> {
        // Prism cannot choose a free port by itself.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = check.folder.join(format!("prism-{mode}.log"));
        let process = Command::new("node")
            .arg(check.node_bin_path("prism"))
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
            ensure!(started.elapsed() < MOCK_SERVER_START_TIMEOUT, "Prism does not listen: {}", prism.log.display());
            sleep(Duration::from_millis(100));
        }
        Ok(prism)
    }
}

impl Drop for PrismServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
