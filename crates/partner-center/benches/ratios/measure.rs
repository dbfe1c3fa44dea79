//! Candidates that run in turns, and the table of results.

use serde::{Deserialize, Serialize};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// The clock that measures time.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// CPU time of this thread.
    Cpu,
    /// Wall-clock time.
    Wall,
}

impl Clock {
    fn measure_time(self, run: &mut dyn FnMut()) -> Duration {
        let (wall_start, cpu_start) = (Instant::now(), cpu_time());
        run();
        match self {
            Self::Cpu => cpu_time().saturating_sub(cpu_start),
            Self::Wall => wall_start.elapsed(),
        }
    }
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// Candidates to be compared, each with a name.
pub(crate) struct Comparison<'a> {
    clock: Clock,
    candidates: Vec<Candidate<'a>>,
}

type Candidate<'a> = (&'static str, Box<dyn FnMut() + 'a>);

impl<'a> Comparison<'a> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, candidates: Vec::new() }
    }

    pub(crate) fn with<T>(mut self, name: &'static str, mut run: impl FnMut() -> T + 'a) -> Self {
        self.candidates.push((name, Box::new(move || drop(black_box(run())))));
        self
    }

    /// Runs all candidates in turns, `rounds` times, after a warm-up round.
    pub(crate) fn run(mut self, rounds: usize) -> Results {
        let (mut rows, count) = (Vec::new(), self.candidates.len());
        for round in 0..=rounds {
            let mut row = vec![0.0; count];
            // A candidate finds memory and caches as its predecessor left them, so the order changes in each round.
            let forward: Vec<_> = (0..count).map(|turn| (turn + round / 2) % count).collect();
            let order = if round % 2 == 0 { forward } else { forward.into_iter().rev().collect() };
            for candidate in order {
                row[candidate] = self.clock.measure_time(&mut self.candidates[candidate].1).as_secs_f64();
            }
            if round > 0 {
                rows.push(row);
            }
        }
        Results { names: self.candidates.iter().map(|(name, _)| *name).collect(), rows }
    }
}

/// The seconds of each candidate in each round.
pub(crate) struct Results {
    names: Vec<&'static str>,
    rows: Vec<Vec<f64>>,
}

impl Results {
    /// Returns the median ratio of the times of `one` and `other`.
    pub(crate) fn ratio(&self, one: &str, other: &str) -> f64 {
        let (one, other) = (self.candidate_column(one), self.candidate_column(other));
        median(self.rows.iter().map(|row| row[one] / row[other]))
    }

    /// Returns the median over the rounds of a value computed from the times of several candidates.
    pub(crate) fn median_of<const N: usize>(&self, names: [&str; N], compute: impl Fn([f64; N]) -> f64) -> f64 {
        let columns = names.map(|name| self.candidate_column(name));
        median(self.rows.iter().map(|row| compute(columns.map(|column| row[column]))))
    }

    fn candidate_column(&self, name: &str) -> usize {
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

/// The measurements, with the limits they must meet.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct MeasurementTable(Vec<MeasurementRow>);

#[derive(Serialize, Deserialize)]
struct MeasurementRow {
    subject: String,
    baseline: String,
    /// One value for each process.
    values: Vec<f64>,
    limit: MeasurementLimit,
}

/// The limit that a value must meet.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum MeasurementLimit {
    AtMost(f64),
    AtLeast(f64),
    /// The value is only reported.
    None,
}

impl MeasurementLimit {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
            Self::None => true,
        }
    }
}

impl MeasurementTable {
    pub(crate) fn add(
        &mut self,
        subject: impl Into<String>,
        baseline: impl Into<String>,
        value: f64,
        limit: MeasurementLimit,
    ) {
        self.0.push(MeasurementRow { subject: subject.into(), baseline: baseline.into(), values: vec![value], limit });
    }

    /// Merges the values of another process.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        for (row, other) in self.0.iter_mut().zip(other.0) {
            assert_eq!((&row.subject, &row.baseline), (&other.subject, &other.baseline));
            row.values.extend(other.values);
        }
        self
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn print(&self) {
        println!("| subject | baseline | median | min, max | limit | |\n|---|---|---|---|---|---|");
        self.0.iter().for_each(|row| println!("{}", row.format_line()));
        println!();
    }

    /// Whether all limits are met.
    pub(crate) fn meets_limits(&self) -> bool {
        self.0.iter().all(MeasurementRow::meets_limit)
    }
}

impl MeasurementRow {
    fn median(&self) -> f64 {
        median(self.values.iter().copied())
    }

    fn meets_limit(&self) -> bool {
        self.limit.is_met_by(self.median())
    }

    fn format_line(&self) -> String {
        let limit = match self.limit {
            MeasurementLimit::AtMost(limit) => format!("at most {limit}"),
            MeasurementLimit::AtLeast(limit) => format!("at least {limit}"),
            MeasurementLimit::None => String::new(),
        };
        let verdict = match self.limit {
            MeasurementLimit::None => "",
            _ if self.meets_limit() => "met",
            _ => "MISSED",
        };
        let range = match sorted(self.values.iter().copied())[..] {
            [min, .., max] => format!("{min:.3}, {max:.3}"),
            _ => String::new(),
        };
        format!("| {} | {} | {:.3} | {range} | {limit} | {verdict} |", self.subject, self.baseline, self.median())
    }
}
