//! Waiting until files of a workspace change.

use super::transaction::STAGED;
use notify::event::{MetadataKind, ModifyKind};
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Somebody who looks at a directory and all below it.
pub struct Watch {
    changes: Receiver<()>,
    _watcher: Box<dyn Watcher + Send>,
}

/// How long nothing must change before a change is over: an editor does several things to save a file.
const QUIET: Duration = Duration::from_millis(80);

/// How long it is waited for that at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked where the system does not say what changes.
const POLL: Duration = Duration::from_secs(1);

impl Watch {
    /// Watches `root` from now on. Where the system cannot say what changes, such as on network file systems or when it
    /// watches too much already, it is looked every second.
    pub fn new(root: &Path) -> Result<Self, notify::Error> {
        Self::by::<RecommendedWatcher>(root).or_else(|_| Self::by::<PollWatcher>(root))
    }

    fn by<W: Watcher + Send + 'static>(root: &Path) -> Result<Self, notify::Error> {
        let (sender, changes) = channel();
        let config = Config::default().with_poll_interval(POLL).with_follow_symlinks(false);
        let tell = move |event: Result<Event, notify::Error>| {
            // An error may hide a change. Nobody listens any more once the watch has ended.
            if event.as_ref().map_or(true, matters) {
                let _ = sender.send(());
            }
        };
        let mut watcher = W::new(tell, config)?;
        watcher.watch(root, RecursiveMode::Recursive)?;
        Ok(Self { changes, _watcher: Box::new(watcher) })
    }

    /// Waits until something changed, and nothing more does.
    pub fn wait(&self) {
        // The watcher lives as long as this, so its end of the channel is open.
        let _ = self.changes.recv();
        let start = Instant::now();
        while start.elapsed() < PATIENCE && self.changes.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {}
    }
}

/// Whether an event may change an output. Reading changes nothing, nor does what Git keeps for itself or what we put beside
/// our outputs.
fn matters(event: &Event) -> bool {
    let is_change = match event.kind {
        EventKind::Access(_) => false,
        // Who looks every second sees by this time that a file was written.
        EventKind::Modify(ModifyKind::Metadata(what)) => what == MetadataKind::WriteTime,
        _ => true,
    };
    let is_ours = |path: &Path| path.extension().is_some_and(|extension| extension == STAGED);
    let is_git = |path: &Path| path.components().any(|part| part.as_os_str() == ".git");
    is_change && (event.paths.is_empty() || event.paths.iter().any(|path| !is_ours(path) && !is_git(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{AccessKind, CreateKind, DataChange};

    #[test]
    fn what_matters() {
        let check = |kind, path: &str, expected| assert_eq!(matters(&Event::new(kind).add_path(path.into())), expected);
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        check(written, "/w/a/image.kdl", true);
        check(EventKind::Create(CreateKind::File), "/w/a/image.kdl", true);
        check(EventKind::Modify(ModifyKind::Metadata(MetadataKind::WriteTime)), "/w/a/image.kdl", true);
        check(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), "/w/a/image.kdl", false);
        check(EventKind::Access(AccessKind::Any), "/w/a/image.kdl", false);
        check(written, "/w/.git/index", false);
        check(written, "/w/a/.Dockerfile.imgspec-new", false);
    }

    #[test]
    fn changes_end_the_waiting() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(root.path().join("a")).expect("made");
        for watch in [Watch::new(root.path()), Watch::by::<PollWatcher>(root.path())] {
            let watch = watch.expect("watched");
            std::fs::write(root.path().join("a/b"), root.path().as_os_str().as_encoded_bytes()).expect("written");
            watch.wait();
            std::fs::remove_file(root.path().join("a/b")).expect("removed");
            watch.wait();
        }
    }
}
