// Lists with the client of @hey-api/openapi-ts, and prints the numbers of customers without and with a filter.
import { listCustomers, type CustomerCollection, type ListCustomersData } from "./client";
import { client } from "./client/client.gen";

client.setConfig({ baseUrl: process.env.BASE_URL, auth: process.env.TOKEN });

function token(page: CustomerCollection): string | undefined {
  return page.links?.next?.headers?.find((header) => header.key === "MS-ContinuationToken")?.value;
}

async function page(parameters: Pick<ListCustomersData, "query" | "headers">): Promise<CustomerCollection> {
  const { data } = await listCustomers({ ...parameters, throwOnError: true });
  if (!data) throw new Error("a page without a body");
  return data;
}

async function count(filter?: string): Promise<number> {
  let current = await page({ query: { size: 100, filter } });
  let total = current.items.length;
  for (let continuation = token(current); continuation; continuation = token(current)) {
    current = await page({ query: { seekOperation: "Next" }, headers: { "MS-ContinuationToken": continuation } });
    total += current.items.length;
  }
  return total;
}

console.log(await count(), await count(process.env.FILTER));
