//! Watching: the same for all who do, no second lost that the daemon ran in, and who may not is not told.

use std::net::UdpSocket;
use std::time::Duration;

use kessai_shared::measure::{Count, Gauge};
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::live::Second;
use kessai_shared::operator::{Endpoint, seller, settlement};
use tokio::runtime::Runtime;

use super::support::command::run;
use super::support::processes::{pause, unread};
use super::support::shop::Shop;
use super::support::until;
use super::{SELLER, SETTLEMENT, from_elsewhere, next, place, reach, sums, watch};

/// Dashboards that are open at a time.
const WATCHERS: usize = 10;
/// Datagrams of a stranger.
const NOISE: u64 = 300;

#[test]
fn ten_see_the_same_and_one_who_comes_later_has_the_past_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    Runtime::new().expect("a runtime").block_on(async {
        let mut all = Vec::new();
        for _ in 0..WATCHERS {
            let operator = reach(place(folder.path(), SELLER)).await;
            let live = watch::<seller::Status>(&operator).await;
            all.push((operator, live, Vec::<Second>::new()));
        }
        for (_, live, seen) in &mut all {
            seen.push(next(live).await.second);
        }
        // Each began when it did, and all see the same from then on.
        let last = all.iter().map(|(.., seen)| seen[0].tick).max().expect("somebody");
        let mut said = 0;
        for (_, live, seen) in &mut all {
            while seen.len() < 3 || seen[seen.len() - 1].tick < last {
                let beat = next(live).await;
                let orders = beat.second.gauges.iter().find(|(gauge, _)| *gauge == Gauge::Orders);
                // A writer that waits for the disk says nothing for a moment.
                if let Some(status) = beat.status {
                    assert_eq!(orders, Some(&(Gauge::Orders, status.orders as i64)));
                    said += 1;
                }
                seen.push(beat.second);
            }
        }
        assert!(said > 0, "the writer never says how it is");
        let common = all.iter().flat_map(|(.., seen)| seen.iter().filter(|second| second.tick == last));
        let common: Vec<_> = common.collect();
        assert!(common.len() == WATCHERS && common.windows(2).all(|two| two[0] == two[1]), "{common:?}");
        for (.., seen) in &all {
            assert!(seen.windows(2).all(|two| two[1].tick == two[0].tick + 1), "none is lost");
        }
        let (operator, ..) = &all[0];
        let past = operator.past::<seller::Status>(Some(last + 1), 1).await.expect("the past");
        assert_eq!(past, [common[0].clone()], "what is remembered is what was told");
        for (operator, ..) in all {
            operator.leave().await;
        }
    });
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn a_daemon_that_was_stopped_for_a_while_shows_it_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    Runtime::new().expect("a runtime").block_on(async {
        for (side, program) in [(SELLER, "kessai-server"), (SETTLEMENT, "kessai-settlement")] {
            let operator = reach(place(folder.path(), side)).await;
            let mut seconds = Vec::new();
            let mut held = None;
            if side == SELLER {
                let mut live = watch::<seller::Status>(&operator).await;
                for nth in 0..5 {
                    seconds.push(next(&mut live).await.second);
                    if nth == 1 {
                        held = Some(pause(shop.daemon(program)));
                        tokio::time::sleep(Duration::from_millis(2_500)).await;
                        held.take();
                    }
                }
            } else {
                let mut live = watch::<settlement::Status>(&operator).await;
                for nth in 0..5 {
                    seconds.push(next(&mut live).await.second);
                    if nth == 1 {
                        held = Some(pause(shop.daemon(program)));
                        tokio::time::sleep(Duration::from_millis(2_500)).await;
                        held.take();
                    }
                }
            }
            assert!(held.is_none());
            assert!(seconds.windows(2).all(|two| two[1].tick == two[0].tick + 1), "{side}: its own seconds");
            let gaps = seconds.windows(2).map(|two| two[1].at.0 - two[0].at.0);
            let widest = gaps.max().expect("seconds");
            assert!(
                widest >= 2_400_000,
                "{side}: its clock shows the time that it was not there: {widest} us"
            );
            operator.leave().await;
        }
    });
}

#[test]
fn a_stranger_is_counted_and_a_revoked_key_is_told_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let folder = folder.path();
    let data = folder.join(SELLER).display().to_string();
    let key = folder.join("their.key");
    let made = run(["kessai-server", "operators", "key", "--key", &key.display().to_string()]).with(0);
    let pin = made.trim().strip_prefix("operator ").expect("a pin").to_owned();
    Runtime::new().expect("a runtime").block_on(async {
        let own = reach(place(folder, SELLER)).await;
        let mut live = watch::<seller::Status>(&own).await;
        let there = from_elsewhere(folder, SELLER, key);
        let refused = match Operator::reach(seller::DAEMON, &there).await {
            Ok(operator) => operator.watch::<seller::Status>().await.err().expect("it is refused").line,
            Err(failure) => failure.line,
        };
        assert!(refused.contains("does not take this operator's key"), "{refused}");
        run(["kessai-server", "operators", "allow", &pin, "--data", &data]).with(0);
        let mut theirs = None;
        for _ in 0..1_000 {
            if let Ok(operator) = Operator::reach(seller::DAEMON, &there).await
                && let Ok((_, watch)) = operator.watch::<seller::Status>().await
            {
                theirs = Some((operator, watch));
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (_operator, mut told) = theirs.expect("it is let in");
        next(&mut told).await;
        let before = next(&mut live).await.second.tick;
        run(["kessai-server", "operators", "remove", &pin, "--data", &data]).with(0);
        let ended = loop {
            match told.next().await {
                Ok(_) => {}
                Err(failure) => break failure.line,
            }
        };
        assert!(ended.contains("does not take this operator's key"), "{ended}");
        let mut seconds = Vec::new();
        while seconds.len() < 3 {
            seconds.push(next(&mut live).await.second);
        }
        assert!(seconds[0].tick > before, "who is allowed is told on");
        let mut all = Vec::new();
        while let part @ [_, ..] =
            &own.past::<seller::Status>(all.last().map(|s: &Second| s.tick), 60).await.expect("the past")[..]
        {
            all.extend_from_slice(part);
        }
        let sums = sums(&all);
        assert_eq!(sums.get(&Count::Revoked(Endpoint::Operator)), Some(&1), "{sums:?}");
        assert!(sums.get(&Count::Refused(Endpoint::Operator)).is_some_and(|times| *times >= 1), "{sums:?}");
        own.leave().await;
    });
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn what_comes_without_a_knock_is_counted_one_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let at = shop.address("kessai-settlement");
    let flooded = || {
        let seconds = super::all_of::<settlement::Status>(folder.path(), SETTLEMENT);
        sums(&seconds).get(&Count::Flooded(Endpoint::Closed)).copied().unwrap_or_default()
    };
    assert_eq!(flooded(), 0);
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for nth in 0..NOISE {
        stranger.send_to(&[0xc7; 1_200], at).expect("sent");
        if nth % 20 == 0 {
            // What found no room would be lost, and counted by nobody.
            until("room for more", || unread(at.port()) == 0);
        }
    }
    until("all of it", || flooded() >= NOISE);
    assert_eq!(flooded(), NOISE);
    assert_eq!(shop.stop("TERM"), Some(0));
}
