use serde::{Deserialize, Serialize};

use crate::message::Reply;
use crate::signature::Signable;

/// A replica's replies to the process that speaks for some clients. One signature covers all replies of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replies {
    /// One reply for each request.
    pub replies: Vec<Reply>,
}

impl Signable for Replies {
    const DOMAIN: &'static str = "replies";
}
