//! The operator's own command, which is told of each alarm: run without a shell, one at a time, each for a
//! bounded time, beside everything else that the daemon does.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Event;
use crate::operator::live::Alarm;

/// How long one run may take before it is killed.
const MOST_TIME: Duration = Duration::from_secs(10);
/// Most events that wait for the command; what comes beyond is logged and told to nobody else.
const MOST_WAITING: usize = 64;

/// The way to the operator's command. It ends with this, and so does a run that is under way.
pub struct Caller {
    queue: mpsc::Sender<Event>,
    task: JoinHandle<()>,
}

impl Caller {
    /// Starts whoever runs the command; `None` when there is no command. `daemon` is what the daemon is
    /// called: `seller` or `settlement`.
    pub fn start(command: &[String], daemon: &'static str) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        let (program, arguments) = (program.clone(), arguments.to_vec());
        let (queue, mut waiting) = mpsc::channel::<Event>(MOST_WAITING);
        let task = tokio::spawn(async move {
            while let Some(event) = waiting.recv().await {
                if let Err(why) = run(&program, &arguments, daemon, &event).await {
                    let rule = &event.alarm().rule;
                    tracing::error!(%rule, "the command for alarms was not told: {program}: {why}");
                }
            }
        });
        Some(Self { queue, task })
    }

    /// Has the command told of an event. It never waits.
    pub fn tell(&self, event: &Event) {
        if self.queue.try_send(event.clone()).is_err() {
            let rule = &event.alarm().rule;
            tracing::error!(%rule, "the command for alarms was not told: {MOST_WAITING} others wait for it already");
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(program: &str, arguments: &[String], daemon: &str, event: &Event) -> Result<(), String> {
    let Alarm { rule, since, tick, line, urgent } = event.alarm();
    let told = serde_json::json!({
        "daemon": daemon,
        "event": event.word(),
        "rule": rule,
        "since": format!("{since}Z").replace(' ', "T"),
        "tick": tick,
        "line": line,
        "urgent": urgent,
    });
    let mut command = Command::new(program);
    // What the daemon was started with is not the command's business: keys may be named there.
    command.env_clear().args(arguments).envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("KESSAI_DAEMON", daemon).env("KESSAI_ALARM_EVENT", event.word());
    command.env("KESSAI_ALARM_RULE", rule).env("KESSAI_ALARM_LINE", line);
    command.env("KESSAI_ALARM_URGENT", if *urgent { "1" } else { "0" });
    command.env("KESSAI_ALARM_SINCE", told["since"].as_str().unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // A group of its own, so that whatever it starts ends with it.
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let ended = timeout(MOST_TIME, fed(&mut child, format!("{told}\n"))).await;
    if ended.is_ok() {
        // What it leaves behind on purpose is its own business.
        group.0 = None;
    }
    drop(group);
    match ended {
        Err(_) => Err(format!("it took longer than {} s, and was killed", MOST_TIME.as_secs())),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
    }
}

/// Gives the child its input, and waits for its end.
async fn fed(child: &mut Child, input: String) -> std::io::Result<std::process::ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read what it is given has the same in its environment.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    child.wait().await
}

/// A process group that is killed with this, unless it was let go.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // One whose last process has just ended is gone by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
