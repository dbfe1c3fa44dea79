use super::*;

const CUSTOMER: &str = "/v1/customers/0f8e4d10-6d5a-4c5c-9f6f-0d6f4c1b7a11/orders?x=1";
const OTHER: &str = "/v1/Customers/1f8e4d10-6d5a-4c5c-9f6f-0d6f4c1b7a11";

fn milliseconds(wait: Option<Duration>) -> Option<u128> {
    wait.map(|wait| wait.as_millis())
}

#[test]
fn requests_are_spread_evenly() {
    let limiter = RateLimiter::new(Some(500), RateLimitScope::Partner);
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let waits: Vec<_> = [0, 0, 0, 300, 301, 5000]
        .map(|milliseconds| limiter.ticket("/").admit(at(milliseconds), None).unwrap().as_millis())
        .into();
    assert_eq!(waits, [0, 120, 240, 60, 179, 0]);
    // A caller that cannot wait reserves nothing.
    let little = Some(Duration::from_millis(120));
    assert_eq!([(), ()].map(|()| limiter.ticket("/").admit(at(5000), little)), [None, None]);
    assert_eq!(limiter.ticket("/").admit(at(5001), little), Some(Duration::from_millis(119)));
    // Nor does one that does not want to wait.
    let tried = [5239, 5240, 5241].map(|milliseconds| limiter.ticket("/").try_admit(at(milliseconds)));
    assert_eq!(tried, [false, true, false]);
    assert_eq!(limiter.ticket("/").admit(at(5241), None), Some(Duration::from_millis(119)));
}

#[test]
fn throttled_response_pauses_all_requests() {
    let limiter = RateLimiter::new(None, RateLimitScope::Partner);
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let second = Duration::from_secs(1);
    let (mut throttled, mut late) = (limiter.ticket("/"), limiter.ticket("/"));
    assert_eq!([throttled.admit(at(0), None), late.admit(at(0), None)], [Some(Duration::ZERO); 2]);
    throttled.record_throttled(at(0), at(10), second);
    // One that was under way extends the pause, and one that cannot wait for its end fails.
    late.record_throttled(at(0), at(30), second);
    let mut waiting = limiter.ticket("/");
    assert_eq!(milliseconds(waiting.admit(at(40), None)), Some(990));
    assert_eq!(waiting.admit(at(40), Some(second / 2)), None);
    assert_eq!(milliseconds(limiter.ticket("/").admit(at(1029), None)), Some(1));
    assert_eq!(milliseconds(waiting.admit(at(1030), None)), Some(0));
    assert_eq!(
        limiter.status(7),
        RateLimitStatus {
            requests_per_minute: None,
            paused_for: limiter.status(7).paused_for,
            throttled_responses: 2,
            retries_left: 7
        }
    );
}

#[test]
fn reservation_before_a_pause_is_void() {
    let limiter = RateLimiter::new(Some(60), RateLimitScope::Partner);
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let (mut first, mut second) = (limiter.ticket("/"), limiter.ticket("/"));
    assert_eq!([first.admit(at(0), None), second.admit(at(0), None)].map(milliseconds), [Some(0), Some(1000)]);
    first.record_throttled(at(0), at(100), Duration::from_secs(3));
    assert_eq!(milliseconds(second.admit(at(1000), None)), Some(2100));
    assert_eq!(milliseconds(second.admit(at(3100), None)), Some(0));
    // Both limits apply.
    assert_eq!(milliseconds(first.admit(at(3100), None)), Some(1000));
}

#[test]
fn rate_after_a_pause_is_what_the_service_has_accepted() {
    let limiter = RateLimiter::new(None, RateLimitScope::Partner);
    let start = Instant::now();
    for number in 0..500 {
        let sent_at = start + Duration::from_millis(number);
        let mut ticket = limiter.ticket("/");
        assert_eq!(ticket.admit(sent_at, None), Some(Duration::ZERO));
        ticket.record_accepted(sent_at);
    }
    let throttled_at = start + Duration::from_millis(500);
    limiter.ticket("/").record_throttled(throttled_at, throttled_at, Duration::from_secs(60));
    let resumed = throttled_at + Duration::from_secs(60);
    let waits: Vec<_> = (0..3).map(|_| limiter.ticket("/").admit(resumed, None).unwrap().as_millis()).collect();
    // 500 in 60 seconds, less a little.
    assert_eq!(waits, [0, 120, 241]);
    let rate = limiter.lock_state().partner.requests_per_second(resumed);
    assert_eq!(rate.map(|rate| (rate * 60.0).round()), Some(497.0));
    // Nothing is left of it in the end.
    let next_day = resumed + Duration::from_secs(86_400);
    let waits = [(); 3].map(|()| limiter.ticket("/").admit(next_day, None));
    assert_eq!(waits, [Some(Duration::ZERO); 3]);
}

#[test]
fn customers_have_scopes_of_their_own_if_so_configured() {
    for (scope, expected) in
        [(RateLimitScope::Partner, [true; 4]), (RateLimitScope::Customer, [true, true, false, false])]
    {
        let limiter = RateLimiter::new(None, scope);
        let now = Instant::now();
        limiter.ticket(CUSTOMER).record_throttled(now, now, Duration::from_secs(9));
        let short = CUSTOMER.strip_suffix("/orders?x=1").unwrap();
        let is_paused = |target: &str| limiter.ticket(target).admit(now, None) != Some(Duration::ZERO);
        assert_eq!([CUSTOMER, short, OTHER, "/v1/customers?size=9"].map(is_paused), expected, "{scope:?}");
    }
    let limiter = RateLimiter::new(None, RateLimitScope::Customer);
    let now = Instant::now();
    for number in 0..MAX_CUSTOMERS as u128 + 10 {
        let target = format!("/v1/customers/{}", Uuid::from_u128(number));
        limiter.ticket(&target).record_throttled(now, now, Duration::from_secs(9));
    }
    assert_eq!(limiter.lock_state().customers.len(), MAX_CUSTOMERS);
    limiter.ticket(OTHER).admit(now + Duration::from_secs(10), None);
    assert_eq!(limiter.lock_state().customers.len(), 1, "those that wait for nothing are forgotten");
}

#[test]
fn sleep_that_returns_early_counts_as_slept() {
    let limiter = RateLimiter::new(Some(1), RateLimitScope::Partner);
    let mut ticket = limiter.ticket("/");
    for _ in 0..3 {
        let mut ticket = limiter.ticket("/");
        let before = limiter.now();
        if let Some(wait) = ticket.admit(before, None) {
            limiter.slept_until(before + wait);
        }
        assert_eq!(ticket.admit(limiter.now(), None), Some(Duration::ZERO));
    }
    assert!(ticket.admit(limiter.now(), None) > Some(Duration::from_secs(59)));
}
