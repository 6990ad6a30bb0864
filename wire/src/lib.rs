//! Quorate's XML-RPC. This is the only crate that uses dxr, dxr_server and dxr_client.
//!
//! * [`method`]: one type per method, and the table behind help, signatures and pages.
//! * [`endpoint`]: the server side.
//! * [`caller`]: the client side.
//! * [`link`]: connections that leave HTTP and carry bytes.
//! * [`Seldom`]: log lines that a caller can cause as often as it likes.
//! * [`View`]: what a process knows of the gathering.
//! * [`fault`]: all fault codes, ours and those of the interoperability list.

pub mod caller;
pub mod endpoint;
pub mod fault;
pub mod hex;
pub mod link;
pub mod method;

mod limits;
mod read;
mod seldom;
mod spelling;
mod xml;

pub use caller::{ANSWER_LIMIT, CallError, Caller, LeanCaller};
pub use dxr::Value;
pub use endpoint::{Endpoint, Link, Links};
pub use fault::{Code, Fault};
pub use limits::Limits;
pub use method::{Method, View};
pub use seldom::Seldom;
