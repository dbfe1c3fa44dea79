"""What the specification cannot express: valid continuation tokens and filters, the identifiers of what exists, what is accepted
although it is invalid, and what a valid request is rejected for. Counts the responses of each operation for the report."""

import atexit
import json
import os
import urllib.request
import uuid
from collections import Counter, defaultdict
from datetime import date, timedelta

import schemathesis
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.specs.openapi.stateful import OpenAPIStateMachine

# The customer whom the examples are about.
CUSTOMER = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
RESELLER = "484e548c-f5f3-4528-93a9-c16c6373cb59"

# The other values are in the specification because other clients have them; whether the service accepts them is not known.
SEEK_OPERATIONS = ("First", "Next")

FIELDS = ("CompanyName", "Domain", "IndirectReseller", "IndirectCloudSolutionProvider")
OPERATORS = ("starts_with", "equals")


def given_token():
    url = f"{os.environ['EMULATOR_URL']}/v1/customers?size=40"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ['EMULATOR_TOKEN']}"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)["links"]["next"]["headers"][0]["value"]


TOKEN = given_token()

# The strings of all responses so far: those that a link has put into a path are among them.
SEEN = set()

# The number of responses of each operation, by status.
RESPONSES = defaultdict(Counter)


@schemathesis.hook
def before_init_operation(context, operation):
    RESPONSES[operation.definition.raw["operationId"]]


@atexit.register
def write_report():
    with open(os.environ["RESPONSES_FILE"], "w") as file:
        json.dump(RESPONSES, file)


def steer(path, **body):
    url = f"{os.environ['EMULATOR_URL']}/_emulator/{path}"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def reset_emulator():
    """A sequence that is repeated has to get the same responses: otherwise Hypothesis gives up after a few, without a word."""
    steer("reset")
    SEEN.clear()


INITIALIZE = OpenAPIStateMachine.__init__


def reset_and_initialize(machine):
    """Replaces the initializer of the state machine, as no hook is called where a sequence begins."""
    reset_emulator()
    INITIALIZE(machine)


OpenAPIStateMachine.__init__ = reset_and_initialize


def filter_for(text):
    """Returns a filter for the string, or for the identifier that resellers and providers are searched by."""
    field = FIELDS[len(text) % len(FIELDS)]
    value = RESELLER if field.startswith("Indirect") else text
    return json.dumps({"Field": field, "Value": value, "Operator": OPERATORS[sum(text.encode()) % len(OPERATORS)]})


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings_of(inner)


def is_even(*values):
    """Decides between two ways, always in the same way for the same values."""
    return sum(repr(values).encode()) % 2 == 0


def is_guid(value):
    try:
        return str(uuid.UUID(value)) == value
    except (AttributeError, TypeError, ValueError):
        return False


@schemathesis.hook
def after_call(context, case, response):
    RESPONSES[operation_id(case)][response.status_code] += 1
    if operation_id(case) == "cancelAzureEntitlement" and response.status_code == 200:
        # It can be reactivated once it is inactive, which takes some minutes.
        steer("clock", advanceSeconds=3600)
    if "json" in response.headers.get("content-type", [""])[0] and response.content:
        SEEN.update(text for text in strings_of(json.loads(response.content)) if len(text) < 64)


def with_new_request_id(request):
    request.headers["MS-RequestId"] = str(uuid.uuid4())
    return request


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes requests that are meant to be valid also valid where the specification is silent."""
    if is_without_token(case):
        # Nothing else matters, and a change of the request would bring the token back.
        return
    operation = operation_id(case)
    if operation == "deleteCustomer" and CUSTOMER in case.path_parameters.values():
        # Without this customer, nothing is left to test.
        case.path_parameters["customer-tenant-id"] = str(uuid.uuid4())
    if is_guid(case.headers.get("MS-RequestId")):
        # A write that is sent again with the same one gets the first response, whatever else has changed.
        # The case itself must not change: its invalid headers would then pass as valid ones.
        kwargs["auth"] = with_new_request_id
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if operation == "listCustomers":
        if "seekOperation" in case.query:
            if case.query["seekOperation"] not in SEEK_OPERATIONS:
                case.query["seekOperation"] = "Next"
            case.headers["MS-ContinuationToken"] = TOKEN
        # A token continues its list also without a seek operation.
        elif "MS-ContinuationToken" in case.headers:
            case.headers["MS-ContinuationToken"] = TOKEN
        if isinstance(case.query.get("filter"), str):
            case.query["filter"] = filter_for(case.query["filter"])
    else:
        # No token of these lists is at hand.
        for values, name in [
            (case.query, "seekOperation"),
            (case.query, "seek_operation"),
            (case.query, "filter"),
            (case.headers, "MS-ContinuationToken"),
        ]:
            values.pop(name, None)
    if operation == "listAuditRecords":
        # Only the last 90 days are kept.
        case.query["startDate"] = str(date.today() - timedelta(days=len(str(case.query)) % 60))
        case.query.pop("endDate", None)
    for name in ("MS-RequestId", "MS-CorrelationId"):
        # A link takes any identifier of a response for these.
        if not is_guid(case.headers.get(name)):
            case.headers.pop(name, None)
    if "If-Match" in case.headers:
        case.headers["If-Match"] = '"' + case.headers["If-Match"].strip('"') + '"'
    # Of the identifiers that are made up, every second one becomes the example, which the emulator knows.
    for parameter in case.operation.path_parameters:
        value = case.path_parameters.get(parameter.name)
        if value is not None and str(value) not in SEEN and is_even(value):
            case.path_parameters[parameter.name] = parameter.definition["example"]
    # So does every second body.
    bodies = [
        example["value"]
        for body in case.operation.body
        if body.media_type == case.media_type
        for example in body.definition.get("examples", {}).values()
    ]
    if bodies and case.body is not NOT_SET and is_even(case.path_parameters, case.body):
        case.body = bodies[len(repr(case.body)) % len(bodies)]


def is_without_token(case):
    return getattr(case.meta and case.meta.phase.data, "parameter", None) == "Authorization"


def operation_id(case):
    return case.operation.definition.raw["operationId"]


@schemathesis.check
def invalid_request_is_rejected(ctx, response, case):
    """As the check of schemathesis, but of what is there, the service takes a `null` for an absent field and any `objectType`."""
    changed = getattr(case.meta and case.meta.phase.data, "description", None) or ""
    if not has_null(case.body) and "objectType" not in changed:
        return negative_data_rejection(ctx, response, case)


def has_null(value):
    if isinstance(value, (dict, list)):
        return any(has_null(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return value is None


@schemathesis.check
def valid_request_is_accepted(ctx, response, case):
    """As the check of schemathesis, but a request may be rejected for what its operation documents, such as a domain that is taken."""
    if operation_id(case) == "uploadOrderAttachments" and isinstance(case.body, dict) and not case.body.get("POFiles"):
        # A list without files has no part in a form.
        return
    documented = {(error["status"], str(error["code"])) for error in case.operation.definition.raw.get("x-error-codes", [])}
    if response.status_code == 400 and response.content and (400, str(response.json().get("code"))) in documented:
        return
    return positive_data_acceptance(ctx, response, case)
