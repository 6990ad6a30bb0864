//! All fault codes: ours are positive, those of the fault-code interoperability list are negative.

use std::fmt;

/// The most characters of a fault message.
const MESSAGE_LIMIT: usize = 200;

/// The answer of a call that fails: a code, and a message of at most 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    code: i32,
    message: String,
}

impl Fault {
    /// A fault with any code. A longer message is cut after 200 characters.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_LIMIT) {
            message.truncate(end);
        }
        Self { code, message }
    }

    /// The fault code, one of the constants of this type or the answering method's own.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The message, for people.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A fault code, for tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The number on the wire.
    pub number: i32,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($(#[doc = $meaning:literal] $constant:ident = $code:literal $(, $constructor:ident)?;)*) => {
        impl Fault {
            /// All codes: first those of the fault-code interoperability list, then ours.
            pub const CODES: &'static [Code] = &[$(Code {
                number: $code,
                meaning: $meaning.trim_ascii(),
            }),*];
            $(
                #[doc = $meaning]
                pub const $constant: i32 = $code;
                $(
                    #[doc = concat!("A fault of the code [`Fault::", stringify!($constant), "`].")]
                    pub fn $constructor(message: impl Into<String>) -> Self {
                        Self::new(Self::$constant, message)
                    }
                )?
            )*
        }
    };
}

codes! {
    /// The body is not well-formed XML.
    PARSE = -32700, parse;
    /// The body is in an encoding that is not understood.
    ENCODING = -32701, encoding;
    /// The body is XML but not an XML-RPC call.
    NOT_XML_RPC = -32600, not_xml_rpc;
    /// There is no method of that name.
    NO_SUCH_METHOD = -32601, no_such_method;
    /// The parameters are not those of the method.
    WRONG_PARAMETERS = -32602, wrong_parameters;
    /// The endpoint itself failed.
    INTERNAL = -32603, internal;
    /// The application failed.
    APPLICATION = -32500;
    /// The system failed, or the call took too long.
    SYSTEM = -32400, system;
    /// The transport failed, or its limits were passed.
    TRANSPORT = -32300, transport;
    /// The round could not be decided in time.
    NOT_DECIDED = 1;
    /// No process has that name.
    UNKNOWN_PROCESS = 2;
    /// The round is too far ahead or too old.
    ROUND_OUT_OF_WINDOW = 3;
    /// The round is decided already.
    ROUND_DECIDED = 4;
    /// The vote is not signed, and this process accepts only signed votes.
    UNSIGNED_VOTE = 5;
    /// The signature is not that of the sender, or of the client's key.
    BAD_SIGNATURE = 6;
    /// The text is not a valid decision: 1 to 200 bytes without control characters.
    BAD_DECISION = 7;
    /// Too many calls are in flight; try again later.
    OVERLOADED = 8, overloaded;
    /// The process is ending.
    SHUTTING_DOWN = 9;
    /// The key has no value.
    NO_SUCH_KEY = 10;
    /// The operation does not follow the grammar, or its key or value is not valid.
    BAD_OPERATION = 11;
    /// The behaviour is not in the words of `--faulty`.
    BAD_BEHAVIOUR = 12;
    /// Only a process that listens on loopback alone allows this.
    NOT_FROM_ELSEWHERE = 13;
    /// The client has already used a greater timestamp, or signed the request so long ago that it may have executed and have been forgotten.
    TIMESTAMP_TOO_OLD = 14;
    /// No quorum of processes has answered in time. The operation may still execute.
    NO_QUORUM = 15;
    /// The client has used this timestamp for another operation.
    TIMESTAMP_TAKEN = 16;
    /// The node has not founded a cluster yet, so it has only the methods with which nodes find each other.
    NOT_FOUNDED = 17;
    /// The gathering does not allow this, or has nothing of this name.
    GATHERING = 18;
    /// The rules are not in the words of `--link`, or are too many.
    BAD_LINK = 19;
    /// This process keeps no trace: start the server with --trace.
    NO_TRACE = 20;
    /// The process has ended or is paused. Its server answers in its place, and says why.
    AWAY = 21;
    /// No server supervises this process: nobody can kill, pause or restart it by a call.
    NOT_SUPERVISED = 22;
    /// The process is not in a state that allows this.
    WRONG_STATE = 23;
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "fault {}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for dxr::Fault {
    fn from(fault: Fault) -> Self {
        dxr::Fault::new(fault.code, fault.message)
    }
}

impl From<dxr::Fault> for Fault {
    fn from(fault: dxr::Fault) -> Self {
        Fault::new(fault.code(), fault.string())
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn a_message_keeps_its_first_200_characters() {
        let fault = Fault::internal("é".repeat(300));
        assert_eq!(fault.code(), -32603);
        assert_eq!(fault.message(), "é".repeat(200));
    }
}
