//! Datagrams between two processes of one host.
//!
//! Each end hears on a socket file of its own and speaks on a socket that is connected to the other's file.
//! Were they one, an end that was started again would not be heard: the kernel keeps a connected socket for
//! its first peer. And only a connected one wakes who waits for room in the other's queue.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use rustix::net::sockopt;

use super::Wire;
use super::ethernet::BUFFER_BYTES;
use crate::net::side::End;

/// Who may write to the folder besides its owner and its group.
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;

#[derive(Debug)]
pub(super) struct Unix {
    hears: UnixDatagram,
    speaks: UnixDatagram,
    /// Where the other end hears.
    there: PathBuf,
}

impl Unix {
    pub(super) fn join(end: End, folder: &Path) -> io::Result<Self> {
        let (here, there) = match end {
            End::Settlement => (SETTLEMENT_FILE, SELLER_FILE),
            End::Seller => (SELLER_FILE, SETTLEMENT_FILE),
        };
        let group = make_folder(folder).map_err(|error| in_file(folder, &error))?;
        let (here, there) = (folder.join(here), folder.join(there));
        let hears = bind(&here).map_err(|error| in_file(&here, &error))?;
        let mode = if group { 0o660 } else { 0o600 };
        fs::set_permissions(&here, Permissions::from_mode(mode)).map_err(|error| in_file(&here, &error))?;
        let speaks = UnixDatagram::unbound()?;
        hears.set_nonblocking(true)?;
        speaks.set_nonblocking(true)?;
        let _ = sockopt::set_socket_send_buffer_size(&speaks, BUFFER_BYTES);
        Ok(Self { hears, speaks, there })
    }
}

/// The socket files of the two ends.
const SETTLEMENT_FILE: &str = "settlement.sock";
const SELLER_FILE: &str = "seller.sock";

impl Wire for Unix {
    fn ends(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        Ok((self.hears.as_fd().try_clone_to_owned()?, self.speaks.as_fd().try_clone_to_owned()?))
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        match self.speaks.send(datagram) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            // Not connected yet, or to a process that is gone: whoever is there now hears it.
            Err(_) => {
                self.speaks.connect(&self.there)?;
                self.speaks.send(datagram).map(|_| ())
            }
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let len = self.hears.recv(buffer)?;
        Ok((len > 0).then_some(len))
    }
}

/// The folder of the line, made when there is none, and whether its group may write to it too.
fn make_folder(folder: &Path) -> io::Result<bool> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let meta = fs::metadata(folder)?;
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if meta.mode() & OTHERS_WRITE != 0 {
        return refuse(
            "everyone may write to it, and so take an end of the line; take that away (chmod o-w)",
        );
    }
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us && meta.uid() != 0 {
        return refuse("it belongs to another user, who could take both ends of the line");
    }
    Ok(meta.mode() & GROUP_WRITE != 0)
}

/// Hears at a file. What a process that is gone left there is replaced.
fn bind(file: &Path) -> io::Result<UnixDatagram> {
    match UnixDatagram::bind(file) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        bound => return bound,
    }
    if !fs::symlink_metadata(file)?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "it is there and no socket"));
    }
    match UnixDatagram::unbound()?.connect(file) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(file)?;
            UnixDatagram::bind(file)
        }
        Ok(()) => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, "another process has this end of the line already"))
        }
        Err(error) => Err(error),
    }
}

fn in_file(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
