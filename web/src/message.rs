//! The messages between clients and nodes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// `(client_id, seq_id)`. In JSON it is a list of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id(pub u64, pub u64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}]", self.0, self.1)
    }
}

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Proposal {
    /// The client's id and the number of the request.
    pub id: Id,
    /// Where to post the replies.
    pub client_url: String,
    /// When the client made it, in seconds since 1970.
    pub timestamp: f64,
    /// The requested operation.
    pub data: String,
}

/// Why a request is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; send {{\"id\": [client_id, seq_id], \"client_url\": \"http://HOST:PORT/reply\", \"timestamp\": SECONDS, \"data\": \"TEXT\"}}"
)]
pub struct BadProposal(String);

/// The latest allowed timestamp.
const LATEST: f64 = 4e9;

impl Proposal {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The body is not a valid request. The error says what to send.
    pub fn parse(body: &str) -> Result<Self, BadProposal> {
        // Without this check, serde would also accept a list of the fields' values.
        if !body.trim_start().starts_with('{') {
            return Err(BadProposal("it is not a JSON object".to_owned()));
        }
        let proposal: Self =
            serde_json::from_str(body).map_err(|error| BadProposal(error.to_string()))?;
        if !(0.0..=LATEST).contains(&proposal.timestamp) {
            return Err(BadProposal(format!(
                "timestamp: {} is not from 0 to {LATEST}",
                proposal.timestamp
            )));
        }
        Ok(proposal)
    }
}

/// The message that a node posts to the client once a request is committed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The node.
    pub index: u32,
    /// Its view.
    pub view: u64,
    /// The request, unchanged.
    pub proposal: Box<RawValue>,
    /// Always `reply`.
    pub r#type: String,
}

#[cfg(test)]
mod tests {
    use super::{Id, Proposal};

    #[test]
    fn the_sample_request_is_read() {
        let text = r#"{"id": [0, 7], "client_url": "http://localhost:20001/reply", "timestamp": 1542000000.25, "data": "x"}"#;
        let proposal = Proposal::parse(text).unwrap();
        assert_eq!(proposal.id, Id(0, 7));
        assert_eq!(proposal.data, "x");
    }

    #[test]
    fn an_invalid_request_is_refused_with_what_to_send() {
        for bad in [
            "",
            "{}",
            "[]",
            r#"[[0, 0], "u", 1, "x"]"#,
            r#"{"id": [0], "client_url": "u", "timestamp": 1, "data": "x"}"#,
            r#"{"id": [-1, 0], "client_url": "u", "timestamp": 1, "data": "x"}"#,
            r#"{"id": [0, 0], "client_url": "u", "timestamp": -1, "data": "x"}"#,
            r#"{"id": [0, 0], "client_url": "u", "timestamp": 1, "data": 7}"#,
        ] {
            let error = Proposal::parse(bad).unwrap_err().to_string();
            assert!(
                error.contains(r#"send {"id": [client_id, seq_id]"#),
                "{error}"
            );
        }
    }
}
