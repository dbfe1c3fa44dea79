//! Contestants that take turns, and the table of what comes of it.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// What time is measured by.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// The CPU time of this thread.
    Cpu,
    /// The clock on the wall.
    Wall,
}

impl Clock {
    fn time(self, run: &mut dyn FnMut()) -> Duration {
        let began = (Instant::now(), cpu());
        run();
        match self {
            Self::Cpu => cpu().saturating_sub(began.1),
            Self::Wall => began.0.elapsed(),
        }
    }
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// Things to be compared, each under a name.
pub(crate) struct Contest<'a> {
    clock: Clock,
    contestants: Vec<Contestant<'a>>,
}

type Contestant<'a> = (&'static str, Box<dyn FnMut() + 'a>);

impl<'a> Contest<'a> {
    pub(crate) fn by(clock: Clock) -> Self {
        Self { clock, contestants: Vec::new() }
    }

    pub(crate) fn with<T>(mut self, name: &'static str, mut run: impl FnMut() -> T + 'a) -> Self {
        self.contestants.push((name, Box::new(move || drop(black_box(run())))));
        self
    }

    /// Runs all of them in turn, `rounds` times, after a round that does not count.
    pub(crate) fn run(mut self, rounds: usize) -> Results {
        let mut rows = Vec::new();
        for round in 0..=rounds {
            let row: Vec<_> = self.contestants.iter_mut().map(|(_, run)| self.clock.time(run).as_secs_f64()).collect();
            if round > 0 {
                rows.push(row);
            }
        }
        Results { names: self.contestants.iter().map(|(name, _)| *name).collect(), rows }
    }
}

/// The seconds that each took in each round.
pub(crate) struct Results {
    names: Vec<&'static str>,
    rows: Vec<Vec<f64>>,
}

impl Results {
    /// How much `one` took of what `other` did.
    pub(crate) fn ratio(&self, one: &str, other: &str) -> f64 {
        let (one, other) = (self.column(one), self.column(other));
        median(self.rows.iter().map(|row| row[one] / row[other]))
    }

    /// The median over the rounds of something that is computed of the seconds of several.
    pub(crate) fn of<const N: usize>(&self, names: [&str; N], compute: impl Fn([f64; N]) -> f64) -> f64 {
        let columns = names.map(|name| self.column(name));
        median(self.rows.iter().map(|row| compute(columns.map(|column| row[column]))))
    }

    fn column(&self, name: &str) -> usize {
        self.names.iter().position(|known| *known == name).unwrap()
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What was measured, and what it should have been.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    what: String,
    against: String,
    measured: f64,
    bar: Bar,
}

/// What a figure must be.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    /// It is only told.
    None,
}

impl Bar {
    fn holds(self, measured: f64) -> bool {
        match self {
            Self::AtMost(bar) => measured <= bar,
            Self::AtLeast(bar) => measured >= bar,
            Self::None => true,
        }
    }
}

impl Table {
    pub(crate) fn add(&mut self, what: impl Into<String>, against: impl Into<String>, measured: f64, bar: Bar) {
        let row = Row { what: what.into(), against: against.into(), measured, bar };
        println!("{}", row.line());
        self.0.push(row);
    }

    /// Prints it whole; whether all bars were held.
    pub(crate) fn print(&self) -> bool {
        println!("\n| what | against | measured | bar | |\n|---|---|---|---|---|");
        self.0.iter().for_each(|row| println!("{}", row.line()));
        self.0.iter().all(|row| row.bar.holds(row.measured))
    }
}

impl Row {
    fn line(&self) -> String {
        let (bar, verdict) = match self.bar {
            Bar::AtMost(bar) => {
                (format!("at most {bar}"), if self.bar.holds(self.measured) { "held" } else { "MISSED" })
            }
            Bar::AtLeast(bar) => {
                (format!("at least {bar}"), if self.bar.holds(self.measured) { "held" } else { "MISSED" })
            }
            Bar::None => (String::new(), ""),
        };
        format!("| {} | {} | {:.3} | {bar} | {verdict} |", self.what, self.against, self.measured)
    }
}
