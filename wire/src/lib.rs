//! XML-RPC as Quorate speaks it. The only crate that knows dxr, dxr_server and dxr_client.
//!
//! * [`method`]: one type per method; the table that help, signatures and pages are made from.
//! * [`endpoint`]: the server side.
//! * [`caller`]: the client side.
//! * [`fault`]: every fault code, ours and the interoperability list's.

pub mod caller;
pub mod endpoint;
pub mod fault;
pub mod method;

mod read;
mod xml;

pub use caller::{CallError, Caller};
pub use dxr::Value;
pub use endpoint::{Endpoint, Limits};
pub use fault::{Code, Fault};
pub use method::Method;
