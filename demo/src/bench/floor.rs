//! What one purchase at a time cannot go below on this machine: two durable writes, because seller and
//! settlement each have to have it on the disk, and two round trips, terminal to seller and seller to
//! settlement. Measured in turn with nothing else going on, as the median of their sums.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use kessai_shared::net::RealNet;
use kessai_shared::time::Timestamp;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::Shop;
use kessai_tui_client::shop_file::ShopFile;
use serde::{Deserialize, Serialize};

use super::histogram::{Histogram, Percentiles};

/// Rounds that are not counted, while the connection finds its pace.
const WARM_UP: u32 = 50;

/// What to measure the floor with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub shop: PathBuf,
    pub home: PathBuf,
    /// A file on the disk of the journals.
    pub file: PathBuf,
    /// How long each of the two writes is, in bytes.
    pub write_bytes: [u64; 2],
    pub rounds: u32,
}

/// The floor and its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Two writes and two round trips, added up round by round.
    pub floor: Percentiles,
    /// One pwrite and fdatasync into space that was filled with zeros before.
    pub write: Percentiles,
    /// One question that the seller answers from memory, over the shop's real connection.
    pub round_trip: Percentiles,
}

/// Measures.
///
/// # Errors
/// [`Failure`] when the file cannot be written or the seller does not answer.
pub async fn measure(plan: &Plan) -> Result<Floor, Failure> {
    let shop = ShopFile::read(&plan.shop)?;
    let clock = std::sync::Arc::new(Timestamp::from_system_clock);
    let shop = Shop::new(shop, Home::new(plan.home.clone()), &RealNet::default(), clock)?;
    let longest = plan.write_bytes.iter().sum::<u64>() * u64::from(plan.rounds + WARM_UP);
    let file = zeros(&plan.file, longest)?;
    let (mut floor, mut write, mut round_trip) =
        (Histogram::default(), Histogram::default(), Histogram::default());
    let mut offset = 0;
    for round in 0..plan.rounds + WARM_UP {
        let (mut writes, mut trips) = (Vec::new(), Vec::new());
        for bytes in plan.write_bytes {
            writes.push(write_once(&file, offset, bytes)?);
            offset += bytes;
            let begun = Instant::now();
            shop.welcome().await?;
            trips.push(begun.elapsed());
        }
        if round >= WARM_UP {
            floor.add(writes.iter().chain(&trips).sum());
            writes.into_iter().for_each(|time| write.add(time));
            trips.into_iter().for_each(|time| round_trip.add(time));
        }
    }
    shop.leave().await;
    std::fs::remove_file(&plan.file)?;
    let [floor, write, round_trip] = [floor, write, round_trip].map(|times| times.percentiles());
    Ok(Floor { floor, write, round_trip })
}

/// A file with so many zeros, all of them on the disk, so that writing into it makes it no longer.
fn zeros(path: &Path, bytes: u64) -> std::io::Result<File> {
    let file = OpenOptions::new().create_new(true).write(true).open(path)?;
    let block = vec![0; 1 << 20];
    let mut at = 0;
    while at < bytes {
        file.write_all_at(&block, at)?;
        at += block.len() as u64;
    }
    file.sync_all()?;
    Ok(file)
}

fn write_once(file: &File, offset: u64, bytes: u64) -> std::io::Result<Duration> {
    let frame = vec![0x5A; usize::try_from(bytes).unwrap_or(0)];
    let begun = Instant::now();
    file.write_all_at(&frame, offset)?;
    file.sync_data()?;
    Ok(begun.elapsed())
}
