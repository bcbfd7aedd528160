//! A million probes, and not a byte in reply; and a port that hears one address alone, which looks to all
//! others as one where nobody is.

mod support;

use kessai_demo::lan;
use kessai_demo::probe::{Compared, Report};
use kessai_demo::stranger::{Amount, Carried, Kind};
use support::command::run;

/// Half of them from a stranger's place on the closed network, half from the seller's own address.
const PROBES: u64 = 1_000_000;
fn may(what: &str) -> bool {
    let may = lan::may();
    if let Err(why) = &may {
        println!("SKIPPED: {what}: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
    }
    may.is_ok()
}

#[test]
fn a_million_probes_are_not_answered() {
    if !may("a million probes") {
        return;
    }
    let ended = run(["probe", "--json", "--count", &PROBES.to_string()]);
    let report: Report =
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    println!("{}", report.text());
    assert!(report.replies.is_nothing() && report.stray.is_nothing(), "{report:#?}");
    assert_eq!((report.connected, report.unheard), (0, 0), "{report:#?}");
    assert!(report.probes >= PROBES && report.rows.len() == Kind::ALL.len());
    for row in &report.rows {
        assert!(row.sent_by_stranger > 0 && row.sent_by_allowlisted > 0, "{row:?}");
        // Without the gate the same probes are answered: it is not the prober who is silent.
        assert!(row.sent_unfiltered > 0, "{row:?}");
        if row.kind.is_answered_by_quic() {
            assert!(!row.replies_unfiltered.is_nothing(), "the control is silent too: {row:?}");
        }
    }
    // There was something to replay, and the settlement was at work all the time.
    let (datagrams, ids) = report.recorded;
    assert!(datagrams > 100 && ids >= 3, "{:?}", report.recorded);
    assert!(report.purchases > 20 && report.failed_purchase.is_none(), "{report:#?}");
    assert!(!report.business.is_nothing(), "the tap heard nothing of the trade either");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_port_that_hears_one_address_looks_like_one_where_nobody_is() {
    if !may("a port and its neighbour") {
        return;
    }
    let ended = run(["probe", "--json", "--neighbour"]);
    let compared: Compared =
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    println!("{}", compared.text());
    assert_eq!(compared.port, compared.neighbour, "the port can be told from one where nobody is");
    // The kernel refuses each probe, as it does wherever nobody is.
    let refused = |amount: &Amount| compared.probes > 0 && amount.frames == compared.probes;
    assert!(matches!(compared.port.as_slice(), [(Carried::Icmp, all)] if refused(all)), "{compared:?}");
    assert!(compared.purchases > 0, "nobody was served: {compared:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
