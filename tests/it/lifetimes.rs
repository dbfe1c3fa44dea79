//! Lists that outlive many tokens, alone and many at once, sharing one client.

use futures_util::future::join_all;
use partner_center::{
    AppRegistration, Async, AsyncClient, Blocking, Client, Credential, Error, ListCustomers, Mode, Reqwest, Transport,
    Ureq,
};
use partner_center_sandbox::Sandbox;
use partner_center_tests::finish;
use std::{
    thread,
    time::{Duration, Instant},
};

const LIFETIME: Duration = Duration::from_millis(300);
const PAGES: u32 = 70;
const PAUSE: Duration = Duration::from_millis(100);

fn sandbox() -> Sandbox {
    Sandbox::builder().customers(PAGES).token_lifetime(LIFETIME).build()
}

fn app() -> AppRegistration {
    AppRegistration::new("contoso.com", Sandbox::CLIENT_ID).secret(Sandbox::CLIENT_SECRET)
}

fn app_user<M: Mode>() -> Credential<M> {
    Credential::app_user(app(), Sandbox::REFRESH_TOKEN).on_rotation(|_| M::ready(Ok(())))
}

/// Lists pages of one customer, with time for other things in between.
fn list<X: Transport>(client: &Client<X>) -> Result<usize, Error> {
    let mut pages = client.pages(ListCustomers::new().size(1));
    let mut customers = 0;
    while let Some(page) = finish::<X::Mode, _>(pages.next_page()) {
        customers += page?.items.len();
        thread::sleep(PAUSE);
    }
    Ok(customers)
}

/// The same as a task.
async fn list_as_task(client: AsyncClient) -> Result<usize, Error> {
    let mut pages = client.pages(ListCustomers::new().size(1));
    let mut customers = 0;
    while let Some(page) = pages.next().await {
        customers += page?.items.len();
        tokio::time::sleep(PAUSE).await;
    }
    Ok(customers)
}

/// One request for a token each time that one ends, and no more; and more than twenty of them.
#[track_caller]
fn one_token_for_each_lifetime(sandbox: &Sandbox, began: Instant) {
    let most = began.elapsed().as_millis() * 10 / (LIFETIME.as_millis() * 9) + 1;
    let tokens = sandbox.requests().iter().filter(|request| request.uri().path().ends_with("/token")).count();
    assert!((21..=most).contains(&(tokens as u128)), "{tokens} tokens, where at most {most} are needed");
}

#[test]
fn a_list_outlives_its_tokens_in_both_modes() {
    fn over<M: Mode>(credential: Credential<M>) {
        let (sandbox, began) = (sandbox(), Instant::now());
        let client = Client::builder(sandbox.transport::<M>(), credential).build().unwrap();
        assert_eq!(list(&client).unwrap(), PAGES as usize);
        one_token_for_each_lifetime(&sandbox, began);
    }
    thread::scope(|scope| {
        scope.spawn(|| over::<Blocking>(Credential::app_only(app())));
        scope.spawn(|| over::<Blocking>(app_user()));
        scope.spawn(|| over::<Async>(Credential::app_only(app())));
        scope.spawn(|| over::<Async>(app_user()));
    });
}

#[test]
fn sixteen_threads_share_their_tokens() {
    let (sandbox, began) = (sandbox(), Instant::now());
    let server = sandbox.serve("127.0.0.1:0").unwrap();
    let client = Client::builder(Ureq::new().unwrap(), app_user());
    let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
    thread::scope(|scope| {
        let lists: Vec<_> = (0..16).map(|_| scope.spawn(|| list(&client.clone()))).collect();
        for list in lists {
            assert_eq!(list.join().unwrap().unwrap(), PAGES as usize);
        }
    });
    one_token_for_each_lifetime(&sandbox, began);
}

#[test]
fn sixty_four_tasks_share_their_tokens() {
    let (sandbox, began) = (sandbox(), Instant::now());
    let server = sandbox.serve("127.0.0.1:0").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder(Reqwest::new().unwrap(), Credential::app_only(app()));
        let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
        let lists = (0..64).map(|_| list_as_task(client.clone()));
        for list in join_all(lists).await {
            assert_eq!(list.unwrap(), PAGES as usize);
        }
    });
    one_token_for_each_lifetime(&sandbox, began);
}
