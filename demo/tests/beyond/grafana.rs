//! The dashboard for Grafana: whether all that it asks Prometheus for is something that a daemon tells.

use std::collections::BTreeSet;

use kessai_shared::measure::{Gauge, Hour, Registry, Side, exposition};
use kessai_shared::time::Timestamp;
use serde_json::Value;

const FILE: &str = include_str!("../../../docs/grafana/kessai.json");

/// The names that the daemons have between them, each with its kind.
fn told() -> BTreeSet<(String, String)> {
    let hour = Hour::new(Registry::default());
    hour.close(Timestamp(1), Gauge::all().map(|gauge| (gauge, 1)).collect());
    let pages = [Side::Seller, Side::Settlement].map(|side| exposition::write(&hour.totals(), side, "0"));
    let types = pages.iter().flat_map(|page| page.lines()).filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .flat_map(|line| {
            let (name, kind) = line.split_once(' ').expect("a name and a kind");
            let parts: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            parts.iter().map(move |part| (format!("{name}{part}"), kind.to_owned()))
        })
        .collect()
}

/// Every question of the dashboard, wherever it stands.
fn questions(of: &Value, found: &mut Vec<String>) {
    match of {
        Value::Object(keys) => keys.iter().for_each(|(key, value)| match value {
            Value::String(text) if key == "expr" => found.push(text.clone()),
            value => questions(value, found),
        }),
        Value::Array(values) => values.iter().for_each(|value| questions(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The names of ours in a question, each with what stands right before it.
fn names(question: &str) -> Vec<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = question.match_indices("kessai_").map(|(at, _)| at);
    starts
        .map(|at| {
            let end = question[at..].find(|c| !is_part(c)).map_or(question.len(), |length| at + length);
            (&question[..at], &question[at..end])
        })
        .collect()
}

#[test]
fn every_figure_that_the_dashboard_asks_for_is_told() {
    let told = told();
    let mut asked = Vec::new();
    questions(&serde_json::from_str(FILE).expect("JSON"), &mut asked);
    assert!(asked.len() > 50, "the questions are not where they were");
    let mut used = BTreeSet::new();
    for question in &asked {
        let named = names(question);
        assert!(!named.is_empty(), "{question}");
        for (before, name) in named {
            let kind = told.iter().find(|(told, _)| told == name).map(|(_, kind)| kind.as_str());
            // What only grows says nothing by itself, and what is so now has no rate.
            let grows = before.ends_with("rate(") || before.ends_with("increase(");
            assert_eq!(kind.map(|kind| kind != "gauge"), Some(grows), "{name} in {question}");
            used.insert(name.to_owned());
        }
    }
    println!("{} questions about {} of {} names", asked.len(), used.len(), told.len());
}

#[test]
fn each_panel_has_its_own_id_and_place() {
    let file: Value = serde_json::from_str(FILE).expect("JSON");
    let panels = file["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        assert!(at("x") + at("w") <= 24, "{panel}");
        for (x, y) in
            (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
        {
            assert!(taken.insert((x, y)), "two panels lie at {x}, {y}");
        }
    }
}
