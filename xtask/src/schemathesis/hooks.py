"""What the specification cannot express: valid continuation tokens, valid filters, and the identifiers of existing customers."""

import json
import os
import urllib.request

import schemathesis
from schemathesis import GenerationMode

# Every emulator has them, however few customers it lists.
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


def filter_for(text):
    """Returns a filter for the string, or for the identifier that resellers and providers are searched by."""
    field = FIELDS[len(text) % len(FIELDS)]
    value = RESELLER if field.startswith("Indirect") else text
    return json.dumps({"Field": field, "Value": value, "Operator": OPERATORS[sum(text.encode()) % len(OPERATORS)]})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes requests that are meant to be valid also valid where the specification is silent."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if "seekOperation" in case.query:
        if case.query["seekOperation"] not in SEEK_OPERATIONS:
            case.query["seekOperation"] = "Next"
        case.headers["MS-ContinuationToken"] = TOKEN
    # A token continues its list also without a seek operation.
    elif "MS-ContinuationToken" in case.headers:
        case.headers["MS-ContinuationToken"] = TOKEN
    if isinstance(case.query.get("filter"), str):
        case.query["filter"] = filter_for(case.query["filter"])
    # Half of the requested customers exist.
    identifier = case.path_parameters.get("customer-tenant-id", "")
    if identifier and identifier[0] in "02468ace":
        case.path_parameters["customer-tenant-id"] = CUSTOMER
