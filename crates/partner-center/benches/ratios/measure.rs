//! Contestants that take turns, and the table of what comes of it.

use serde::{Deserialize, Serialize};
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
        let (mut rows, count) = (Vec::new(), self.contestants.len());
        for round in 0..=rounds {
            let mut row = vec![0.0; count];
            // Whoever has its turn finds memory and caches as the one before has left them: another one each time.
            let forth: Vec<_> = (0..count).map(|turn| (turn + round / 2) % count).collect();
            let order = if round % 2 == 0 { forth } else { forth.into_iter().rev().collect() };
            for contestant in order {
                row[contestant] = self.clock.time(&mut self.contestants[contestant].1).as_secs_f64();
            }
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
    let values = sorted(values);
    values[values.len() / 2]
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// What was measured, and what it should have been.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Table(Vec<Row>);

#[derive(Serialize, Deserialize)]
struct Row {
    what: String,
    against: String,
    /// One for each process.
    measured: Vec<f64>,
    bar: Bar,
}

/// What a figure must be.
#[derive(Clone, Copy, Serialize, Deserialize)]
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
        self.0.push(Row { what: what.into(), against: against.into(), measured: vec![measured], bar });
    }

    /// The same, measured by another process as well.
    pub(crate) fn and(mut self, other: Self) -> Self {
        for (row, other) in self.0.iter_mut().zip(other.0) {
            assert_eq!((&row.what, &row.against), (&other.what, &other.against));
            row.measured.extend(other.measured);
        }
        self
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn print(&self) {
        println!("| what | against | median | lowest, highest | bar | |\n|---|---|---|---|---|---|");
        self.0.iter().for_each(|row| println!("{}", row.line()));
        println!();
    }

    /// Whether all bars were held.
    pub(crate) fn holds(&self) -> bool {
        self.0.iter().all(Row::holds)
    }
}

impl Row {
    fn median(&self) -> f64 {
        median(self.measured.iter().copied())
    }

    fn holds(&self) -> bool {
        self.bar.holds(self.median())
    }

    fn line(&self) -> String {
        let bar = match self.bar {
            Bar::AtMost(bar) => format!("at most {bar}"),
            Bar::AtLeast(bar) => format!("at least {bar}"),
            Bar::None => String::new(),
        };
        let verdict = match self.bar {
            Bar::None => "",
            _ if self.holds() => "held",
            _ => "MISSED",
        };
        let range = match sorted(self.measured.iter().copied())[..] {
            [lowest, .., highest] => format!("{lowest:.3}, {highest:.3}"),
            _ => String::new(),
        };
        format!("| {} | {} | {:.3} | {range} | {bar} | {verdict} |", self.what, self.against, self.median())
    }
}
