"""What no description can say: which continuation tokens were given out, what a filter is, and which customers there are."""

import json
import os
import urllib.request

import schemathesis
from schemathesis import GenerationMode

# They are found in every emulator, however few customers it lists.
CUSTOMER = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
RESELLER = "484e548c-f5f3-4528-93a9-c16c6373cb59"

# The other values are in the description because clients know them; whether the service does is not known.
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
    """A filter that searches for the text, or by the identifier that resellers and providers are searched by."""
    field = FIELDS[len(text) % len(FIELDS)]
    value = RESELLER if field.startswith("Indirect") else text
    return json.dumps({"Field": field, "Value": value, "Operator": OPERATORS[sum(text.encode()) % len(OPERATORS)]})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Requests that are meant to be right are right in what the description leaves open, too."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if "seekOperation" in case.query:
        if case.query["seekOperation"] not in SEEK_OPERATIONS:
            case.query["seekOperation"] = "Next"
        case.headers["MS-ContinuationToken"] = TOKEN
    # A token continues its list without a seek operation, too.
    elif "MS-ContinuationToken" in case.headers:
        case.headers["MS-ContinuationToken"] = TOKEN
    if isinstance(case.query.get("filter"), str):
        case.query["filter"] = filter_for(case.query["filter"])
    # Half of the customers that are asked for are there.
    identifier = case.path_parameters.get("customer-tenant-id", "")
    if identifier and identifier[0] in "02468ace":
        case.path_parameters["customer-tenant-id"] = CUSTOMER
