//! Operations that belong together: what gets a resource and what replaces it, and what starts something and what shows its state.

use crate::{
    document::Spec,
    generate::{operations, types},
};
use anyhow::Result;

const JOBS: &str = "openapi: 3.0.3
info: { title: Jobs, version: v1 }
paths:
  /v1/jobs/{job-id}:
    parameters:
      - { name: job-id, in: path, required: true, description: Which., schema: { type: string } }
    get:
      operationId: getJob
      x-pc-command: jobs get
      x-pc-auth: [app-user]
      summary: Gets a job.
      description: One.
      responses:
        '200': { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Job' } } } }
    patch:
      operationId: changeJob
      x-pc-command: jobs change
      x-pc-auth: [app-user]
      x-pc-replaces: [state]
      x-pc-polling: { operation: getJob, shows: [size] }
      summary: Changes a job.
      description: All of it.
      parameters:
        - { name: If-Match, in: header, required: true, x-pc-quoted: true, description: Which version., schema: { type: string } }
        - { name: MS-Reason, in: header, description: Why., schema: { type: string } }
      requestBody:
        required: true
        description: All of it.
        content: { application/json: { schema: { $ref: '#/components/schemas/Job' } } }
      responses:
        '200': { description: It., content: { application/json: { schema: { $ref: '#/components/schemas/Job' } } } }
        '202': { description: Later. }
  /v1/jobs:
    post:
      operationId: createJob
      x-pc-command: jobs create
      x-pc-auth: [app-user]
      x-pc-polling: { operation: getJob, state: state, completed: [done, failed] }
      summary: Creates a job.
      description: One.
      responses:
        '202': { description: Later. }
components:
  schemas:
    Job:
      description: A job.
      type: object
      properties:
        state: { description: Its state., type: string }
        size: { description: Its size., type: integer, format: int32 }
    ErrorBody:
      description: An error.
      type: object
      properties:
        code: { description: Its code., type: string }
";

fn generate(yaml: &str) -> Result<String> {
    Ok(operations::generate_operations(&Spec::parse(yaml)?)?.into_values().collect())
}

#[test]
fn resource_is_paired_with_what_replaces_it() {
    let code = generate(JOBS).unwrap();
    super::contains(
        &code,
        &[
            "impl Updatable for GetJob { type Update = ChangeJob;",
            "job_id: self.job_id.clone(), if_match: Self::required_etag(&resource)?, reason: None, job: resource,",
            ".complete_body(&self.job, &[\"state\"])",
        ],
    );
    for (from, to) in [
        // A PATCH that changes only what it is sent.
        ("      x-pc-replaces: [state]\n", ""),
        // What nobody knows.
        ("{ name: MS-Reason, in: header, description", "{ name: MS-Reason, in: header, required: true, description"),
    ] {
        assert!(!generate(&JOBS.replace(from, to)).unwrap().contains("impl Updatable"), "{to}");
    }
}

#[test]
fn resource_that_is_read_first_cannot_be_created() {
    let schemas = |yaml: &str| types::generate_types(&Spec::parse(yaml).unwrap()).unwrap().remove("customers").unwrap();
    super::contains(&schemas(JOBS), &["pub struct Job {", "resource!(Job: Clone PartialEq {"]);
    assert!(!schemas(JOBS).contains("pub fn new("));
    super::contains(
        &schemas(&JOBS.replace("      x-pc-replaces: [state]\n", "")),
        &["resource!(Job: Clone PartialEq Default {", "pub fn new() -> Self"],
    );
}

#[test]
fn long_running_operation_says_how_it_is_polled() {
    let code = generate(JOBS).unwrap();
    super::contains(
        &code,
        &[
            "impl LongRunning for ChangeJob { type Poll = GetJob; const POLLING: Polling = Polling::by_status().shown(&[\"size\"]);",
            "Some(GetJob { job_id: self.job_id.clone(), })",
            "Self::POLLING.expected_properties(&self.job)",
            "impl LongRunning for CreateJob { type Poll = GetJob; \
             const POLLING: Polling = Polling::by_status().state(\"state\", &[\"done\", \"failed\"]);",
            // Only the service knows the id.
            "fn poll(&self) -> Option<GetJob> { None }",
            "fn completion(response: Self::Response) -> Completion<Job> { Completion::Accepted(response) }",
        ],
    );
}

#[test]
fn operations_that_do_not_belong_together_are_rejected() {
    for (from, to, expected) in [
        ("        '202': { description: Later. }\n  /v1/jobs:", "  /v1/jobs:", "the operation has no 202: write one"),
        (
            "operation: getJob, state",
            "operation: getJobs, state",
            "there is no operation getJobs: write the operationId",
        ),
        ("operation: getJob, state", "operation: changeJob, state", "does not get an object: write the operationId"),
        ("state: state,", "state: status,", "Job has no property `status`: write the name of one"),
        ("replaces: [state]", "replaces: [status]", "Job has no property `status`: write the name of one"),
        ("replaces: [state]", "replaces: true", "write a list of the properties"),
        ("shows: [size]", "shows: [length]", "Job has no property `length`: write the name of one"),
        ("state: state, completed: [done, failed]", "shows: [size]", "shows is for the properties of a body: leave it"),
        (
            "x-pc-command: jobs get\n",
            "x-pc-command: jobs get\n      x-pc-replaces: [state]\n",
            "is for a PATCH that works",
        ),
        (
            "      summary: Creates a job.\n",
            "      requestBody:\n        required: true\n        description: It.\n        content: { application/json: { \
             schema: { $ref: '#/components/schemas/Job' } } }\n      summary: Creates a job.\n",
            "createJob sends Job, too, which cannot be created: write a schema of its own",
        ),
    ] {
        assert_eq!(JOBS.matches(from).count(), 1, "{from}");
        let error = format!("{:#}", generate(&JOBS.replace(from, to)).unwrap_err());
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
}
