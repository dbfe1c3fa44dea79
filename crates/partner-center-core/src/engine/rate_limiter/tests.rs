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
    let mut tickets = [(); 6].map(|()| limiter.ticket("/"));
    let moments = [0, 0, 0, 300, 301, 5000].map(at);
    let waits: Vec<_> = tickets.iter_mut().zip(moments).map(|(ticket, now)| ticket.admit(now, None)).collect();
    assert_eq!(waits, [0, 120, 240, 60, 179, 0].map(|wait| Some(Duration::from_millis(wait))));
    // A caller that cannot wait reserves nothing.
    let little = Some(Duration::from_millis(120));
    assert_eq!([(), ()].map(|()| limiter.ticket("/").admit(at(5000), little)), [None, None]);
    let mut waiting = limiter.ticket("/");
    assert_eq!(waiting.admit(at(5001), little), Some(Duration::from_millis(119)));
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
    let mut tickets = [(); 3].map(|()| limiter.ticket("/"));
    let waits = tickets.each_mut().map(|ticket| ticket.admit(resumed, None).unwrap().as_millis());
    // 500 in 60 seconds, less a little.
    assert_eq!(waits, [0, 120, 241]);
    // What is given back is free at this rate, too.
    drop(tickets);
    assert_eq!(milliseconds(limiter.ticket("/").admit(resumed, None)), Some(120));
    let rate = limiter.lock_state().partner.learned_requests_per_second(resumed);
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

#[test]
fn reservation_that_is_given_up_is_free_again() {
    let start = Instant::now();
    for scope in [RateLimitScope::Partner, RateLimitScope::Customer] {
        let limiter = RateLimiter::new(Some(500), scope);
        let targets = [CUSTOMER, OTHER, "/v1/customers"];
        let mut calls: Vec<_> = (0..3000).map(|call| limiter.ticket(targets[call % 3])).collect();
        let waits: Vec<_> = calls.iter_mut().map(|ticket| ticket.admit(start, None).unwrap().as_millis()).collect();
        assert!(waits.iter().enumerate().all(|(call, wait)| *wait == call as u128 * 120), "{scope:?}");
        // One of them is used by the next call, the earliest first.
        for call in [2000, 7, 1000] {
            drop(std::mem::replace(&mut calls[call], limiter.ticket("/")));
        }
        let mut next = [(); 4].map(|()| limiter.ticket(OTHER));
        let waits = next.each_mut().map(|ticket| ticket.admit(start, None).unwrap().as_millis());
        assert_eq!(waits, [7, 1000, 2000, 3000].map(|call| call * 120), "{scope:?}");
        // Also when its time has begun.
        drop(std::mem::replace(&mut calls[10], limiter.ticket("/")));
        assert!(limiter.ticket(OTHER).try_admit(start + Duration::from_millis(1250)), "{scope:?}");
        assert!(!limiter.ticket(OTHER).try_admit(start + Duration::from_millis(1250)), "{scope:?}");
        // When all are given up, only the first request has been sent, and the one just now.
        drop((calls, next));
        assert_eq!(milliseconds(limiter.ticket("/").admit(start, None)), Some(120), "{scope:?}");
        assert!(limiter.ticket("/").try_admit(start + Duration::from_secs(2)), "{scope:?}");
    }
}

#[test]
fn pause_delays_waiting_requests_by_its_length_only() {
    for scope in [RateLimitScope::Partner, RateLimitScope::Customer] {
        let limiter = RateLimiter::new(Some(500), scope);
        let start = Instant::now();
        let mut first = limiter.ticket(CUSTOMER);
        assert_eq!(first.admit(start, None), Some(Duration::ZERO));
        let mut waiting: Vec<_> = (0..3000).map(|_| (start, limiter.ticket(CUSTOMER))).collect();
        for (wake_at, ticket) in &mut waiting {
            *wake_at += ticket.admit(start, None).unwrap();
        }
        first.record_throttled(start, start + Duration::from_millis(50), Duration::from_secs(1));
        let mut sent_at = Vec::new();
        while let Some(next) = (0..waiting.len()).min_by_key(|call| waiting[*call].0) {
            let (now, ticket) = &mut waiting[next];
            match ticket.admit(*now, None).unwrap() {
                Duration::ZERO => sent_at.push(waiting.swap_remove(next).0),
                wait => *now += wait,
            }
        }
        let (resumed, end) = (sent_at[0] - start, sent_at[2999] - start);
        assert!(
            resumed >= Duration::from_millis(1050) && resumed < Duration::from_millis(1200),
            "{scope:?} {resumed:?}"
        );
        // Those that were to be sent in the pause are the last.
        assert!(end < Duration::from_secs(1 + 360 + 1), "{scope:?}: {end:?}");
        assert!(sent_at.windows(3).all(|sent| sent[2] - sent[0] >= Duration::from_millis(120)), "{scope:?}");
    }
}

#[test]
fn pause_never_ends_earlier_than_was_requested() {
    let limiter = RateLimiter::new(None, RateLimitScope::Partner);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    limiter.ticket("/").record_throttled(at(0), at(1), Duration::from_secs(50));
    // A request that was sent all the same.
    limiter.ticket("/").record_throttled(at(2), at(3), Duration::from_secs(5));
    assert_eq!(limiter.ticket("/").admit(at(4), None), Some(Duration::from_secs(47)));
}

/// Calls come, wait, are given up and throttled at random.
#[test]
fn rate_is_never_exceeded_whatever_is_given_up() {
    const INTERVAL: Duration = Duration::from_millis(120);
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let scope = if seed % 2 == 0 { RateLimitScope::Partner } else { RateLimitScope::Customer };
        let limiter = RateLimiter::new(Some(500), scope);
        let start = Instant::now();
        let (mut now, mut sent_at) = (start, Vec::new());
        let mut waiting = Vec::new();
        for _ in 0..400 {
            now += Duration::from_millis(random.u64(0..60));
            for _ in 0..random.usize(0..3) {
                waiting.push((now, limiter.ticket([CUSTOMER, OTHER][random.usize(0..2)])));
            }
            for _ in 0..random.usize(0..3).min(waiting.len()) {
                waiting.swap_remove(random.usize(0..waiting.len()));
            }
            for (wake_at, ticket) in &mut waiting {
                while *wake_at <= now {
                    let wait = ticket.admit(now, None).unwrap();
                    *wake_at = now + wait;
                    if wait.is_zero() {
                        sent_at.push(now);
                        if random.u8(0..20) == 0 {
                            ticket.record_throttled(now, now, Duration::from_millis(random.u64(1..900)));
                        }
                        *wake_at = now + Duration::from_secs(3600);
                    }
                }
            }
            waiting.retain(|(wake_at, _)| *wake_at < now + Duration::from_secs(3000));
        }
        // A request that wakes late leaves less than an interval before the next one.
        for (first, last) in
            (0..sent_at.len()).flat_map(|first| (first + 2..sent_at.len()).map(move |last| (first, last)))
        {
            let slots = u32::try_from(last - first - 1).unwrap();
            assert!(sent_at[last] - sent_at[first] + INTERVAL / 2 >= INTERVAL * slots, "{seed}: {first}..{last}");
        }
        assert!(sent_at.len() > 50, "{seed}");
    }
}
