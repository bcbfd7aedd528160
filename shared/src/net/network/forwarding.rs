//! A host that stands on two networks must not be a way from the one into the other.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Where the kernel shows its parameters.
const PARAMETERS: &str = "/proc/sys";

/// Makes sure that the kernel forwards nothing that arrives on either interface. It cannot know of
/// bridges, of rules that rewrite addresses, or of programs that pass on what they hear.
///
/// # Errors
/// [`ForwardingError`] with the parameter that is wrong and its cure.
pub fn refuse_forwarding(interfaces: [&str; 2]) -> Result<(), ForwardingError> {
    refuse_in(Path::new(PARAMETERS), interfaces)
}

fn refuse_in(parameters: &Path, interfaces: [&str; 2]) -> Result<(), ForwardingError> {
    for interface in interfaces {
        // IPv4 asks the interface on which a packet arrives.
        let own = format!("net/ipv4/conf/{interface}/forwarding");
        let missing = || ForwardingError::NoInterface(interface.to_owned());
        if is_on(parameters, &own)?.ok_or_else(missing)? {
            return Err(ForwardingError::on(&own, interfaces));
        }
        // IPv6 asks for all of them together, and in newer kernels the interface, too.
        let forced = format!("net/ipv6/conf/{interface}/force_forwarding");
        for name in ["net/ipv6/conf/all/forwarding", &forced] {
            if is_on(parameters, name)?.unwrap_or(false) {
                return Err(ForwardingError::on(name, interfaces));
            }
        }
    }
    Ok(())
}

/// Whether a parameter is on; `None` when this kernel has none of this name.
fn is_on(parameters: &Path, name: &str) -> Result<Option<bool>, ForwardingError> {
    let path = parameters.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim() != "0")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ForwardingError::Unreadable(path, error)),
    }
}

/// Why a host with these interfaces may be a way between two networks.
#[derive(Debug)]
pub enum ForwardingError {
    /// The kernel forwards: the parameter that says so, and the interfaces.
    On { parameter: String, interfaces: [String; 2] },
    /// There is no such interface.
    NoInterface(String),
    /// The kernel does not tell.
    Unreadable(PathBuf, io::Error),
}

impl ForwardingError {
    fn on(name: &str, interfaces: [&str; 2]) -> Self {
        // A name of an interface may have a dot in it, which the usual way to write a parameter has for the
        // stroke.
        Self::On { parameter: name.to_owned(), interfaces: interfaces.map(str::to_owned) }
    }
}

impl fmt::Display for ForwardingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On { parameter, interfaces: [open, closed] } => write!(
                f,
                "the kernel forwards between {open} and {closed}, so the open network leads into the closed \
                 one; run: sysctl -w {parameter}=0"
            ),
            Self::NoInterface(name) => write!(f, "there is no interface {name}"),
            Self::Unreadable(path, error) => {
                write!(f, "cannot tell whether the kernel forwards: {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for ForwardingError {}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Parameters as a kernel shows them, with IPv6 and two interfaces, one with a dot in its name.
    fn parameters() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["all", "shop0", "bank0.7"] {
            for version in ["ipv4", "ipv6"] {
                let conf = folder.path().join("net").join(version).join("conf").join(name);
                fs::create_dir_all(&conf).expect("a folder");
                fs::write(conf.join("forwarding"), "0\n").expect("written");
            }
            let forced = folder.path().join("net/ipv6/conf").join(name).join("force_forwarding");
            fs::write(forced, "0\n").expect("written");
        }
        folder
    }

    #[test]
    fn a_kernel_that_forwards_in_any_way_is_told_of_with_the_cure() {
        let names = ["shop0", "bank0.7"];
        for parameter in [
            "net/ipv4/conf/shop0/forwarding",
            "net/ipv4/conf/bank0.7/forwarding",
            "net/ipv6/conf/all/forwarding",
            "net/ipv6/conf/shop0/force_forwarding",
            "net/ipv6/conf/bank0.7/force_forwarding",
        ] {
            let folder = parameters();
            refuse_in(folder.path(), names).expect("nothing is forwarded");
            fs::write(folder.path().join(parameter), "1\n").expect("written");
            let told = refuse_in(folder.path(), names).expect_err(parameter).to_string();
            assert!(told.contains(&format!("sysctl -w {parameter}=0")), "{told}");
        }
    }

    #[test]
    fn a_kernel_without_ipv6_will_do_and_one_without_the_interface_will_not() {
        let folder = parameters();
        fs::remove_dir_all(folder.path().join("net/ipv6")).expect("removed");
        refuse_in(folder.path(), ["shop0", "bank0.7"]).expect("nothing is forwarded");
        let told = refuse_in(folder.path(), ["shop0", "gone0"]).expect_err("no interface").to_string();
        assert_eq!(told, "there is no interface gone0");
    }
}
