// Lists with the client that openapi-generator generates for TypeScript (fetch), and prints the numbers of customers without
// and with a filter.
import { readFileSync } from "node:fs";
import { Configuration, CustomerCollection, CustomerCollectionFromJSON, CustomersApi, SeekOperation } from "./client";

const api = new CustomersApi(new Configuration({ basePath: process.env.BASE_URL, accessToken: process.env.TOKEN }));

// No body: the list has ended.
type Page = CustomerCollection | null | undefined;

function token(page: Page): string | undefined {
  return page?.links?.next?.headers?.find((header) => header.key === "MS-ContinuationToken")?.value;
}

async function count(filter?: string): Promise<number> {
  let page: Page = await api.listCustomers({ size: 100, filter });
  let total = page?.items.length ?? 0;
  for (let continuation = token(page); continuation; continuation = token(page)) {
    page = await api.listCustomers({ seekOperation: SeekOperation.Next, mSContinuationToken: continuation });
    total += page?.items.length ?? 0;
  }
  return total;
}

console.log(await count(), await count(process.env.FILTER));
const future = CustomerCollectionFromJSON(JSON.parse(readFileSync(process.argv[2], "utf8")));
if (future.items.length !== 3) throw new Error("the page from the future is not read");
