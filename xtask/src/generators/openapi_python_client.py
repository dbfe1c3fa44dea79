"""Lists with the client of openapi-python-client, and prints the numbers of customers without and with a filter."""

import json
import os
import sys

from partner_center_customers_client import AuthenticatedClient
from partner_center_customers_client.api.customers import list_customers
from partner_center_customers_client.models import CustomerCollection, SeekOperation

client = AuthenticatedClient(base_url=os.environ["BASE_URL"], token=os.environ["TOKEN"])


def token(page):
    headers = page.links.next_.headers if page.links and page.links.next_ else []
    return next((header.value for header in headers if header.key == "MS-ContinuationToken"), None)


def count(**filter):
    page = list_customers.sync(client=client, size=100, **filter)
    total = len(page.items)
    while continuation := token(page):
        page = list_customers.sync(client=client, seek_operation=SeekOperation.NEXT, ms_continuation_token=continuation)
        total += len(page.items)
    return total


print(count(), count(filter_=os.environ["FILTER"]))
with open(sys.argv[1]) as page_from_the_future:
    assert len(CustomerCollection.from_dict(json.load(page_from_the_future)).items) == 3
