//! `kessai-demo chart` as people and programs use it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use kessai_demo::chart::pcap::write_pcap;
use serde_json::Value;

use super::given::{NAMES, purchase};
use super::support::command::run;

fn args(file: &Path, more: &[&str]) -> Vec<OsString> {
    let names = NAMES.iter().flat_map(|name| ["--name", *name]);
    let more = names.chain(more.iter().copied()).map(OsString::from);
    ["chart".into(), file.into()].into_iter().chain(more).collect()
}

#[test]
fn a_capture_is_drawn_counted_and_told_to_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, svg) = (folder.path().join("purchase.pcapng"), folder.path().join("out.svg"));
    write_pcap(fs::File::create(&file).expect("a file"), &purchase()).expect("written");
    let svg_arg = svg.display().to_string();
    let text = run(args(&file, &["--svg", &svg_arg])).with(0);
    for part in ["settlement", "handshake", "ROUND TRIPS", "Not drawn: 2 acknowledgements."] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(fs::read_to_string(&svg).expect("a picture").ends_with("</svg>\n"));
    let json: Value = serde_json::from_str(&run(args(&file, &["--json"])).with(0)).expect("JSON");
    assert_eq!((json["frames"].as_u64(), json["round_trips"].as_u64()), (Some(56), Some(5)));
    assert_eq!(json["messages"].as_array().map(Vec::len), Some(56));
    assert_eq!(json["messages"][1]["kind"], "Initial + Handshake");
    assert_eq!(json["counts"]["talks"][0]["opener"], "seller");
    let full = run(args(&file, &["--full"])).with(0);
    assert!(full.matches("Initial 1,200").count() == 42 && !full.contains("handshake "), "{full}");
}

#[test]
fn what_is_no_capture_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.pcap");
    let name = file.display();
    let line = |bytes: Option<&[u8]>, more: &[&str], code| {
        let _ = bytes.map(|bytes| fs::write(&file, bytes).expect("a file"));
        let ended = run(args(&file, more));
        let lines = ended.complaint(code);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].to_owned()
    };
    let missing = line(None, &[], 1);
    assert!(missing.starts_with(&format!("kessai-demo: {name}: No such file")), "{missing}");
    assert_eq!(
        line(Some(b"nothing at all"), &[], 1),
        format!("kessai-demo: {name}:0: no capture: it is neither pcap nor pcapng")
    );
    let told = line(Some(&[]), &["--name", "seller"], 2);
    assert_eq!(told, "kessai-demo: --name seller: write ADDRESS=NAME, as in 10.77.0.1=seller");
}
