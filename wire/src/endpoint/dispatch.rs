//! From the body of a call to its method, and from the method's answer to the body of a response.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use dxr::{FaultResponse, MethodResponse, Value};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::budget::{Budget, Share};
use super::extensions::Extensions;
use super::methods::{Entry, MULTICALL, Methods};
use super::multicall::multicall;
use super::{Otherwise, system};
use crate::Fault;
use crate::Limits;
use crate::read::{self, Call};
use crate::spelling::{Spelling, spelt};
use crate::xml::{self, Bounds};

/// The methods of a serving endpoint, and the calls in flight.
#[derive(Clone)]
pub(super) struct Dispatch {
    methods: Arc<Methods>,
    otherwise: Option<Otherwise>,
    limits: Arc<Limits>,
    calls: Arc<Semaphore>,
    bodies: Budget,
    /// Room only for methods with [`Method::RESERVED`].
    reserve: Arc<Semaphore>,
}

/// Room for a call in flight.
struct Place {
    _permit: OwnedSemaphorePermit,
    /// Whether only a method with reserved room may use this place.
    reserved: bool,
}

impl Dispatch {
    pub(super) fn new(
        methods: BTreeMap<&'static str, Entry>,
        limits: Limits,
        otherwise: Option<Otherwise>,
    ) -> Self {
        let semaphore = |calls| Arc::new(Semaphore::new(permits(calls) as usize));
        let (calls, reserve) = (semaphore(limits.calls), semaphore(limits.reserved_calls));
        Self {
            methods: Arc::new(Methods::new(methods)),
            otherwise,
            bodies: Budget::new(limits.bodies),
            limits: Arc::new(limits),
            calls,
            reserve,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn bodies(&self) -> &Budget {
        &self.bodies
    }

    pub(super) fn methods(&self) -> &Methods {
        &self.methods
    }

    /// Runs the call in a body and returns the body of the response. A call that has begun runs to its end, even if the
    /// returned future is dropped.
    pub(super) async fn answer(
        &self,
        body: Bytes,
        charset: Option<String>,
        share: Share,
        from: Option<IpAddr>,
    ) -> String {
        let Some(place) = self.place() else {
            return fault_xml(overloaded());
        };
        let work = self.clone().work(body, charset, place, share, from);
        run_to_the_end(work)
            .await
            .unwrap_or_else(|| fault_xml(failed()))
    }

    /// Room for one more call, if there is any. It is not known yet which method the call is for.
    fn place(&self) -> Option<Place> {
        let take = |from: &Arc<Semaphore>, reserved| {
            let permit = Arc::clone(from).try_acquire_owned().ok()?;
            Some(Place {
                _permit: permit,
                reserved,
            })
        };
        take(&self.calls, false).or_else(|| take(&self.reserve, true))
    }

    /// Waits until no call is in flight.
    pub(super) async fn idle(&self) {
        let _ = self.calls.acquire_many(permits(self.limits.calls)).await;
        let reserved = permits(self.limits.reserved_calls);
        let _ = self.reserve.acquire_many(reserved).await;
    }

    async fn work(
        self,
        body: Bytes,
        charset: Option<String>,
        place: Place,
        // The parsed body takes memory until the call ends.
        _share: Share,
        from: Option<IpAddr>,
    ) -> String {
        let call = match read(&body, charset.as_deref(), &self.limits) {
            Ok(call) if place.reserved && !self.has_room_of_its_own(&call.name) => {
                return fault_xml(overloaded());
            }
            Ok(call) => call,
            Err(fault) => return fault_xml(fault),
        };
        drop(body);
        let deadline = Instant::now() + self.limits.call;
        let spelling = call.spelling;
        let result = match call.name.as_str() {
            MULTICALL => {
                let run =
                    async |name: String, params| self.run(&name, params, from, deadline).await;
                let changes_nothing = |name: &str| self.changes_nothing(name);
                multicall(&self.limits, call.params, spelling, changes_nothing, run).await
            }
            name => self.run(name, call.params, from, deadline).await,
        };
        match result {
            Ok(value) => answer_xml(value, spelling, self.limits.answer),
            Err(fault) => fault_xml(fault),
        }
    }

    fn no_such_method(&self) -> Fault {
        self.otherwise
            .as_ref()
            .map_or_else(system::unknown, |fault| fault())
    }

    fn changes_nothing(&self, name: &str) -> bool {
        self.methods
            .get(name)
            .is_some_and(|(_, entry)| entry.changes_nothing)
    }

    fn has_room_of_its_own(&self, name: &str) -> bool {
        self.methods
            .get(name)
            .is_some_and(|(_, entry)| entry.reserved)
    }

    /// Runs one method other than `system.multicall`. A panic becomes a fault.
    pub(super) async fn run(
        &self,
        name: &str,
        params: Vec<Value>,
        from: Option<IpAddr>,
        deadline: Instant,
    ) -> Result<Value, Fault> {
        if let Some(result) = system::run(&self.methods, name, &params) {
            return result;
        }
        let Some((method, entry)) = self.methods.get(name) else {
            return Err(self.no_such_method());
        };
        let late = || Fault::system(format!("the call took longer than {:?}", self.limits.call));
        // A late multicall begins no further call.
        if deadline <= Instant::now() {
            return Err(late());
        }
        let sent = Extensions::of(&params);
        let handling = AssertUnwindSafe(entry.handler.handle(&params, from)).catch_unwind();
        match tokio::time::timeout_at(deadline, handling).await {
            Ok(Ok(result)) => sent.allow(result?),
            Ok(Err(_)) => {
                tracing::error!(method, "a handler panicked");
                Err(failed())
            }
            Err(_) => Err(late()),
        }
    }
}

/// Reads the body of a call: the method's name and the parameters. `charset` comes from the HTTP header, if it has one.
///
/// # Errors
/// The fault for the caller.
pub fn read_call(
    body: &[u8],
    charset: Option<&str>,
    limits: &Limits,
) -> Result<(String, Vec<Value>), Fault> {
    read(body, charset, limits).map(|call| (call.name, call.params))
}

fn read(body: &[u8], charset: Option<&str>, limits: &Limits) -> Result<Call, Fault> {
    let text = xml::decode(body, charset)?;
    let bounds = Bounds {
        depth: limits.depth,
        elements: limits.elements,
    };
    xml::check(&text, "methodCall", bounds)?;
    read::call(&text).map_err(|wrong| {
        Fault::not_xml_rpc(format!("well-formed XML, but not an XML-RPC call: {wrong}"))
    })
}

/// As many permits as can be acquired at once.
fn permits(calls: usize) -> u32 {
    u32::try_from(calls.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX)
}

fn overloaded() -> Fault {
    Fault::overloaded("too many calls are in flight; try again later")
}

fn failed() -> Fault {
    Fault::internal("the method failed within the endpoint")
}

/// Polls the work once in place, which is enough for most calls. Otherwise the rest runs in a task of its own. `None`
/// if it panicked in either place.
async fn run_to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let mut work = Box::pin(AssertUnwindSafe(work).catch_unwind());
    let done = match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => done,
        Poll::Pending => tokio::spawn(work).await.ok()?,
    };
    done.inspect_err(|_| tracing::error!("a call panicked outside its handler"))
        .ok()
}

const DECLARATION: &str = "<?xml version=\"1.0\"?>\n";

fn answer_xml(value: Value, spelling: Spelling, cap: usize) -> String {
    let Ok(xml) = (MethodResponse { value }).to_xml() else {
        return fault_xml(Fault::internal("the answer cannot be written as XML"));
    };
    let answer = xml::legal(format!("{DECLARATION}{}", spelt(xml, spelling)));
    if answer.len() <= cap {
        return answer;
    }
    fault_xml(Fault::transport(format!(
        "the answer is larger than {cap} bytes; ask for less in one call"
    )))
}

/// The body of a response with this fault.
pub(super) fn fault_xml(fault: Fault) -> String {
    // Text and a number can always be written.
    let xml = FaultResponse {
        fault: fault.into(),
    }
    .to_xml()
    .unwrap_or_default();
    xml::legal(format!("{DECLARATION}{xml}"))
}

#[cfg(test)]
mod tests {
    use super::run_to_the_end;

    #[tokio::test]
    async fn a_panic_in_place_or_later_is_caught() {
        assert_eq!(run_to_the_end(async { 7 }).await, Some(7));
        assert_eq!(
            run_to_the_end(async { panic!("at once") }).await,
            None::<()>
        );
        let later = async {
            tokio::task::yield_now().await;
            panic!("later")
        };
        assert_eq!(run_to_the_end(later).await, None::<()>);
    }
}
