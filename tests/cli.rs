//! The command line, as a user sees it: the binary in workspaces of its own, its two streams and its exit status.

#![cfg(unix)]

#[path = "cli/bake.rs"]
mod bake;
#[path = "cli/cache.rs"]
mod cache;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/gitattributes.rs"]
mod gitattributes;
#[path = "cli/input.rs"]
mod input;
#[path = "cli/interruption.rs"]
mod interruption;
#[path = "cli/lock.rs"]
mod lock;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/templates.rs"]
mod templates;
#[path = "cli/ties.rs"]
mod ties;
#[path = "cli/timings.rs"]
mod timings;
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/workspace.rs"]
mod workspace;
