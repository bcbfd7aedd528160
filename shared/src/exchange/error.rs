//! What can become of a connection, and of a call on it.

use std::fmt;

use quinn::ConnectionError;

use super::close;
use crate::codec::PeerFault;

/// Transport error codes from here on, 256 of them, are TLS alerts (RFC 9001, section 4.8).
const CRYPTO_ERRORS: std::ops::Range<u64> = 0x100..0x200;

/// The transport error code of a server that speaks no protocol that was offered: the TLS alert
/// `no_application_protocol` (RFC 7301, section 3.2).
const NO_PROTOCOL: u64 = CRYPTO_ERRORS.start + 120;

/// The transport error code of a server that takes no more connections.
const CONNECTION_REFUSED: u64 = 0x02;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Nothing was sent: the endpoint is closed or the address cannot be reached from it.
    Local(String),
    /// The peer does not answer.
    Silent,
    /// The peer showed a certificate we do not accept, or speaks another TLS.
    Untrusted(String),
    /// The peer does not accept our certificate, or what we offered. A server may say so only
    /// after `connect` has succeeded.
    Refused(String),
    /// The peer speaks another protocol, or another version of ours.
    OtherProtocol,
    /// The server takes no more connections for now.
    Busy,
    /// The peer took our key off its list.
    Revoked,
    /// The peer closed the connection with one of the codes in [`close`].
    Closed {
        /// The code.
        code: u64,
        /// The reason it gave.
        reason: String,
    },
    /// The peer has restarted and knows nothing of the connection.
    Restarted,
    /// The peer broke the rules of the exchange.
    Fault(PeerFault),
    /// We closed the connection.
    Done,
    /// Another error of the transport.
    Transport(String),
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::TimedOut => Self::Silent,
            ConnectionError::Reset => Self::Restarted,
            ConnectionError::LocallyClosed => Self::Done,
            ConnectionError::TransportError(error) if CRYPTO_ERRORS.contains(&u64::from(error.code)) => {
                Self::Untrusted(error.reason)
            }
            ConnectionError::ConnectionClosed(closed) => match u64::from(closed.error_code) {
                CONNECTION_REFUSED => Self::Busy,
                NO_PROTOCOL => Self::OtherProtocol,
                code if CRYPTO_ERRORS.contains(&code) => Self::Refused(closed.to_string()),
                _ => Self::Transport(closed.to_string()),
            },
            ConnectionError::ApplicationClosed(closed) => {
                if closed.error_code == close::REVOKED {
                    return Self::Revoked;
                }
                Self::Closed {
                    code: closed.error_code.into_inner(),
                    reason: String::from_utf8_lossy(&closed.reason).into_owned(),
                }
            }
            other => Self::Transport(other.to_string()),
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(error) => write!(f, "cannot connect: {error}"),
            Self::Silent => f.write_str("the peer does not answer"),
            Self::Untrusted(reason) => write!(f, "the peer is not who it should be: {reason}"),
            Self::Refused(reason) => write!(f, "the peer does not accept us: {reason}"),
            Self::OtherProtocol => f.write_str("the peer speaks another protocol, or another version of it"),
            Self::Busy => f.write_str("the peer takes no more connections"),
            Self::Revoked => f.write_str("the peer no longer accepts our key"),
            Self::Closed { code, reason } => {
                write!(f, "the peer closed the connection: {reason} (code {code})")
            }
            Self::Restarted => f.write_str("the peer has restarted"),
            Self::Fault(fault) => write!(f, "the peer is at fault: {fault}"),
            Self::Done => f.write_str("the connection is closed"),
            Self::Transport(error) => write!(f, "the connection failed: {error}"),
        }
    }
}

impl std::error::Error for LinkError {}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The request was sent and the deadline passed: it may or may not have been carried out.
    Timeout,
    /// The request was sent and the connection ended: it may or may not have been carried out.
    Lost(LinkError),
    /// The request never left, for want of a connection.
    NotSent(LinkError),
    /// The request never left, because the deadline passed first.
    TooLate,
    /// The request never left, because no frame holds so many bytes.
    TooLarge(usize),
    /// The reply is not one. The request may have been carried out.
    PeerFault(PeerFault),
}

impl CallError {
    /// Whether the peer may have carried the request out. When it may not have, asking again is
    /// harmless whatever the request says.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Timeout | Self::Lost(_) | Self::PeerFault(_) => true,
            Self::NotSent(_) | Self::TooLate | Self::TooLarge(_) => false,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no reply in time; the request may have been carried out"),
            Self::Lost(error) => write!(f, "{error}; the request may have been carried out"),
            Self::NotSent(error) => write!(f, "{error}; the request was not sent"),
            Self::TooLate => f.write_str("no time was left to send the request"),
            Self::TooLarge(bytes) => write!(f, "a request of {bytes} bytes cannot be sent"),
            Self::PeerFault(fault) => {
                write!(f, "the reply makes no sense ({fault}); the request may have been carried out")
            }
        }
    }
}

impl std::error::Error for CallError {}
