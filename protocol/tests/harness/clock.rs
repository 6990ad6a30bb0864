//! What the network does with messages, and when timers run out.

use quorate_protocol::{Duration, Effect, Misbehaviour, Replica, Time, Timer};

use super::{Fate, Network, Parcel, TIMERS};

impl Network {
    /// Delivers messages until none is under way. No time passes.
    pub(crate) fn run(&mut self) {
        for _ in 0..100_000 {
            let Some(parcel) = self.queue.pop_front() else {
                return;
            };
            if self.cuts.contains(&(parcel.from, parcel.to)) {
                continue;
            }
            match (self.rule)(&parcel) {
                Fate::Deliver => drop(self.deliver(parcel.to, parcel.message)),
                Fate::Hold => self.held.push(parcel),
                Fate::Drop => {}
            }
        }
        panic!("the network never falls silent");
    }

    /// Jumps to the next timer and fires it.
    pub(crate) fn next_timer(&mut self) -> Option<(u32, Timer)> {
        let live = (0..).zip(&self.nodes).filter(|(_, node)| !node.crashed);
        let timers = live.flat_map(|(i, node)| {
            let set = move |timer| Some((node.core.timer(timer)?, i, timer));
            TIMERS.into_iter().filter_map(set)
        });
        let (at, i, timer) = timers.min()?;
        self.now = self.now.max(at);
        self.run_out(i, timer);
        Some((i, timer))
    }

    /// Delivers messages and fires timers for this time.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.run();
        while self.next_deadline().is_some_and(|at| at <= end) {
            self.next_timer();
            self.run();
        }
        self.now = end;
    }

    fn next_deadline(&self) -> Option<Time> {
        self.nodes
            .iter()
            .filter(|node| !node.crashed)
            .flat_map(|node| {
                TIMERS
                    .into_iter()
                    .filter_map(|timer| node.core.timer(timer))
            })
            .min()
    }

    /// Sets the clock, in microseconds.
    pub(crate) const fn now_is(&mut self, micros: u64) {
        self.now = Time(micros);
    }

    /// Fires one replica's timer, at the time for which it is set.
    pub(crate) fn fire(&mut self, i: u32, timer: Timer) -> Vec<Effect> {
        let at = self.timer(i, timer).expect("the timer is set");
        self.now = self.now.max(at);
        self.run_out(i, timer)
    }

    pub(crate) fn fire_if_set(&mut self, i: u32, timer: Timer) -> Vec<Effect> {
        if self.timer(i, timer).is_some() {
            self.fire(i, timer)
        } else {
            Vec::new()
        }
    }

    /// Whether a replica refused only messages that came too late. Senders cannot avoid that.
    pub(crate) fn only_late_rejects(&self, i: u32) -> bool {
        self.rejects(i).iter().all(|reject| {
            matches!(
                reject,
                Misbehaviour::WrongView { .. }
                    | Misbehaviour::OutsideWindow { .. }
                    | Misbehaviour::OldTimestamp { .. }
                    | Misbehaviour::UnwantedBody { .. }
            )
        })
    }

    /// The time for which a replica's timer is set.
    pub(crate) fn timer(&self, i: u32, timer: Timer) -> Option<Time> {
        self.node(i).core.timer(timer)
    }

    pub(crate) fn crash(&mut self, i: u32) {
        self.node_mut(i).crashed = true;
    }

    /// Starts a crashed replica again from its disk.
    pub(crate) fn restart(&mut self, i: u32) {
        let node = self.node_mut(i);
        let disk = node.disk.clone();
        node.start(|config| Replica::restore(config, disk));
        self.turn(i);
    }

    /// Starts a crashed replica again with an empty disk.
    pub(crate) fn restart_without_disk(&mut self, i: u32) {
        let node = self.node_mut(i);
        node.disk.clear();
        node.config.life += 1;
        node.start(Replica::rejoin);
        self.turn(i);
    }

    /// Gives the next parcel to its recipient, which writes its records. Kills the recipient before it sends anything.
    pub(crate) fn deliver_next_and_kill_before_it_sends(&mut self) -> Option<u32> {
        let parcel = self.queue.pop_front()?;
        let sent_before = self.queue.len();
        self.deliver(parcel.to, parcel.message);
        self.queue.truncate(sent_before);
        self.crash(parcel.to);
        Some(parcel.to)
    }

    /// Delivers one parcel, if one is under way.
    pub(crate) fn deliver_next(&mut self) -> bool {
        let parcel = self.queue.pop_front();
        let there_was = parcel.is_some();
        if let Some(parcel) = parcel {
            self.deliver(parcel.to, parcel.message);
        }
        there_was
    }

    pub(crate) fn cut(&mut self, i: u32, j: u32) {
        self.cuts.extend([(i, j), (j, i)]);
    }

    /// Cuts a replica off from all others.
    pub(crate) fn isolate(&mut self, i: u32) {
        for j in (0..self.n()).filter(|j| *j != i) {
            self.cut(i, j);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Sets what happens to parcels from now on.
    pub(crate) fn rule(&mut self, rule: impl Fn(&Parcel) -> Fate + 'static) {
        self.rule = Box::new(rule);
    }

    pub(crate) fn drop_if(&mut self, predicate: impl Fn(&Parcel) -> bool + 'static) {
        self.rule(move |parcel| {
            if predicate(parcel) {
                Fate::Drop
            } else {
                Fate::Deliver
            }
        });
    }

    pub(crate) fn hold_if(&mut self, predicate: impl Fn(&Parcel) -> bool + 'static) {
        self.rule(move |parcel| {
            if predicate(parcel) {
                Fate::Hold
            } else {
                Fate::Deliver
            }
        });
    }

    /// Removes the rule and releases the parcels that it held.
    pub(crate) fn release(&mut self) {
        self.rule = Box::new(|_| Fate::Deliver);
        self.queue.extend(self.held.drain(..));
    }

    /// Runs the network, and takes out the parcels that the rule holds. `None` if it holds none.
    pub(crate) fn take_held(&mut self) -> Option<Vec<Parcel>> {
        self.run();
        Some(std::mem::take(&mut self.held)).filter(|held| !held.is_empty())
    }

    /// Drops the parcels under way.
    pub(crate) fn discard(&mut self) {
        self.queue.clear();
    }
}
