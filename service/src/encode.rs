//! The postcard encoding of operations, answers and snapshots.

use serde::{Deserialize, Serialize};

#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data encodes")
}

/// Decodes a value. `None` if the bytes are malformed or if bytes are left over.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}
