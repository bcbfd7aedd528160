//! Endpoints of this process on a host of ours.

use std::io;
use std::net::SocketAddr;

use kessai_shared::net::knock::Gate;
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use quinn::Endpoint;
use tokio::runtime::Handle;

use crate::lan::Host;

/// A host of a [`crate::lan::Lan`] as the ground of endpoints.
#[derive(Clone)]
pub struct On(pub Host);

impl Net for On {
    fn endpoint(&self, addr: SocketAddr, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        self.inside(|| RealNet::default().endpoint(addr, server))
    }

    fn closed(&self, side: &Side, gate: &Gate, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        self.inside(|| RealNet::default().closed(side, gate, server))
    }
}

impl On {
    /// Does something on the host, from within the runtime that this is called in.
    ///
    /// # Errors
    /// Those of what is done, and when the host cannot be entered.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        let runtime = Handle::current();
        let done = self.0.inside(|| {
            let _entered = runtime.enter();
            act()
        });
        done.map_err(|failure| io::Error::other(failure.line))?
    }
}
