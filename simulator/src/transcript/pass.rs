//! Lets messages arrive and time pass.

use quorate_protocol::{Duration, ReplicaId, Time, Timer};

use super::filter::Filter;
use super::network::CUT;
use super::parcel::Parcel;
use super::stage::Stage;

/// The most messages that may follow from one command. After more, the network is taken to run for ever.
const MOST: usize = 200_000;

/// The next event.
enum Next {
    Timer(ReplicaId, Timer),
    /// A delayed message arrives. Holds its index among the delayed messages.
    Late(usize),
}

impl Stage {
    /// Lets all messages in flight arrive. No time passes.
    ///
    /// # Errors
    /// New messages follow without end.
    pub(super) fn run(&mut self) -> Result<(), String> {
        for _ in 0..MOST {
            let Some(parcel) = self.next_parcel() else {
                return Ok(());
            };
            self.arrive(parcel);
        }
        Err("the network never falls silent".to_owned())
    }

    /// Messages and timers for a span of time.
    ///
    /// # Errors
    /// New messages follow without end at one moment.
    pub(super) fn wait(&mut self, span: Duration) -> Result<(), String> {
        let end = self.now + span;
        self.run()?;
        while let Some((due, next)) = self.next_event().filter(|(due, _)| *due <= end) {
            self.now = self.now.max(due);
            match next {
                Next::Timer(process, timer) => self.time_out(process, timer)?,
                Next::Late(index) => {
                    let (_, parcel) = self.network.late.remove(index);
                    if self.network.cuts.contains(&(parcel.from, parcel.to)) {
                        self.sketch.lost(&parcel, CUT);
                    } else {
                        self.arrive(parcel);
                    }
                }
            }
            self.run()?;
        }
        self.now = end;
        Ok(())
    }

    /// Lets messages arrive up to the first matching message for a process. Takes this message out and returns it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn run_up_to(&mut self, to: ReplicaId, filter: &Filter) -> Result<Parcel, String> {
        for _ in 0..MOST {
            let Some(parcel) = self.next_parcel() else {
                break;
            };
            if parcel.to == to && filter.matches(&parcel) {
                return Ok(parcel);
            }
            self.arrive(parcel);
        }
        Err(format!("no such message is under way to {to}"))
    }

    fn next_parcel(&mut self) -> Option<Parcel> {
        let (network, sketch) = (&mut self.network, &mut self.sketch);
        network.next(self.now, |parcel, reason| sketch.lost(parcel, reason))
    }

    /// A message that was in flight arrives.
    pub(super) fn arrive(&mut self, parcel: Parcel) {
        if self.node(parcel.to).is_ok_and(|node| node.crashed) {
            self.sketch.lost(&parcel, "crashed");
            return;
        }
        self.sketch.arrives(self.now, &parcel);
        self.deliver(parcel.from, parcel.to, parcel.message);
    }

    /// The event that is due first. A message comes before a timer of the same moment.
    fn next_event(&self) -> Option<(Time, Next)> {
        let late = self.network.late.iter().enumerate();
        let late = late.map(|(index, (due, _))| (*due, Next::Late(index)));
        let late = late.min_by_key(|(due, _)| *due);
        let timer = self
            .timers()
            .min()
            .map(|(due, process, timer)| (due, Next::Timer(process, timer)));
        match (late, timer) {
            (Some(late), Some(timer)) if timer.0 < late.0 => Some(timer),
            (Some(late), _) => Some(late),
            (None, timer) => timer,
        }
    }
}
