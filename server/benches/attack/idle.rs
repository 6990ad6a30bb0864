//! What processes cost that have nothing to do.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Server, cpu_time};
use crate::{Measured, Row};

pub(crate) const ROW: Row = Row {
    name: "idle",
    what: "31 processes that nobody asks for anything; the processor time of all together",
    limit: "0.1 cores",
    measure,
};

const LIMIT: f64 = 0.1;
/// Starting is over.
const SETTLED: Duration = Duration::from_secs(10);
const WATCHED: Duration = Duration::from_secs(20);

fn measure() -> Measured {
    let server = Server::start(&["--processes", "31", "--faulty", "none"]);
    sleep(SETTLED);
    let used = || -> Duration { server.processes.iter().map(|one| cpu_time(one.pid)).sum() };
    let (begun, before) = (Instant::now(), used());
    sleep(WATCHED);
    let cores = (used() - before).as_secs_f64() / begun.elapsed().as_secs_f64();
    server.stop();
    Measured {
        found: format!("{cores:.3} cores"),
        good: cores < LIMIT,
    }
}
