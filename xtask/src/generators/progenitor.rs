//! Lists with the client of progenitor, and prints the numbers of customers without and with a filter.

#[allow(warnings)]
mod client;

use client::{
    Client,
    types::{CustomerCollection, SeekOperation},
};
use std::{env, error::Error, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("Authorization", format!("Bearer {}", env::var("TOKEN")?).parse()?);
    let http = reqwest::Client::builder().default_headers(headers).build()?;
    let client = Client::new_with_client(&env::var("BASE_URL")?, http);
    println!("{} {}", count_customers(&client, None).await?, count_customers(&client, Some(&env::var("FILTER")?)).await?);

    let future = fs::read_to_string(env::args().nth(1).ok_or("the page from the future is not named")?)?;
    assert_eq!(serde_json::from_str::<CustomerCollection>(&future)?.items.len(), 3);
    Ok(())
}

async fn count_customers(client: &Client, filter: Option<&str>) -> Result<usize> {
    let mut request = client.list_customers().size(100);
    if let Some(filter) = filter {
        request = request.filter(filter);
    }
    let mut page = request.send().await?.into_inner();
    let mut total = page.items.len();
    while let Some(continuation) = continuation_token(&page) {
        let request = client.list_customers().seek_operation(SeekOperation::Next).ms_continuation_token(continuation);
        page = request.send().await?.into_inner();
        total += page.items.len();
    }
    Ok(total)
}

fn continuation_token(page: &CustomerCollection) -> Option<String> {
    let headers = &page.links.as_ref()?.next.as_ref()?.headers;
    let header = headers.iter().find(|header| header.key.as_deref() == Some("MS-ContinuationToken"))?;
    header.value.clone()
}
