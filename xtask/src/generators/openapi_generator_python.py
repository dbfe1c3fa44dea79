"""Lists with the client that openapi-generator generates for Python, and prints the numbers of customers without and with a filter."""

import os
import sys

from openapi_client import ApiClient, Configuration, CustomerCollection, CustomersApi, SeekOperation

configuration = Configuration(host=os.environ["BASE_URL"], access_token=os.environ["TOKEN"])
api = CustomersApi(ApiClient(configuration))


def token(page):
    headers = page.links.next.headers if page.links and page.links.next else []
    return next((header.value for header in headers if header.key == "MS-ContinuationToken"), None)


def count(filter=None):
    page = api.list_customers(size=100, filter=filter)
    total = len(page.items)
    while continuation := token(page):
        page = api.list_customers(seek_operation=SeekOperation.NEXT, ms_continuation_token=continuation)
        total += len(page.items)
    return total


print(count(), count(os.environ["FILTER"]))
with open(sys.argv[1]) as page_from_the_future:
    assert len(CustomerCollection.from_json(page_from_the_future.read()).items) == 3
