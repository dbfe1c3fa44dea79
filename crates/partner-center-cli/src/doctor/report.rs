//! What came of the checks, on standard output.

use crate::{
    arguments::Form,
    failure::{Explanation, Failure},
    terminal::{paragraph, width},
};
use console::Term;
use serde::Serialize;
use std::{
    future::Future,
    io::{self, Write},
};

/// What came of a check.
pub(super) enum Finding {
    /// All is well; what was found.
    Fine(String),
    /// There was nothing to check; why.
    Skipped(String),
    /// Something is wrong.
    Wrong(Explanation),
}

/// The checks so far, printed as they are made where the form allows it.
pub(super) struct Report {
    form: Form,
    checks: Vec<Check>,
    /// The first check that failed: those that build upon it are pointless.
    blocked_by: Option<&'static str>,
}

/// A check as programs read it. They rely on names and order: add at the end only.
#[derive(Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    status: &'static str,
    detail: String,
    why: Option<String>,
    r#try: Option<String>,
}

const FAILED: &str = "failed";

/// All checks, in their order.
const CHECKS: [&str; 7] = ["address", "connection", "tls", "token", "acceptance", "list", "get"];

impl Report {
    pub(super) fn new(form: Form) -> Self {
        Self { form, checks: Vec::new(), blocked_by: None }
    }

    /// Whether a check failed that the others build upon.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked_by.is_some()
    }

    /// Makes a check, unless one failed that it builds upon.
    pub(super) async fn check(
        &mut self,
        check: &'static str,
        finding: impl Future<Output = Finding>,
    ) -> io::Result<()> {
        if self.is_blocked() {
            return self.skip(check);
        }
        let finding = finding.await;
        self.add(check, finding)
    }

    /// Leaves out all that was not checked yet, because of a check that failed.
    pub(super) fn skip_the_rest(&mut self) -> io::Result<()> {
        CHECKS.into_iter().skip(self.checks.len()).try_for_each(|check| self.skip(check))
    }

    fn skip(&mut self, check: &'static str) -> io::Result<()> {
        let cause = self.blocked_by.unwrap_or("above");
        self.add(check, Finding::Skipped(format!("the check `{cause}` failed")))
    }

    /// Adds what came of a check.
    pub(super) fn add(&mut self, check: &'static str, finding: Finding) -> io::Result<()> {
        let (status, detail, explained) = match finding {
            Finding::Fine(detail) => ("ok", detail, None),
            Finding::Skipped(reason) => ("skipped", reason, None),
            Finding::Wrong(Explanation { what, why, remedy }) => (FAILED, what, Some((why, remedy))),
        };
        if status == FAILED {
            self.blocked_by.get_or_insert(check);
        }
        let (why, r#try) = explained.unzip();
        let check = Check { name: check, status, detail, why, r#try };
        let printed = match self.form {
            Form::Table => print(check.lines(width(&Term::stdout())).as_bytes()),
            Form::Jsonl => print(&[serde_json::to_vec(&check)?, b"\n".to_vec()].concat()),
            Form::Json | Form::Csv => Ok(()),
        };
        self.checks.push(check);
        printed
    }

    /// Prints what was not printed yet; fails if a check did.
    pub(super) fn end(self) -> Result<(), Failure> {
        match self.form {
            Form::Table | Form::Jsonl => {}
            Form::Json => {
                print(&[serde_json::to_vec_pretty(&self.checks).map_err(io::Error::from)?, b"\n".to_vec()].concat())?;
            }
            Form::Csv => {
                let mut text = Vec::new();
                let mut csv = csv::Writer::from_writer(&mut text);
                self.checks.iter().try_for_each(|check| csv.serialize(check)).map_err(io::Error::from)?;
                csv.flush()?;
                drop(csv);
                print(&text)?;
            }
        }
        let count = self.checks.len();
        match self.checks.iter().filter(|check| check.status == FAILED).count() {
            0 => Ok(()),
            failed => Err(Failure::Several(format!("{failed} of {count} checks failed"))),
        }
    }
}

impl Check {
    /// What people read.
    fn lines(&self, width: Option<usize>) -> String {
        let Self { name, status, detail, why, r#try } = self;
        let mut lines = paragraph(&format!("{name:<10}  {status:<7}  "), detail, width);
        for (label, text) in [("why: ", why), ("try: ", r#try)] {
            if let Some(text) = text {
                lines += &paragraph(&format!("            {label}"), text, width);
            }
        }
        lines
    }
}

fn print(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()
}
