//! How long after the last planned event everything must be done.

use quorate_protocol::Duration;

use crate::plan::{Back, Plan};

/// The interval at which a user asks for a round again until it is decided.
pub(super) const ASK_AGAIN: u64 = 200_000;
/// The interval at which the world checks whether all is done, once all faults are healed.
pub(super) const LOOK: u64 = 20_000;
/// How many requests a primary may serve slowly before it is left (rule 18), and how long each may take, in T.
const SLOW_REQUESTS: u64 = 8;
/// In how many status intervals all that was lost before has been said again, and has had its answer, and that its own.
const STATUSES: u64 = 4;
/// The founding, the offers, and the two phases of each of two auctions.
const PHASES: u64 = 6;
/// How many null batches a primary proposes in a status interval for a process without memory.
const NULLS: u64 = 32;
/// The doublings that are counted at most. Beyond the bound no progress is promised.
const MOST_DOUBLINGS: usize = 12;

/// The time in which everything must be done, counted from the last planned event. By then all is healed. `timer` is the
/// longest time for which a correct process waits at that moment before it asks for another view.
///
/// * The timer that runs then runs out. If the views of the processes differ, one more view may start for too few of
///   them. Each process that cannot be relied on may lead one view more. Each of these views costs twice the time of the
///   one before: 1 + 2 + 4 + ... timers.
/// * Each of these processes may be a slow primary, which is left after eight requests that took T each.
/// * What was lost is sent again once in a status interval, and so is what follows from it.
/// * A process without memory votes after two windows, of two checkpoint intervals each. In an idle cluster these fill
///   with null batches, 32 in a status interval.
/// * Where work takes time, a view change with a full window may take longer than that timer. Views then fail until the
///   timer is long enough, and while null batches execute it becomes short again each time.
/// * In a gathering, the founding and five phases follow one on another. Each waits for those who say nothing.
/// * All this is measured by the slowest clock.
/// * A process that ends at a commit is away for a while, its user asks for a round again now and then, and the world
///   looks whether all is done now and then.
pub(super) fn of(plan: &Plan, timer: Duration) -> Duration {
    let unreliable = plan.not_to_rely_on().unwrap_or_default().len();
    let views = (1 << (unreliable + 2).min(MOST_DOUBLINGS)) - 1;
    let longest = timer.0.max(work_of_a_view_change(plan));
    let slow = unreliable as u64 * SLOW_REQUESTS * plan.engine.view_timeout_ms * 1000;
    let statuses = STATUSES * plan.engine.status_interval_ms * 1000;
    let by_clock = longest
        .saturating_mul(views)
        .saturating_add(slow + statuses)
        .saturating_add(without_memory(plan, views))
        .saturating_add(phases(plan));
    let rates = plan.clocks.iter().map(|clock| clock.rate);
    let slowest = rates.fold(1000, u64::min).max(1);
    let away: u64 = plan.disks.iter().map(|one| one.back_ms * 1000).sum();
    let waits = by_clock.saturating_mul(1000) / slowest;
    Duration(waits.saturating_add(away + ASK_AGAIN + LOOK))
}

/// The time of all phases of a gathering, in microseconds.
fn phases(plan: &Plan) -> u64 {
    let Some(gathering) = &plan.gathering else {
        return 0;
    };
    let longest = gathering.patience_ms.max(gathering.deliberation_ms);
    // A member that holds something unexecuted looks again after a quarter of its patience.
    let phase = longest + longest / 4 + STATUSES * plan.engine.status_interval_ms;
    PHASES * phase * 1000
}

/// The time in which a process without memory votes again, in microseconds.
fn without_memory(plan: &Plan, views: u64) -> u64 {
    let mut stops = plan.stops.iter();
    if !stops.any(|stop| stop.back == Back::WithoutDisk) {
        return 0;
    }
    let rows = 4 * plan.engine.checkpoint_interval / NULLS;
    let statuses = (rows + STATUSES) * plan.engine.status_interval_ms * 1000;
    let fails = rows
        .saturating_mul(views)
        .saturating_mul(work_of_a_view_change(plan));
    statuses.saturating_add(fails)
}

/// The time in which a process checks the VIEW-CHANGEs of all, each with a certificate for every slot of a window, in
/// microseconds.
fn work_of_a_view_change(plan: &Plan) -> u64 {
    let window = plan.engine.checkpoint_interval.saturating_mul(2);
    let certificate = plan.quorum().prepares() as u64 + 1;
    let checks = window.saturating_mul(u64::from(plan.processes) * certificate);
    checks.saturating_mul(plan.costs.unwrap_or_default().check_us)
}

#[cfg(test)]
mod tests {
    use quorate_protocol::Duration;

    use super::of;
    use crate::plan::{Back, Costs, Engine, Name, Plan, Stop};

    #[test]
    fn each_process_that_cannot_be_relied_on_doubles_the_time_and_may_be_a_slow_primary() {
        let mut plan = Plan::from_text("processes = 7").expect("it is a plan");
        plan.engine = Engine {
            checkpoint_interval: 64,
            view_timeout_ms: 200,
            status_interval_ms: 100,
            ..Engine::default()
        };
        let timer = Duration::from_millis(200);
        let ms = |plan: &Plan, timer| of(plan, timer).0 / 1000;
        let others = 200 + 20;
        assert_eq!(ms(&plan, timer), 3 * 200 + 4 * 100 + others);
        assert_eq!(
            ms(&plan, Duration::from_millis(800)),
            3 * 800 + 4 * 100 + others,
            "a process has tried three views"
        );
        plan.faulty = vec!["P=slow".to_owned()];
        assert_eq!(ms(&plan, timer), 7 * 200 + 8 * 200 + 4 * 100 + others);
        plan.stops.push(Stop {
            process: Name::of(1),
            from_ms: 0,
            to_ms: 1,
            back: Back::WithoutDisk,
        });
        assert_eq!(
            ms(&plan, timer),
            15 * 200 + 2 * 8 * 200 + (4 + 8 + 4) * 100 + others
        );
        // 7 VIEW-CHANGEs of 128 certificates of 5 signatures take 448 ms, 8 rows of null batches may cost 15 of them.
        plan.costs = Some(Costs {
            check_us: 100,
            ..Costs::default()
        });
        assert_eq!(
            ms(&plan, timer),
            15 * 448 + 2 * 8 * 200 + (4 + 8 + 4) * 100 + 8 * 15 * 448 + others
        );
    }
}
