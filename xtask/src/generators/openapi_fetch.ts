// Lists with openapi-fetch and the types of openapi-typescript, and prints the numbers of customers without and with a
// filter.
import createClient from "openapi-fetch";
import type { components, paths } from "./client";

const client = createClient<paths>({
  baseUrl: process.env.BASE_URL,
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});

type Page = components["schemas"]["CustomerCollection"];
type Parameters = NonNullable<paths["/v1/customers"]["get"]["parameters"]>;

function token(page: Page): string | undefined {
  return page.links?.next?.headers?.find((header) => header.key === "MS-ContinuationToken")?.value;
}

async function page(params: Parameters): Promise<Page> {
  const { data, error } = await client.GET("/v1/customers", { params });
  if (!data) throw new Error(error ? JSON.stringify(error) : "a page without a body");
  return data;
}

async function count(filter?: string): Promise<number> {
  let current = await page({ query: { size: 100, filter } });
  let total = current.items.length;
  for (let continuation = token(current); continuation; continuation = token(current)) {
    current = await page({ query: { seekOperation: "Next" }, header: { "MS-ContinuationToken": continuation } });
    total += current.items.length;
  }
  return total;
}

console.log(await count(), await count(process.env.FILTER));
