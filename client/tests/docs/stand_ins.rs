//! The lines of the pages that a test does not run as they stand.

/// A line, and the command that the test runs instead.
pub(crate) struct StandIn {
    /// The whole line.
    pub(crate) written: &'static str,
    /// The command; empty if the test runs nothing.
    pub(crate) run: &'static str,
}

/// Each line with the reason why it is here.
pub(crate) const STAND_INS: &[StandIn] = &[
    // The programs are built before the tests.
    nothing("cargo build --release"),
    // The test has its own folder of programs on PATH.
    nothing("export PATH=$PWD/target/release:$PATH"),
    // It compiles for minutes. CI runs it, and the tests of the package.
    nothing("pip install ./python"),
    // It needs the features and the profile of its own build.
    nothing("cargo run --profile sweep --bin simulate --features mutants -- mutants"),
    nothing("cargo test -p quorate-protocol --features mutants --test rules"),
    nothing("cargo test -p quorate-gather --features mutants --test gathering"),
    // It is a test itself.
    nothing("cargo test -p quorate-wire --test foreign -- --nocapture"),
    // It takes minutes.
    nothing(
        "cargo test --profile sweep -p quorate-simulator --test model -- --ignored --nocapture",
    ),
    nothing("cargo bench -p quorate-wire --bench speed"),
    nothing("cargo bench -p quorate-client --bench load"),
    nothing("cargo bench -p quorate-client --bench behaviours"),
    nothing("cargo bench -p quorate-client --bench recovery"),
    nothing("cargo bench -p quorate-client --bench chart"),
    nothing("cargo bench -p quorate-simulator"),
    nothing("cargo bench -p quorate-simulator --bench page"),
    nothing("simulate sweep --seeds 0..100000"),
    // It takes a minute. The tests of `experiment` measure the same with fewer calls.
    nothing("experiment reads --quick --out measured"),
    // It stays until it is stopped.
    shorter("client --spawn --page", "client --spawn --page &"),
    shorter(
        "client bench --spawn --faulty none --rounds 200 --clients 8",
        "client bench --spawn --faulty none --rounds 2 --clients 8 --runs 1",
    ),
];

/// What a test runs in its place.
const fn shorter(written: &'static str, run: &'static str) -> StandIn {
    StandIn { written, run }
}

/// What no test runs.
const fn nothing(written: &'static str) -> StandIn {
    StandIn { written, run: "" }
}
