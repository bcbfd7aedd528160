//! A million probes, and not a byte in reply.

mod support;

use kessai_demo::lan;
use kessai_demo::probe::Report;
use kessai_demo::stranger::Kind;
use support::command::run;

/// Half of them from a stranger's place on the closed network, half from the seller's own address.
const PROBES: u64 = 1_000_000;

#[test]
fn a_million_probes_are_not_answered() {
    if let Err(why) = lan::may() {
        println!("SKIPPED: a million probes: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
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
